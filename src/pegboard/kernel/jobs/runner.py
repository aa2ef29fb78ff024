"""Takes due jobs, keeps their leases, runs them, and deals with those that fail.

Any number of runners may share a database. PostgreSQL decides everything that matters: who has a job (a row
lock when it is taken, then a lease with an epoch that grows with every taking), what time it is, and whether
a run may still write: completion is part of the job's own transaction, and refused when the epoch has moved
on.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from pegboard.kernel import metrics
from pegboard.kernel.db.database import Database
from pegboard.kernel.db.statements import sql
from pegboard.kernel.db.work import Row, UnitOfWork
from pegboard.kernel.errors import PegboardError
from pegboard.kernel.ids import NO_ORG, OrgId
from pegboard.kernel.jobs.job import Job, JobContext, LeaseLost, Recurring, Retry
from pegboard.kernel.jobs.queue import Bell, enqueue, job_counts

_log = logging.getLogger(__name__)

_POLL_S = 1.0
_REAP_EVERY_S = 5.0
_MEASURE_EVERY_S = 15.0
_LONGEST_DELAY_S = 900.0
_FIRST_DELAY_S = 2.0
_DONE_KEPT = timedelta(days=3)
_DEAD_KEPT = timedelta(days=90)

# Goes from organisation to organisation and takes the longest due of each, so that one organisation's million
# jobs do not stand in front of another's one; `first_org` moves on with every call. Which organisations have
# something due shows in the thousand longest due jobs; only where there are that many, all organisations are
# walked through (a skip scan over the index).
_CLAIM = sql("""
    WITH RECURSIVE sample AS MATERIALIZED (
        SELECT org_id FROM jobs
        WHERE state = 'pending' AND run_at <= now() AND name = ANY(CAST(:names AS text[]))
        ORDER BY run_at LIMIT 1000
    ), walk AS (
        (SELECT org_id FROM jobs
         WHERE state = 'pending' AND org_id >= :first_org AND (SELECT count(*) FROM sample) = 1000
         ORDER BY org_id LIMIT 1)
        UNION ALL
        SELECT (SELECT jobs.org_id FROM jobs WHERE state = 'pending' AND jobs.org_id > walk.org_id
                ORDER BY jobs.org_id LIMIT 1)
        FROM walk WHERE walk.org_id IS NOT NULL
    ), orgs AS (
        (SELECT DISTINCT org_id FROM sample
         WHERE org_id >= :first_org AND (SELECT count(*) FROM sample) < 1000 ORDER BY org_id)
        UNION ALL SELECT org_id FROM walk WHERE org_id IS NOT NULL
    ), picked AS (
        SELECT due.id FROM orgs CROSS JOIN LATERAL (
            SELECT jobs.id FROM jobs
            WHERE state = 'pending' AND jobs.org_id = orgs.org_id AND run_at <= now()
              AND name = ANY(CAST(:names AS text[]))
            ORDER BY run_at, jobs.id LIMIT :per_org FOR UPDATE SKIP LOCKED
        ) AS due
        WHERE orgs.org_id <> ALL(CAST(:full_orgs AS uuid[]))
        LIMIT :slots
    )
    UPDATE jobs SET state = 'running', attempt = attempt + 1, max_attempts = kinds.max_attempts,
                    lease_owner = :owner, lease_epoch = lease_epoch + 1,
                    lease_until = now() + kinds.lease_s * interval '1 second'
    FROM picked, unnest(CAST(:names AS text[]), CAST(:max_attempts AS int[]), CAST(:leases_s AS int[]))
         AS kinds(name, max_attempts, lease_s)
    WHERE jobs.id = picked.id AND jobs.name = kinds.name
    RETURNING jobs.*
""")
_RENEW = sql("""
    UPDATE jobs SET lease_until = now() + mine.lease_s * interval '1 second'
    FROM unnest(CAST(:ids AS uuid[]), CAST(:epochs AS bigint[]), CAST(:leases_s AS int[]))
         AS mine(id, lease_epoch, lease_s)
    WHERE jobs.id = mine.id AND jobs.lease_epoch = mine.lease_epoch AND jobs.state = 'running'
    RETURNING jobs.id
""")
_COMPLETE = sql("""
    UPDATE jobs SET state = 'done', finished_at = now(), last_error = NULL,
                    lease_owner = NULL, lease_until = NULL
    WHERE id = :id AND lease_epoch = :epoch AND state = 'running'
""")
# A job that goes back gives up its key when a newer one waits under it: keys are unique among those that
# wait.
_GO_BACK = """
    key = CASE WHEN EXISTS (SELECT FROM jobs AS other
                            WHERE other.org_id = jobs.org_id AND other.name = jobs.name
                              AND other.key = jobs.key AND other.state = 'pending')
               THEN NULL ELSE key END,
    lease_owner = NULL, lease_until = NULL
"""
_AGAIN = sql(f"""
    UPDATE jobs SET state = 'pending', run_at = now() + :delay_s * interval '1 second',
                    last_error = :error, {_GO_BACK}
    WHERE id = :id AND lease_epoch = :epoch AND state = 'running'
""")
_BURY = sql("""
    UPDATE jobs SET state = 'dead', finished_at = now(), last_error = :error,
                    lease_owner = NULL, lease_until = NULL
    WHERE id = :id AND lease_epoch = :epoch AND state = 'running'
""")
_HAND_BACK = sql(f"""
    UPDATE jobs SET state = 'pending', attempt = attempt - 1, {_GO_BACK}
    WHERE id = :id AND lease_epoch = :epoch AND state = 'running'
""")
_EXPIRED = sql("""
    SELECT id, name, attempt >= max_attempts AS last FROM jobs
    WHERE state = 'running' AND lease_until < now()
    ORDER BY lease_until LIMIT 100 FOR UPDATE SKIP LOCKED
""")
_REAP = sql(f"""
    UPDATE jobs SET state = CASE WHEN :last THEN 'dead' ELSE 'pending' END,
                    finished_at = CASE WHEN :last THEN now() END,
                    run_at = now(), last_error = 'LeaseExpired', {_GO_BACK}
    WHERE id = :id
""")
_NEXT_DUE = sql("""
    SELECT extract(epoch FROM min(run_at) - now())::float8 FROM (
        (SELECT run_at FROM jobs WHERE state = 'pending' ORDER BY run_at LIMIT 1)
        UNION ALL (SELECT next_at FROM recurring_jobs ORDER BY next_at LIMIT 1)
    ) AS next(run_at) WHERE run_at > now()
""")
_REGISTER = sql("""
    INSERT INTO recurring_jobs (name, every_s, next_at) VALUES (:name, :every_s, now())
    ON CONFLICT (name) DO UPDATE SET every_s = excluded.every_s,
        next_at = least(recurring_jobs.next_at, now() + excluded.every_s * interval '1 second')
""")
_TURNS = sql("""
    UPDATE recurring_jobs SET last_at = now(), next_at = next_at + every_s * interval '1 second'
        * (floor(extract(epoch FROM now() - next_at) / every_s) + 1)
    WHERE name IN (SELECT name FROM recurring_jobs
                   WHERE next_at <= now() AND name = ANY(CAST(:names AS text[]))
                   FOR UPDATE SKIP LOCKED)
    RETURNING name
""")
_BUSY = sql("""
    SELECT EXISTS (SELECT FROM jobs WHERE state = 'running'
                   AND org_id = :job_org_id AND name = :name AND key = :key)
""")
_PURGE = sql("""
    DELETE FROM jobs WHERE id IN (
        SELECT id FROM jobs WHERE state = :state AND finished_at < now() - CAST(:kept AS interval)
        ORDER BY finished_at LIMIT 5000)
""")

_TURN_KEY = "turn"


@dataclass(slots=True, kw_only=True)
class _Claim:
    job: Job
    row: Row
    task: "asyncio.Task[None] | None" = None

    @property
    def id(self) -> UUID:
        return self.row["id"]  # type: ignore[no-any-return]  # a record's column has no static type

    @property
    def org_id(self) -> OrgId:
        return OrgId(self.row["org_id"])

    @property
    def epoch(self) -> int:
        return int(self.row["lease_epoch"])


class JobRunner:
    """One of these in every process that works. `concurrency` jobs run at a time, never all of one
    organisation.

    A job that fails comes again after an exponentially growing delay with full jitter (at most 15 minutes)
    until its attempts are used up; then it is a dead letter. A run whose lease ran out is somebody else's:
    its writes are refused.
    """

    def __init__(
        self,
        database: Database,
        jobs: Sequence[Job],
        recurring: Sequence[Recurring] = (),
        *,
        owner: str | None = None,
        concurrency: int = 4,
    ) -> None:
        self._database = database
        self._jobs = {job.name: job for job in (*jobs, PURGE)}
        if len(self._jobs) != len(jobs) + 1:
            raise ValueError("two jobs have the same name")
        self._recurring = (*recurring, Recurring(job=PURGE.name, every=timedelta(hours=1)))
        if unknown := {each.job for each in self._recurring} - self._jobs.keys():
            raise ValueError(f"recurring, but not a job: {', '.join(sorted(unknown))}")
        self.owner = owner or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._concurrency = concurrency
        self._bell = database.parts.put(Bell, Bell())
        self._running: dict[tuple[UUID, int], _Claim] = {}
        self._first_org = UUID(int=0)
        self._registered = False
        self._reap_at = 0.0
        self._measure_at = 0.0
        self._stopping = False
        self._looping = False
        self._finished = asyncio.Event()

    @property
    def busy(self) -> int:
        """How many jobs run here now."""
        return len(self._running)

    def wake(self) -> None:
        """Look for work at once."""
        self._bell.ring()

    # --- the loop
    # ----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until `stop` or cancelled; an outage of the database is waited out."""
        self._looping = True
        renewing = asyncio.create_task(self._keep_leases())
        try:
            while not self._stopping:
                self._bell.silence()
                try:
                    wait_s = await self._look()
                except Exception:  # noqa: BLE001 -- the loop outlives whatever befalls the database
                    _log.exception("jobs: will look again")
                    wait_s = _POLL_S
                await self._bell.wait(wait_s)
            await self._wait_for_running()
        finally:
            await self._break_off()
            renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await renewing
            self._finished.set()

    async def stop(self, grace_s: float = 10.0) -> None:
        """Take nothing new, let what runs end for `grace_s` seconds, hand the rest back to the queue."""
        self._stopping = True
        if not self._looping:
            return
        self._bell.ring()
        try:
            await asyncio.wait_for(self._finished.wait(), grace_s)
        except TimeoutError:
            await self._break_off()

    async def run_due(self) -> int:
        """Run what is due now, one after the other, until nothing is; how many ran. For tests and the command
        line.
        """
        ran = 0
        while claims := await self._claim(1):
            for claim in claims:
                await self._run(claim)
                ran += 1
        return ran

    async def _look(self) -> float:
        """Start what is due; after how many seconds to look again."""
        loop = asyncio.get_running_loop()
        if not self._registered:
            await self._register()
        if loop.time() >= self._reap_at:
            await self.reap()
            self._reap_at = loop.time() + _REAP_EVERY_S
        await self.fire_recurring()
        while free := self._concurrency - len(self._running):
            claims = await self._claim(free)
            for claim in claims:
                claim.task = asyncio.create_task(self._run(claim), name=f"job {claim.job.name}")
            if not claims:
                break
        if loop.time() >= self._measure_at:
            await self._measure()
            self._measure_at = loop.time() + _MEASURE_EVERY_S
        if len(self._running) >= self._concurrency:
            return _POLL_S
        async with UnitOfWork(self._database, system=True) as uow:
            due_in_s: float | None = await uow.value(_NEXT_DUE)
        return _POLL_S if due_in_s is None else min(_POLL_S, max(0.0, due_in_s) + 0.001)

    async def _wait_for_running(self) -> None:
        if tasks := [claim.task for claim in self._running.values() if claim.task]:
            await asyncio.wait(tasks)

    async def _break_off(self) -> None:
        tasks = [claim.task for claim in self._running.values() if claim.task]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    # --- taking and keeping
    # --------------------------------------------------------------------------------------

    async def _claim(self, slots: int) -> list[_Claim]:
        claims = await self._claim_from(self._first_org, slots)
        if not claims and self._first_org.int:
            claims = await self._claim_from(UUID(int=0), slots)
        return claims

    async def _claim_from(self, first_org: UUID, slots: int) -> list[_Claim]:
        by_org = Counter(claim.org_id for claim in self._running.values())
        most = max(1, self._concurrency - 1)
        names = list(self._jobs)
        async with UnitOfWork(self._database, system=True) as uow:
            rows = await uow.rows(
                _CLAIM,
                first_org=first_org,
                full_orgs=[org for org, running in by_org.items() if running >= most],
                per_org=1,
                slots=slots,
                owner=self.owner,
                names=names,
                max_attempts=[self._jobs[name].max_attempts for name in names],
                leases_s=[self._jobs[name].lease_s for name in names],
            )
        claims = [_Claim(job=self._jobs[row["name"]], row=row) for row in rows]
        self._running |= {(claim.id, claim.epoch): claim for claim in claims}
        if claims:
            last = max(claim.org_id.int for claim in claims)
            self._first_org = UUID(int=(last + 1) % (1 << 128))
        return claims

    async def _keep_leases(self) -> None:
        every_s = min(job.lease_s for job in self._jobs.values()) / 3
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.renew()
            except Exception:  # noqa: BLE001 -- the next round may reach the database again, before the leases end
                _log.exception("jobs: leases not renewed")

    async def renew(self) -> None:
        """Renew the leases of everything that runs here; break off what somebody else has by now."""
        claims = list(self._running.values())
        if not claims:
            return
        async with UnitOfWork(self._database, system=True) as uow:
            kept = {
                row["id"]
                for row in await uow.rows(
                    _RENEW,
                    ids=[claim.id for claim in claims],
                    epochs=[claim.epoch for claim in claims],
                    leases_s=[claim.job.lease_s for claim in claims],
                )
            }
        for claim in claims:
            if claim.id not in kept and (claim.id, claim.epoch) in self._running and claim.task:
                claim.task.cancel("lease lost")

    async def reap(self) -> int:
        """Put jobs whose lease ran out back into the queue (or among the dead, after the last attempt); how
        many.
        """
        async with UnitOfWork(self._database, system=True) as uow:
            expired = await uow.rows(_EXPIRED)
            for row in expired:
                await uow.execute(_REAP, id=row["id"], last=row["last"])
                _log.warning("job %s (%s): its lease ran out", row["id"], row["name"])
                metrics.JOBS_RUN.labels(row["name"], "dead" if row["last"] else "lease_expired").inc()
        return len(expired)

    # --- one job
    # --------------------------------------------------------------------------------------------------

    async def _run(self, claim: _Claim) -> None:
        outcome = "failed"
        try:
            async with asyncio.timeout(claim.job.timeout_s):
                await self._work(claim)
            outcome = "done"
        except LeaseLost:
            outcome = "lease_lost"
            _log.warning("job %s (%s): lost its lease; its writes are undone", claim.id, claim.job.name)
        except asyncio.CancelledError:
            outcome = "handed_back"
            await self._settle(_HAND_BACK, claim)
            raise
        except Exception as error:  # noqa: BLE001 -- whatever a job raises is the queue's to deal with
            outcome = await self._failed(claim, error)
        finally:
            self._running.pop((claim.id, claim.epoch), None)
            metrics.JOBS_RUN.labels(claim.job.name, outcome).inc()
            self._bell.ring()

    async def _work(self, claim: _Claim) -> None:
        orgs = () if claim.org_id == NO_ORG else (claim.org_id,)
        context = JobContext(
            job_id=claim.id,
            org_id=claim.org_id,
            name=claim.job.name,
            attempt=claim.row["attempt"],
            max_attempts=claim.job.max_attempts,
            created_at=claim.row["created_at"],
        )
        payload: Any = msgspec.convert(claim.row["payload"], claim.job.payload)
        async with UnitOfWork(self._database, orgs=orgs, request_id=f"job {claim.id}", system=claim.job.system) as uow:
            await claim.job.run(uow, payload, context)
            if not await uow.execute(_COMPLETE, id=claim.id, epoch=claim.epoch):
                raise LeaseLost

    async def _failed(self, claim: _Claim, error: Exception) -> str:
        attempt: int = claim.row["attempt"]
        last = attempt >= claim.job.max_attempts
        wording = describe(error)
        _log.warning(
            "job %s (%s), attempt %d of %d: %s",
            *(claim.id, claim.job.name, attempt, claim.job.max_attempts, wording),
            exc_info=None if isinstance(error, (Retry, PegboardError)) else error,
        )
        if last:
            await self._settle(_BURY, claim, error=wording)
            return "dead"
        delay_s = error.after_s if isinstance(error, Retry) else delay_before(attempt + 1)
        await self._settle(_AGAIN, claim, error=wording, delay_s=delay_s)
        return "failed"

    async def _settle(self, statement: Any, claim: _Claim, **params: Any) -> None:
        # Two tries: between the look for a twin under the same key and the update, one may have come.
        for final in (False, True):
            try:
                async with UnitOfWork(self._database, system=True) as uow:
                    await uow.execute(statement, id=claim.id, epoch=claim.epoch, **params)
                return
            except asyncpg.UniqueViolationError:
                if final:
                    raise
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                # The database is away: the lease will run out, and the job comes back by itself.
                _log.exception("job %s: not written down", claim.id)
                return

    # --- recurring jobs and housekeeping
    # ----------------------------------------------------------------------------

    async def _register(self) -> None:
        async with UnitOfWork(self._database, system=True) as uow:
            for each in sorted(self._recurring, key=lambda each: each.job):
                await uow.execute(_REGISTER, name=each.job, every_s=max(1, round(each.every.total_seconds())))
        self._registered = True

    async def fire_recurring(self) -> int:
        """Enqueue the recurring jobs whose turn has come; how many."""
        if not self._registered:
            await self._register()
        fired = 0
        async with UnitOfWork(self._database, system=True) as uow:
            for row in await uow.rows(_TURNS, names=[each.job for each in self._recurring]):
                if not await uow.value(_BUSY, job_org_id=NO_ORG, name=row["name"], key=_TURN_KEY):
                    await enqueue(uow, row["name"], {}, org_id=NO_ORG, key=_TURN_KEY)
                    fired += 1
        return fired

    async def _measure(self) -> None:
        async with UnitOfWork(self._database, system=True) as uow:
            for state, count in (await job_counts(uow)).items():
                metrics.JOBS.labels(state).set(count)


def delay_before(attempt: int) -> float:
    """How many seconds to wait before this attempt (2 is the first that waits): full jitter under a doubling
    ceiling.
    """
    ceiling_s = min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0 ** min(attempt - 1, 20))
    return ceiling_s * secrets.randbelow(1 << 20) / (1 << 20)


def describe(error: BaseException) -> str:
    """The error without any data in it: its kind, its code, and the line of ours where it came up."""
    kind = type(error).__name__
    if isinstance(error, PegboardError):
        kind = f"{kind} {error.code}"
    elif isinstance(error, asyncpg.PostgresError):
        kind = f"{kind} {error.sqlstate} {getattr(error, 'constraint_name', None) or ''}".rstrip()
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "pegboard" in frame.filename or "tests" in frame.filename
    ]
    return f"{kind} at {frames[-1].name}:{frames[-1].lineno}" if frames else kind


async def _purge(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
    del payload, context
    for state, kept in (("done", _DONE_KEPT), ("dead", _DEAD_KEPT)):
        while await uow.execute(_PURGE, state=state, kept=kept) == 5000:
            pass


PURGE = Job(name="jobs.purge", run=_purge, system=True)
"""Forgets jobs done three days ago and dead letters of three months ago. Every runner knows it."""
