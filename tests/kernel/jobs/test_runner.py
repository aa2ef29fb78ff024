"""Runners: retries, dead letters, leases and fences, fairness, stopping."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest

from pegboard.kernel import metrics
from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.errors import NotFound
from pegboard.kernel.ids import OrgId, uuid7
from pegboard.kernel.jobs import (
    Job,
    JobContext,
    JobNotFound,
    JobRunner,
    Retry,
    dead_letters,
    discard,
    job_counts,
    retry_dead,
)
from pegboard.kernel.jobs.runner import delay_before, describe
from tests.kernel.jobs.queue_fixtures import WRITE_EFFECT, Queue, put, write_effect
from tests.support.polling import until

pytestmark = pytest.mark.anyio

Body = Callable[[UnitOfWork, dict[str, Any], JobContext], Any]


def failing(error: Callable[[], Exception], *, times: int = 1000) -> Body:
    """Writes its effect, then raises, the first `times` times."""

    async def body(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
        await write_effect(uow, payload, context)
        if context.attempt <= times:
            raise error()

    return body


@contextlib.asynccontextmanager
async def running(runner: JobRunner) -> AsyncIterator[JobRunner]:
    task = asyncio.create_task(runner.run())
    try:
        yield runner
    finally:
        await runner.stop(grace_s=5)
        await task


# --- failures -----------------------------------------------------------------------------------------------


async def test_a_failed_run_leaves_nothing_and_comes_again_later(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    runner = JobRunner(fresh_database, [Job(name="test.fail", run=failing(ZeroDivisionError, times=1))])
    await put(fresh_database, org_id, "test.fail", "x")
    assert await runner.run_due() == 1
    job = await queue.job("test.fail")
    assert job["state"] == "pending"
    assert job["last_error"].startswith("ZeroDivisionError at body:")
    assert await queue.effects() == []
    await queue.make_due()
    assert await runner.run_due() == 1
    assert await queue.effects() == ["x"]


async def test_after_the_last_attempt_it_is_a_dead_letter_that_can_be_tried_again_or_thrown_away(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    broken = True

    async def body(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
        assert context.last_attempt is (context.attempt == 3)
        if broken:
            raise NotFound(what="the secret thing")
        await write_effect(uow, payload, context)

    runner = JobRunner(fresh_database, [Job(name="test.die", run=body, max_attempts=3)])
    await put(fresh_database, org_id, "test.die", "x")
    for _ in range(3):
        assert await runner.run_due() == 1
        await queue.make_due()
    assert await runner.run_due() == 0
    async with UnitOfWork(fresh_database, system=True) as uow:
        (letter,) = await dead_letters(uow)
        assert await dead_letters(uow, org_id=OrgId(uuid7())) == []
        assert await job_counts(uow) == {"pending": 0, "running": 0, "dead": 1}
        assert (letter.org_id, letter.name, letter.attempts) == (org_id, "test.die", 3)
        assert letter.error.startswith("NotFound not_found at body:")
        assert "secret" not in letter.error
        broken = False
        await retry_dead(uow, letter.job_id)
    assert await runner.run_due() == 1
    assert await queue.effects() == ["x"]
    async with UnitOfWork(fresh_database, system=True) as uow:
        for deed in (retry_dead, discard):
            with pytest.raises(JobNotFound):
                await deed(uow, letter.job_id)


async def test_a_dead_letter_can_be_thrown_away(fresh_database: Database, queue: Queue, org_id: OrgId) -> None:
    runner = JobRunner(fresh_database, [Job(name="test.die", run=failing(ZeroDivisionError), max_attempts=1)])
    await put(fresh_database, org_id, "test.die", "x")
    await runner.run_due()
    async with UnitOfWork(fresh_database, system=True) as uow:
        await discard(uow, (await dead_letters(uow))[0].job_id)
    assert await queue.states() == {}


async def test_a_job_may_name_the_time_of_its_next_attempt(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    runner = JobRunner(fresh_database, [Job(name="test.again", run=failing(lambda: Retry(after_s=3600)))])
    await put(fresh_database, org_id, "test.again", "x")
    await runner.run_due()
    wait_s = await queue.connection.fetchval("SELECT extract(epoch FROM run_at - now())::float8 FROM jobs")
    assert 3500 < wait_s <= 3600


async def test_a_run_over_its_time_is_broken_off(fresh_database: Database, queue: Queue, org_id: OrgId) -> None:
    async def hang(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
        await write_effect(uow, payload, context)
        await asyncio.Event().wait()

    runner = JobRunner(fresh_database, [Job(name="test.hang", run=hang, timeout_s=0.05)])
    await put(fresh_database, org_id, "test.hang", "x")
    await runner.run_due()
    job = await queue.job("test.hang")
    assert (job["state"], job["last_error"].split()[0]) == ("pending", "TimeoutError")
    assert await queue.effects() == []


async def test_a_payload_that_no_longer_fits_fails_like_any_other(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    await put(fresh_database, org_id, "test.write", "x")
    await JobRunner(fresh_database, [Job(name="test.write", run=write_effect, payload=int)]).run_due()
    assert (await queue.job("test.write"))["last_error"].startswith("ValidationError")


def test_delays_grow_with_full_jitter_up_to_a_quarter_of_an_hour() -> None:
    for attempt, ceiling_s in [(2, 4), (3, 8), (8, 256), (11, 900), (1000, 900)]:
        delays = [delay_before(attempt) for _ in range(200)]
        assert all(0 <= delay < ceiling_s for delay in delays)
        assert max(delays) > ceiling_s / 2 > min(delays)


def test_what_is_kept_of_an_error_holds_no_data() -> None:
    with pytest.raises(ValueError, match="secret") as caught:
        int("a secret text")
    assert describe(caught.value).startswith("ValueError at test_what_is_kept")
    assert "secret" not in describe(caught.value)


async def test_unknown_jobs_wait_for_a_version_that_knows_them(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    await put(fresh_database, org_id, "test.of_tomorrow", "x")
    assert await JobRunner(fresh_database, []).run_due() == 0
    assert await queue.states() == {"pending": 1}


def test_wiring_mistakes_show_at_once(clockless_database: Database) -> None:
    from datetime import timedelta

    from pegboard.kernel.jobs import Recurring

    job = Job(name="test.write", run=write_effect)
    with pytest.raises(ValueError, match="same name"):
        JobRunner(clockless_database, [job, job])
    with pytest.raises(ValueError, match=r"not a job: test\.nothing"):
        JobRunner(clockless_database, [job], [Recurring(job="test.nothing", every=timedelta(hours=1))])


@pytest.fixture
def clockless_database() -> Database:
    return Database("postgresql:///never_opened")


# --- leases -------------------------------------------------------------------------------------------------


class _Paused:
    """A job whose first run stands still until `go_on` is set; later runs go through."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.go_on = asyncio.Event()

    async def body(self, uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
        await uow.execute(WRITE_EFFECT, word=f"attempt {context.attempt}", attempt=1, org_id=context.org_id)
        if context.attempt == 1:
            self.started.set()
            await self.go_on.wait()


async def test_a_runner_that_paused_beyond_its_lease_may_not_write(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    paused = _Paused()
    job = Job(name="test.paused", run=paused.body)
    sleeper, other = JobRunner(fresh_database, [job]), JobRunner(fresh_database, [job])
    await put(fresh_database, org_id, "test.paused", "x")
    sleeping = asyncio.create_task(sleeper.run_due())
    await paused.started.wait()
    assert await other.reap() == 0
    await queue.let_lease_run_out("test.paused")
    assert await other.reap() == 1
    assert await other.run_due() == 1
    paused.go_on.set()
    await sleeping
    assert await queue.effects() == ["attempt 2"]
    job_row = await queue.job("test.paused")
    assert (job_row["state"], job_row["attempt"], job_row["lease_epoch"]) == ("done", 2, 2)


async def test_it_may_not_write_either_while_the_other_is_still_at_it(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    first, second = _Paused(), asyncio.Event()
    taken = asyncio.Event()

    async def body(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
        await first.body(uow, payload, context)
        if context.attempt == 2:
            taken.set()
            await second.wait()

    job = Job(name="test.paused", run=body)
    sleeper, other = JobRunner(fresh_database, [job]), JobRunner(fresh_database, [job])
    await put(fresh_database, org_id, "test.paused", "x")
    sleeping = asyncio.create_task(sleeper.run_due())
    await first.started.wait()
    await queue.let_lease_run_out("test.paused")
    await other.reap()
    working = asyncio.create_task(other.run_due())
    await taken.wait()
    first.go_on.set()
    await sleeping
    assert await queue.effects() == []
    second.set()
    await working
    assert await queue.effects() == ["attempt 2"]


async def test_a_failure_after_the_lease_was_lost_changes_nothing(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    paused = _Paused()

    async def body(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
        await paused.body(uow, payload, context)
        if context.attempt == 1:
            raise ZeroDivisionError

    job = Job(name="test.paused", run=body)
    sleeper, other = JobRunner(fresh_database, [job]), JobRunner(fresh_database, [job])
    await put(fresh_database, org_id, "test.paused", "x")
    sleeping = asyncio.create_task(sleeper.run_due())
    await paused.started.wait()
    await queue.let_lease_run_out("test.paused")
    await other.reap()
    await other.run_due()
    paused.go_on.set()
    await sleeping
    assert (await queue.job("test.paused"))["state"] == "done"


async def test_renewing_keeps_a_long_job_and_breaks_off_a_lost_one(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    paused = _Paused()
    job = Job(name="test.paused", run=paused.body, lease_s=3600)
    await put(fresh_database, org_id, "test.paused", "x")
    async with running(JobRunner(fresh_database, [job])) as runner:
        await paused.started.wait()
        await queue.let_lease_run_out("test.paused")
        await runner.renew()
        assert await JobRunner(fresh_database, [job]).reap() == 0
        await queue.let_lease_run_out("test.paused")
        other = JobRunner(fresh_database, [job])
        assert await other.reap() == 1
        await other.run_due()
        await runner.renew()
        await until(lambda: not runner.busy)
        assert not paused.go_on.is_set()
    assert await queue.effects() == ["attempt 2"]


async def test_a_job_that_kills_its_runner_every_time_dies_at_last(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    paused = _Paused()
    runner = JobRunner(fresh_database, [Job(name="test.killer", run=paused.body, max_attempts=1)])
    await put(fresh_database, org_id, "test.killer", "x")
    running_it = asyncio.create_task(runner.run_due())
    await paused.started.wait()
    await queue.let_lease_run_out("test.killer")
    assert await JobRunner(fresh_database, []).reap() == 1
    job = await queue.job("test.killer")
    assert (job["state"], job["last_error"]) == ("dead", "LeaseExpired")
    paused.go_on.set()
    await running_it
    assert await queue.effects() == []


async def test_two_runners_never_do_a_job_twice(fresh_database: Database, queue: Queue, org_id: OrgId) -> None:
    orgs = [org_id, OrgId(uuid7()), OrgId(uuid7())]
    for number in range(60):
        await put(fresh_database, orgs[number % 3], "test.write", f"{number:02}")
    job = Job(name="test.write", run=write_effect)
    async with running(JobRunner(fresh_database, [job])), running(JobRunner(fresh_database, [job])):
        await until(lambda: _all_done(queue, 60))
    assert await queue.effects() == [f"{number:02}" for number in range(60)]
    assert await queue.connection.fetchval("SELECT max(attempt) FROM effects") == 1


async def _all_done(queue: Queue, count: int) -> bool:
    return await queue.states() == {"done": count}


# --- the loop -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pile", [30, 1100])
async def test_one_organisations_pile_does_not_stand_before_anothers_job(
    fresh_database: Database, queue: Queue, org_id: OrgId, pile: int
) -> None:
    small = [OrgId(uuid7()) for _ in range(3)]
    order: list[UUID] = []

    async def note(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
        order.append(context.org_id)
        if len(order) == 8:
            stopping.set()

    await queue.connection.execute(
        "INSERT INTO jobs (id, org_id, name, payload, run_at)"
        " SELECT gen_random_uuid(), $1, 'test.note', '{}', now() FROM generate_series(1, $2)",
        *(org_id, pile),
    )
    for each in small:
        await put(fresh_database, each, "test.note", "single")
    stopping = asyncio.Event()
    async with running(JobRunner(fresh_database, [Job(name="test.note", run=note)], concurrency=1)):
        await stopping.wait()
    assert set(small) <= set(order[:8])


async def test_slow_jobs_of_one_organisation_leave_a_place_for_others(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    release = asyncio.Event()
    other_org = OrgId(uuid7())
    started: list[UUID] = []

    async def body(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
        started.append(context.org_id)
        if context.org_id == org_id:
            await release.wait()

    for _ in range(5):
        await put(fresh_database, org_id, "test.slow", "slow")
    async with running(JobRunner(fresh_database, [Job(name="test.slow", run=body)], concurrency=3)):
        await until(lambda: started.count(org_id) == 2)
        await put(fresh_database, other_org, "test.slow", "quick")
        await until(lambda: other_org in started)
        assert started.count(org_id) == 2
        release.set()
        await until(lambda: started.count(org_id) == 5)


async def test_stopping_hands_unfinished_jobs_back_uncounted(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    paused = _Paused()
    runner = JobRunner(fresh_database, [Job(name="test.paused", run=paused.body)])
    await put(fresh_database, org_id, "test.paused", "x")
    task = asyncio.create_task(runner.run())
    await paused.started.wait()
    await runner.stop(grace_s=0.01)
    await task
    job = await queue.job("test.paused")
    assert (job["state"], job["attempt"], job["lease_owner"]) == ("pending", 0, None)
    assert await queue.effects() == []


async def test_stopping_lets_what_is_nearly_done_end(fresh_database: Database, queue: Queue, org_id: OrgId) -> None:
    paused = _Paused()
    runner = JobRunner(fresh_database, [Job(name="test.paused", run=paused.body)])
    await put(fresh_database, org_id, "test.paused", "x")
    task = asyncio.create_task(runner.run())
    await paused.started.wait()
    stopping = asyncio.create_task(runner.stop(grace_s=20))
    paused.go_on.set()
    await stopping
    await task
    assert (await queue.job("test.paused"))["state"] == "done"


async def test_stopping_what_never_ran_returns_at_once(fresh_database: Database) -> None:
    await asyncio.wait_for(JobRunner(fresh_database, []).stop(grace_s=3600), 10)


async def test_the_loop_outlives_an_outage(
    fresh_database: Database, queue: Queue, org_id: OrgId, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(JobRunner(fresh_database, [Job(name="test.write", run=write_effect)])):
        await queue.connection.execute("ALTER TABLE jobs RENAME TO jobs_gone")
        await until(lambda: "will look again" in caplog.text)
        await queue.connection.execute("ALTER TABLE jobs_gone RENAME TO jobs")
        await put(fresh_database, org_id, "test.write", "x")
        await until(lambda: _all_done(queue, 1))


async def test_outcomes_are_counted(fresh_database: Database, queue: Queue, org_id: OrgId) -> None:
    runner = JobRunner(
        fresh_database,
        [
            Job(name="test.counted", run=write_effect),
            Job(name="test.counted_dead", run=failing(ZeroDivisionError), max_attempts=1),
        ],
    )
    await put(fresh_database, org_id, "test.counted", "x")
    await put(fresh_database, org_id, "test.counted_dead", "x")
    await runner.run_due()
    text = metrics.render().decode()
    assert 'pegboard_jobs_run_total{job="test.counted",outcome="done"} 1.0' in text
    assert 'pegboard_jobs_run_total{job="test.counted_dead",outcome="dead"} 1.0' in text
