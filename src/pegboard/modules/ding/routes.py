"""HTTP: parse, one verb, answer."""

from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Response, get, patch, post
from litestar.params import Parameter, QueryParameter

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.http.cursors import DEFAULT_LIMIT, MAX_LIMIT, Page
from pegboard.kernel.http.permissions import PUBLIC, requires
from pegboard.modules.ding.policy import MANAGE, USE
from pegboard.modules.ding.schemas import (
    Acknowledgement,
    Added,
    Attempt,
    Created,
    Ding,
    DingFileLink,
    DingPolicy,
    MoreRecipients,
    NewDing,
    PolicyChange,
    Usage,
)
from pegboard.modules.ding.service import answering, changing, creating, policies, reading, receipts
from pegboard.modules.ding.views import RecipientState

_USE: dict[str, Any] = {"opt": requires(USE), "tags": ["ding"]}
_MANAGE: dict[str, Any] = {"opt": requires(MANAGE), "tags": ["ding"]}
_ONE = "/dings/{ding_id:uuid}"

Limit = Annotated[int, Parameter(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Parameter(max_length=500)]
Signed = Annotated[str, Parameter(min_length=1, max_length=200)]
States = Annotated[list[RecipientState] | None, Parameter(max_items=5)]


@get("/dings", operation_id="list_dings", **_USE)
async def list_dings(
    uow: UnitOfWork,
    actor: Actor,
    box: Literal["received", "sent"] = "received",
    which: Annotated[Literal["open", "all"], QueryParameter(name="state")] = "all",
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[Ding]:
    """DINGs that the caller has received or sent, the newest first; `open`: somebody still has to acknowledge."""
    if box == "sent":
        return await reading.sent(uow, actor, only_open=which == "open", cursor=cursor, limit=limit)
    return await reading.received(uow, actor, only_open=which == "open", cursor=cursor, limit=limit)


@post("/dings", operation_id="send_ding", also=(200,), **_USE)
async def send_ding(uow: UnitOfWork, actor: Actor, data: NewDing) -> Response[Created]:
    """Send a DING, now or at `send_at` (200 when its client_id was known)."""
    ding_id, new = await creating.create(uow, actor, data)
    return Response(Created(id=ding_id), status_code=201 if new else 200)


@get("/dings/usage", operation_id="get_ding_usage", **_USE)
async def get_ding_usage(uow: UnitOfWork, actor: Actor) -> Usage:
    """How many DINGs the caller has sent today, and how many there may be."""
    return await policies.usage(uow, actor)


@get(_ONE, operation_id="get_ding", **_USE)
async def get_ding(
    uow: UnitOfWork,
    actor: Actor,
    ding_id: UUID,
    recipient_state: States = None,
    cursor: Cursor = None,
    limit: Limit = reading.RECIPIENTS_AT_ONCE,
) -> Ding:
    """One DING: for its sender with its recipients (in pages), for a recipient with their own place."""
    return await reading.one(uow, actor, ding_id, states=recipient_state, cursor=cursor, limit=limit)


@post(_ONE + "/acknowledge", operation_id="acknowledge_ding", status_code=204, **_USE)
async def acknowledge_ding(uow: UnitOfWork, actor: Actor, ding_id: UUID, data: Acknowledgement) -> None:
    """Acknowledge it, with a reply to the sender if there is something to say."""
    await answering.acknowledge(uow, actor, ding_id, data)


@post(_ONE + "/delivered", operation_id="confirm_ding_delivery", status_code=204, **_USE)
async def confirm_ding_delivery(uow: UnitOfWork, actor: Actor, ding_id: UUID) -> None:
    """One of the caller's devices shows it."""
    await answering.delivered(uow, actor, ding_id)


@post(_ONE + "/remind", operation_id="remind_of_ding", status_code=204, **_USE)
async def remind_of_ding(uow: UnitOfWork, actor: Actor, ding_id: UUID) -> None:
    """All steps again for everybody who has not acknowledged; counts as one of the day's."""
    await changing.remind(uow, actor, ding_id)


@post(_ONE + "/recipients", operation_id="add_ding_recipients", status_code=200, **_USE)
async def add_ding_recipients(uow: UnitOfWork, actor: Actor, ding_id: UUID, data: MoreRecipients) -> Added:
    """Send it to more people."""
    return await changing.add_recipients(uow, actor, ding_id, data)


@post(_ONE + "/cancel", operation_id="cancel_ding", status_code=204, **_USE)
async def cancel_ding(uow: UnitOfWork, actor: Actor, ding_id: UUID) -> None:
    """Take it back; a scheduled one is not sent, and ends its series."""
    await changing.cancel(uow, actor, ding_id)


@get(_ONE + "/deliveries", operation_id="list_ding_deliveries", **_USE)
async def list_ding_deliveries(uow: UnitOfWork, actor: Actor, ding_id: UUID) -> Page[Attempt]:
    """What went out by SMS and telephone, for the sender."""
    return Page(items=await reading.deliveries(uow, actor, ding_id))


@get(_ONE + "/export", operation_id="export_ding", media_type="text/csv", **_USE)
async def export_ding(uow: UnitOfWork, actor: Actor, ding_id: UUID) -> Response[bytes]:
    """Everybody's state as a table (CSV), for the sender."""
    name = f"ding-{ding_id}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "private, no-store"}
    return Response(await reading.export(uow, actor, ding_id), media_type="text/csv", headers=headers)


@get(_ONE + "/files/{file_id:uuid}", operation_id="get_ding_file", **_USE)
async def get_ding_file(uow: UnitOfWork, actor: Actor, ding_id: UUID, file_id: UUID) -> DingFileLink:
    """A short-lived personal link to something attached."""
    return await reading.file_link(uow, actor, ding_id, file_id)


@get("/ding-policy", operation_id="get_ding_policy", **_MANAGE)
async def get_ding_policy(uow: UnitOfWork, actor: Actor) -> DingPolicy:
    """What the organisation has decided about DINGs, and what is used of its budgets today."""
    return await policies.shown(uow, actor)


@patch("/ding-policy", operation_id="change_ding_policy", **_MANAGE)
async def change_ding_policy(uow: UnitOfWork, actor: Actor, data: PolicyChange) -> DingPolicy:
    """Change limits, budgets, who reaches people in their quiet hours, and the adapters for SMS and telephone."""
    return await policies.change(uow, actor, data)


@post(
    "/ding-receipts/{signed:str}/{told:str}",
    operation_id="tell_ding_receipt",
    status_code=204,
    opt=requires(PUBLIC),
    tags=["ding"],
)
async def tell_ding_receipt(uow: UnitOfWork, signed: Signed, told: Literal["delivered", "failed"]) -> None:
    """A gateway tells what became of a message, at the address that it got as `{receipt_url}`; no body is read."""
    await receipts.take(uow, signed, told)


ROUTES = (
    list_dings,
    send_ding,
    get_ding_usage,
    get_ding,
    acknowledge_ding,
    confirm_ding_delivery,
    remind_of_ding,
    add_ding_recipients,
    cancel_ding,
    list_ding_deliveries,
    export_ding,
    get_ding_file,
    get_ding_policy,
    change_ding_policy,
    tell_ding_receipt,
)
