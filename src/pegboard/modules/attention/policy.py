"""Who may do what with attention: everybody with their own; an organisation's folders take a power."""

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.errors import Forbidden
from pegboard.kernel.http.permissions import Permission
from pegboard.kernel.ids import MemberId
from pegboard.modules.attention import store
from pegboard.modules.attention.errors import FolderNotFound

OWN_ATTENTION = Permission(name="attention.own", level="member", scope="own settings and folders")
MANAGE_FOLDERS = Permission(name="attention.folders.manage", level="power", scope="organisation")


def own(actor: Actor) -> MemberId:
    """The member whose settings and folders these are: the actor, and nobody else."""
    return actor.me


def make_for_organisation(actor: Actor) -> None:
    """Make a folder for everybody."""
    if not manages(actor):
        raise Forbidden


def manages(actor: Actor) -> bool:
    """Whether the actor may make and change folders for everybody."""
    return actor.can(MANAGE_FOLDERS.name) and actor.subtrees is None


async def seen_folder(uow: UnitOfWork, actor: Actor, folder_id: object) -> Row:
    """A folder of the actor's or the organisation's, locked; refuses as if there were none, unless it is."""
    row = await uow.one(store.LOCK_FOLDER, id=folder_id, member_id=actor.me)
    if row is None:
        raise FolderNotFound
    return row


async def changed_folder(uow: UnitOfWork, actor: Actor, folder_id: object) -> Row:
    """A folder whose name, rules and conversations the actor may change, locked."""
    row = await seen_folder(uow, actor, folder_id)
    if row["owner_id"] is None:
        make_for_organisation(actor)
    return row
