"""Background work of `identity`."""

from datetime import timedelta
from typing import Any

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.jobs import Job, JobContext, Recurring
from pegboard.modules.identity.service.forgetting import forget_old
from pegboard.modules.identity.service.sign_in import NOTE_LOCKOUT, Lockout, note_lockout


async def _forget(uow: UnitOfWork, payload: Any, context: JobContext) -> None:
    await forget_old(uow)


async def _note_lockout(uow: UnitOfWork, lockout: Lockout, context: JobContext) -> None:
    await note_lockout(uow, lockout)


LOCKOUT = Job(name=NOTE_LOCKOUT, run=_note_lockout, payload=Lockout)
FORGET = Job(name="identity.forget", run=_forget, system=True)
EVERY_HOUR = Recurring(job=FORGET.name, every=timedelta(hours=1))
