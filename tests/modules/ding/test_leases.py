"""A worker that was away longer than its lease: what it wakes up to do is refused, each of its steps by itself."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pegboard.app.registry import MODULES
from pegboard.app.wiring import wired
from pegboard.kernel.actor import Actor
from pegboard.kernel.clock import MovableClock
from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.ids import OrgId
from pegboard.kernel.parts import Parts
from pegboard.kernel.settings import load
from pegboard.modules.ding.channels import Outcome
from pegboard.modules.ding.schemas import Acknowledgement, NewDing, PolicyChange
from pegboard.modules.ding.service import answering, creating, policies
from pegboard.modules.ding.service.calling import Call, Calls
from pegboard.modules.ding.views import Adapters, FileAdapter, Step
from pegboard.modules.directory import api as directory

pytestmark = pytest.mark.anyio

LEASE_S = 60.0
SENT = Outcome(accepted=True, delivered=True)


@dataclass(kw_only=True)
class World:
    """An organisation without a scheduler: each step of a call is taken by hand."""

    parts: Parts
    clock: MovableClock
    org_id: OrgId
    sender: Actor
    bob: Actor
    ding_id: Any = None

    def work(self) -> UnitOfWork:
        return UnitOfWork(self.parts[Database], orgs=(self.org_id,))

    async def one(self, query: str) -> dict[str, Any]:
        async with self.work() as uow:
            row = await uow.one(sql(query))
        assert row is not None
        return dict(row.items())

    async def claim(self) -> tuple[Calls, list[Call]]:
        worker = Calls(self.parts)
        _, calls = await worker._claim(self.org_id, 10)
        return worker, calls

    async def recipient(self) -> dict[str, Any]:
        return await self.one("SELECT * FROM ding_recipients WHERE org_id = :org_id")

    async def attempt(self) -> dict[str, Any]:
        return await self.one("SELECT * FROM ding_attempts WHERE org_id = :org_id")

    async def acknowledge(self) -> None:
        async with self.work() as uow:
            await answering.acknowledge(uow, self.bob, self.ding_id, Acknowledgement())


@pytest.fixture
async def world(fresh_url: str, clock: MovableClock, tmp_path: Path) -> AsyncIterator[World]:
    """Ann has sent Bob an SMS that is due."""
    sections = {module.name: module.settings for module in MODULES if module.settings is not None}
    overrides: dict[str, dict[str, Any]] = {
        "server": {"data": tmp_path, "database_url": fresh_url},
        "identity": {"argon2_memory_kib": 8, "argon2_iterations": 1},
        "ding": {"lease_s": LEASE_S},
    }
    async with wired(load(None, {}, sections, overrides=overrides), fresh_url, clock=clock) as parts:
        async with UnitOfWork(parts[Database]) as uow:
            made = await directory.create_organisation(
                uow,
                name="C",
                owner_name="Ann",
                owner_userid="Ann",
                owner_login="a@example.com",
                owner_password="correct horse",
            )
        org_id = made.org_id
        async with UnitOfWork(parts[Database], orgs=(org_id,)) as uow:
            bob = await uow.value(
                sql("""
                INSERT INTO members (org_id, id, userid, name, mobile, state, created_at)
                VALUES (:org_id, gen_random_uuid(), 'Bob', 'Bob', '+8613800000000', 'active', now()) RETURNING id
                """)
            )
        ann = Actor(
            org_id=org_id, member_id=made.owner_id, userid="Ann", name="Ann", powers=frozenset({"ding.policy.manage"})
        )
        world = World(
            parts=parts,
            clock=clock,
            org_id=org_id,
            sender=ann,
            bob=Actor(org_id=org_id, member_id=bob, userid="Bob", name="Bob"),
        )
        async with world.work() as uow:
            await policies.change(uow, ann, PolicyChange(revision=0, adapters=Adapters(sms=FileAdapter())))
            wanted = NewDing(content="come", userids=["Bob"], steps=[Step(channel="sms"), Step(channel="app")])
            world.ding_id, _ = await creating.create(uow, ann, wanted)
        yield world


async def test_a_call_from_beginning_to_end(world: World) -> None:
    worker, [call] = await world.claim()
    assert (await world.claim())[1] == [], "it is claimed"
    assert await worker._begin(call)
    await worker._settle(call, SENT)
    assert (await world.recipient())["state"] == "delivered"
    assert ((await world.recipient())["step"], (await world.recipient())["outside"]) == (1, False)
    assert (await world.attempt())["state"] == "delivered"


async def test_the_lease_was_taken_over_before_it_began(world: World) -> None:
    sleeper, [asleep] = await world.claim()
    world.clock.offset += timedelta(seconds=LEASE_S + 1)
    worker, [call] = await world.claim()
    assert call.delivery.delivery_id == asleep.delivery.delivery_id
    assert not await sleeper._begin(asleep)
    assert await worker._begin(call)


async def test_what_it_writes_after_the_lease_is_refused(world: World) -> None:
    sleeper, [asleep] = await world.claim()
    assert await sleeper._begin(asleep)
    world.clock.offset += timedelta(seconds=LEASE_S + 1)
    worker, [call] = await world.claim()
    assert await worker._begin(call)
    before = (await world.recipient(), await world.attempt())
    await sleeper._settle(asleep, Outcome(accepted=False, code="timeout"))
    assert (await world.recipient(), await world.attempt()) == before
    await worker._settle(call, SENT)
    assert (await world.attempt())["state"] == "delivered"
    await sleeper._settle(asleep, Outcome(accepted=False, code="timeout"))
    assert (await world.recipient())["state"] == "delivered"


async def test_its_clock_says_that_the_lease_is_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper, [asleep] = await world.claim()
    monkeypatch.setattr(
        "pegboard.modules.ding.service.calling.time.monotonic", lambda: asleep.claimed_at_s + LEASE_S - 5
    )
    assert not await sleeper._begin(asleep), "a call that began now could outlast the lease"


async def test_acknowledged_between_claim_and_call(world: World) -> None:
    worker, [call] = await world.claim()
    await world.acknowledge()
    assert not await worker._begin(call)
    world.clock.offset += timedelta(seconds=LEASE_S + 1)
    assert (await world.claim())[1] == []
    assert (await world.attempt())["begun_at"] is None


async def test_acknowledged_during_the_call(world: World) -> None:
    worker, [call] = await world.claim()
    assert await worker._begin(call)
    await world.acknowledge()
    await worker._settle(call, SENT)
    recipient = await world.recipient()
    assert (recipient["state"], recipient["due_at"]) == ("acknowledged", None)
    assert (await world.attempt())["state"] == "delivered", "what went out is on record"


async def test_workers_that_die_on_it_give_way_to_the_next_step(world: World) -> None:
    for _ in range(3):
        worker, [call] = await world.claim()
        assert await worker._begin(call)
        world.clock.offset += timedelta(seconds=LEASE_S + 1)
    assert (await world.claim())[1] == []
    recipient = await world.recipient()
    assert (recipient["step"], recipient["outside"], recipient["due_at"] is not None) == (1, False, True)
    assert ((await world.attempt())["state"], (await world.attempt())["code"]) == ("failed", "gave_up")
