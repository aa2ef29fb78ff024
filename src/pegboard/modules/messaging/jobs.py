"""Background work of messaging."""

from datetime import timedelta
from typing import Any

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.jobs import Job, JobContext, Recurring, enqueue
from pegboard.modules.directory import api as directory
from pegboard.modules.messaging import store
from pegboard.modules.messaging.service import indexing, previews
from pegboard.modules.messaging.settings import MessagingSettings


async def _forget_everywhere(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
    """One job for each organisation, so that a large one does not hold up the others."""
    for org_id in await directory.all_organisations(uow):
        await enqueue(uow, FORGET_READ_TIMES.name, {}, org_id=org_id, key="daily")


async def _forget(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
    """Drop what is older than the settings keep."""
    kept = timedelta(days=uow.parts[MessagingSettings].read_times_kept_days)
    await store.forget_read_times(uow, uow.now() - kept)
    await store.forget_thread_read_times(uow, uow.now() - kept)


async def _index_words(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
    """Take what was said lately into the index of words."""
    await indexing.catch_up(uow)


async def _preview(uow: UnitOfWork, wanted: previews.Wanted, context: JobContext) -> None:
    """What the links of one message lead to. A page that does not answer is not asked again."""
    await previews.preview(uow, wanted)


PREVIEW_LINKS = Job(name=previews.JOB, run=_preview, payload=previews.Wanted, max_attempts=2, timeout_s=60)
INDEX_WORDS = Job(name=indexing.JOB, run=_index_words)
FORGET_READ_TIMES = Job(name="messaging.forget_read_times", run=_forget)
FORGET_READ_TIMES_EVERYWHERE = Job(name="messaging.forget_read_times_everywhere", run=_forget_everywhere)
EVERY_DAY = Recurring(job=FORGET_READ_TIMES_EVERYWHERE.name, every=timedelta(days=1))
