"""The database that a command works with: an external one, the running server's, or our own, started for it."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg

from pegboard.kernel.errors import Unavailable
from pegboard.kernel.postgres import (
    SERVE_ROLE,
    Address,
    DataDirectoryLock,
    EmbeddedPostgres,
    PostgresError,
    PostgresSettings,
    lock_holder,
    running_or_started,
)
from pegboard.kernel.settings import ServerSettings, Settings

DATABASE = "pegboard"
OWNER = "pegboard_owner"
LOCK_WAIT_S = 30.0
SERVER_WAIT_S = 2.0
RESTARTS = 5

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Addresses of one database: for the owner (migrations), and for the program (the roles are put in by it)."""

    owner_url: str
    url: str


class PostgresLost(Unavailable):
    """The embedded PostgreSQL ended and could not be brought back."""

    code = "postgres.lost"


@asynccontextmanager
async def engine(settings: Settings, *, role: str, connections: int = 0) -> AsyncIterator[Place]:
    """The external database if one is set; else our own, under the lock of the data directory.

    `connections`: how many several processes may need, if that is more than usual.

    A command (`role` other than "serve") uses the running server's engine if there is one.
    """
    server = settings[ServerSettings]
    if server.database_url:
        yield Place(owner_url=server.database_owner_url or server.database_url, url=server.database_url)
        return
    data = server.data
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if role != SERVE_ROLE:
        async with running_or_started(data, role=role, wait_s=LOCK_WAIT_S) as running:
            yield await _place(running)
        return
    lock = DataDirectoryLock(data, role=role)
    await asyncio.to_thread(lock.acquire, _patience_s(data))
    usual = PostgresSettings()
    postgres = EmbeddedPostgres(data, settings=replace(usual, max_connections=max(usual.max_connections, connections)))
    try:
        address = await postgres.start()
        keeper = asyncio.create_task(_keep(postgres), name="postgres")
        try:
            yield await _place(address)
            if keeper.done():
                raise PostgresLost from keeper.exception()
        finally:
            keeper.cancel()
            await postgres.stop()
    finally:
        lock.release()


def _patience_s(data: Path) -> float:
    """A command ends soon; another `serve` only if it is ending already."""
    holder = lock_holder(data)
    return SERVER_WAIT_S if holder is not None and holder[1] == SERVE_ROLE else LOCK_WAIT_S


async def _keep(postgres: EmbeddedPostgres) -> None:
    """Bring the engine back when it ends unasked: recovery is its own matter, the pools reconnect.

    Where that fails for good, this process is asked to end: somebody above it may do better.
    """
    attempt = 0
    while not (await postgres.died()).asked_for:
        while True:
            try:
                await postgres.restart()
            except PostgresError as error:
                attempt += 1
                _log.error("postgres cannot be restarted", exc_info=error, extra={"attempt": attempt})
                if attempt >= RESTARTS:
                    os.kill(os.getpid(), signal.SIGTERM)
                    raise
                await asyncio.sleep(attempt)
            else:
                attempt = 0
                break


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
