"""G10: 100,000 pending DINGs. How late their steps are, whether any comes after an acknowledgement, and whether any is
lost when the workers are killed.

    python -m bench.ding [--pending 100000] [--workers 2] [--seconds 60] [--kills 5]

Starts a PostgreSQL of its own in a temporary directory. Steps are due evenly over `--seconds`; every tenth
recipient acknowledges. Two phases: with quiet workers (lateness), and with workers that are killed (nothing lost).
Prints one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random  # noqa: TID251
from typing import Any

from pegboard.app.engine import engine
from pegboard.app.migrate import migrate
from pegboard.app.registry import MODULES
from pegboard.app.wiring import wired
from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.ids import MemberId, OrgId, uuid7
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.hub import Hub
from pegboard.kernel.settings import Settings, load
from pegboard.modules.ding.module import MODULE
from pegboard.modules.directory import api as directory

ORGS = 4
LEAD_S = 15
PEOPLE = 1000
STEPS = [{"channel": "app", "after_seconds": 0}, {"channel": "app", "after_seconds": 86_400}]

_MEMBERS = sql("""
    INSERT INTO members (org_id, id, userid, name, state, created_at)
    SELECT CAST(:org_id AS uuid), gen_random_uuid(), 'm' || n, 'M' || n, 'active', now()
    FROM generate_series(1, CAST(:people AS int)) AS n
""")
_DINGS = sql("""
    INSERT INTO dings (org_id, id, sender_id, content, steps, targets, pierces, state, send_at, fired_at, created_at)
    SELECT CAST(:org_id AS uuid), gen_random_uuid(), CAST(:sender_id AS uuid), 'DING ' || n, CAST(:steps AS jsonb),
           '{}', false, 'sent', now(), now(), now()
    FROM generate_series(1, CAST(:dings AS int)) AS n
""")
# `told_at` is set, so that a recipient may acknowledge before the step that is measured: their second.
_RECIPIENTS = sql("""
    INSERT INTO ding_recipients (org_id, ding_id, member_id, outside, due_at, told_at)
    SELECT d.org_id, d.id, m.id, false, CAST(:starts AS timestamptz) + random() * :seconds * interval '1 second', now()
    FROM dings d JOIN members m ON m.org_id = d.org_id AND m.userid LIKE 'm%'
    WHERE d.org_id = :org_id AND d.state = 'sent'
    ORDER BY random() LIMIT :pending
    ON CONFLICT DO NOTHING
""")
_CLOCK = sql("""
    INSERT INTO ding_clock (org_id, lane, next_due_at)
    SELECT org_id, 0, min(due_at) FROM ding_recipients WHERE org_id = :org_id AND due_at IS NOT NULL GROUP BY org_id
    ON CONFLICT (org_id, lane) DO UPDATE SET next_due_at = excluded.next_due_at
""")
_SAMPLE = sql("""
    SELECT ding_id, member_id, due_at FROM ding_recipients WHERE org_id = :org_id AND step = 0
    ORDER BY random() LIMIT :wanted
""")
_ACKNOWLEDGE = sql("""
    UPDATE ding_recipients SET state = 'acknowledged', acknowledged_at = clock_timestamp(), due_at = NULL, rev = rev + 1
    WHERE org_id = :org_id AND ding_id = :ding_id AND member_id = :member_id
      AND acknowledged_at IS NULL AND step = 0
""")
_DONE = sql("""
    SELECT count(*) FILTER (WHERE step = 0 AND due_at IS NOT NULL) AS left,
           count(*) FILTER (WHERE step = 1) AS done,
           count(*) FILTER (WHERE state = 'acknowledged') AS acknowledged,
           count(*) FILTER (WHERE state = 'acknowledged' AND due_at IS NOT NULL) AS due_after,
           count(*) FILTER (WHERE step > 1) AS twice
    FROM ding_recipients WHERE org_id = :org_id
""")


# --- a worker --------------------------------------------------------------------------------------------------------


class _Recorder(Hub):
    """In the place of the sockets: notes when each step was told, which is after its commit."""

    def __init__(self, out: Any) -> None:
        super().__init__()
        self._out = out

    def publish(self, topic: Any, frame: bytes, *rest: Any, **more: Any) -> int:
        """One event for one person."""
        if b"ding.received" in frame:
            ding = frame.partition(b'"ding":{"id":"')[2][:36].decode()
            self._out.write(f"{time.time():.6f} {ding} {topic[1]}\n")
        return 0


async def _work(url: str, data: str) -> None:
    sections = {module.name: module.settings for module in MODULES if module.settings is not None}
    async with wired(load(None, {}, sections, overrides=_overrides(data, url)), url) as parts:
        with (Path(data) / f"told-{os.getpid()}.log").open("w", buffering=1) as out:
            parts.put(Hub, _Recorder(out))
            [make] = MODULE.workers
            await make(parts).run()


def _overrides(data: str, url: str) -> dict[str, dict[str, Any]]:
    return {"server": {"data": Path(data), "database_url": url, "database_pool": 6}}


def _start(url: str, data: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "bench.ding", "--work", url, str(data)], stderr=subprocess.DEVNULL)


# --- the run ---------------------------------------------------------------------------------------------------------


async def _found(parts: Parts) -> tuple[OrgId, MemberId]:
    async with UnitOfWork(parts[Database]) as uow:
        made = await directory.create_organisation(
            uow,
            name="Bench",
            owner_name="Owner",
            owner_userid="owner",
            owner_login=f"{uuid7()}@bench.example",
            owner_password="correct-horse-bench",
        )
        await uow.execute(_MEMBERS, people=PEOPLE)
    return made.org_id, made.owner_id


async def _phase(parts: Parts, url: str, data: Path, arguments: argparse.Namespace, kills: int) -> dict[str, Any]:
    """Fill new organisations, let the workers work, and look at what came of it."""
    database = parts[Database]
    orgs = dict([await _found(parts) for _ in range(ORGS)])
    _forget_told(data)
    per_org = arguments.pending // len(orgs)
    lead_s = LEAD_S + arguments.pending / 2500  # until all is filled and the workers are there
    starts = datetime.fromtimestamp(time.time() + lead_s, UTC)
    for org_id, sender in orgs.items():
        async with UnitOfWork(database, orgs=(org_id,)) as uow:
            await uow.execute(_DINGS, dings=-(-per_org // PEOPLE), sender_id=sender, steps=STEPS)
            await uow.execute(_RECIPIENTS, starts=starts, seconds=float(arguments.seconds), pending=per_org)
            await uow.execute(_CLOCK)
    due: dict[tuple[str, str], float] = {}
    chance = Random("ding")
    acknowledging: list[tuple[float, OrgId, Any, Any]] = []
    for org_id in orgs:
        async with UnitOfWork(database, orgs=(org_id,)) as uow:
            for row in await uow.rows(_SAMPLE, wanted=per_org):
                due[str(row["ding_id"]), str(row["member_id"])] = row["due_at"].timestamp()
            for row in await uow.rows(_SAMPLE, wanted=per_org // 10):
                # Around the moment at which the step is due: the race that matters.
                at = row["due_at"].timestamp() + chance.uniform(-1.0, 0.2)
                acknowledging.append((at, org_id, row["ding_id"], row["member_id"]))
    workers = [_start(url, data) for _ in range(arguments.workers)]
    try:
        answered = asyncio.create_task(_acknowledge(database, sorted(acknowledging, key=lambda each: each[0])))
        for _ in range(kills):
            await asyncio.sleep(arguments.seconds / (kills + 1) + (lead_s / kills if kills else 0))
            victim = workers.pop(0)
            victim.kill()
            victim.wait()
            workers.append(_start(url, data))
        at = await answered
        while any([(await _counted(database, org_id))["left"] for org_id in orgs]):  # noqa: ASYNC110
            await asyncio.sleep(0.5)
        await asyncio.sleep(1)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    return await _figures(database, orgs, data, due, at)


async def _acknowledge(database: Database, wanted: list[tuple[float, OrgId, Any, Any]]) -> dict[tuple[str, str], float]:
    """Each at its moment; when it was answered, for those that came before their step."""
    answered: dict[tuple[str, str], float] = {}
    for at, org_id, ding_id, member_id in wanted:
        await asyncio.sleep(max(0.0, at - time.time()))
        async with UnitOfWork(database, orgs=(org_id,)) as uow:
            done = await uow.execute(_ACKNOWLEDGE, ding_id=ding_id, member_id=member_id)
        if done:
            answered[str(ding_id), str(member_id)] = time.time()
    return answered


async def _counted(database: Database, org_id: OrgId) -> dict[str, int]:
    async with UnitOfWork(database, orgs=(org_id,)) as uow:
        row = await uow.one(_DONE)
    assert row is not None
    return dict(row.items())


def _forget_told(data: Path) -> None:
    for file in data.glob("told-*.log"):
        file.unlink()


def _told(data: Path) -> dict[tuple[str, str], list[float]]:
    told: dict[tuple[str, str], list[float]] = {}
    for file in data.glob("told-*.log"):
        for line in file.read_text().splitlines():
            parts = line.split()
            if len(parts) == 3 and len(parts[2]) == 36:  # a killed worker may leave half a line
                told.setdefault((parts[1], parts[2]), []).append(float(parts[0]))
    return told


async def _figures(
    database: Database,
    orgs: dict[OrgId, MemberId],
    data: Path,
    due: dict[tuple[str, str], float],
    answered: dict[tuple[str, str], float],
) -> dict[str, Any]:
    told = _told(data)
    late_ms = sorted((at[0] - due[key]) * 1000 for key, at in told.items() if key in due)
    counts = [await _counted(database, org_id) for org_id in orgs]
    total = {name: sum(each[name] for each in counts) for name in counts[0]}
    return {
        "pending": len(due),
        "told": len(told),
        "lateness_ms": {
            "p50": round(statistics.median(late_ms), 1),
            "p99": round(late_ms[int(len(late_ms) * 0.99)], 1),
            "max": round(late_ms[-1], 1),
        },
        "acknowledged": total["acknowledged"],
        "told_after_acknowledgement": sum(1 for key in told if key in answered),
        "due_after_acknowledgement": total["due_after"],
        "lost": len(due) - total["done"] - total["acknowledged"],
        "doubled": total["twice"] + sum(len(each) > 1 for each in told.values()),
    }


async def _bench(arguments: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="pegboard-bench-") as scratch:
        data = Path(scratch) / "data"
        sections = {module.name: module.settings for module in MODULES if module.settings is not None}
        settings: Settings = load(None, {}, sections, overrides={"server": {"data": data}})
        async with engine(settings, role="serve") as place:
            await migrate(place.owner_url)
            async with wired(settings, place.url) as parts:
                quiet = await _phase(parts, place.url, data, arguments, 0)
                killed = await _phase(parts, place.url, data, arguments, arguments.kills)
    return {"bench": "ding", "workers": arguments.workers, "seconds": arguments.seconds,
            "quiet": quiet, "kills": arguments.kills, "killed": killed}  # fmt: skip


def main() -> None:
    """Measure, and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pending", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        asyncio.run(_work(*arguments.work))
        return
    print(json.dumps(asyncio.run(_bench(arguments))), flush=True)


if __name__ == "__main__":
    main()
