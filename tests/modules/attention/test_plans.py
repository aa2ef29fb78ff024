"""The plans of what is asked with every list of conversations and every DING: by index, behind row-level security."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import msgspec
import pytest

from pegboard.kernel.clock import MovableClock
from pegboard.kernel.db import Database, Statement
from pegboard.kernel.db.work import scope
from pegboard.kernel.ids import OrgId, uuid7
from pegboard.modules.attention import store

pytestmark = pytest.mark.anyio

_FILL = (
    """
    INSERT INTO folders (org_id, id, owner_id, created_by, name, rules, created_at)
    SELECT $1, gen_random_uuid(), CASE WHEN n > 20 THEN gen_random_uuid() END, gen_random_uuid(), 'F' || n, '[]', now()
    FROM generate_series(1, 20000) AS n
    """,
    """
    INSERT INTO folder_conversations (org_id, folder_id, conversation_id)
    SELECT $1, f.id, gen_random_uuid() FROM folders f CROSS JOIN generate_series(1, 5) WHERE f.org_id = $1
    """,
    """
    INSERT INTO folder_views (org_id, member_id, folder_id, position)
    SELECT $1, coalesce(f.owner_id, gen_random_uuid()), f.id, 1 FROM folders f WHERE f.org_id = $1
    """,
    """
    INSERT INTO attention_settings (org_id, member_id, quiet)
    SELECT $1, gen_random_uuid(), n % 2 = 0 FROM generate_series(1, 20000) AS n
    """,
)
_SCANS = {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"}


@pytest.fixture(scope="module")
def filled() -> list[OrgId]:
    """The organisation, once the first test has filled it."""
    return []


@pytest.fixture
async def connection(database_url: str, filled: list[OrgId]) -> "AsyncIterator[asyncpg.Connection[Any]]":
    if not filled:
        superuser = await asyncpg.connect(database_url)
        filled.append(OrgId(uuid7()))
        for statement in _FILL:
            await superuser.execute(statement, filled[0])
            await superuser.execute("ANALYZE")
        await superuser.close()
    app = await Database(database_url, clock=MovableClock()).connect_app()
    await app.execute(f"BEGIN; {scope(filled)}")
    yield app
    await app.close()


def _walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _walk(child)


async def _conditions(
    connection: "asyncpg.Connection[Any]", statement: Statement, **params: Any
) -> dict[str, list[str]]:
    """By table, the index conditions by which it is read."""
    text = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement.sql}", *statement.arguments(params))
    found: dict[str, list[str]] = {}
    for node in _walk(msgspec.json.decode(text)[0]["Plan"]):
        if table := node.get("Relation Name"):
            assert node["Node Type"] in _SCANS, node
            found.setdefault(table, []).append(" ".join(str(each.get("Index Cond", "")) for each in _walk(node)))
    return found


async def test_the_folders_of_a_member(connection: "asyncpg.Connection[Any]", filled: list[OrgId]) -> None:
    found = await _conditions(connection, store.FOLDERS_OF, org_id=filled[0], member_id=uuid7())
    assert found.keys() == {"folders", "folder_views", "folder_conversations"}
    assert all("owner_id" in condition for condition in found["folders"])
    assert all("folder_id" in condition for condition in found["folder_conversations"])
    assert all("member_id" in each or "folder_id" in each for each in found["folder_views"])


async def test_settings_and_whom_one_may_disturb(connection: "asyncpg.Connection[Any]", filled: list[OrgId]) -> None:
    found = await _conditions(connection, store.SETTINGS, org_id=filled[0], member_id=uuid7())
    assert all("member_id" in condition for condition in found["attention_settings"])
    members = [uuid7() for _ in range(100)]
    found = await _conditions(connection, store.QUIET_AMONG, org_id=filled[0], members=members)
    assert all("member_id" in condition for condition in found["attention_settings"])
