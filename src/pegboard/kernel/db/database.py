"""Connections to PostgreSQL: two pools, each under a role of its own."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import msgspec

from pegboard.kernel.clock import Clock, SystemClock
from pegboard.kernel.parts import Parts

if TYPE_CHECKING:
    PooledConnection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Connection = asyncpg.Connection[asyncpg.Record] | PooledConnection
else:  # asyncpg's classes are generic for the type checker only
    PooledConnection = Connection = asyncpg.Connection

_encoder = msgspec.json.Encoder()


def encode_json(value: Any) -> str:
    """The value as PostgreSQL's json text."""
    return _encoder.encode(value).decode()


async def _prepare(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb", encoder=encode_json, decoder=msgspec.json.decode, schema="pg_catalog", format="text"
    )


async def _leave_as_is(connection: Any) -> None:
    """Everything that we set ends with the transaction, so the driver's reset would be a wasted round trip."""


class Database:
    """The pools. `app` runs requests under row-level security; `system` runs what stands above organisations.

    Both roles neither own the tables nor bypass row-level security.
    """

    def __init__(
        self, url: str, *, pool_size: int = 20, clock: Clock | None = None, parts: Parts | None = None
    ) -> None:
        self.url = url
        self.parts = parts or Parts()
        self.clock: Clock = clock or SystemClock()
        self._pool_size = pool_size

    async def open(self) -> None:
        """Connect; both pools are ready when it returns."""
        self.app = await self._pool("pegboard_app", self._pool_size)
        self.system = await self._pool("pegboard_system", 4)

    async def _pool(self, role: str, size: int) -> "asyncpg.Pool[asyncpg.Record]":
        return await asyncpg.create_pool(
            as_role(self.url, role),
            min_size=1,
            max_size=size,
            init=_prepare,
            reset=_leave_as_is,
            server_settings={"application_name": "pegboard", "jit": "off"},
        )

    async def close(self) -> None:
        """Close every connection, waiting for those in use."""
        await self.app.close()
        await self.system.close()

    async def connect_app(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection of its own under the application's role, for the one who commits messages."""
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
            as_role(self.url, "pegboard_app"), server_settings={"application_name": "pegboard", "jit": "off"}
        )
        await _prepare(connection)
        return connection


def as_role(url: str, role: str) -> str:
    """The same address with another user; a password that stands in it is kept."""
    parts = urlsplit(url)
    userinfo, _, host = parts.netloc.rpartition("@")
    password = userinfo.partition(":")[2]
    user = f"{role}:{password}" if password else role
    return urlunsplit(parts._replace(netloc=f"{user}@{host}"))
