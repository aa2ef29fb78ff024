"""What the tests of messaging share: a clock that comes back, and a look at the tables."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.db.database import Database, as_role
from tests.support.live_server import Company, LiveServer, found_company


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


@pytest.fixture
async def found(server: LiveServer) -> AsyncIterator[Callable[..., Awaitable[Company]]]:
    """Founds further companies, as `found_company` does; their sockets are closed at the test's end."""
    companies: list[Company] = []

    async def more(*userids: str) -> Company:
        companies.append(await found_company(server, *userids))
        return companies[-1]

    yield more
    people = (person for company in companies for person in company.people.values())
    await asyncio.gather(*(socket.close() for person in people for socket in person.sockets))
