"""The database that a command works with: an external one, the running server's, or our own, started for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from pegboard.kernel.errors import Unavailable
from pegboard.kernel.postgres import Address, DataDirectoryLock, EmbeddedPostgres, find_running
from pegboard.kernel.settings import ServerSettings, Settings

DATABASE = "pegboard"
OWNER = "pegboard_owner"
LOCK_WAIT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Addresses of one database: for the owner (migrations), and for the program (the roles are put in by it)."""

    owner_url: str
    url: str


class PostgresLost(Unavailable):
    """The embedded PostgreSQL ended and could not be brought back."""

    code = "postgres.lost"


@asynccontextmanager
async def engine(settings: Settings, *, role: str) -> AsyncIterator[Place]:
    """The external database if one is set; else our own, under the lock of the data directory.

    A command (`role` other than "serve") uses the running server's engine if there is one.
    """
    server = settings[ServerSettings]
    if server.database_url:
        yield Place(owner_url=server.database_owner_url or server.database_url, url=server.database_url)
        return
    data = server.data
    data.mkdir(parents=True, exist_ok=True)
    if role != "serve" and (running := await find_running(data)):
        yield await _place(running)
        return
    lock = DataDirectoryLock(data, role=role)
    await asyncio.to_thread(lock.acquire, LOCK_WAIT_S)
    postgres = EmbeddedPostgres(data)
    try:
        address = await postgres.start()
        keeper = asyncio.create_task(_keep(postgres))
        try:
            yield await _place(address)
        finally:
            keeper.cancel()
            await postgres.stop()
    finally:
        lock.release()


async def _keep(postgres: EmbeddedPostgres) -> None:
    """Bring the engine back when it ends without being asked to: recovery is its own matter, the pools reconnect."""
    while not (await postgres.died()).asked_for:
        await postgres.restart()


async def _place(address: Address) -> Place:
    """Our database and its owner in an embedded cluster, made if missing."""
    connection = await asyncpg.connect(address.dsn())
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", OWNER):
            await connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS")
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
    finally:
        await connection.close()
    url = address.dsn(user=OWNER, database=DATABASE)
    return Place(owner_url=url, url=url)
