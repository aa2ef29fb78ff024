"""The audit log, for those who may read it."""

from datetime import UTC, datetime

from pegboard.kernel import audit
from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.modules.directory import policy
from pegboard.modules.directory.store import members


async def read(
    uow: UnitOfWork,
    actor: Actor,
    *,
    action: str | None,
    userid: str | None,
    after: datetime | None,
    before: datetime | None,
    before_seq: int | None,
    limit: int,
) -> list[audit.Entry]:
    """Entries, newest first; instants without a zone are UTC. An unknown userid has done nothing."""
    policy.read_audit(actor)
    actor_id = None
    if userid is not None:
        rows = await uow.rows(members.BY_USERIDS, userids=[userid])
        if not rows:
            return []
        actor_id = rows[0]["id"]
    wanted = audit.EntryFilter(action=action, actor_id=actor_id, after=_zoned(after), before=_zoned(before))
    return await audit.entries(uow, wanted, before_seq=before_seq, limit=limit)


def _zoned(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


async def verify(uow: UnitOfWork, actor: Actor) -> audit.Verification:
    """Follow the organisation's chain through the whole log."""
    policy.read_audit(actor)
    return await audit.verify(uow)
