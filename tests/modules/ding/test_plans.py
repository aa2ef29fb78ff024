"""The plans of the scheduler's and the lists' queries, behind forced row-level security: each reads by an index."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from pegboard.kernel.db import Database, Statement
from pegboard.kernel.db.work import scope
from pegboard.kernel.ids import OrgId, uuid7
from pegboard.modules.ding.store import clock, dings, recipients

pytestmark = pytest.mark.anyio

_ORG = OrgId(uuid7())
_NOW = datetime(2026, 6, 1, tzinfo=UTC)
_FILL = (
    """
    INSERT INTO dings (org_id, id, sender_id, content, steps, targets, pierces, state, send_at, due_at, created_at)
    SELECT $1, gen_random_uuid(), md5(CAST(n % 20 AS text))::uuid, 'x', '[]', '{}', true,
           CASE WHEN n % 50 = 0 THEN 'scheduled' ELSE 'sent' END, now(), CASE WHEN n % 50 = 0 THEN now() END, now()
    FROM generate_series(1, 1000) AS n
    """,
    """
    INSERT INTO ding_recipients (org_id, ding_id, member_id, state, told_at, acknowledged_at, outside, due_at)
    SELECT $1, d.id, md5(CAST(n AS text))::uuid, CASE WHEN n % 3 = 0 THEN 'pending' ELSE 'acknowledged' END, now(),
           CASE WHEN n % 3 <> 0 THEN now() END, n % 6 = 0,
           CASE WHEN n % 3 = 0 THEN now() + n * interval '1 minute' END
    FROM dings d CROSS JOIN generate_series(1, 60) AS n WHERE d.org_id = $1
    """,
    """
    INSERT INTO ding_clock (org_id, lane, next_due_at)
    SELECT gen_random_uuid(), n % 2, CASE WHEN n % 10 = 0 THEN now() + n * interval '1 minute' END
    FROM generate_series(1, 20000) AS n
    """,
)


@pytest.fixture(scope="module")
def filled() -> list[bool]:
    return []


@pytest.fixture
async def connection(database_url: str, filled: list[bool]) -> "AsyncIterator[asyncpg.Connection[Any]]":
    if not filled:
        superuser = await asyncpg.connect(database_url)
        for statement in _FILL:
            await superuser.execute(statement, *([_ORG] if "$1" in statement else []))
            await superuser.execute("ANALYZE")
        await superuser.close()
        filled.append(True)
    connection = await Database(database_url).connect_app()
    yield connection
    await connection.close()


def _walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _walk(child)


async def _indexes(connection: Any, statement: Statement, **params: Any) -> set[str]:
    """The indexes of the plan for these very values; nothing of ours may be read without one."""
    async with connection.transaction():
        await connection.execute(scope([_ORG]))
        params.setdefault("org_id", _ORG)
        text = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement.sql}", *statement.arguments(params))
    nodes = list(_walk(msgspec.json.decode(text)[0]["Plan"]))
    assert not [node for node in nodes if node["Node Type"] == "Seq Scan"], nodes
    return {node["Index Name"] for node in nodes if "Index Name" in node}


@pytest.fixture
def member() -> UUID:
    return UUID("c4ca4238-a0b9-2382-0dcc-509a6f75849b")  # md5 of 1


async def test_what_is_due_is_found_by_its_time(connection: Any) -> None:
    now = {"now": _NOW, "limit": 500}
    assert await _indexes(connection, recipients.DUE_NEAR, **now) == {"ix_ding_recipients_due"}
    assert await _indexes(connection, recipients.DUE_OUTSIDE, **now) == {"ix_ding_recipients_due_outside"}
    assert await _indexes(connection, dings.DUE, now=_NOW, limit=5) == {"ix_dings_due"}


async def test_the_next_time_is_the_first_of_an_index(connection: Any) -> None:
    near = await _indexes(connection, clock.SET_NEAR)
    assert {"ix_ding_recipients_due", "ix_dings_due"} <= near
    assert "ix_ding_recipients_due_outside" in await _indexes(connection, clock.SET_OUTSIDE)
    assert await _indexes(connection, clock.NEXT, lane=0) == {"ix_ding_clock_next"}
    assert await _indexes(connection, clock.DUE_ORGS, lane=0, now=_NOW, limit=50) == {"ix_ding_clock_next"}


async def test_lists_read_the_members_own_rows(connection: Any, member: UUID) -> None:
    last = UUID(int=2**128 - 1)
    received = {"member_id": member, "before_at": _NOW.replace(year=9999), "before": last, "limit": 51}
    assert "ix_ding_recipients_received" in await _indexes(connection, dings.RECEIVED, **received)
    opened = await _indexes(connection, dings.RECEIVED_OPEN, **received)
    assert opened & {"ix_ding_recipients_received", "ix_ding_recipients_waiting"}
    waiting = await _indexes(connection, recipients.OPEN_FOR, member_id=member)
    assert waiting <= {"ix_ding_recipients_waiting"}
    assert waiting
    sent = await _indexes(connection, dings.SENT, member_id=member, before=last, only_open=False, limit=51)
    assert sent & {"ix_dings_sent", "uq_dings_org_id_sender_id_client_id"}  # of few, both are as good


async def test_one_ding_reads_its_own_recipients(connection: Any, member: UUID) -> None:
    ding_id = uuid7()
    assert await _indexes(connection, recipients.COUNTS, ding_ids=[ding_id]) == {"pk_ding_recipients"}
    page = {"ding_id": ding_id, "after": UUID(int=0), "states": None, "limit": 201}
    assert await _indexes(connection, recipients.PAGE, **page) == {"pk_ding_recipients"}
    own = {"ding_id": ding_id, "member_id": member, "now": _NOW}
    assert await _indexes(connection, recipients.ACKNOWLEDGE, reply=None, **own) <= {
        "pk_ding_recipients",
        "ix_ding_recipients_waiting",  # of the one member
    }
