"""Queries that find messages by their words (README, "How words are found")."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pegboard.kernel.db import Row, UnitOfWork, sql
from pegboard.kernel.ids import MemberId
from pegboard.modules.messaging.analysis import Term
from pegboard.modules.messaging.packing import fingerprint, needle, offsets_beginning_with, unpack
from pegboard.modules.messaging.store.messages import as_message
from pegboard.modules.messaging.views import MessageRow

# The same stretch as policy.reading grants; what is found passes through that, too.
_READABLE = sql("""
    SELECT p.conversation_id, c.head_seq, c.last_at, coalesce(x.indexed_seq, 0) AS indexed_seq,
           CASE WHEN coalesce(CAST(c.rules ->> 'history_for_new' AS boolean), true) THEN 1 ELSE p.joined_seq END
               AS first_seq
    FROM participants p
    JOIN conversations c ON c.org_id = p.org_id AND c.id = p.conversation_id
    LEFT JOIN message_indexing x ON x.org_id = p.org_id AND x.conversation_id = p.conversation_id
    WHERE p.org_id = :org_id AND p.member_id = :member_id AND p.left_seq IS NULL
      AND (CAST(:only AS uuid) IS NULL OR p.conversation_id = :only)
""")
# OFFSET and LIMIT keep the planner from reading the organisation's whole index where many rows are asked for at once.
_SEGMENTS = sql("""
    SELECT r.conversation AS conversation_id, s.*
    FROM unnest(CAST(:conversations AS uuid[]), CAST(:firsts AS bigint[])) AS r (conversation, first_seq)
    CROSS JOIN LATERAL (
        SELECT from_seq, to_seq, level, shards, last_at FROM message_segments
        WHERE org_id = :org_id AND conversation_id = r.conversation
          AND to_seq >= r.first_seq AND first_at <= :until AND last_at >= :since
        OFFSET 0
    ) AS s
    ORDER BY s.last_at DESC, r.conversation DESC, s.to_seq DESC LIMIT :limit
""")
# The number of the row is computed apart: behind row-level security only plain values may be looked up in an index.
_WORDS = sql("""
    WITH asked AS MATERIALIZED (
        SELECT s.conversation, s.from_seq, s.level, s.n AS segment, t.n AS term, t.needle, t.whole,
               t.fingerprint & (s.shards - 1) AS shard
        FROM unnest(CAST(:conversations AS uuid[]), CAST(:froms AS bigint[]), CAST(:levels AS smallint[]),
                    CAST(:shards AS int[])) WITH ORDINALITY AS s (conversation, from_seq, level, shards, n)
        CROSS JOIN unnest(CAST(:needles AS text[]), CAST(:fingerprints AS int[]), CAST(:wholes AS boolean[]))
            WITH ORDINALITY AS t (needle, fingerprint, whole, n)
    )
    SELECT a.segment, a.term,
           CASE WHEN a.whole THEN split_part(split_part(w.words, a.needle, 2), chr(1), 1) ELSE w.words END AS found
    FROM asked a
    CROSS JOIN LATERAL (
        SELECT words FROM message_words
        WHERE org_id = :org_id AND conversation_id = a.conversation AND from_seq = a.from_seq AND level = a.level
          AND shard = a.shard
        LIMIT 1
    ) AS w
    WHERE strpos(w.words, a.needle) > 0
""")
_AT = sql("""
    SELECT m.* FROM unnest(CAST(:conversations AS uuid[]), CAST(:seqs AS bigint[])) AS w (conversation, seq)
    CROSS JOIN LATERAL (
        SELECT * FROM messages WHERE org_id = :org_id AND conversation_id = w.conversation AND seq = w.seq LIMIT 1
    ) AS m
""")
_SENT_AT = sql("""
    SELECT m.* FROM unnest(CAST(:conversations AS uuid[]), CAST(:seqs AS bigint[])) AS w (conversation, seq)
    CROSS JOIN LATERAL (
        SELECT conversation_id, seq, sent_at FROM messages
        WHERE org_id = :org_id AND conversation_id = w.conversation AND seq = w.seq LIMIT 1
    ) AS m
""")
_SEGMENTS_LOOKED_THROUGH = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Readable:
    """A conversation that somebody is in: what they may read of it, and how much of it is in the index."""

    conversation_id: UUID
    head_seq: int
    last_at: datetime
    indexed_seq: int
    first_seq: int


async def readable(uow: UnitOfWork, member_id: MemberId, only: UUID | None) -> list[Readable]:
    """What the member may search through now."""
    return [Readable(**row) for row in await uow.rows(_READABLE, member_id=member_id, only=only)]


async def indexed_runs(
    uow: UnitOfWork, conversations: Sequence[Readable], *, since: datetime, until: datetime
) -> list[Row]:
    """The segments with messages of these times, those with the newest messages first: conversation_id, from_seq,
    to_seq, level, shards, last_at. They may be many, so they stay rows.
    """
    return await uow.rows(
        _SEGMENTS,
        conversations=[each.conversation_id for each in conversations],
        firsts=[each.first_seq for each in conversations],
        since=since,
        until=until,
        limit=_SEGMENTS_LOOKED_THROUGH,
    )


async def seqs_with(uow: UnitOfWork, runs: Sequence[Row], terms: Sequence[Term]) -> dict[int, list[int]]:
    """The messages that have all these words, by the number of their run, the newest first."""
    rows = await uow.rows(
        _WORDS,
        conversations=[run["conversation_id"] for run in runs],
        froms=[run["from_seq"] for run in runs],
        levels=[run["level"] for run in runs],
        shards=[run["shards"] for run in runs],
        needles=[needle(term) for term in terms],
        fingerprints=[fingerprint(term.text) for term in terms],
        wholes=[term.whole for term in terms],
    )
    found: dict[int, list[tuple[Term, str]]] = {}
    for row in rows:
        found.setdefault(row["segment"] - 1, []).append((terms[row["term"] - 1], row["found"]))
    answer = {}
    for number, each in found.items():
        if len(each) < len(terms):
            continue
        sets = [
            set(unpack(packed)) if term.whole else offsets_beginning_with(packed, term.text) for term, packed in each
        ]
        if offsets := set.intersection(*sets):
            first = runs[number]["from_seq"]
            answer[number] = [first + offset for offset in sorted(offsets, reverse=True)]
    return answer


async def messages_at(uow: UnitOfWork, places: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int], MessageRow]:
    """The messages of these (conversation, seq)."""
    rows = await uow.rows(_AT, conversations=[each for each, _ in places], seqs=[seq for _, seq in places])
    return {(row["conversation_id"], row["seq"]): as_message(row) for row in rows}


async def sent_at(uow: UnitOfWork, places: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int], datetime]:
    """When the messages of these (conversation, seq) were sent."""
    rows = await uow.rows(_SENT_AT, conversations=[each for each, _ in places], seqs=[seq for _, seq in places])
    return {(row["conversation_id"], row["seq"]): row["sent_at"] for row in rows}
