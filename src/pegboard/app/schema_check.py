"""Whether a migrated database is what the code declares: tables, walls, grants and guards."""

from collections.abc import Iterator
from typing import Any

import asyncpg

from pegboard.app import tables
from pegboard.app.migrate import table_differences, with_new_loop
from pegboard.kernel.db import metadata
from pegboard.kernel.db.walls import ROLES

tables.load()

_TABLES = """
    SELECT relname, relrowsecurity AND relforcerowsecurity AS walled FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
"""
_GRANTS = """
    SELECT table_name, grantee, lower(privilege_type) AS verb FROM information_schema.role_table_grants
    WHERE table_schema = 'public' AND grantee = ANY($1)
"""
_ESCAPES = """
    SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef
    UNION ALL SELECT viewname FROM pg_views WHERE schemaname = 'public'
"""
_BOOKKEEPING = "schema_version"


def differences(owner_url: str) -> list[str]:
    """Every difference in words; none: all is as declared."""
    return [*table_differences(owner_url), *with_new_loop(_protection_differences(owner_url))]


async def _protection_differences(owner_url: str) -> list[str]:
    connection: asyncpg.Connection[Any] = await asyncpg.connect(owner_url)
    try:
        walled = {row["relname"]: row["walled"] for row in await connection.fetch(_TABLES)}
        granted: dict[tuple[str, str], set[str]] = {}
        for row in await connection.fetch(_GRANTS, list(ROLES)):
            granted.setdefault((row["table_name"], row["grantee"]), set()).add(row["verb"])
        escapes = [row["proname"] for row in await connection.fetch(_ESCAPES)]
    finally:
        await connection.close()
    return [*_walls(walled), *_grants(granted), *(f"{name} runs with its owner's rights" for name in escapes)]


def _walls(walled: dict[str, bool]) -> Iterator[str]:
    for table in metadata.sorted_tables:
        if table.name in walled and walled[table.name] != table.info["tenant"]:
            wanted = "forced" if table.info["tenant"] else "no"
            yield f"{table.name}: {wanted} row-level security is declared"


def _grants(granted: dict[tuple[str, str], set[str]]) -> Iterator[str]:
    declared = {
        (table.name, role): set(verbs)
        for table in metadata.sorted_tables
        for role, verbs in table.info["grants"].items()
        if verbs
    }
    for table, role in sorted(declared.keys() | granted.keys()):
        if table != _BOOKKEEPING and declared.get((table, role), set()) != granted.get((table, role), set()):
            found = sorted(granted.get((table, role), ()))
            yield f"{table}: {role} may {found}, declared is {sorted(declared.get((table, role), ()))}"
