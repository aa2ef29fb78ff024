"""HTTP: one's own settings, and folders."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Response, delete, get, patch, post, put
from litestar.params import HeaderParameter

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.http.cursors import Page
from pegboard.kernel.http.permissions import requires
from pegboard.kernel.i18n import language_of
from pegboard.modules.attention.policy import OWN_ATTENTION
from pegboard.modules.attention.schemas import (
    AttentionChange,
    AttentionOut,
    FolderChange,
    FolderOrder,
    FolderOut,
    NewFolder,
)
from pegboard.modules.attention.service import folders, settings

_OPTIONS: dict[str, Any] = {"opt": requires(OWN_ATTENTION), "tags": ["attention"]}
AcceptLanguage = Annotated[str | None, HeaderParameter(name="accept-language")]
_FOLDER = "/folders/{folder_id:uuid}"
_BY_HAND = _FOLDER + "/conversations/{conversation_id:uuid}"


@get("/me/attention", operation_id="get_my_attention", **_OPTIONS)
async def get_my_attention(uow: UnitOfWork, actor: Actor, accept_language: AcceptLanguage = None) -> AttentionOut:
    """Quiet hours and the calm switches of the caller, and the badge rule as it is for them now.

    The rule says what a direct message, a mention, a DING … may do: clients look it up and decide nothing themselves.
    """
    return await settings.attention(uow, actor, language_of(accept_language or actor.language))


@patch("/me/attention", operation_id="change_my_attention", **_OPTIONS)
async def change_my_attention(
    uow: UnitOfWork, actor: Actor, data: AttentionChange, accept_language: AcceptLanguage = None
) -> AttentionOut:
    """Change the caller's own settings, on all of their devices."""
    return await settings.change(uow, actor, data, language_of(accept_language or actor.language))


@get("/folders", operation_id="list_folders", **_OPTIONS)
async def list_folders(uow: UnitOfWork, actor: Actor) -> Page[FolderOut]:
    """The caller's folders and the organisation's, in the caller's order.

    Which conversations stand in them, by hand or by rule, the conversations say (`folder_ids`).
    """
    return Page(items=await folders.folders(uow, actor))


@post("/folders", operation_id="make_folder", also=(200,), **_OPTIONS)
async def make_folder(uow: UnitOfWork, actor: Actor, data: NewFolder) -> Response[FolderOut]:
    """Make a folder for oneself, or (with the power over them) for everybody; 200 if its `client_id` is known."""
    folder, new = await folders.make(uow, actor, data)
    return Response(folder, status_code=201 if new else 200)


@put("/folders/order", operation_id="order_folders", **_OPTIONS)
async def order_folders(uow: UnitOfWork, actor: Actor, data: FolderOrder) -> Page[FolderOut]:
    """Put folders into an order of one's own. Folders that are gone are passed over; those not named come behind."""
    return Page(items=await folders.order(uow, actor, data))


@patch(_FOLDER, operation_id="change_folder", **_OPTIONS)
async def change_folder(uow: UnitOfWork, actor: Actor, folder_id: UUID, data: FolderChange) -> FolderOut:
    """Rename a folder, change its rules, or collapse and hide it for oneself."""
    return await folders.change(uow, actor, folder_id, data)


@delete(_FOLDER, operation_id="delete_folder", **_OPTIONS)
async def delete_folder(uow: UnitOfWork, actor: Actor, folder_id: UUID) -> None:
    """Delete a folder; the conversations stay."""
    await folders.discard(uow, actor, folder_id)


@put(_BY_HAND, operation_id="put_into_folder", status_code=204, **_OPTIONS)
async def put_into_folder(uow: UnitOfWork, actor: Actor, folder_id: UUID, conversation_id: UUID) -> None:
    """Put a conversation into a folder; it may stand in several."""
    await folders.put_in(uow, actor, folder_id, conversation_id)


@delete(_BY_HAND, operation_id="take_out_of_folder", **_OPTIONS)
async def take_out_of_folder(uow: UnitOfWork, actor: Actor, folder_id: UUID, conversation_id: UUID) -> None:
    """Take a conversation out of a folder into which it was put by hand."""
    await folders.take_out(uow, actor, folder_id, conversation_id)


ROUTES = (
    get_my_attention,
    change_my_attention,
    list_folders,
    make_folder,
    order_folders,
    change_folder,
    delete_folder,
    put_into_folder,
    take_out_of_folder,
)
