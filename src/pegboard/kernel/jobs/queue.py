"""Putting work into the queue, and looking at what died there."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pegboard.kernel.db.statements import sql
from pegboard.kernel.db.work import Row, UnitOfWork
from pegboard.kernel.errors import NotFound
from pegboard.kernel.ids import OrgId, uuid7

# An existing row is touched, not just left alone: that locks it until our commit, so no runner can take it
# before it would see what we have changed.
_ENQUEUE = sql("""
    INSERT INTO jobs (id, org_id, name, payload, run_at, key)
    VALUES (:id, :job_org_id, :name, :payload, coalesce(:run_at, now()), :key)
    ON CONFLICT (org_id, name, key) WHERE state = 'pending' AND key IS NOT NULL
    DO UPDATE SET run_at = least(jobs.run_at, excluded.run_at)
    RETURNING id
""")
_DEAD = sql("""
    SELECT id, org_id, name, attempt, last_error, created_at, finished_at FROM jobs
    WHERE state = 'dead' AND (CAST(:only_org AS uuid) IS NULL OR org_id = :only_org)
    ORDER BY finished_at DESC, id DESC LIMIT :limit
""")
_RETRY_DEAD = sql("""
    UPDATE jobs SET state = 'pending', run_at = now(), attempt = 0, key = NULL, finished_at = NULL
    WHERE id = :id AND state = 'dead'
""")
_DISCARD = sql("DELETE FROM jobs WHERE id = :id AND state = 'dead'")
_COUNTS = sql("""
    SELECT 'pending' AS state, count(*) AS jobs FROM jobs WHERE state = 'pending'
    UNION ALL SELECT 'running', count(*) FROM jobs WHERE state = 'running'
    UNION ALL SELECT 'dead', count(*) FROM jobs WHERE state = 'dead'
""")


class JobNotFound(NotFound):
    """There is no such dead letter."""

    code = "job.not_found"


class Bell:
    """Wakes this process's runner. A part: the runner shelves it, `enqueue` rings it after the commit."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """There is something to do."""
        self._event.set()

    def silence(self) -> None:
        """Forget earlier rings; call it before looking, so that none is lost while looking."""
        self._event.clear()

    async def wait(self, timeout_s: float) -> None:
        """Until the next ring, at most `timeout_s` seconds."""
        try:
            await asyncio.wait_for(self._event.wait(), timeout_s)
        except TimeoutError:
            pass


async def enqueue(
    uow: UnitOfWork,
    name: str,
    payload: Any,
    *,
    run_at: datetime | None = None,
    org_id: OrgId | None = None,
    key: str | None = None,
) -> UUID:
    """Have the job done once this unit of work has come true, not before `run_at` (default: at once).

    It runs in `org_id`: by default the unit's one organisation, NO_ORG for none. With a `key` it is the only
    waiting one of its name, organisation and key: a second call answers with the first's id, keeps its
    payload and takes the earlier `run_at`. (A job that already runs does not count: it may have looked before
    this change.) A durable timer is a job with `run_at`; the database's clock decides when that is.
    """
    job_id: UUID = await uow.value(
        _ENQUEUE,
        id=uuid7(),
        job_org_id=org_id if org_id is not None else uow.org_id,
        name=name,
        payload=payload,
        run_at=run_at,
        key=key,
    )
    if Bell in uow.parts:
        uow.after_commit(uow.parts[Bell].ring)
    return job_id


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A job that nobody will try again by itself. `error` names kind and place, never the data."""

    job_id: UUID
    org_id: OrgId
    name: str
    attempts: int
    error: str
    created_at: datetime
    died_at: datetime


async def dead_letters(uow: UnitOfWork, *, org_id: OrgId | None = None, limit: int = 100) -> list[DeadLetter]:
    """The latest first; of one organisation or of all. Needs a unit of work of the system."""
    return [_dead_letter(row) for row in await uow.rows(_DEAD, only_org=org_id, limit=limit)]


def _dead_letter(row: Row) -> DeadLetter:
    return DeadLetter(
        job_id=row["id"],
        org_id=row["org_id"],
        name=row["name"],
        attempts=row["attempt"],
        error=row["last_error"] or "",
        created_at=row["created_at"],
        died_at=row["finished_at"],
    )


async def retry_dead(uow: UnitOfWork, job_id: UUID) -> None:
    """Give a dead letter all its attempts again, at once. Needs a unit of work of the system."""
    if not await uow.execute(_RETRY_DEAD, id=job_id):
        raise JobNotFound
    if Bell in uow.parts:
        uow.after_commit(uow.parts[Bell].ring)


async def discard(uow: UnitOfWork, job_id: UUID) -> None:
    """Throw a dead letter away. Needs a unit of work of the system."""
    if not await uow.execute(_DISCARD, id=job_id):
        raise JobNotFound


async def job_counts(uow: UnitOfWork) -> dict[str, int]:
    """How many jobs are pending, running and dead. Needs a unit of work of the system."""
    return {row["state"]: row["jobs"] for row in await uow.rows(_COUNTS)}
