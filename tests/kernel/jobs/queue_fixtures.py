"""A table that jobs of these tests write to, and short words for looking at the queue."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.db.database import as_role
from pegboard.kernel.ids import OrgId
from pegboard.kernel.jobs import JobContext

WRITE_EFFECT = sql("INSERT INTO effects (org_id, word, attempt) VALUES (:org_id, :word, :attempt)")


async def write_effect(uow: UnitOfWork, payload: dict[str, Any], context: JobContext) -> None:
    """A job whose effect can be counted."""
    await uow.execute(WRITE_EFFECT, word=payload["word"], attempt=context.attempt, org_id=context.org_id)


@pytest.fixture
async def queue(fresh_database: Database) -> AsyncIterator["Queue"]:
    """The queue of a database of its own, seen by the superuser."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(as_role(fresh_database.url, "pegboard_owner"))
    await connection.execute("CREATE TABLE effects (org_id uuid, word text, attempt int)")
    await connection.execute("GRANT INSERT ON effects TO pegboard_app, pegboard_system")
    yield Queue(connection)
    await connection.close()


class Queue:
    """What stands in the tables."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self.connection = connection

    async def effects(self) -> list[str]:
        """The words that jobs have written, in no order."""
        return sorted(row["word"] for row in await self.connection.fetch("SELECT word FROM effects"))

    async def job(self, name: str) -> dict[str, Any]:
        """The one job of this name."""
        rows = await self.connection.fetch("SELECT * FROM jobs WHERE name = $1", name)
        assert len(rows) == 1, rows
        return dict(rows[0])

    async def states(self) -> dict[str, int]:
        """How many jobs there are of each state, the housekeeping left out."""
        rows = await self.connection.fetch("SELECT state, count(*) FROM jobs WHERE name <> 'jobs.purge' GROUP BY state")
        return {row["state"]: row["count"] for row in rows}

    async def let_lease_run_out(self, name: str) -> None:
        """As if the runner had been stopped (a swap storm, SIGSTOP) for longer than its lease."""
        await self.connection.execute("UPDATE jobs SET lease_until = now() - interval '1 second' WHERE name = $1", name)

    async def make_due(self) -> None:
        """As if the waits were over."""
        await self.connection.execute("UPDATE jobs SET run_at = now() WHERE state = 'pending'")


async def put(database: Database, org_id: OrgId, name: str, word: str, **how: Any) -> None:
    """Enqueue one job in a unit of work of its own."""
    from pegboard.kernel.jobs import enqueue

    async with UnitOfWork(database, orgs=[org_id]) as uow:
        await enqueue(uow, name, {"word": word}, **how)
