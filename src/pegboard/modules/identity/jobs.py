"""Background work of `identity`."""

from datetime import timedelta
from typing import Any

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.jobs import Job, JobContext, Recurring
from pegboard.modules.identity.service.forgetting import forget_old


async def _forget(uow: UnitOfWork, payload: Any, context: JobContext) -> None:
    await forget_old(uow)


FORGET = Job(name="identity.forget", run=_forget, system=True)
EVERY_HOUR = Recurring(job=FORGET.name, every=timedelta(hours=1))
