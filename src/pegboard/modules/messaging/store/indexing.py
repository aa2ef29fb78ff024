"""Queries that keep the index of words (README, "How words are found")."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pegboard.kernel.db import Row, UnitOfWork, sql

LEVELS = ((4, 16_384), (3, 4_096), (2, 512), (1, 64))
"""Sizes of segments that are not added to any more. Segments of the level 0 are made of what is new each time."""
RECENT, PATCH = 0, 9
_RECENT_SEGMENTS = 8
_ROWS_AT_ONCE = 256
_SMALLEST = LEVELS[-1][1]

# Never waits for an indexer that holds one of the conversations: the relay has others to tell. The indexer looks at the
# head once more when it is done; what slips through is indexed with the next message, and found until then.
_BEGIN = sql("""
    INSERT INTO message_indexing (org_id, conversation_id, pending_since)
    SELECT :org_id, conversation, CAST(:at AS timestamptz)
    FROM unnest(CAST(:conversations AS uuid[])) AS conversation
    WHERE NOT EXISTS (SELECT FROM message_indexing x WHERE x.org_id = :org_id AND x.conversation_id = conversation)
    ORDER BY conversation ON CONFLICT DO NOTHING
""")
_MARK = sql("""
    UPDATE message_indexing x SET pending_since = :at
    FROM (SELECT conversation_id FROM message_indexing
          WHERE org_id = :org_id AND conversation_id = ANY(CAST(:conversations AS uuid[])) AND pending_since IS NULL
          ORDER BY conversation_id FOR UPDATE SKIP LOCKED) AS idle
    WHERE x.org_id = :org_id AND x.conversation_id = idle.conversation_id
""")
_CLAIM = sql("""
    SELECT x.conversation_id, x.indexed_seq, x.pending_since, c.head_seq,
           (SELECT count(*) FROM message_segments s
            WHERE s.org_id = x.org_id AND s.conversation_id = x.conversation_id AND s.level = 0
              AND s.from_seq > x.indexed_seq - :smallest) AS recent
    FROM message_indexing x JOIN conversations c ON c.org_id = x.org_id AND c.id = x.conversation_id
    WHERE x.org_id = :org_id AND x.pending_since IS NOT NULL
    ORDER BY x.pending_since LIMIT :limit FOR UPDATE OF x SKIP LOCKED
""")
_PENDING = sql("""
    SELECT min(pending_since) AS since, count(*) AS conversations FROM message_indexing
    WHERE org_id = :org_id AND pending_since IS NOT NULL
""")
_INDEXED = sql("""
    SELECT conversation_id, indexed_seq FROM message_indexing
    WHERE org_id = :org_id AND conversation_id = ANY(CAST(:conversations AS uuid[]))
    ORDER BY conversation_id FOR UPDATE
""")
_READ = sql("""
    SELECT r.n, m.seq, m.kind, m.content, m.sent_at
    FROM unnest(CAST(:conversations AS uuid[]), CAST(:froms AS bigint[]), CAST(:tos AS bigint[]))
        WITH ORDINALITY AS r (conversation, from_seq, to_seq, n)
    CROSS JOIN LATERAL (
        SELECT seq, kind, content, sent_at FROM messages
        WHERE org_id = :org_id AND conversation_id = r.conversation AND seq BETWEEN r.from_seq AND r.to_seq
        OFFSET 0
    ) AS m
    ORDER BY r.n, m.seq
""")
_CLEAR = sql("""
    DELETE FROM message_segments s
    USING unnest(CAST(:conversations AS uuid[]), CAST(:froms AS bigint[]), CAST(:tos AS bigint[]))
        AS r (conversation, from_seq, to_seq)
    WHERE s.org_id = :org_id AND s.conversation_id = r.conversation
      AND s.from_seq BETWEEN r.from_seq AND r.to_seq AND s.to_seq <= r.to_seq
""")
_CLEAR_PATCHES = sql("""
    DELETE FROM message_segments s
    USING unnest(CAST(:conversations AS uuid[]), CAST(:froms AS bigint[])) AS r (conversation, from_seq)
    WHERE s.org_id = :org_id AND s.conversation_id = r.conversation AND s.from_seq = r.from_seq AND s.level = 9
""")
_WRITE_SEGMENTS = sql("""
    INSERT INTO message_segments (org_id, conversation_id, from_seq, level, to_seq, shards, first_at, last_at)
    SELECT :org_id, s.* FROM unnest(CAST(:conversations AS uuid[]), CAST(:froms AS bigint[]),
        CAST(:levels AS smallint[]), CAST(:tos AS bigint[]), CAST(:shards AS int[]),
        CAST(:firsts AS timestamptz[]), CAST(:lasts AS timestamptz[])) AS s
""")
_WRITE_WORDS = sql("""
    INSERT INTO message_words (org_id, conversation_id, from_seq, level, shard, words)
    SELECT :org_id, w.* FROM unnest(CAST(:conversations AS uuid[]), CAST(:froms AS bigint[]),
        CAST(:levels AS smallint[]), CAST(:shards AS int[]), CAST(:words AS text[])) AS w
""")
_ADVANCE = sql("""
    UPDATE message_indexing x
    SET indexed_seq = w.indexed, pending_since = CASE WHEN c.head_seq > w.indexed THEN x.pending_since END
    FROM unnest(CAST(:conversations AS uuid[]), CAST(:indexed AS bigint[])) AS w (conversation, indexed)
    JOIN conversations c ON c.org_id = :org_id AND c.id = w.conversation
    WHERE x.org_id = :org_id AND x.conversation_id = w.conversation
""")
_HOLD_ALL = sql("SELECT 1 FROM message_indexing WHERE org_id = :org_id ORDER BY conversation_id FOR UPDATE")
_FORGET_WORDS = sql("DELETE FROM message_words WHERE org_id = :org_id")
_FORGET_SEGMENTS = sql("DELETE FROM message_segments WHERE org_id = :org_id")
_BEGIN_AGAIN = sql("""
    INSERT INTO message_indexing (org_id, conversation_id, indexed_seq, pending_since)
    SELECT org_id, id, 0, :at FROM conversations WHERE org_id = :org_id AND head_seq > 0
    ON CONFLICT (org_id, conversation_id) DO UPDATE SET indexed_seq = 0, pending_since = excluded.pending_since
""")
_MESSAGES = sql("SELECT coalesce(sum(head_seq), 0)::bigint FROM conversations WHERE org_id = :org_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Messages of one conversation that make one segment."""

    conversation_id: UUID
    level: int
    from_seq: int
    to_seq: int

    @property
    def length(self) -> int:
        """How many messages."""
        return self.to_seq - self.from_seq + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """A conversation that is not in the index up to its head; `recent` are its segments of the level 0."""

    conversation_id: UUID
    indexed_seq: int
    head_seq: int
    pending_since: datetime
    recent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The words of a run, packed in rows of (number, text)."""

    run: Run
    shards: int
    rows: Sequence[tuple[int, str]]
    first_at: datetime
    last_at: datetime


def runs_to_index(conversation_id: UUID, indexed: int, head: int, recent: int) -> list[Run]:
    """The segments that are missing when a conversation that was indexed to `indexed` shall be to `head`.

    Together with those below, they hold each message once: full runs of the largest size, then of the next, and one
    of what is left. Each takes the place of all segments within it.
    """
    found = []
    at = indexed // LEVELS[0][1] * LEVELS[0][1]
    for level, size in LEVELS:
        while at + size <= head:
            if at + size > indexed:
                found.append(Run(conversation_id=conversation_id, level=level, from_seq=at + 1, to_seq=at + size))
            at += size
    if at < head and indexed < head:
        first = at if recent >= _RECENT_SEGMENTS else max(at, indexed)
        found.append(Run(conversation_id=conversation_id, level=RECENT, from_seq=first + 1, to_seq=head))
    return found


async def mark_behind(uow: UnitOfWork, conversations: Collection[UUID], at: datetime) -> None:
    """These conversations have messages that the index has not."""
    await uow.execute(_BEGIN, conversations=list(conversations), at=at)
    await uow.execute(_MARK, conversations=list(conversations), at=at)


async def claim_behind(uow: UnitOfWork, limit: int) -> list[Behind]:
    """Conversations that are behind, the longest first, held until the commit; not those that somebody else holds."""
    return [Behind(**row) for row in await uow.rows(_CLAIM, limit=limit, smallest=_SMALLEST)]


async def pending(uow: UnitOfWork) -> tuple[datetime | None, int]:
    """Since when the index has been behind, and in how many conversations."""
    row = await uow.one(_PENDING)
    return (row["since"], row["conversations"]) if row else (None, 0)


async def hold_indexed(uow: UnitOfWork, conversations: Collection[UUID]) -> dict[UUID, int]:
    """How far these conversations are in the index, held until the commit."""
    rows = await uow.rows(_INDEXED, conversations=list(conversations))
    return {row["conversation_id"]: row["indexed_seq"] for row in rows}


async def messages_in(uow: UnitOfWork, runs: Sequence[Run]) -> list[Row]:
    """The messages of these runs: n (the run's number, from 1), seq, kind, content, sent_at."""
    return await uow.rows(_READ, **_places(runs))


async def write_segments(uow: UnitOfWork, runs: Sequence[Run], segments: Sequence[Segment]) -> None:
    """Put these in the place of all segments within the runs."""
    await uow.execute(_CLEAR, **_places(runs))
    await _insert(uow, segments)


async def write_patches(uow: UnitOfWork, runs: Sequence[Run], segments: Sequence[Segment]) -> None:
    """Segments of single messages beside those that they stand in already."""
    await uow.execute(
        _CLEAR_PATCHES, conversations=[run.conversation_id for run in runs], froms=[run.from_seq for run in runs]
    )
    await _insert(uow, segments)


async def _insert(uow: UnitOfWork, segments: Sequence[Segment]) -> None:
    if not segments:
        return
    await uow.execute(
        _WRITE_SEGMENTS,
        **_keys(segment.run for segment in segments),
        tos=[segment.run.to_seq for segment in segments],
        shards=[segment.shards for segment in segments],
        firsts=[segment.first_at for segment in segments],
        lasts=[segment.last_at for segment in segments],
    )
    rows = [(segment.run, *row) for segment in segments for row in segment.rows]
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[start : start + _ROWS_AT_ONCE]
        await uow.execute(
            _WRITE_WORDS,
            **_keys(run for run, _, _ in some),
            shards=[shard for _, shard, _ in some],
            words=[words for _, _, words in some],
        )


async def advance(uow: UnitOfWork, reached: Sequence[tuple[Behind, int]]) -> None:
    """These conversations are in the index up to here; those at their head are not behind any more."""
    await uow.execute(
        _ADVANCE,
        conversations=[behind.conversation_id for behind, _ in reached],
        indexed=[seq for _, seq in reached],
    )


async def begin_again(uow: UnitOfWork) -> int:
    """Forget the organisation's whole index: every conversation is behind from its first message on; how many
    messages there are.
    """
    await uow.rows(_HOLD_ALL)
    await uow.execute(_FORGET_WORDS)
    await uow.execute(_FORGET_SEGMENTS)
    await uow.execute(_BEGIN_AGAIN, at=uow.now())
    messages: int = await uow.value(_MESSAGES)
    return messages


def _places(runs: Sequence[Run]) -> dict[str, Any]:
    return {
        "conversations": [run.conversation_id for run in runs],
        "froms": [run.from_seq for run in runs],
        "tos": [run.to_seq for run in runs],
    }


def _keys(runs: Iterable[Run]) -> dict[str, Any]:
    runs = list(runs)
    return {
        "conversations": [run.conversation_id for run in runs],
        "froms": [run.from_seq for run in runs],
        "levels": [run.level for run in runs],
    }
