"""A handler that fails gets its fact again as a job, and everybody else gets theirs at once."""

from collections.abc import Sequence

import pytest

from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.events import BatchHandler, Event, Fact, Handler, Relay, emit
from pegboard.kernel.events.retry import HandlerRetries
from pegboard.kernel.ids import NO_ORG, MemberId, OrgId, uuid7
from pegboard.kernel.jobs import JobRunner
from tests.kernel.jobs.queue_fixtures import Queue

pytestmark = pytest.mark.anyio


class DoorOpened(Event, frozen=True):
    name = "door.opened"
    door: str


class Listeners:
    """Two handlers of the same fact, of which one fails until it is mended."""

    def __init__(self, database: Database) -> None:
        self.heard: list[tuple[str, Fact]] = []
        self.broken = True
        self.handlers = [
            Handler(name="test.fragile", event=DoorOpened, handle=self.fragile),
            Handler(name="test.sturdy", event=DoorOpened, handle=self.sturdy),
        ]
        retries = HandlerRetries(database)
        self.relay = Relay(database, self.handlers, retries.retry_later)
        self.runner = JobRunner(database, [retries.job(self.relay, self.handlers)])

    async def fragile(self, uow: UnitOfWork, fact: Fact) -> None:
        if self.broken:
            raise ZeroDivisionError
        self.heard.append(("fragile", fact))
        assert uow.orgs == (() if fact.org_id == NO_ORG else (fact.org_id,))

    async def sturdy(self, uow: UnitOfWork, fact: Fact) -> None:
        self.heard.append(("sturdy", fact))


@pytest.mark.parametrize("in_organisation", [True, False])
async def test_it_is_told_again_with_the_same_fact_once(
    fresh_database: Database, queue: Queue, org_id: OrgId, in_organisation: bool
) -> None:
    listeners = Listeners(fresh_database)
    actor = MemberId(uuid7())
    where = org_id if in_organisation else NO_ORG
    async with UnitOfWork(fresh_database) as uow:
        emit(uow, DoorOpened(door="front"), actor_id=actor, org_id=where)
    assert await listeners.relay.relay_some() == 1
    assert [who for who, _ in listeners.heard] == ["sturdy"]
    await listeners.runner.run_due()
    assert (await queue.job("events.handle"))["state"] == "pending"
    listeners.broken = False
    await queue.make_due()
    await listeners.runner.run_due()
    (_, first), (who, again) = listeners.heard
    assert who == "fragile"
    assert again == first
    assert (again.org_id, again.actor_id, again.event.door) == (where, actor, "front")
    assert await queue.states() == {"done": 1}


async def test_a_relay_that_died_before_its_commit_does_no_harm(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    listeners = Listeners(fresh_database)
    async with UnitOfWork(fresh_database, orgs=[org_id]) as uow:
        emit(uow, DoorOpened(door="front"))
    async with UnitOfWork(fresh_database, system=True) as uow:
        (row,) = await uow.rows(sql("SELECT * FROM outbox"))
    for _ in range(2):  # the same call became a job twice
        await HandlerRetries(fresh_database).retry_later(listeners.handlers[0], row)
    assert await queue.states() == {"pending": 1}
    listeners.broken = False
    await listeners.relay.relay_some()
    await listeners.runner.run_due()
    assert sorted(who for who, _ in listeners.heard) == ["fragile", "sturdy"]


async def test_a_handler_that_is_gone_has_nothing_left_to_do(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    listeners = Listeners(fresh_database)
    async with UnitOfWork(fresh_database, orgs=[org_id]) as uow:
        emit(uow, DoorOpened(door="front"))
    await listeners.relay.relay_some()
    retries = HandlerRetries(fresh_database)
    relay = Relay(fresh_database, [], retries.retry_later)
    await JobRunner(fresh_database, [retries.job(relay, [])]).run_due()
    assert await queue.states() == {"done": 1}


class Counting:
    """A handler that takes all doors of an organisation together; some are too many for it."""

    def __init__(self, database: Database) -> None:
        self.batches: list[tuple[tuple[OrgId, ...], list[str]]] = []
        self.too_many = 10
        self.handlers = [BatchHandler(name="test.counting", event=DoorOpened, handle=self.count)]
        retries = HandlerRetries(database)
        self.relay = Relay(database, self.handlers, retries.retry_later)
        self.runner = JobRunner(database, [retries.job(self.relay, self.handlers)])

    async def count(self, uow: UnitOfWork, facts: Sequence[Fact]) -> None:
        if len(facts) >= self.too_many:
            raise ZeroDivisionError
        self.batches.append((uow.orgs, [fact.event.door for fact in facts]))


async def test_facts_are_told_together_by_organisation_and_in_order(fresh_database: Database, org_id: OrgId) -> None:
    counting, other = Counting(fresh_database), OrgId(uuid7())
    for org, door in ((org_id, "1"), (other, "2"), (org_id, "3")):
        async with UnitOfWork(fresh_database, orgs=[org]) as uow:
            emit(uow, DoorOpened(door=door))
    assert await counting.relay.relay_some() == 3
    assert counting.batches == [((org_id,), ["1", "3"]), ((other,), ["2"])]


async def test_a_batch_that_fails_is_told_again_one_by_one(
    fresh_database: Database, queue: Queue, org_id: OrgId
) -> None:
    counting = Counting(fresh_database)
    counting.too_many = 2
    async with UnitOfWork(fresh_database, orgs=[org_id]) as uow:
        for door in "12":
            emit(uow, DoorOpened(door=door))
    await counting.relay.relay_some()
    assert counting.batches == []
    await counting.runner.run_due()
    assert sorted(doors for _, doors in counting.batches) == [["1"], ["2"]]
    assert await queue.states() == {"done": 2}
