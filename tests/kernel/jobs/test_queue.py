"""What goes into the queue, and what the application's role may do with it."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.ids import NO_ORG, OrgId
from pegboard.kernel.jobs import Job, JobContext, JobRunner, enqueue
from tests.kernel.jobs.queue_fixtures import Queue, put, write_effect

pytestmark = pytest.mark.anyio

WRITE = Job(name="test.write", run=write_effect)


async def test_a_job_runs_once_after_its_unit_of_work_has_come_true(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    runner = JobRunner(fresh_database, [WRITE])
    uow = UnitOfWork(fresh_database, orgs=[org_id])
    await enqueue(uow, "test.write", {"word": "hello"})
    assert await runner.run_due() == 0
    await uow.commit()
    assert await runner.run_due() == 1
    assert await runner.run_due() == 0
    assert await queue.effects() == ["hello"]
    job = await queue.job("test.write")
    assert (job["state"], job["attempt"], job["lease_owner"]) == ("done", 1, None)


async def test_a_job_of_a_unit_that_is_undone_never_runs(fresh_database: Database, queue: Queue, org_id: OrgId) -> None:
    uow = UnitOfWork(fresh_database, orgs=[org_id])
    await enqueue(uow, "test.write", {"word": "hello"})
    await uow.rollback()
    assert await JobRunner(fresh_database, [WRITE]).run_due() == 0
    assert await queue.states() == {}


async def test_a_job_is_in_its_organisation_or_in_none(fresh_database: Database, queue: Queue, org_id: OrgId) -> None:
    seen: list[tuple[Any, ...]] = []

    async def look(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
        role = await uow.value(sql("SELECT current_user"))
        seen.append((uow.orgs, context.org_id, role))

    jobs = [Job(name="test.look", run=look), Job(name="test.look_as_system", run=look, system=True)]
    async with UnitOfWork(fresh_database, orgs=[org_id]) as uow:
        await enqueue(uow, "test.look", {})
    assert await JobRunner(fresh_database, jobs).run_due() == 1
    async with UnitOfWork(fresh_database) as uow:
        await enqueue(uow, "test.look", {}, org_id=NO_ORG)
        await enqueue(uow, "test.look_as_system", {}, org_id=NO_ORG)
    assert await JobRunner(fresh_database, jobs).run_due() == 2
    assert seen[0] == ((org_id,), org_id, "pegboard_app")
    assert set(seen[1:]) == {((), NO_ORG, "pegboard_app"), ((), NO_ORG, "pegboard_system")}


async def test_the_payload_comes_as_the_type_that_the_job_names(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    class Parcel(msgspec.Struct):
        to: OrgId
        weight_g: int

    seen: list[Parcel] = []

    async def keep(uow: UnitOfWork, payload: Parcel, context: JobContext) -> None:
        seen.append(payload)

    async with UnitOfWork(fresh_database, orgs=[org_id]) as uow:
        await enqueue(uow, "test.parcel", Parcel(to=org_id, weight_g=7))
    await JobRunner(fresh_database, [Job(name="test.parcel", run=keep, payload=Parcel)]).run_due()
    assert seen == [Parcel(to=org_id, weight_g=7)]


async def test_a_timer_waits_for_the_databases_clock(fresh_database: Database, queue: Queue, org_id: OrgId) -> None:
    runner = JobRunner(fresh_database, [WRITE])
    await put(fresh_database, org_id, "test.write", "later", run_at=fresh_database.clock.now() + timedelta(hours=1))
    assert await runner.run_due() == 0
    await queue.make_due()
    assert await runner.run_due() == 1


async def test_a_key_makes_a_waiting_job_the_only_one_and_the_earlier_time_counts(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    now = fresh_database.clock.now()
    async with UnitOfWork(fresh_database, orgs=[org_id]) as uow:
        first = await enqueue(uow, "test.write", {"word": "a"}, key="k", run_at=now + timedelta(hours=2))
        again = await enqueue(uow, "test.write", {"word": "b"}, key="k", run_at=now + timedelta(hours=1))
        other = await enqueue(uow, "test.write", {"word": "c"}, key="other")
        elsewhere = await enqueue(uow, "test.write", {"word": "d"}, key="k", org_id=NO_ORG)
    assert first == again
    assert len({first, other, elsewhere}) == 3
    run_at = await queue.connection.fetchval("SELECT run_at FROM jobs WHERE id = $1", first)
    assert run_at == now + timedelta(hours=1)
    await queue.make_due()
    assert await JobRunner(fresh_database, [WRITE]).run_due() == 3
    assert await queue.effects() == ["a", "c", "d"]
    # The one before is done, so the key is free again.
    await put(fresh_database, org_id, "test.write", "e", key="k")
    assert await JobRunner(fresh_database, [WRITE]).run_due() == 1


async def test_a_keyed_job_cannot_start_before_a_change_that_asked_for_it_again_is_true(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    await put(fresh_database, org_id, "test.write", "a", key="k")
    runner = JobRunner(fresh_database, [WRITE])
    async with UnitOfWork(fresh_database, orgs=[org_id]) as uow:
        await enqueue(uow, "test.write", {"word": "a"}, key="k")
        assert await runner.run_due() == 0
    assert await runner.run_due() == 1


async def test_a_running_job_does_not_swallow_a_new_one_with_its_key(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def fail_slowly(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
        started.set()
        await go_on.wait()
        raise ZeroDivisionError

    await put(fresh_database, org_id, "test.slow", "old", key="k")
    running = asyncio.create_task(JobRunner(fresh_database, [Job(name="test.slow", run=fail_slowly)]).run_due())
    await started.wait()
    await put(fresh_database, org_id, "test.slow", "new", key="k")
    go_on.set()
    await running
    # The failed one goes back without the key, since the new one has it.
    rows = await queue.connection.fetch("SELECT key, state, attempt FROM jobs ORDER BY attempt, created_at")
    assert [(row["key"], row["state"]) for row in rows].count(("k", "pending")) == 1
    assert len(rows) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT payload FROM jobs",
        "SELECT last_error FROM jobs",
        "SELECT * FROM recurring_jobs",
        "UPDATE jobs SET payload = '{}'",
        "UPDATE jobs SET lease_epoch = 0",
        "UPDATE jobs SET org_id = gen_random_uuid()",
        "DELETE FROM jobs",
    ],
)
async def test_requests_cannot_read_or_change_what_waits(database: Database, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with UnitOfWork(database) as uow:
            await uow.execute(sql(statement))
