"""What is kept for a while only: outcomes of imports, invitations that have run out, answered requests to join."""

from datetime import datetime, timedelta
from typing import Any

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.jobs import JobContext, enqueue
from pegboard.modules.directory.store import imports, invitations

FORGET_JOB = "directory.forget"
KEPT = timedelta(days=30)

_OLDEST = (imports.OLDEST, invitations.OLDEST, invitations.OLDEST_REQUEST)


async def forget_from(uow: UnitOfWork, ended_at: datetime) -> None:
    """Something ends at this instant: come by when it has been kept for long enough."""
    await enqueue(uow, FORGET_JOB, {}, run_at=ended_at + KEPT + timedelta(minutes=1), key="forget")


async def forget(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
    """Delete what has been kept for 30 days, and come by again for the next."""
    del payload, context
    before = uow.now() - KEPT
    for statement in (imports.FORGET, invitations.FORGET, invitations.FORGET_REQUESTS):
        await uow.execute(statement, before=before)
    oldest = [at for statement in _OLDEST if (at := await uow.value(statement)) is not None]
    if oldest:
        await forget_from(uow, max(min(oldest), before))
