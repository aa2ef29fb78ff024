"""What the tests of messaging share: a clock that comes back, and a look at the tables."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.db.database import Database, as_role
from tests.support.live_server import Company, LiveServer


@pytest.fixture
def later(server: LiveServer) -> Iterator[Callable[..., None]]:
    """Moves the server's clock on, as `timedelta` takes it; the test's end sets it right again."""

    def move(**by: float) -> None:
        server.clock.offset += timedelta(**by)

    yield move
    server.clock.offset = timedelta()


@pytest.fixture
async def superuser(server: LiveServer) -> "AsyncIterator[asyncpg.Connection[Any]]":
    """A connection that no row-level security holds, for looking and for tampering."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(as_role(server.database_url, "postgres"))
    yield connection
    await connection.close()


@pytest.fixture
def work(server: LiveServer) -> Callable[[Company, Callable[[UnitOfWork], Any]], Any]:
    """Runs something in the server, in one transaction of a company."""

    async def run(company: Company, verb: Callable[[UnitOfWork], Any]) -> Any:
        async def inside() -> Any:
            async with UnitOfWork(server.parts[Database], orgs=(company.org_id,)) as uow:
                return await verb(uow)

        return await server.acall(inside)

    return run
