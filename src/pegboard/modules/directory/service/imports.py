"""Imports that run in the background: a file is kept, a job imports it, and whoever asks sees how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Database, Row, UnitOfWork
from pegboard.kernel.errors import Forbidden, PegboardError
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.ids import MemberId, OrgId, uuid7
from pegboard.kernel.jobs import JobContext, enqueue
from pegboard.modules.directory import policy
from pegboard.modules.directory.errors import ImportNotFound, TooManyImports
from pegboard.modules.directory.service.actors import read_actor
from pegboard.modules.directory.service.forgetting import forget_from
from pegboard.modules.directory.service.importing import import_staff_list
from pegboard.modules.directory.store import imports as store
from pegboard.modules.directory.views import ImportResult, ImportRowError

IMPORT_JOB = "directory.import"
MAX_FILE_BYTES = 32 * 1024 * 1024
ERRORS_KEPT = 1000
"""More errors than these are only counted: nobody mends a list line by line that is wrong as a whole."""

_AT_ONCE = 3
"""Imports that one person may have waiting or running."""
_FILE_NAME_CHARS = 255

State = Literal["queued", "running", "done", "refused"]


class ImportOrder(msgspec.Struct, frozen=True):
    """What the job is told."""

    import_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportStatus:
    """How far an import is, or what became of it; see `ImportResult`. An error in row 0 concerns the whole file."""

    id: UUID
    state: State
    file_name: str
    dry_run: bool
    skip_errors: bool
    rows_total: int
    rows_done: int
    members: int
    departments: int
    created: int
    changed: int
    invited: int
    errors: tuple[ImportRowError, ...]
    errors_total: int
    created_at: datetime
    finished_at: datetime | None


async def start_import(
    uow: UnitOfWork,
    actor: Actor,
    content: bytes,
    *,
    file_name: str,
    dry_run: bool,
    skip_errors: bool,
    language: str,
) -> ImportStatus:
    """Keep the file and have it imported once this unit of work has come true. Raises `import.too_many`.

    `language` is that of the messages. The file is deleted when it has been imported, the outcome after 30 days.
    """
    policy.import_people(actor)
    if await uow.value(store.WAITING, member_id=actor.me) >= _AT_ONCE:
        raise TooManyImports(limit=_AT_ONCE)
    import_id = uuid7()
    await uow.execute(
        store.INSERT,
        id=import_id,
        member_id=actor.me,
        file_name=file_name[:_FILE_NAME_CHARS].replace("\0", ""),
        language=language,
        dry_run=dry_run,
        skip_errors=skip_errors,
        created_at=uow.now(),
    )
    await uow.execute(store.INSERT_FILE, import_id=import_id, content=content)
    await enqueue(uow, IMPORT_JOB, ImportOrder(import_id))
    await forget_from(uow, uow.now())
    return await import_status(uow, actor, import_id)


async def import_status(uow: UnitOfWork, actor: Actor, import_id: UUID) -> ImportStatus:
    """How far it is. Sub-administrators see their own imports only. Raises `import.not_found`."""
    row = await uow.one(store.FIND, id=import_id)
    if row is None or not policy.sees_import(actor, row):
        raise ImportNotFound
    return _status(row)


def _status(row: Row) -> ImportStatus:
    return ImportStatus(
        id=row["id"],
        state=row["state"],
        file_name=row["file_name"],
        dry_run=row["dry_run"],
        skip_errors=row["skip_errors"],
        rows_total=row["rows_total"],
        rows_done=row["rows_done"],
        members=row["members"],
        departments=row["departments"],
        created=row["created"],
        changed=row["changed"],
        invited=row["invited"],
        errors=tuple(ImportRowError(**error) for error in row["errors"]),
        errors_total=row["errors_total"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
    )


# --- the job ---------------------------------------------------------------------------------------------------------


async def run_import(uow: UnitOfWork, order: ImportOrder, context: JobContext) -> None:
    """Import the kept file. Run again after a crash it finds out that it has been imported, or begins anew.

    The job's own unit of work writes nothing: the outcome is stored in the transaction that stores the list.
    """
    run = _Run(database=uow.database, org_id=uow.org_id, import_id=order.import_id)
    try:
        await run.run()
    except PegboardError as refusal:
        await run.refuse(refusal)
    except Exception:
        if context.last_attempt:
            await run.refuse(PegboardError())
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One import in the background; every step that others shall see is a unit of work of its own."""

    database: Database
    org_id: OrgId
    import_id: UUID

    def _work(self) -> UnitOfWork:
        return UnitOfWork(self.database, orgs=(self.org_id,))

    async def run(self) -> None:
        async with self._work() as uow:
            row = await uow.one(store.FIND, id=self.import_id)
            content = await uow.value(store.CONTENT, id=self.import_id)
            if row is None or content is None or not await uow.execute(store.SET_RUNNING, id=self.import_id):
                return
            actor = await read_actor(uow, MemberId(row["member_id"]))
        if actor is None:  # they may have left, or lost the power, since they sent the file
            raise Forbidden
        result = await import_staff_list(
            self.database,
            self.org_id,
            content,
            row["file_name"],
            dry_run=row["dry_run"],
            skip_errors=row["skip_errors"],
            actor=actor,
            language=row["language"],
            progress=self._show,
            also=self._finish,
        )
        if result.refused or result.dry_run:
            async with self._work() as uow:
                await self._finish(uow, result)

    async def _show(self, done: int, total: int) -> None:
        async with self._work() as uow:
            await uow.execute(store.SET_PROGRESS, id=self.import_id, rows_done=done, rows_total=total)

    async def _finish(self, uow: UnitOfWork, result: ImportResult) -> None:
        await self._end(
            uow,
            "refused" if result.refused else "done",
            result.errors,
            rows_total=result.rows,
            rows_done=0 if result.refused else result.members,
            members=result.members,
            departments=result.departments,
            created=result.created,
            changed=result.changed,
            invited=result.invited,
        )

    async def refuse(self, refusal: PegboardError) -> None:
        """Nothing was stored, because of something that concerns the whole file."""
        async with self._work() as uow:
            row = await uow.one(store.FIND, id=self.import_id)
            if row is None:
                return
            message = _text(uow, refusal, row["language"])
            error = ImportRowError(row=0, column="", code=refusal.code, message=message)
            await self._end(uow, "refused", (error,))

    async def _end(self, uow: UnitOfWork, state: State, errors: tuple[ImportRowError, ...], **counts: int) -> None:
        columns: Mapping[str, Any] = dict.fromkeys(
            ("rows_total", "rows_done", "members", "departments", "created", "changed", "invited"), 0
        )
        await uow.execute(
            store.FINISH,
            id=self.import_id,
            state=state,
            errors=[msgspec.to_builtins(error) for error in errors[:ERRORS_KEPT]],
            errors_total=len(errors),
            finished_at=uow.now(),
            **{**columns, **counts},
        )
        await uow.execute(store.DROP_FILE, id=self.import_id)


def _text(uow: UnitOfWork, refusal: PegboardError, language: str) -> str:
    catalogues = uow.parts[Catalogues] if Catalogues in uow.parts else Catalogues()
    return catalogues.text(refusal.code, language, **refusal.params)
