"""kill -9 and SIGSTOP of workers, at any moment, under DINGs that are due: none is lost, none goes out twice, and none
is begun for somebody whose acknowledgement has been answered.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random  # noqa: TID251
from uuid import UUID

import msgspec
import pytest

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.ids import MemberId, OrgId
from pegboard.modules.ding import schemas
from pegboard.modules.ding.service import answering
from tests.support.live_server import LiveServer, found_company, running
from tests.support.polling import until
from tests.support.postgres import TestServer

pytestmark = [pytest.mark.anyio, pytest.mark.soak]

FULL = os.environ.get("PEGBOARD_SOAK") == "1"
PEOPLE = 1000 if FULL else 100
DINGS = 100 if FULL else 4
WORKERS = 4 if FULL else 3
ROUNDS = 40 if FULL else 5
LEASE_S = 4.0
SPREAD_S = 60 if FULL else 4

# The app at once, an SMS two seconds later, the app again after four, a telephone call after six.
_STEPS = [
    {"channel": "app", "after_seconds": 0},
    {"channel": "sms", "after_seconds": 2},
    {"channel": "app", "after_seconds": 4},
    {"channel": "phone", "after_seconds": 6},
]
_MEMBERS = sql("""
    INSERT INTO members (org_id, id, userid, name, mobile, state, created_at)
    SELECT CAST(:org_id AS uuid), gen_random_uuid(), 'm' || n, 'M' || n, '+8613' || lpad(CAST(n AS text), 9, '0'),
           'active', now()
    FROM generate_series(1, CAST(:people AS int)) AS n RETURNING id
""")
_POLICY = sql("INSERT INTO ding_policies (org_id, policy, revision) VALUES (:org_id, CAST(:policy AS jsonb), 1)")
_DINGS = sql("""
    INSERT INTO dings (org_id, id, sender_id, content, steps, targets, pierces, state, send_at, fired_at, created_at)
    SELECT CAST(:org_id AS uuid), gen_random_uuid(), CAST(:sender_id AS uuid), 'DING ' || n, CAST(:steps AS jsonb),
           '{}', true, 'sent', now(), now(), now()
    FROM generate_series(1, CAST(:dings AS int)) AS n
""")
_RECIPIENTS = sql("""
    INSERT INTO ding_recipients (org_id, ding_id, member_id, outside, due_at)
    SELECT d.org_id, d.id, m.id, false, now() + random() * :spread_s * interval '1 second'
    FROM dings d JOIN members m ON m.org_id = d.org_id AND m.userid LIKE 'm%' WHERE d.org_id = :org_id
""")
_CLOCK = sql("INSERT INTO ding_clock (org_id, lane, next_due_at) VALUES (:org_id, 0, now())")
_LEFT = sql("SELECT count(*) FROM ding_recipients WHERE org_id = :org_id AND due_at IS NOT NULL")
_BEGUN = sql("""
    SELECT ding_id, member_id, channel, state, code, delivery_id, begun_at, tries FROM ding_attempts
    WHERE org_id = :org_id
""")
_STATES = sql("SELECT ding_id, member_id, state, step, told_at FROM ding_recipients WHERE org_id = :org_id")


@dataclass(kw_only=True)
class Workers:
    """Some processes that share the work."""

    url: str
    data: Path
    running: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    killed: int = 0

    def start(self) -> None:
        """One more."""
        command = [sys.executable, "-m", "tests.journeys.ding_worker", self.url, str(self.data), str(LEASE_S)]
        root = Path(__file__).resolve().parents[2]
        environment = os.environ | {"PYTHONPATH": f"{root}:{root / 'src'}"}
        with (self.data / f"worker-{len(self.running)}-{self.killed}.log").open("wb") as log:
            self.running.append(subprocess.Popen(command, cwd=root, env=environment, stderr=log))

    def kill(self, number: int) -> None:
        """kill -9, and another one in its place."""
        worker = self.running.pop(number)
        worker.kill()
        worker.wait()
        self.killed += 1
        self.start()

    def end(self) -> None:
        """All of them."""
        for worker in self.running:
            worker.kill()
            worker.wait()


@contextlib.asynccontextmanager
async def _working(server: LiveServer, data: Path) -> AsyncIterator[Workers]:
    workers = Workers(url=server.database_url, data=data)
    try:
        for _ in range(WORKERS):
            workers.start()
        yield workers
    finally:
        workers.end()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory that all workers share."""
    return tmp_path_factory.mktemp("ding-data")


@pytest.fixture(scope="module")
def server(postgres: TestServer, database_url: str, data: Path) -> Iterator[LiveServer]:
    """Its own scheduler is one worker more."""
    times = {"lease_s": LEASE_S, "call_timeout_s": LEASE_S / 2, "settle_after_s": 1.0, "batch": 100}
    with running(database_url, data, ding=times) as live:
        yield live


@pytest.fixture
async def database(server: LiveServer) -> AsyncIterator[Database]:
    """Pools of the test's own loop."""
    database = Database(server.database_url, pool_size=4)
    await database.open()
    yield database
    await database.close()


async def _fill(server: LiveServer, database: Database) -> tuple[OrgId, list[MemberId]]:
    company = await found_company(server, "Ann")
    policy = {"limit_per_person": 50, "sms_a_day": 10**6, "phone_a_day": 10**6, "pierces_quiet": "everyone"}
    policy |= {"adapters": {"sms": {"kind": "file"}, "phone": {"kind": "file"}}}
    async with UnitOfWork(database, orgs=(company.org_id,)) as uow:
        members = [MemberId(row["id"]) for row in await uow.rows(_MEMBERS, people=PEOPLE)]
        await uow.execute(_POLICY, policy=policy)
        await uow.execute(_DINGS, dings=DINGS, sender_id=company["Ann"].member_id, steps=_STEPS)
        await uow.execute(_RECIPIENTS, spread_s=float(SPREAD_S))
        await uow.execute(_CLOCK)
    return company.org_id, members


async def _acknowledge_some(
    database: Database,
    org_id: OrgId,
    members: list[MemberId],
    random: Random,
    answered: dict[tuple[UUID, UUID], datetime],
) -> None:
    """A third of everybody, at moments of their own, as soon as they have it."""
    wanted = set(random.sample(members, len(members) // 3))
    told = sql("SELECT ding_id, member_id FROM ding_recipients WHERE org_id = :org_id AND told_at IS NOT NULL")
    while True:
        async with UnitOfWork(database, orgs=(org_id,)) as uow:
            found = [(row["ding_id"], row["member_id"]) for row in await uow.rows(told)]
        waiting = [each for each in found if each[1] in wanted and each not in answered]
        for ding_id, member_id in random.sample(waiting, min(len(waiting), max(20, len(waiting) // 10))):
            actor = Actor(org_id=org_id, member_id=MemberId(member_id), userid="m", name="M")
            async with UnitOfWork(database, orgs=(org_id,)) as uow:
                await answering.acknowledge(uow, actor, ding_id, schemas.Acknowledgement())
            answered[ding_id, member_id] = datetime.now(UTC)  # noqa: TID251  # the clock of the database's machine
        await asyncio.sleep(0.05)


async def test_nothing_is_lost_doubled_or_sent_after_the_acknowledgement(
    server: LiveServer, database: Database, data: Path
) -> None:
    random = Random("ding")
    org_id, members = await _fill(server, database)
    answered: dict[tuple[UUID, UUID], datetime] = {}
    async with _working(server, data) as workers:
        acknowledging = asyncio.create_task(_acknowledge_some(database, org_id, members, random, answered))
        try:
            for number in range(ROUNDS):
                await asyncio.sleep(random.uniform(0.3, 1.5))
                victim = random.randrange(WORKERS)
                if number % 3 == 2:  # paused beyond its lease, and woken
                    process = workers.running[victim]
                    process.send_signal(signal.SIGSTOP)
                    await asyncio.sleep(LEASE_S * 1.25)
                    process.send_signal(signal.SIGCONT)
                else:
                    await asyncio.to_thread(workers.kill, victim)

            async def all_done() -> bool:
                async with UnitOfWork(database, orgs=(org_id,)) as uow:
                    left = await uow.value(_LEFT)
                return int(left) == 0

            await until(all_done, deadline_s=900 if FULL else 90)
        finally:
            acknowledging.cancel()
            await asyncio.gather(acknowledging, return_exceptions=True)
        # What a worker was about to write when it was last looked at has been written.
        await asyncio.sleep(0.2)
    await _check(database, org_id, data / "ding", answered)


async def _check(database: Database, org_id: OrgId, folder: Path, answered: dict[tuple[UUID, UUID], datetime]) -> None:
    async with UnitOfWork(database, orgs=(org_id,)) as uow:
        attempts = await uow.rows(_BEGUN)
        states = await uow.rows(_STATES)
    assert len(states) == PEOPLE * DINGS
    written = sorted((folder / str(org_id)).rglob("*.json"))
    files = [msgspec.json.decode(file.read_bytes()) for file in written]
    print(
        f"{len(states)} recipients, {len(answered)} acknowledged, {len(files)} messages,"
        f" {sum(row['tries'] > 1 for row in attempts)} taken over"
    )

    ids = [file["delivery_id"] for file in files]
    assert len(ids) == len(set(ids)), "a message went out twice"
    begun = {str(row["delivery_id"]) for row in attempts if row["begun_at"] is not None}
    assert set(ids) <= begun

    acknowledged = {(row["ding_id"], row["member_id"]) for row in states if row["state"] == "acknowledged"}
    assert answered.keys() <= acknowledged, "an acknowledgement was lost"
    assert len(answered) > 0
    late = [row for row in attempts if (key := (row["ding_id"], row["member_id"])) in answered
            and row["begun_at"] is not None and row["begun_at"] > answered[key]]  # fmt: skip
    assert late == [], "something was begun after the acknowledgement"

    by_place = {(row["ding_id"], row["member_id"], row["channel"]): row for row in attempts}
    for row in states:
        key = (row["ding_id"], row["member_id"])
        if key in acknowledged:
            continue
        assert (row["state"], row["step"]) in (("delivered", len(_STEPS)), ("undelivered", len(_STEPS)))
        for channel in ("sms", "phone"):
            attempt = by_place[*key, channel]
            # On a machine this busy a file can take longer to write than a call may: then the next step has come.
            assert attempt["state"] == "delivered" or attempt["code"] == "timeout", f"{channel}: {dict(attempt)}"
    wanted = {str(row["delivery_id"]) for row in attempts if row["state"] == "delivered"}
    assert wanted <= set(ids), "a message is said to be out, and is not"
