"""The plans of the hot queries, behind forced row-level security: none reads more than its own few rows.

They are asked for in an organisation that is large enough for a plan that reads everything to be the wrong choice.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from pegboard.kernel.clock import MovableClock
from pegboard.kernel.db import Database, Statement
from pegboard.kernel.db.work import scope
from pegboard.kernel.ids import OrgId, uuid7
from pegboard.modules.messaging.store import (
    answering,
    appending,
    bookmarks,
    conversations,
    messages,
    participants,
    reading,
    threads,
)

pytestmark = pytest.mark.anyio

_FILL = (
    """
    INSERT INTO conversations (org_id, id, kind, name, rules, member_count, head_seq, head_rev, last_at, created_at)
    SELECT $1, gen_random_uuid(), 'group', 'G' || n, '{}', 50, 500, 50, now(), now() FROM generate_series(1, 200) AS n
    """,
    """
    INSERT INTO participants (org_id, conversation_id, member_id, joined_seq, joined_at, cursor_seq, moved_at)
    SELECT $1, c.id, m.id, 1, now(), m.n * 7 % 500, now()
    FROM (SELECT id, row_number() OVER () AS n FROM conversations WHERE org_id = $1) AS c
    JOIN (SELECT gen_random_uuid() AS id, n FROM generate_series(1, 200) AS n) AS m ON (c.n + m.n) % 4 = 0
    """,
    """
    INSERT INTO messages (org_id, conversation_id, seq, id, sender_id, client_id, kind, content, sent_at, rev)
    SELECT $1, c.id, n, gen_random_uuid(), $1, 'c' || n, 'text', '{"text":"some words of a message"}', now(),
           CASE WHEN n % 10 = 0 THEN n / 10 END
    FROM conversations c CROSS JOIN generate_series(1, 500) AS n WHERE c.org_id = $1
    """,
    """
    INSERT INTO cursor_moves (org_id, conversation_id, member_id, to_seq, from_seq, at)
    SELECT org_id, conversation_id, member_id, n * 10, n * 10 - 10, now()
    FROM participants CROSS JOIN generate_series(1, 5) AS n WHERE org_id = $1
    """,
    """
    INSERT INTO mentions (org_id, conversation_id, member_id, seq, why, sender_id, thread_seq)
    SELECT org_id, conversation_id, member_id, n * 20, 'mention', $1, CASE WHEN n % 2 = 0 THEN 7 END
    FROM participants CROSS JOIN generate_series(1, 20) AS n WHERE org_id = $1
    """,
    """
    INSERT INTO thread_readers (org_id, conversation_id, member_id, root_seq, read_seq)
    SELECT org_id, conversation_id, member_id, n * 7, n * 7 + 100
    FROM participants CROSS JOIN generate_series(1, 20) AS n WHERE org_id = $1
    """,
    """
    INSERT INTO threads (org_id, conversation_id, root_seq, replies, last_seq, last_at, people)
    SELECT org_id, id, n * 7, 20, 490, now(), '{}' FROM conversations CROSS JOIN generate_series(1, 20) AS n
    WHERE org_id = $1
    """,
    "UPDATE messages SET thread_seq = 7 * (1 + seq % 20) WHERE org_id = $1 AND seq > 140 AND seq % 3 = 0",
    "UPDATE messages SET pinned_at = now() WHERE org_id = $1 AND seq % 100 = 0",
    """
    INSERT INTO thread_moves (org_id, conversation_id, member_id, root_seq, to_seq, from_seq, at)
    SELECT org_id, conversation_id, member_id, 7, n * 10, n * 10 - 10, now()
    FROM participants CROSS JOIN generate_series(1, 5) AS n WHERE org_id = $1
    """,
    """
    INSERT INTO bookmarks (org_id, conversation_id, member_id, seq, at)
    SELECT org_id, conversation_id, member_id, n, now()
    FROM participants CROSS JOIN generate_series(1, 5) AS n WHERE org_id = $1
    """,
)


class Plans:
    """Asks for plans as the application's role, in one organisation."""

    def __init__(self, org_id: OrgId, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.org_id = org_id
        self.connection = connection

    async def of(self, statement: Statement, **params: Any) -> list[dict[str, Any]]:
        """The nodes of the plan for these very values."""
        params.setdefault("org_id", self.org_id)
        async with self.connection.transaction():
            await self.connection.execute(scope([self.org_id]))
            text = await self.connection.fetchval(
                f"EXPLAIN (FORMAT JSON) {statement.sql}", *statement.arguments(params)
            )
        return list(_walk(msgspec.json.decode(text)[0]["Plan"]))

    async def some(self, column: str, table: str, **equal: Any) -> Any:
        """A value that there is."""
        condition = " AND ".join(["org_id = $1", *(f"{name} = ${n}" for n, name in enumerate(equal, 2))])
        async with self.connection.transaction():
            await self.connection.execute(scope([self.org_id]))
            return await self.connection.fetchval(
                f"SELECT {column} FROM {table} WHERE {condition} LIMIT 1", self.org_id, *equal.values()
            )


def _walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _walk(child)


def _reads(nodes: list[dict[str, Any]], table: str) -> list[str]:
    """The index conditions by which a table is read; fails where it is read otherwise."""
    found = []
    for node in nodes:
        if node.get("Relation Name") == table and node["Node Type"] != "ModifyTable":
            assert node["Node Type"] in {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"}, node
            found.append(" ".join(str(each.get("Index Cond", "")) for each in _walk(node)))
    return found


def assert_narrow(nodes: list[dict[str, Any]], table: str, *columns: str) -> None:
    """The table is read, and each time by an index condition on all of these columns."""
    conditions = _reads(nodes, table)
    assert conditions, f"{table} is not read"
    for condition in conditions:
        for column in columns:
            assert column in condition, (table, condition)


@pytest.fixture(scope="module")
def filled() -> list[OrgId]:
    """The organisation, once the first test has filled it."""
    return []


@pytest.fixture
async def plans(database_url: str, filled: list[OrgId]) -> AsyncIterator[Plans]:
    if not filled:
        superuser = await asyncpg.connect(database_url)
        org_id = OrgId(uuid7())
        for statement in _FILL:
            await superuser.execute(statement, org_id)
            await superuser.execute("ANALYZE")
        await superuser.close()
        filled.append(org_id)
    connection = await Database(database_url, clock=MovableClock()).connect_app()
    yield Plans(filled[0], connection)
    await connection.close()


@pytest.fixture
async def conversation(plans: Plans) -> UUID:
    found: UUID = await plans.some("id", "conversations")
    return found


@pytest.fixture
async def member(plans: Plans, conversation: UUID) -> UUID:
    found: UUID = await plans.some("member_id", "participants", conversation_id=conversation)
    return found


@pytest.fixture(params=["usual", "committer"])
async def committing(plans: Plans, request: pytest.FixtureRequest) -> Plans:
    """As the pools plan, and as the group commit's own connection does."""
    if request.param == "committer":
        await plans.connection.execute(
            "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"
        )
    return plans


_MESSAGE_KEY = ("org_id", "conversation_id", "seq")
_PARTICIPANT_KEY = ("org_id", "conversation_id", "member_id")


# --- sending ---------------------------------------------------------------------------------------------------------


async def test_locked_standings(committing: Plans, conversation: UUID, member: UUID) -> None:
    for client_ids in (["c7"], [None]):
        nodes = await committing.of(
            appending._LOCKED_STANDINGS,
            orgs=[committing.org_id],
            conversations=[conversation],
            members=[member],
            client_ids=client_ids,
        )
        assert_narrow(nodes, "conversations", "org_id", "id")
        assert_narrow(nodes, "participants", *_PARTICIPANT_KEY)
        assert_narrow(nodes, "messages", "org_id", "conversation_id", "sender_id", "client_id")


async def test_lookups_of_what_a_message_refers_to(committing: Plans, conversation: UUID, member: UUID) -> None:
    places: dict[str, Any] = {"orgs": [committing.org_id], "conversations": [conversation]}
    nodes = await committing.of(appending._EXISTING, **places, seqs=[7])
    assert_narrow(nodes, "messages", *_MESSAGE_KEY)
    nodes = await committing.of(appending._PRESENT, **places, members=[member])
    assert_narrow(nodes, "participants", *_PARTICIPANT_KEY)


async def test_appending_reads_no_message(committing: Plans, conversation: UUID, member: UUID) -> None:
    nodes = await committing.of(
        appending._APPEND,
        at=MovableClock().now(),
        head_orgs=[committing.org_id],
        head_conversations=[conversation],
        head_seqs=[501],
        seen_heads=[500],
        seen_revisions=[1],
        main_seqs=[501],
        reply_seqs=[None],
        own_orgs=[committing.org_id],
        own_conversations=[conversation],
        own_members=[member],
        own_seqs=[501],
        merge_after=reading.merge_after(MovableClock().now()),
        fact="message.sent",
        event_ids=[uuid7()],
        payloads=["{}"],
        orgs=[committing.org_id],
        conversations=[conversation],
        seqs=[501],
        ids=[uuid7()],
        senders=[member],
        client_ids=["new"],
        kinds=["text"],
        contents=["{}"],
        mention_alls=[False],
        replies=[None],
        thread_seqs=[None],
        also_in_mains=[False],
    )
    assert _reads(nodes, "messages") == []
    assert_narrow(nodes, "conversations", "org_id", "id")
    assert_narrow(nodes, "participants", *_PARTICIPANT_KEY)


# --- reading ---------------------------------------------------------------------------------------------------------


async def test_messages_after_before_at_and_changed(plans: Plans, conversation: UUID) -> None:
    for statement, params in (
        (messages._AFTER, {"after": 400, "limit": 50}),
        (messages._BEFORE, {"before": 400, "first": 1, "limit": 50}),
        (messages._AT, {"seqs": [7, 8, 400]}),
    ):
        nodes = await plans.of(statement, conversation_id=conversation, **params)
        assert_narrow(nodes, "messages", *_MESSAGE_KEY)
    nodes = await plans.of(messages._CHANGED, conversation_id=conversation, after_rev=40, first=1, limit=50)
    assert_narrow(nodes, "messages", "org_id", "conversation_id", "rev")
    nodes = await plans.of(messages._AT_PLACES, conversations=[conversation], seqs=[500])
    assert_narrow(nodes, "messages", *_MESSAGE_KEY)
    nodes = await plans.of(messages._LAST, conversations=[conversation], seqs=[500], member_id=uuid7())
    assert_narrow(nodes, "messages", *_MESSAGE_KEY)
    assert_narrow(nodes, "mentions", "org_id", "conversation_id", "member_id")


async def test_messages_come_in_their_order_without_sorting(plans: Plans, conversation: UUID) -> None:
    for statement, params in (
        (messages._AFTER, {"after": 100, "limit": 50}),
        (messages._BEFORE, {"before": 400, "first": 1, "limit": 50}),
    ):
        nodes = await plans.of(statement, conversation_id=conversation, **params)
        assert "Sort" not in {node["Node Type"] for node in nodes}


async def test_heads_and_the_list_of_conversations(plans: Plans, member: UUID) -> None:
    nodes = await plans.of(conversations._HEADS, member_id=member)
    assert_narrow(nodes, "participants", "org_id", "member_id")
    assert_narrow(nodes, "messages", *_MESSAGE_KEY)
    _assert_calls_are_narrow(nodes)
    nodes = await plans.of(
        conversations._LIST,
        member_id=member,
        only=None,
        after_pinned=None,
        after_at=None,
        after_id=None,
        limit=50,
    )
    assert_narrow(nodes, "participants", "org_id", "member_id")
    assert_narrow(nodes, "messages", *_MESSAGE_KEY)
    _assert_calls_are_narrow(nodes)
    nodes = await plans.of(conversations._UNREAD_FACTS, member_id=member)
    assert_narrow(nodes, "participants", "org_id", "member_id")
    assert_narrow(await plans.of(conversations._MY_IDS, member_id=member), "participants", "org_id", "member_id")


def _assert_calls_are_narrow(nodes: list[dict[str, Any]]) -> None:
    assert_narrow(nodes, "mentions", "org_id", "conversation_id", "member_id", "seq")
    assert_narrow(nodes, "thread_readers", "org_id", "conversation_id", "root_seq", "member_id")


async def test_one_conversation_and_ones_place_in_it(plans: Plans, conversation: UUID, member: UUID) -> None:
    nodes = await plans.of(conversations._WITH, conversation_id=conversation, member_id=member)
    assert_narrow(nodes, "participants", *_PARTICIPANT_KEY)
    assert_narrow(nodes, "conversations", "org_id", "id")
    nodes = await plans.of(participants._AMONG, conversation_id=conversation, members=[member])
    assert_narrow(nodes, "participants", "org_id", "conversation_id")
    nodes = await plans.of(reading._UNREAD, conversation_id=conversation, member_id=member)
    assert_narrow(nodes, "participants", *_PARTICIPANT_KEY)
    assert_narrow(nodes, "messages", *_MESSAGE_KEY)
    _assert_calls_are_narrow(nodes)


async def test_answers_to_calls(plans: Plans, conversation: UUID) -> None:
    nodes = await plans.of(answering.ANSWERS, conversations=[conversation] * 3, seqs=[100, 200, 300])
    assert_narrow(nodes, "mentions", *_PARTICIPANT_KEY)
    assert_narrow(nodes, "messages", "org_id", "conversation_id")


# --- cursors ---------------------------------------------------------------------------------------------------------


async def test_move_cursors(committing: Plans, conversation: UUID, member: UUID) -> None:
    now = MovableClock().now()
    places: dict[str, Any] = {
        "orgs": [committing.org_id],
        "conversations": [conversation],
        "members": [member],
        "at": now,
        "merge_after": reading.merge_after(now),
    }
    for seqs in ([400], [None]):
        nodes = await committing.of(reading._MOVE, **places, seqs=seqs)
        assert_narrow(nodes, "participants", *_PARTICIPANT_KEY)
        assert not _reads(nodes, "messages")
    nodes = await committing.of(reading._CURSORS, **places)
    assert_narrow(nodes, "participants", *_PARTICIPANT_KEY)


async def test_readers_and_reader_groups(plans: Plans, conversation: UUID, member: UUID) -> None:
    nodes = await plans.of(
        reading._READERS, conversation_id=conversation, seq=250, sender_id=member, after=None, limit=1001
    )
    assert_narrow(nodes, "participants", "org_id", "conversation_id")
    assert_narrow(nodes, "cursor_moves", "org_id", "conversation_id", "member_id")
    nodes = await plans.of(reading._GROUPS, conversation_id=conversation)
    assert_narrow(nodes, "participants", "org_id", "conversation_id")
    for statement in (reading._SENDERS_IN_MAIN, reading._SENDERS_IN_THREADS):
        nodes = await plans.of(statement, conversation_id=conversation, above=100, up_to=200, limit=200)
        assert_narrow(nodes, "messages", "org_id", "conversation_id")


# --- threads ---------------------------------------------------------------------------------------------------------


async def test_moves_in_threads(committing: Plans, conversation: UUID, member: UUID) -> None:
    now = MovableClock().now()
    places: dict[str, Any] = {"orgs": [committing.org_id], "conversations": [conversation], "at": now}
    for root in (7, None):
        nodes = await committing.of(
            threads._MOVE, **places, members=[member], roots=[root], seqs=[9], merge_after=reading.merge_after(now)
        )
        assert_narrow(nodes, "participants", *_PARTICIPANT_KEY)
        assert_narrow(nodes, "threads", "org_id", "conversation_id", "root_seq")
        assert_narrow(nodes, "thread_readers", "org_id", "conversation_id", "member_id")


async def test_threads_and_their_readers(plans: Plans, conversation: UUID, member: UUID) -> None:
    place: dict[str, Any] = {"conversation_id": conversation}
    in_thread = ("org_id", "conversation_id", "thread_seq")
    for statement, params in (
        (messages._THREAD_AFTER, {"after": 100, "limit": 50}),
        (messages._THREAD_BEFORE, {"before": 400, "first": 1, "limit": 50}),
        (reading._SENDERS_IN_THREAD, {"above": 100, "up_to": 400, "limit": 200}),
    ):
        nodes = await plans.of(statement, **place, root_seq=7, **params)
        assert_narrow(nodes, "messages", *in_thread)
    nodes = await plans.of(
        reading._THREAD_READERS, **place, root_seq=7, seq=250, sender_id=member, after=None, limit=1001
    )
    assert_narrow(nodes, "participants", "org_id", "conversation_id")
    assert_narrow(nodes, "thread_readers", "org_id", "conversation_id")
    assert_narrow(nodes, "thread_moves", "org_id", "conversation_id", "member_id")
    nodes = await plans.of(reading._THREAD_GROUPS, **place, members=[member], roots=[7, 14])
    assert_narrow(nodes, "participants", "org_id", "conversation_id")
    assert_narrow(nodes, "thread_readers", "org_id", "conversation_id")
    nodes = await plans.of(threads._ONE, **place, root_seq=7, member_id=member, counted_to=100)
    assert_narrow(nodes, "messages", *in_thread)
    assert_narrow(nodes, "thread_readers", "org_id", "conversation_id", "root_seq", "member_id")
    nodes = await plans.of(
        threads._FOLLOWED,
        member_id=member,
        only_unread=True,
        after_at=None,
        after_id=None,
        after_root=None,
        counted_to=100,
        limit=50,
    )
    assert_narrow(nodes, "thread_readers", "org_id", "member_id")


async def test_pins_and_bookmarks(plans: Plans, conversation: UUID, member: UUID) -> None:
    nodes = await plans.of(messages._PINNED, conversation_id=conversation, first=1)
    assert_narrow(nodes, "messages", "org_id", "conversation_id")
    nodes = await plans.of(bookmarks._LIST, member_id=member, after_at=None, after_id=None, after_seq=None, limit=50)
    assert_narrow(nodes, "bookmarks", "org_id", "member_id")
