"""Cursors, and what is computed from them: who has read a message, who has not, and how many."""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

from pegboard.kernel.db import Row, UnitOfWork, sql
from pegboard.kernel.db.database import Connection
from pegboard.kernel.ids import MemberId, OrgId
from pegboard.modules.messaging.models import EVERYBODY
from pegboard.modules.messaging.views import CursorMove, MessageRow, New

MERGED_WITHIN = timedelta(minutes=1)
UNREAD_COUNTED_TO = 100

# A cursor stands with its last move in one row: a move within a minute of the last goes on with it, a later one
# first puts the last away into cursor_moves. `old` and `new` in RETURNING are PostgreSQL 18's. `wanted` is made first,
# or the planner goes through everybody in the conversation to find the one.
_MOVE = sql("""
    WITH wanted AS MATERIALIZED (
        SELECT w.org, w.conversation, w.member, least(coalesce(w.seq, c.head_seq), c.head_seq) AS seq, c.reply_seq,
               CASE WHEN w.seq IS NULL THEN c.reply_seq ELSE 0 END AS threads_seq
        FROM unnest(CAST(:orgs AS uuid[]), CAST(:conversations AS uuid[]), CAST(:members AS uuid[]),
                    CAST(:seqs AS bigint[])) AS w (org, conversation, member, seq)
        JOIN conversations c ON c.org_id = w.org AND c.id = w.conversation
    ),
    moved AS (
        UPDATE participants p
        SET cursor_seq = greatest(p.cursor_seq, w.seq),
            moved_from = CASE WHEN p.cursor_seq >= w.seq OR p.moved_at > :merge_after
                         THEN p.moved_from ELSE p.cursor_seq END,
            moved_at = CASE WHEN p.cursor_seq >= w.seq THEN p.moved_at ELSE :at END,
            threads_read_seq = greatest(p.threads_read_seq, w.threads_seq),
            threads_moved_from = CASE WHEN p.threads_read_seq >= w.threads_seq OR p.threads_moved_at > :merge_after
                                 THEN p.threads_moved_from ELSE p.threads_read_seq END,
            threads_moved_at = CASE WHEN p.threads_read_seq >= w.threads_seq THEN p.threads_moved_at ELSE :at END,
            marked_unread = false
        FROM wanted w
        WHERE p.org_id = w.org AND p.conversation_id = w.conversation AND p.member_id = w.member
          AND p.left_seq IS NULL AND (p.cursor_seq < w.seq OR p.threads_read_seq < w.threads_seq)
        RETURNING p.org_id, p.conversation_id, p.member_id, old.cursor_seq AS was, new.cursor_seq AS now,
                  old.moved_from AS old_from, old.moved_at AS old_at,
                  old.threads_read_seq AS threads_was, new.threads_read_seq AS threads_now,
                  old.threads_moved_from AS old_threads_from, old.threads_moved_at AS old_threads_at,
                  w.reply_seq
    ),
    put_away AS (
        INSERT INTO cursor_moves (org_id, conversation_id, member_id, to_seq, from_seq, at)
        SELECT org_id, conversation_id, member_id, was, old_from, old_at FROM moved
        WHERE now > was AND old_at <= :merge_after AND was > old_from
        ON CONFLICT DO NOTHING
    ),
    threads_put_away AS (
        INSERT INTO thread_moves (org_id, conversation_id, member_id, root_seq, to_seq, from_seq, at)
        SELECT org_id, conversation_id, member_id, 0, threads_was, old_threads_from, old_threads_at FROM moved
        WHERE threads_now > threads_was AND old_threads_at <= :merge_after AND threads_was > old_threads_from
        ON CONFLICT DO NOTHING
    )
    SELECT org_id, conversation_id, member_id, was, now, threads_was, threads_now, reply_seq FROM moved
""")
# Where those stand whose cursors did not move.
_CURSORS = sql("""
    WITH wanted AS MATERIALIZED (
        SELECT w.org, w.conversation, w.member, c.reply_seq
        FROM unnest(CAST(:orgs AS uuid[]), CAST(:conversations AS uuid[]), CAST(:members AS uuid[]))
            AS w (org, conversation, member)
        JOIN conversations c ON c.org_id = w.org AND c.id = w.conversation
    )
    SELECT p.org_id, p.conversation_id, p.member_id, p.cursor_seq AS was, p.cursor_seq AS now,
           p.threads_read_seq AS threads_was, p.threads_read_seq AS threads_now, w.reply_seq
    FROM wanted w
    JOIN participants p ON p.org_id = w.org AND p.conversation_id = w.conversation AND p.member_id = w.member
    WHERE p.left_seq IS NULL
""")
# What is new for a member `p` of a conversation `c`: `n.main` in the main line, and what calls them, by why. A call
# in the main line is new above their cursor; one in a thread until they have read so far in the thread. Whoever has
# read everything costs two looks at `c` and `p`.
NEW_FOR = f"""
    LEFT JOIN LATERAL (
        SELECT count(*) AS main FROM (
            SELECT 1 FROM messages m
            WHERE c.head_seq > p.cursor_seq
              AND m.org_id = p.org_id AND m.conversation_id = p.conversation_id
              AND m.seq > greatest(p.cursor_seq, p.joined_seq - 1)
              AND (m.thread_seq IS NULL OR m.also_in_main)
              AND m.sender_id IS DISTINCT FROM p.member_id AND m.kind <> 'system'
            LIMIT {UNREAD_COUNTED_TO}) AS counted
    ) AS n ON true
    LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE why = 'mention') AS mention,
               count(*) FILTER (WHERE why = 'reply') AS reply,
               count(*) FILTER (WHERE why = 'mention_all') AS mention_all,
               count(*) FILTER (WHERE in_thread) AS in_threads
        FROM (
            SELECT DISTINCT ON (seq) seq, why, in_thread FROM (
                SELECT t.seq, t.member_id, t.why, false AS in_thread FROM mentions t
                WHERE c.head_seq > p.cursor_seq
                  AND t.org_id = p.org_id AND t.conversation_id = p.conversation_id
                  AND t.member_id = ANY(ARRAY[p.member_id, CAST('{EVERYBODY}' AS uuid)])
                  AND t.seq > greatest(p.cursor_seq, p.joined_seq - 1)
                  AND t.sender_id <> p.member_id AND t.thread_seq IS NULL
                UNION ALL
                SELECT t.seq, t.member_id, t.why, true FROM mentions t
                WHERE c.reply_seq > p.threads_read_seq
                  AND t.org_id = p.org_id AND t.conversation_id = p.conversation_id
                  AND t.member_id = ANY(ARRAY[p.member_id, CAST('{EVERYBODY}' AS uuid)])
                  AND t.seq > greatest(p.threads_read_seq, p.joined_seq - 1)
                  AND t.sender_id <> p.member_id AND t.thread_seq IS NOT NULL
                  AND NOT EXISTS (
                      SELECT FROM thread_readers r
                      WHERE r.org_id = t.org_id AND r.conversation_id = t.conversation_id
                        AND r.root_seq = t.thread_seq AND r.member_id = p.member_id AND r.read_seq >= t.seq)
            ) AS calls
            ORDER BY seq, member_id DESC  -- by name before everybody
            LIMIT {UNREAD_COUNTED_TO}
        ) AS called
    ) AS a ON true
"""
NEW_COLUMNS = "n.main, a.mention, a.reply, a.mention_all, a.in_threads"
_UNREAD = sql(f"""
    SELECT c.head_seq, c.kind, p.cursor_seq, p.threads_read_seq, p.muted_until, {NEW_COLUMNS}
    FROM participants p JOIN conversations c ON c.org_id = p.org_id AND c.id = p.conversation_id
    {NEW_FOR}
    WHERE p.org_id = :org_id AND p.conversation_id = :conversation_id AND p.member_id = :member_id
""")
# Everybody grouped, and (with a member_id) the senders' own places once more.
_GROUPS = sql("""
    WITH stretches AS (
        SELECT member_id, cursor_seq, joined_seq, left_seq FROM participants
        WHERE org_id = :org_id AND conversation_id = :conversation_id
        UNION ALL
        SELECT h.member_id, coalesce(h.read_seq, p.cursor_seq), h.joined_seq, h.left_seq FROM past_participations h
        JOIN participants p
            ON p.org_id = h.org_id AND p.conversation_id = h.conversation_id AND p.member_id = h.member_id
        WHERE h.org_id = :org_id AND h.conversation_id = :conversation_id
    )
    SELECT CAST(NULL AS uuid) AS member_id, cursor_seq, joined_seq, left_seq, count(*) AS people FROM stretches
    GROUP BY cursor_seq, joined_seq, left_seq
    UNION ALL
    SELECT member_id, cursor_seq, joined_seq, left_seq, 1 FROM stretches
    WHERE member_id = ANY(CAST(:members AS uuid[]))
""")
# The same for replies that stand in threads only: first by the cursor of all threads at once (root_seq null), then,
# for some threads, those whose own cursor in it is ahead of that: they have read above_seq < seq <= cursor_seq too.
_THREAD_GROUPS = sql("""
    WITH stretches AS MATERIALIZED (
        SELECT member_id, threads_read_seq AS base_seq, joined_seq, left_seq, false AS frozen FROM participants
        WHERE org_id = :org_id AND conversation_id = :conversation_id
        UNION ALL
        SELECT h.member_id, coalesce(h.threads_read_seq, p.threads_read_seq), h.joined_seq, h.left_seq,
               h.threads_read_seq IS NOT NULL
        FROM past_participations h
        JOIN participants p
            ON p.org_id = h.org_id AND p.conversation_id = h.conversation_id AND p.member_id = h.member_id
        WHERE h.org_id = :org_id AND h.conversation_id = :conversation_id
    ),
    ahead AS MATERIALIZED (
        SELECT s.member_id, r.root_seq, r.read_seq, s.base_seq, s.joined_seq, s.left_seq
        FROM thread_readers r JOIN stretches s ON s.member_id = r.member_id AND NOT s.frozen
        WHERE r.org_id = :org_id AND r.conversation_id = :conversation_id
          AND r.root_seq = ANY(CAST(:roots AS bigint[])) AND r.read_seq > s.base_seq
        UNION ALL
        SELECT s.member_id, r.root_seq, r.read_seq, s.base_seq, s.joined_seq, s.left_seq
        FROM past_thread_readers r
        JOIN stretches s ON s.member_id = r.member_id AND s.frozen AND s.joined_seq = r.joined_seq
        WHERE r.org_id = :org_id AND r.conversation_id = :conversation_id
          AND r.root_seq = ANY(CAST(:roots AS bigint[])) AND r.read_seq > s.base_seq
    )
    SELECT CAST(NULL AS uuid) AS member_id, CAST(NULL AS bigint) AS root_seq, base_seq AS cursor_seq,
           CAST(0 AS bigint) AS above_seq, joined_seq, left_seq, count(*) AS people
    FROM stretches GROUP BY base_seq, joined_seq, left_seq
    UNION ALL
    SELECT member_id, NULL, base_seq, 0, joined_seq, left_seq, 1 FROM stretches
    WHERE member_id = ANY(CAST(:members AS uuid[]))
    UNION ALL
    SELECT NULL, root_seq, read_seq, base_seq, joined_seq, left_seq, count(*) FROM ahead
    GROUP BY root_seq, read_seq, base_seq, joined_seq, left_seq
    UNION ALL
    SELECT member_id, root_seq, read_seq, base_seq, joined_seq, left_seq, 1 FROM ahead
    WHERE member_id = ANY(CAST(:members AS uuid[]))
""")
_SENDERS_BETWEEN = """
    SELECT seq, sender_id, CASE WHEN NOT also_in_main THEN thread_seq END AS root_seq FROM messages
    WHERE org_id = :org_id AND conversation_id = :conversation_id AND seq > :above AND seq <= :up_to
      AND sender_id IS NOT NULL AND {line}
    ORDER BY seq DESC LIMIT :limit
"""
_SENDERS_IN_MAIN = sql(_SENDERS_BETWEEN.format(line="(thread_seq IS NULL OR also_in_main)"))
_SENDERS_IN_THREADS = sql(_SENDERS_BETWEEN.format(line="thread_seq IS NOT NULL AND NOT also_in_main"))
_SENDERS_IN_THREAD = sql(_SENDERS_BETWEEN.format(line="thread_seq = :root_seq AND NOT also_in_main"))
# The stretch in which a message found somebody is the present or last one, or one of the past (`h`), whose cursors
# may have been kept as they were when it ended.
_COUNTED = """
    participants p
    LEFT JOIN past_participations h
        ON h.org_id = p.org_id AND h.conversation_id = p.conversation_id AND h.member_id = p.member_id
        AND h.joined_seq <= :seq AND h.left_seq > :seq
    {more}
    WHERE p.org_id = :org_id AND p.conversation_id = :conversation_id
      AND p.member_id IS DISTINCT FROM CAST(:sender_id AS uuid)
      AND (h.member_id IS NOT NULL OR p.joined_seq <= :seq AND (p.left_seq IS NULL OR p.left_seq > :seq))
"""
_PAGE = "(CAST(:after AS uuid) IS NULL OR p.member_id > :after) ORDER BY p.member_id LIMIT :limit"
_READERS = sql(f"""
    SELECT c.member_id, c.read_seq >= :seq AS has_read, c.has_left,
           CASE WHEN c.read_seq >= :seq AND c.moved_from < :seq THEN c.moved_at
                WHEN c.read_seq >= :seq THEN
                    (SELECT v.at FROM cursor_moves v
                     WHERE v.org_id = :org_id AND v.conversation_id = :conversation_id
                       AND v.member_id = c.member_id AND v.to_seq >= :seq AND v.from_seq < :seq
                     ORDER BY v.to_seq LIMIT 1)
           END AS read_at
    FROM (SELECT p.member_id, coalesce(h.read_seq, p.cursor_seq) AS read_seq, p.moved_from, p.moved_at,
                 p.left_seq IS NOT NULL AS has_left
          FROM {_COUNTED.format(more="")} AND {_PAGE}) AS c
""")
_THREAD_MOVE = """
    (SELECT v.at FROM thread_moves v
     WHERE v.org_id = :org_id AND v.conversation_id = :conversation_id AND v.member_id = c.member_id
       AND v.root_seq = {root} AND v.to_seq >= :seq AND v.from_seq < :seq
     ORDER BY v.to_seq LIMIT 1)
"""
_OWN_THREAD_CURSORS = """
    LEFT JOIN thread_readers r
        ON r.org_id = p.org_id AND r.conversation_id = p.conversation_id AND r.member_id = p.member_id
        AND r.root_seq = :root_seq
    LEFT JOIN past_thread_readers x
        ON x.org_id = p.org_id AND x.conversation_id = p.conversation_id AND x.member_id = p.member_id
        AND x.root_seq = :root_seq AND x.joined_seq = h.joined_seq
"""
_THREAD_READERS = sql(f"""
    SELECT c.member_id, greatest(c.base_seq, c.own_seq) >= :seq AS has_read, c.has_left,
           least(CASE WHEN c.base_seq >= :seq AND c.threads_moved_from < :seq THEN c.threads_moved_at
                      WHEN c.base_seq >= :seq THEN {_THREAD_MOVE.format(root="0")} END,
                 CASE WHEN c.own_seq >= :seq AND c.moved_from < :seq THEN c.moved_at
                      WHEN c.own_seq >= :seq THEN {_THREAD_MOVE.format(root=":root_seq")} END) AS read_at
    FROM (SELECT p.member_id, coalesce(h.threads_read_seq, p.threads_read_seq) AS base_seq,
                 CASE WHEN h.threads_read_seq IS NULL THEN r.read_seq ELSE x.read_seq END AS own_seq,
                 p.threads_moved_from, p.threads_moved_at, r.moved_from, r.moved_at,
                 p.left_seq IS NOT NULL AS has_left
          FROM {_COUNTED.format(more=_OWN_THREAD_CURSORS)} AND {_PAGE}) AS c
""")
_TOTAL = sql(f"SELECT count(*) FROM {_COUNTED.format(more='')}")
_FORGET = sql("""
    DELETE FROM cursor_moves WHERE org_id = :org_id AND at < :before
""")


def merge_after(at: datetime) -> datetime:
    """A move goes on with one that is younger than this."""
    return at - MERGED_WITHIN


async def move_cursors(
    connection: Connection, wanted: Mapping[tuple[OrgId, UUID, MemberId], int | None], at: datetime
) -> dict[tuple[OrgId, UUID, MemberId], CursorMove]:
    """Move cursors forward, never beyond the head (None: to it, in all threads too) and never back; where they stand.

    Somebody who is not in the conversation is absent from the answer.
    """
    ordered = sorted(wanted)
    how = {"seqs": [wanted[key] for key in ordered], "merge_after": merge_after(at), "at": at}
    moves = _moves(await connection.fetch(_MOVE.sql, *_MOVE.arguments(_columns(ordered) | how)))
    if still := [key for key in ordered if key not in moves]:
        moves |= _moves(await connection.fetch(_CURSORS.sql, *_CURSORS.arguments(_columns(still))))
    return moves


_Key = tuple[OrgId, UUID, MemberId]


def _columns(keys: Sequence[_Key]) -> dict[str, Any]:
    orgs, conversations, members = zip(*keys, strict=True)
    return {"orgs": orgs, "conversations": conversations, "members": members}


def _moves(rows: Sequence[Row]) -> dict[_Key, CursorMove]:
    return {
        (row["org_id"], row["conversation_id"], row["member_id"]): CursorMove(
            org_id=row["org_id"],
            conversation_id=row["conversation_id"],
            member_id=row["member_id"],
            from_seq=row["was"],
            to_seq=row["now"],
            threads_from_seq=row["threads_was"],
            threads_to_seq=row["threads_now"],
            reply_seq=row["reply_seq"],
        )
        for row in rows
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """How one member stands with a conversation at `head_seq`."""

    head_seq: int
    read_seq: int
    threads_read_seq: int
    direct: bool
    muted_until: datetime | None
    new: New


async def unread_of(uow: UnitOfWork, conversation_id: UUID, member_id: MemberId) -> Unread:
    """What is new for the member, without system messages and their own."""
    row = await uow.one(_UNREAD, conversation_id=conversation_id, member_id=member_id)
    if row is None:
        return Unread(head_seq=0, read_seq=0, threads_read_seq=0, direct=False, muted_until=None, new=New())
    return Unread(
        head_seq=row["head_seq"],
        read_seq=row["cursor_seq"],
        threads_read_seq=row["threads_read_seq"],
        direct=row["kind"] == "direct",
        muted_until=row["muted_until"],
        new=as_new(row),
    )


def as_new(row: Any) -> New:
    """A row with NEW_COLUMNS as a value."""
    return New(
        unread=min(row["main"] + row["in_threads"], UNREAD_COUNTED_TO),
        mention=row["mention"],
        reply=row["reply"],
        mention_all=row["mention_all"],
    )


@dataclass(frozen=True, slots=True)
class _Stretch:
    """`people` who were there for joined <= seq < left, and have read up to the cursor."""

    cursor_seq: int
    joined_seq: int
    left_seq: int | None
    people: int

    def counts_for(self, seq: int) -> bool:
        return self.joined_seq <= seq and (self.left_seq is None or seq < self.left_seq)


class ReaderGroups:
    """Everything that the counts of a page of messages need, from two queries.

    Who was there for the whole page (nearly everybody) is counted by bisection, the others one by one.
    """

    def __init__(
        self, from_seq: int, stretches: Sequence[_Stretch], senders: Mapping[MemberId, Sequence[_Stretch]]
    ) -> None:
        whole = sorted(
            (stretch for stretch in stretches if stretch.left_seq is None and stretch.joined_seq <= from_seq),
            key=lambda stretch: stretch.cursor_seq,
        )
        self._cursors = [stretch.cursor_seq for stretch in whole]
        self._people_below = [0, *accumulate(stretch.people for stretch in whole)]
        self._partial = [s for s in stretches if s.left_seq is not None or s.joined_seq > from_seq]
        self._senders = senders

    def counts(self, seq: int, sender_id: MemberId | None) -> tuple[int, int]:
        """(have read, should read) for one message of the page, its sender not counted."""
        everybody = self._people_below[-1]
        read, total = _count(self._partial, seq)
        read += everybody - self._people_below[bisect_left(self._cursors, seq)]
        total += everybody
        if sender_id is not None:
            own_read, own_total = _count(self._senders.get(sender_id, ()), seq)
            read, total = read - own_read, total - own_total
        return read, total


def _count(stretches: Sequence[_Stretch], seq: int) -> tuple[int, int]:
    there = [stretch for stretch in stretches if stretch.counts_for(seq)]
    return sum(s.people for s in there if s.cursor_seq >= seq), sum(s.people for s in there)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message whose readers are counted; `root_seq` is set for a reply that stands in its thread only."""

    seq: int
    sender_id: MemberId
    root_seq: int | None = None


@dataclass(frozen=True, slots=True)
class _Ahead:
    """`people` whose cursor in one thread is ahead: they have read above < seq <= cursor of it too."""

    above_seq: int
    stretch: _Stretch

    def people_for(self, seq: int) -> int:
        there = self.above_seq < seq <= self.stretch.cursor_seq and self.stretch.counts_for(seq)
        return self.stretch.people if there else 0


class ThreadGroups:
    """Like ReaderGroups, for replies that stand in their threads only."""

    def __init__(self, base: ReaderGroups, ahead: Mapping[tuple[int, MemberId | None], Sequence[_Ahead]]) -> None:
        self._base = base
        self._ahead = ahead

    def counts(self, seq: int, sender_id: MemberId | None, root_seq: int) -> tuple[int, int]:
        """(have read, should read) for one reply of the page, its sender not counted."""
        read, total = self._base.counts(seq, sender_id)
        read += sum(ahead.people_for(seq) for ahead in self._ahead.get((root_seq, None), ()))
        if sender_id is not None:
            read -= sum(ahead.people_for(seq) for ahead in self._ahead.get((root_seq, sender_id), ()))
        return read, total


class Readers:
    """The counts of some messages, of whatever line."""

    def __init__(self, main: ReaderGroups | None, threads: ThreadGroups | None) -> None:
        self._main = main
        self._threads = threads

    def counts(self, sent: Sent) -> tuple[int, int]:
        """(have read, should read) for one of these messages, its sender not counted."""
        if sent.root_seq is not None and self._threads is not None:
            return self._threads.counts(sent.seq, sent.sender_id, sent.root_seq)
        return self._main.counts(sent.seq, sent.sender_id) if self._main is not None else (0, 0)


async def readers_of(uow: UnitOfWork, conversation_id: UUID, messages: Collection[Sent]) -> Readers:
    """What the counts of these messages of one conversation need: one query, two where there are two kinds of lines."""
    in_main = [sent for sent in messages if sent.root_seq is None]
    in_threads = [sent for sent in messages if sent.root_seq is not None]
    main = await _main_groups(uow, conversation_id, in_main) if in_main else None
    threads = await _thread_groups(uow, conversation_id, in_threads) if in_threads else None
    return Readers(main, threads)


async def _main_groups(uow: UnitOfWork, conversation_id: UUID, messages: Collection[Sent]) -> ReaderGroups:
    everybody: list[_Stretch] = []
    by_sender: dict[MemberId, list[_Stretch]] = {}
    senders = list({sent.sender_id for sent in messages})
    for row in await uow.rows(_GROUPS, conversation_id=conversation_id, members=senders):
        stretch = _Stretch(row["cursor_seq"], row["joined_seq"], row["left_seq"], row["people"])
        if row["member_id"] is None:
            everybody.append(stretch)
        else:
            by_sender.setdefault(row["member_id"], []).append(stretch)
    return ReaderGroups(min(sent.seq for sent in messages), everybody, by_sender)


async def _thread_groups(uow: UnitOfWork, conversation_id: UUID, messages: Collection[Sent]) -> ThreadGroups:
    everybody: list[_Stretch] = []
    by_sender: dict[MemberId, list[_Stretch]] = {}
    ahead: dict[tuple[int, MemberId | None], list[_Ahead]] = {}
    senders = list({sent.sender_id for sent in messages})
    roots = list({sent.root_seq for sent in messages})
    for row in await uow.rows(_THREAD_GROUPS, conversation_id=conversation_id, members=senders, roots=roots):
        stretch = _Stretch(row["cursor_seq"], row["joined_seq"], row["left_seq"], row["people"])
        if row["root_seq"] is not None:
            ahead.setdefault((row["root_seq"], row["member_id"]), []).append(_Ahead(row["above_seq"], stretch))
        elif row["member_id"] is None:
            everybody.append(stretch)
        else:
            by_sender.setdefault(row["member_id"], []).append(stretch)
    return ThreadGroups(ReaderGroups(min(sent.seq for sent in messages), everybody, by_sender), ahead)


MAIN, ALL_THREADS = -1, 0
"""Lines to be read along, beside the roots of threads."""


async def sent_between(
    uow: UnitOfWork, conversation_id: UUID, line: int, above: int, up_to: int, limit: int
) -> list[Sent]:
    """The newest `limit` messages with above < seq <= up_to of the main line, of all threads, or of one by its root."""
    range_ = {"conversation_id": conversation_id, "above": above, "up_to": up_to, "limit": limit}
    if line == MAIN:
        rows = await uow.rows(_SENDERS_IN_MAIN, **range_)
    elif line == ALL_THREADS:
        rows = await uow.rows(_SENDERS_IN_THREADS, **range_)
    else:
        rows = await uow.rows(_SENDERS_IN_THREAD, **range_, root_seq=line)
    return [Sent(seq=row["seq"], sender_id=row["sender_id"], root_seq=row["root_seq"]) for row in rows]


async def readers_page(
    uow: UnitOfWork,
    conversation_id: UUID,
    message: MessageRow,
    *,
    after: UUID | None,
    limit: int,
) -> list[Row]:
    """The members that the message counts for, by id: member_id, has_read, read_at, has_left."""
    asked = {"conversation_id": conversation_id, "seq": message.seq, "sender_id": message.sender_id}
    if message.thread_only:
        return await uow.rows(_THREAD_READERS, **asked, root_seq=message.thread_seq, after=after, limit=limit)
    return await uow.rows(_READERS, **asked, after=after, limit=limit)


async def reader_total(uow: UnitOfWork, conversation_id: UUID, seq: int, sender_id: MemberId | None) -> int:
    """How many members the message counts for."""
    total: Any = await uow.value(_TOTAL, conversation_id=conversation_id, seq=seq, sender_id=sender_id)
    return int(total)


async def forget_read_times(uow: UnitOfWork, before: datetime) -> int:
    """Drop the moves of cursors before this; the cursors themselves stay."""
    return await uow.execute(_FORGET, before=before)
