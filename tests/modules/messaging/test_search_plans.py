"""The plans of searching and indexing, behind forced row-level security: no more is read than is asked for."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from pegboard.kernel.clock import MovableClock
from pegboard.modules.messaging.store import indexing, searching
from tests.modules.messaging.test_plans import Plans, assert_narrow, filled, plans

pytestmark = pytest.mark.anyio

__all__ = ["filled", "plans"]  # fixtures

_FILL = (
    """
    INSERT INTO message_indexing (org_id, conversation_id, indexed_seq, pending_since)
    SELECT org_id, id, 448, CASE WHEN random() < 0.05 THEN now() END FROM conversations WHERE org_id = $1
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO message_segments (org_id, conversation_id, from_seq, level, to_seq, shards, first_at, last_at)
    SELECT org_id, id, n * 64 + 1, 1, n * 64 + 64, 8, now(), now()
    FROM conversations CROSS JOIN generate_series(0, 199) AS n WHERE org_id = $1 ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO message_words (org_id, conversation_id, from_seq, level, shard, words)
    SELECT org_id, conversation_id, from_seq, level, n, repeat('x', 500)
    FROM message_segments CROSS JOIN generate_series(0, 7) AS n WHERE org_id = $1 AND from_seq < 449
    ON CONFLICT DO NOTHING
    """,
)
_SEGMENT_KEY = ("org_id", "conversation_id", "from_seq")


@pytest.fixture
async def found(plans: Plans, database_url: str) -> list[UUID]:
    """Some conversations of an organisation that has an index."""
    superuser = await asyncpg.connect(database_url)
    for statement in _FILL:
        await superuser.execute(statement, plans.org_id)
    await superuser.execute("ANALYZE message_indexing, message_segments, message_words")
    rows = await superuser.fetch("SELECT id FROM conversations WHERE org_id = $1 LIMIT 20", plans.org_id)
    await superuser.close()
    return [row["id"] for row in rows]


async def test_words_are_looked_up_by_their_key(plans: Plans, found: list[UUID]) -> None:
    nodes = await plans.of(
        searching._WORDS,
        conversations=found,
        froms=[1] * len(found),
        levels=[1] * len(found),
        shards=[8] * len(found),
        needles=["a", "b"],
        fingerprints=[1, 2],
        wholes=[True, False],
    )
    assert_narrow(nodes, "message_words", *_SEGMENT_KEY, "level", "shard")


async def test_what_there_is_to_look_through(plans: Plans, found: list[UUID]) -> None:
    now = MovableClock().now()
    nodes = await plans.of(
        searching._SEGMENTS, conversations=found, firsts=[1] * len(found), since=now, until=now, limit=100_000
    )
    assert_narrow(nodes, "message_segments", "org_id", "conversation_id")
    member = await plans.some("member_id", "participants", conversation_id=found[0])
    for only in (None, found[0]):
        nodes = await plans.of(searching._READABLE, member_id=member, only=only)
        assert_narrow(nodes, "participants", "org_id", "member_id")


async def test_messages_are_read_by_their_key(plans: Plans, found: list[UUID]) -> None:
    for statement in (searching._AT, searching._SENT_AT):
        nodes = await plans.of(statement, conversations=found, seqs=[7] * len(found))
        assert_narrow(nodes, "messages", *("org_id", "conversation_id", "seq"))


async def test_indexing_reads_its_own_runs(plans: Plans, found: list[UUID]) -> None:
    places: dict[str, Any] = {"conversations": found[:3], "froms": [449] * 3, "tos": [460] * 3}
    assert_narrow(await plans.of(indexing._READ, **places), "messages", "org_id", "conversation_id", "seq")
    assert_narrow(await plans.of(indexing._CLEAR, **places), "message_segments", *_SEGMENT_KEY)
    nodes = await plans.of(indexing._INDEXED, conversations=found[:3])
    assert_narrow(nodes, "message_indexing", "org_id", "conversation_id")
    nodes = await plans.of(indexing._CLAIM, limit=200, smallest=64)
    assert_narrow(nodes, "message_segments", "org_id", "conversation_id")
