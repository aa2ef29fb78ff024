"""A migrated database is what the tables in the code declare, and there is no way around its walls."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from pegboard.app import tables
from pegboard.app.migrate import migrate
from pegboard.kernel.db import metadata
from pegboard.kernel.db.database import as_role
from pegboard.kernel.db.walls import ROLES
from tests.support.postgres import TestServer

pytestmark = pytest.mark.anyio

tables.load()

DECLARED = {table.name: table for table in metadata.sorted_tables}
BOOKKEEPING = "schema_version"
"""Alembic's one row: the revision."""
ORG = "(SELECT (string_to_array(NULLIF(current_setting('app.orgs'::text, true), ''::text), ','::text))::uuid[]"


@pytest.fixture(scope="module")
def migrated(postgres: TestServer) -> Iterator[str]:
    """A database that only migrations have made."""
    url = postgres.create_database("template1")
    postgres.portal.call(migrate, as_role(url, "pegboard_owner"))
    yield url
    postgres.drop_database(url)


@pytest.fixture
async def catalogue(migrated: str) -> "AsyncIterator[asyncpg.Connection[Any]]":
    connection: asyncpg.Connection[Any] = await asyncpg.connect(migrated)
    yield connection
    await connection.close()


async def _column(connection: "asyncpg.Connection[Any]", query: str, *values: object) -> list[Any]:
    return [row[0] for row in await connection.fetch(query, *values)]


async def test_every_table_is_declared(catalogue: "asyncpg.Connection[Any]") -> None:
    found = await _column(catalogue, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert set(found) - {BOOKKEEPING} == DECLARED.keys()


async def test_tenants_tables_have_forced_row_security(catalogue: "asyncpg.Connection[Any]") -> None:
    walled = await _column(
        catalogue,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') "
        "AND relrowsecurity AND relforcerowsecurity",
    )
    assert set(walled) == {name for name, table in DECLARED.items() if table.info["tenant"]}


async def test_there_is_one_policy_and_it_is_the_organisations(catalogue: "asyncpg.Connection[Any]") -> None:
    rows = await catalogue.fetch("SELECT * FROM pg_policies WHERE schemaname = 'public'")
    assert {row["tablename"] for row in rows} == {name for name, table in DECLARED.items() if table.info["tenant"]}
    assert len(rows) == len({row["tablename"] for row in rows}), "a second policy would widen the first"
    for row in rows:
        assert (row["permissive"], row["roles"], row["cmd"]) == ("PERMISSIVE", ["public"], "ALL"), row["tablename"]
        assert row["qual"] == row["with_check"], row["tablename"]
    [condition] = {row["qual"] for row in rows}
    assert condition.startswith("(org_id = ANY (")
    assert " ".join(condition.split()).count(ORG.removeprefix("(SELECT ")) == 1


async def test_tenants_rows_are_led_by_their_organisation(catalogue: "asyncpg.Connection[Any]") -> None:
    keys = await catalogue.fetch("""
        SELECT c.relname, a.attname, a.attnotnull FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
        WHERE i.indisprimary AND c.relnamespace = 'public'::regnamespace
    """)
    leading = {row["relname"]: (row["attname"], row["attnotnull"]) for row in keys}
    for name, table in DECLARED.items():
        if table.info["tenant"]:
            assert leading[name] == ("org_id", True), name
    across = await _column(
        catalogue,
        """
        SELECT f.conname FROM pg_constraint f
        WHERE f.contype = 'f' AND f.conrelid::regclass::text = ANY($1) AND f.confrelid::regclass::text = ANY($1)
          AND NOT EXISTS (
              SELECT 1 FROM unnest(f.conkey, f.confkey) AS pair (here, there)
              JOIN pg_attribute h ON h.attrelid = f.conrelid AND h.attnum = pair.here AND h.attname = 'org_id'
              JOIN pg_attribute t ON t.attrelid = f.confrelid AND t.attnum = pair.there AND t.attname = 'org_id')
        """,
        [name for name, table in DECLARED.items() if table.info["tenant"]],
    )
    assert across == [], "foreign keys that could point into another organisation"


def test_shared_tables_say_why() -> None:
    for name, table in DECLARED.items():
        if not table.info["tenant"]:
            assert len(table.info["reason"]) > 20, name


async def test_roles_may_do_what_is_declared(catalogue: "asyncpg.Connection[Any]") -> None:
    rows = await catalogue.fetch(
        "SELECT table_name, grantee, lower(privilege_type) AS verb FROM information_schema.role_table_grants "
        "WHERE table_schema = 'public' AND grantee <> 'pegboard_owner'"
    )
    granted = {(row["table_name"], row["grantee"], row["verb"]) for row in rows}
    declared = {
        (name, role, verb)
        for name, table in DECLARED.items()
        for role, verbs in table.info["grants"].items()
        for verb in verbs
    }
    assert granted == declared | {(BOOKKEEPING, role, "select") for role in ROLES}
    columns = await catalogue.fetch(
        "SELECT c.table_name, c.grantee, c.privilege_type AS verb FROM information_schema.column_privileges c "
        "WHERE c.table_schema = 'public' AND c.grantee <> 'pegboard_owner' AND NOT EXISTS ("
        "  SELECT 1 FROM information_schema.role_table_grants t WHERE t.table_schema = 'public' "
        "  AND (t.table_name, t.grantee, t.privilege_type) = (c.table_name, c.grantee, c.privilege_type))"
    )
    for row in columns:  # on single columns: declared with the table's guards
        said = [each for each in DECLARED[row["table_name"]].info.get("ddl", ()) if each.startswith("GRANT")]
        assert any(row["grantee"] in each and f"{row['verb']} (" in each for each in said), dict(row)


async def test_roles_neither_own_nor_bypass(catalogue: "asyncpg.Connection[Any]") -> None:
    roles = await catalogue.fetch("SELECT * FROM pg_roles WHERE rolname = ANY($1)", list(ROLES))
    assert len(roles) == len(ROLES)
    for role in roles:
        allowed = [power for power in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb") if role[power]]
        assert allowed == [], role["rolname"]
    memberships = await _column(
        catalogue,
        "SELECT m.roleid::regrole::text FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member "
        "WHERE r.rolname = ANY($1)",
        list(ROLES),
    )
    assert memberships == []
    owners = await _column(
        catalogue,
        "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    )
    assert owners == ["pegboard_owner"]


async def test_nothing_runs_with_its_owners_rights(catalogue: "asyncpg.Connection[Any]") -> None:
    assert (
        await _column(
            catalogue, "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
        )
        == []
    )
    views = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm') "
    assert await _column(catalogue, views + "AND NOT coalesce('security_invoker=true' = ANY(reloptions), false)") == []


async def test_roles_cannot_make_anything(catalogue: "asyncpg.Connection[Any]") -> None:
    for role in ROLES:
        assert not await catalogue.fetchval("SELECT has_schema_privilege($1, 'public', 'CREATE')", role)
