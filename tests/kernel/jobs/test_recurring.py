"""Recurring jobs and housekeeping."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.ids import OrgId
from pegboard.kernel.jobs import Job, JobContext, JobRunner, Recurring
from tests.kernel.jobs.queue_fixtures import Queue, put, write_effect

pytestmark = pytest.mark.anyio


class Ticks:
    """A job that counts."""

    def __init__(self) -> None:
        self.count = 0

    async def body(self, uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
        self.count += 1

    def runner(self, database: Database) -> JobRunner:
        job = Job(name="test.tick", run=self.body)
        return JobRunner(database, [job], [Recurring(job="test.tick", every=timedelta(hours=1))])


async def _next_turn(queue: Queue, ago: str) -> None:
    await queue.connection.execute(
        "UPDATE recurring_jobs SET next_at = now() - CAST($1 AS text)::interval WHERE name = 'test.tick'", ago
    )


async def test_a_turn_comes_once_for_all_runners(fresh_database: Database, queue: Queue) -> None:
    ticks = Ticks()
    runners = [ticks.runner(fresh_database) for _ in range(4)]
    for runner in runners:  # registering again changes nothing
        await runner.fire_recurring()
        await runner.run_due()
    assert ticks.count == 1
    await _next_turn(queue, "1 second")
    fired = await asyncio.gather(*(runner.fire_recurring() for runner in runners))
    assert sum(fired) == 1
    assert sum([await runner.run_due() for runner in runners]) >= 1
    assert ticks.count == 2


async def test_missed_turns_are_not_made_up_and_the_beat_is_kept(fresh_database: Database, queue: Queue) -> None:
    ticks = Ticks()
    runner = ticks.runner(fresh_database)
    await runner.fire_recurring()
    await runner.run_due()
    await _next_turn(queue, "5 hours 10 minutes")
    assert await runner.fire_recurring() == 1
    assert await runner.fire_recurring() == 0
    until_next = await queue.connection.fetchval("SELECT next_at - now() FROM recurring_jobs WHERE name = 'test.tick'")
    assert timedelta(minutes=49) < until_next <= timedelta(minutes=50)


async def test_a_turn_is_left_out_while_the_one_before_waits_or_runs(fresh_database: Database, queue: Queue) -> None:
    ticks = Ticks()
    runner = ticks.runner(fresh_database)
    await runner.fire_recurring()
    await _next_turn(queue, "1 second")
    await runner.fire_recurring()
    assert await queue.states() == {"pending": 1}
    await queue.connection.execute("UPDATE jobs SET state = 'running', lease_until = now() + interval '1 hour'")
    await _next_turn(queue, "1 second")
    assert await runner.fire_recurring() == 0
    assert await queue.states() == {"running": 1}


async def test_a_shorter_interval_takes_effect_at_the_next_start(fresh_database: Database, queue: Queue) -> None:
    job = Job(name="test.tick", run=Ticks().body)
    for every in (timedelta(days=30), timedelta(minutes=1)):
        runner = JobRunner(fresh_database, [job], [Recurring(job="test.tick", every=every)])
        await runner.fire_recurring()
    until_next = await queue.connection.fetchval("SELECT next_at - now() FROM recurring_jobs WHERE name = 'test.tick'")
    assert until_next <= timedelta(minutes=1)


async def test_done_jobs_are_forgotten_after_three_days_dead_ones_stay(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    runner = JobRunner(fresh_database, [Job(name="test.write", run=write_effect)])
    for word in ("old", "new", "dead"):
        await put(fresh_database, org_id, "test.write", word)
    await runner.run_due()
    await queue.connection.execute(
        "UPDATE jobs SET finished_at = now() - interval '4 days',"
        " state = CASE WHEN payload->>'word' = 'dead' THEN 'dead' ELSE state END"
        " WHERE payload->>'word' IN ('old', 'dead')"
    )
    await runner.fire_recurring()
    await runner.run_due()
    rows = await queue.connection.fetch("SELECT payload->>'word' AS word FROM jobs WHERE name = 'test.write'")
    assert sorted(row["word"] for row in rows) == ["dead", "new"]
