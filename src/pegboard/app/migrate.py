"""Roles, schema and migrations, all under the owner of the database."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from pegboard.kernel.db.walls import ROLES

MIGRATIONS = Path(__file__).parent / "migrations"


def head() -> str:
    """The revision that this program wants: versions are named so that the last one sorts last."""
    return max(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py")).partition("_")[0]


async def migrate(owner_url: str) -> bool:
    """Bring the database to this program's revision; whether there was anything to do.

    Alembic is loaded only then: a start that finds everything in place does without.
    """
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute("SET lock_timeout = '10s'")
        await _ensure_roles(connection, owner_url)
        if await _revision(connection) == head():
            return False
    finally:
        await connection.close()
    await asyncio.to_thread(_upgrade, owner_url)
    return True


async def _revision(connection: Any) -> str | None:
    if not await connection.fetchval("SELECT to_regclass('schema_version') IS NOT NULL"):
        return None
    found: str | None = await connection.fetchval("SELECT version_num FROM schema_version")
    return found


async def _ensure_roles(connection: Any, owner_url: str) -> None:
    """The two roles that the program works under: neither owns a table nor passes row-level security."""
    present = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
    password = urlsplit(owner_url).password
    for role in ROLES:
        if role not in present:
            await connection.execute(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE")
            if password:
                quoted = await connection.fetchval("SELECT quote_literal($1)", password)
                await connection.execute(f"ALTER ROLE {role} PASSWORD {quoted}")


def _alembic(connection: Any) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _with_connection(owner_url: str, work: Any) -> Any:
    """Run Alembic's synchronous work over an asyncpg connection, in a loop of its own."""
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    async def run() -> Any:
        engine = create_async_engine(
            "postgresql+asyncpg://", poolclass=NullPool, async_creator=lambda: asyncpg.connect(owner_url)
        )
        async with engine.begin() as connection:
            result = await connection.run_sync(work)
        await engine.dispose()
        return result

    return asyncio.run(run())


def _upgrade(owner_url: str) -> None:
    from alembic import command

    _with_connection(owner_url, lambda connection: command.upgrade(_alembic(connection), "head"))


def check(owner_url: str) -> None:
    """Raise unless the migrations lead to exactly the tables that the code declares."""
    from alembic import command

    _with_connection(owner_url, lambda connection: command.check(_alembic(connection)))


def write_revision(owner_url: str, message: str, revision: str) -> None:
    """Draft a migration from the difference between the database and the declared tables."""
    from alembic import command

    def draft(connection: Any) -> None:
        command.revision(_alembic(connection), message=message, autogenerate=True, rev_id=revision)

    _with_connection(owner_url, draft)
