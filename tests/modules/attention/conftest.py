"""What the tests of attention share: a clock that comes back, and work inside the server."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pegboard.kernel.db import Database, UnitOfWork
from tests.support.live_server import Company, LiveServer


@pytest.fixture
def at(server: LiveServer) -> Iterator[Callable[[str], None]]:
    """Sets the server's clock to an instant in UTC, without saying so; the test's end sets it right."""

    def move(instant: str) -> None:
        server.clock.offset += datetime.fromisoformat(instant).replace(tzinfo=UTC) - server.clock.now()

    yield move
    server.clock.offset = timedelta()


@pytest.fixture
def work(server: LiveServer) -> Callable[[Company, Callable[[UnitOfWork], Any]], Any]:
    """Runs something in the server, in one transaction of a company."""

    async def run(company: Company, verb: Callable[[UnitOfWork], Any]) -> Any:
        async def inside() -> Any:
            async with UnitOfWork(server.parts[Database], orgs=(company.org_id,)) as uow:
                return await verb(uow)

        return await server.acall(inside)

    return run
