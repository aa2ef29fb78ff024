"""Background work of `activity`."""

from datetime import timedelta
from typing import Any

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.jobs import Job, JobContext, Recurring, enqueue
from pegboard.modules.activity import service
from pegboard.modules.directory import api as directory


async def _fold_everywhere(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
    """One job for each organisation, so that a large one does not hold up the others."""
    for org_id in await directory.all_organisations(uow):
        await enqueue(uow, FOLD.name, {}, org_id=org_id, key="fold")


async def _fold(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
    """Sum up what is over."""
    while await service.fold(uow):
        pass


FOLD = Job(name="activity.fold", run=_fold)
FOLD_EVERYWHERE = Job(name="activity.fold_everywhere", run=_fold_everywhere)
SOMETIMES = Recurring(job=FOLD_EVERYWHERE.name, every=timedelta(hours=6))
