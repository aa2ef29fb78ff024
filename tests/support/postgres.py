"""A real PostgreSQL for tests."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from pegboard.kernel.clock import MovableClock
from pegboard.kernel.db.database import Database, as_role
from pegboard.kernel.ids import OrgId, uuid7
from pegboard.kernel.postgres import Address, EmbeddedPostgres, PostgresSettings
from tests.support.schema import create_schema

_ROLES = ("pegboard_owner", "pegboard_app", "pegboard_system")
_TEMPLATE = "pegboard_template"
# Tests do not outlive a power cut.
_SETTINGS = PostgresSettings(
    shared_buffers_mib=128,
    extra={"fsync": "off", "full_page_writes": "off", "autovacuum_naptime": "1d", "max_wal_size": "1GB"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestServer:
    """The running server. Databases are copies of a template that has the whole schema."""

    address: Address
    portal: BlockingPortal
    __test__ = False

    def create_database(self, template: str = _TEMPLATE) -> str:
        """A new database; its address."""
        name = f"test_{secrets.token_hex(6)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} OWNER pegboard_owner")
        return self.address.dsn(database=name)

    def drop_database(self, url: str) -> None:
        """Drop it, whoever is still connected."""
        name = url.partition("@/")[2].partition("?")[0]
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def run(self, *statements: str) -> None:
        """Run statements under the superuser, outside transactions."""
        self.portal.call(_run, self.address.dsn(), statements)


async def _run(url: str, statements: tuple[str, ...]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _make_template(address: Address) -> None:
    await _run(
        address.dsn(),
        (
            *(f"CREATE ROLE {role} LOGIN" for role in _ROLES),
            f"CREATE DATABASE {_TEMPLATE} OWNER pegboard_owner",
        ),
    )
    owner: asyncpg.Connection[Any] = await asyncpg.connect(address.dsn(user="pegboard_owner", database=_TEMPLATE))
    try:
        await create_schema(owner)
    finally:
        await owner.close()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    """A server of this test process. It lives in a thread of its own, so that it outlasts every event
    loop.
    """
    with start_blocking_portal() as portal:
        server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), settings=_SETTINGS)
        address = portal.call(server.start)
        try:
            portal.call(_make_template, address)
            yield TestServer(address=address, portal=portal)
        finally:
            portal.call(server.stop)


@contextmanager
def _database(server: TestServer) -> Iterator[str]:
    url = server.create_database()
    try:
        yield url
    finally:
        server.drop_database(url)


@pytest.fixture(scope="module")
def database_url(postgres: TestServer) -> Iterator[str]:
    """A database for the tests of one file."""
    with _database(postgres) as url:
        yield url


@pytest.fixture
def fresh_url(postgres: TestServer) -> Iterator[str]:
    """A database for one test."""
    with _database(postgres) as url:
        yield url


@pytest.fixture
def clock() -> MovableClock:
    """The clock of `database` and `fresh_database`."""
    return MovableClock()


@pytest.fixture
async def database(database_url: str, clock: MovableClock) -> AsyncIterator[Database]:
    """The pools of the file's database."""
    database = Database(database_url, clock=clock)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def fresh_database(fresh_url: str, clock: MovableClock) -> AsyncIterator[Database]:
    """The pools of the test's own database."""
    database = Database(fresh_url, clock=clock)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def owner(database: Database) -> "AsyncIterator[asyncpg.Connection[Any]]":
    """A connection under the role that owns the tables (row-level security is forced on it too)."""
    connection: asyncpg.Connection[Any] = await asyncpg.connect(as_role(database.url, "pegboard_owner"))
    yield connection
    await connection.close()


@pytest.fixture
def org_id() -> OrgId:
    """A new organisation."""
    return OrgId(uuid7())
