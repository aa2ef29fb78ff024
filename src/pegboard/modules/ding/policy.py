"""Who may do what with DINGs: one function an action, and the only road to the data."""

from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.errors import Forbidden
from pegboard.kernel.http.permissions import Permission
from pegboard.modules.ding.errors import DingNotFound, NotDingSender
from pegboard.modules.ding.store import dings, recipients
from pegboard.modules.ding.views import DingRow, Policy, RecipientRow

USE = Permission(name="ding.use", level="member", scope="own DINGs")
MANAGE = Permission(name="ding.policy.manage", level="power", scope="organisation")


async def seeing(uow: UnitOfWork, actor: Actor, ding_id: UUID) -> tuple[DingRow, RecipientRow | None]:
    """The DING for its sender (no recipient), or for one of those who have been told; to anybody else it is unknown."""
    row = await uow.one(dings.FIND, id=ding_id)
    if row is not None and row["sender_id"] == actor.me:
        return DingRow.of(row), None
    own = await uow.one(recipients.OF_MEMBER, ding_ids=[ding_id], member_id=actor.me)
    if row is None or own is None or own["told_at"] is None:
        raise DingNotFound
    return DingRow.of(row), RecipientRow.of(own)


async def receiving(uow: UnitOfWork, actor: Actor, ding_id: UUID) -> tuple[DingRow, RecipientRow]:
    """The DING for one of those who have been told."""
    ding, own = await seeing(uow, actor, ding_id)
    if own is None:
        raise DingNotFound
    return ding, own


async def sending(uow: UnitOfWork, actor: Actor, ding_id: UUID) -> DingRow:
    """The DING for its sender, held until the commit."""
    row = await uow.one(dings.LOCK, id=ding_id)
    if row is None or row["sender_id"] != actor.me:
        await receiving(uow, actor, ding_id)
        raise NotDingSender
    return DingRow.of(row)


def manage(actor: Actor) -> None:
    """Decide for the organisation."""
    if not actor.can(MANAGE.name) or actor.subtrees is not None:
        raise Forbidden


def pierces(actor: Actor, policy: Policy) -> bool:
    """Whether quiet hours do not hold what this person sends."""
    return policy.pierces_quiet == "everyone" or (policy.pierces_quiet == "admins" and actor.rank > 0)
