"""Collecting uploads that were never finished or never used.

Every upload leaves a timer in its organisation, at most one waiting at a time, so nothing ever has to look
through all organisations.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, or_, select, update

from pegboard.kernel.db.statements import Statement
from pegboard.kernel.db.tables import tenant
from pegboard.kernel.db.work import UnitOfWork
from pegboard.kernel.files.keys import content_key, thumbnail_key
from pegboard.kernel.files.models import file_parts, files
from pegboard.kernel.files.stores import FileStore
from pegboard.kernel.files.uploads import COLLECT, forget_parts
from pegboard.kernel.jobs import Job, JobContext, Recurring, enqueue

_BATCH = 200

_MARK = Statement(
    update(files)
    .where(
        tenant(files),
        files.c.file_id.in_(
            select(files.c.file_id)
            .where(
                tenant(files),
                or_(files.c.state == "removing", files.c.expires_at <= bindparam("now")),
                files.c.expires_at.is_not(None),
            )
            .order_by(files.c.expires_at)
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        ),
    )
    .values(state="removing")
    .returning(files.c.file_id)
)
_REMOVE = Statement(
    delete(files).where(tenant(files), files.c.file_id == bindparam("file_id"), files.c.state == "removing")
)
_LEFT_PARTS = Statement(
    select(file_parts.c.file_id)
    .distinct()
    .join_from(file_parts, files, (files.c.org_id == file_parts.c.org_id) & (files.c.file_id == file_parts.c.file_id))
    .where(tenant(file_parts), tenant(files), files.c.state == "stored")
    .limit(_BATCH)
)
_NEXT = Statement(select(func.min(files.c.expires_at)).where(tenant(files)))


async def _collect(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
    """Content goes first and rows last, so whatever interrupts this is found again by the next run."""
    del payload, context
    database, org_id = uow.database, uow.org_id
    while file_ids := await _mark(uow):
        for file_id in file_ids:
            await _remove(uow, file_id)
        if len(file_ids) < _BATCH:
            break
    for row in await uow.rows(_LEFT_PARTS):
        await forget_parts(database, org_id, row["file_id"])
    next_at = await uow.value(_NEXT)
    if next_at is not None:
        await enqueue(uow, COLLECT, {}, run_at=next_at, key="collect")


async def _mark(uow: UnitOfWork) -> list[UUID]:
    """From this commit on nobody can use these files any more."""
    async with UnitOfWork(uow.database, orgs=uow.orgs) as marking:
        return [row["file_id"] for row in await marking.rows(_MARK, now=marking.now())]


async def _remove(uow: UnitOfWork, file_id: UUID) -> None:
    kind: Any = FileStore  # a Protocol as key
    store: FileStore = uow.parts[kind]
    await forget_parts(uow.database, uow.org_id, file_id)
    await store.delete(content_key(uow.org_id, file_id))
    await store.delete(thumbnail_key(uow.org_id, file_id))
    async with UnitOfWork(uow.database, orgs=uow.orgs) as removing:
        await removing.execute(_REMOVE, file_id=file_id)


jobs = (Job(name=COLLECT, run=_collect, timeout_s=1800),)
recurring: tuple[Recurring, ...] = ()
