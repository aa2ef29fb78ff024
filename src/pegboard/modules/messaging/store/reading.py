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
from pegboard.modules.messaging.views import CursorMove

MERGED_WITHIN = timedelta(minutes=1)
UNREAD_COUNTED_TO = 100

# A cursor stands with its last move in one row: a move within a minute of the last goes on with it, a later one
# first puts the last away into cursor_moves. `old` and `new` in RETURNING are PostgreSQL 18's. `wanted` is made first,
# or the planner goes through everybody in the conversation to find the one.
_MOVE = sql("""
    WITH wanted AS MATERIALIZED (
        SELECT w.org, w.conversation, w.member, least(coalesce(w.seq, c.head_seq), c.head_seq) AS seq
        FROM unnest(CAST(:orgs AS uuid[]), CAST(:conversations AS uuid[]), CAST(:members AS uuid[]),
                    CAST(:seqs AS bigint[])) AS w (org, conversation, member, seq)
        JOIN conversations c ON c.org_id = w.org AND c.id = w.conversation
    ),
    moved AS (
        UPDATE participants p
        SET cursor_seq = w.seq,
            moved_from = CASE WHEN p.moved_at > :merge_after THEN p.moved_from ELSE p.cursor_seq END,
            moved_at = :at,
            marked_unread = false
        FROM wanted w
        WHERE p.org_id = w.org AND p.conversation_id = w.conversation AND p.member_id = w.member
          AND p.left_seq IS NULL AND p.cursor_seq < w.seq
        RETURNING p.org_id, p.conversation_id, p.member_id, old.cursor_seq AS was, new.cursor_seq AS now,
                  old.moved_from AS old_from, old.moved_at AS old_at
    ),
    put_away AS (
        INSERT INTO cursor_moves (org_id, conversation_id, member_id, to_seq, from_seq, at)
        SELECT org_id, conversation_id, member_id, was, old_from, old_at FROM moved
        WHERE old_at <= :merge_after AND was > old_from
        ON CONFLICT DO NOTHING
    )
    SELECT p.org_id, p.conversation_id, p.member_id, coalesce(m.was, p.cursor_seq) AS was,
           coalesce(m.now, p.cursor_seq) AS now
    FROM unnest(CAST(:orgs AS uuid[]), CAST(:conversations AS uuid[]), CAST(:members AS uuid[]))
        AS w (org, conversation, member)
    JOIN participants p ON p.org_id = w.org AND p.conversation_id = w.conversation AND p.member_id = w.member
    LEFT JOIN moved m
        ON m.org_id = p.org_id AND m.conversation_id = p.conversation_id AND m.member_id = p.member_id
    WHERE p.left_seq IS NULL
""")
_UNREAD = sql("""
    SELECT c.head_seq, p.cursor_seq,
           greatest(p.mention_seq, c.all_mention_seq) > greatest(p.cursor_seq, p.joined_seq - 1) AS mentioned,
           (SELECT count(*) FROM (
                SELECT 1 FROM messages m
                WHERE m.org_id = p.org_id AND m.conversation_id = p.conversation_id
                  AND m.seq > greatest(p.cursor_seq, p.joined_seq - 1)
                  AND m.sender_id IS DISTINCT FROM p.member_id AND m.kind <> 'system'
                LIMIT :counted_to) AS counted) AS unread
    FROM participants p JOIN conversations c ON c.org_id = p.org_id AND c.id = p.conversation_id
    WHERE p.org_id = :org_id AND p.conversation_id = :conversation_id AND p.member_id = :member_id
""")
# Everybody grouped, and (with a member_id) the senders' own places once more.
_GROUPS = sql("""
    WITH stretches AS (
        SELECT member_id, cursor_seq, joined_seq, left_seq FROM participants
        WHERE org_id = :org_id AND conversation_id = :conversation_id
        UNION ALL
        SELECT h.member_id, p.cursor_seq, h.joined_seq, h.left_seq FROM past_participations h
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
_SENDERS_BETWEEN = sql("""
    SELECT seq, sender_id FROM messages
    WHERE org_id = :org_id AND conversation_id = :conversation_id AND seq > :above AND seq <= :up_to
      AND sender_id IS NOT NULL
    ORDER BY seq DESC LIMIT :limit
""")
_COUNTED = """
    SELECT p.member_id, p.cursor_seq, p.moved_from, p.moved_at, p.left_seq IS NOT NULL AS has_left
    FROM participants p
    WHERE p.org_id = :org_id AND p.conversation_id = :conversation_id
      AND p.member_id IS DISTINCT FROM CAST(:sender_id AS uuid)
      AND (p.joined_seq <= :seq AND (p.left_seq IS NULL OR p.left_seq > :seq)
           OR EXISTS (SELECT 1 FROM past_participations h
                      WHERE h.org_id = p.org_id AND h.conversation_id = p.conversation_id
                        AND h.member_id = p.member_id AND h.joined_seq <= :seq AND h.left_seq > :seq))
"""
_READERS = sql(f"""
    SELECT c.member_id, c.cursor_seq >= :seq AS has_read, c.has_left,
           CASE WHEN c.cursor_seq >= :seq AND c.moved_from < :seq THEN c.moved_at
                WHEN c.cursor_seq >= :seq THEN
                    (SELECT v.at FROM cursor_moves v
                     WHERE v.org_id = :org_id AND v.conversation_id = :conversation_id
                       AND v.member_id = c.member_id AND v.to_seq >= :seq AND v.from_seq < :seq
                     ORDER BY v.to_seq LIMIT 1)
           END AS read_at
    FROM ({_COUNTED}) AS c
    WHERE CAST(:after AS uuid) IS NULL OR c.member_id > :after
    ORDER BY c.member_id LIMIT :limit
""")
_TOTAL = sql(f"SELECT count(*) FROM ({_COUNTED}) AS c")
_FORGET = sql("""
    DELETE FROM cursor_moves WHERE org_id = :org_id AND at < :before
""")


def merge_after(at: datetime) -> datetime:
    """A move goes on with one that is younger than this."""
    return at - MERGED_WITHIN


async def move_cursors(
    connection: Connection, wanted: Mapping[tuple[OrgId, UUID, MemberId], int | None], at: datetime
) -> dict[tuple[OrgId, UUID, MemberId], CursorMove]:
    """Move cursors forward, never beyond the head (None: to it) and never back; where each stands now.

    Somebody who is not in the conversation is absent from the answer.
    """
    ordered = sorted(wanted)
    orgs, conversations, members = zip(*ordered, strict=True)
    rows = await connection.fetch(
        _MOVE.sql,
        *_MOVE.arguments(
            {
                "orgs": orgs,
                "conversations": conversations,
                "members": members,
                "seqs": [wanted[key] for key in ordered],
                "merge_after": merge_after(at),
                "at": at,
            }
        ),
    )
    return {
        (row["org_id"], row["conversation_id"], row["member_id"]): CursorMove(
            org_id=row["org_id"],
            conversation_id=row["conversation_id"],
            member_id=row["member_id"],
            from_seq=row["was"],
            to_seq=row["now"],
        )
        for row in rows
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """How one member stands with a conversation at `head_seq`; `unread` counts to UNREAD_COUNTED_TO."""

    head_seq: int
    read_seq: int
    unread: int
    mentioned: bool


async def unread_of(uow: UnitOfWork, conversation_id: UUID, member_id: MemberId) -> Unread:
    """What is new for the member, without system messages and their own."""
    row = await uow.one(_UNREAD, conversation_id=conversation_id, member_id=member_id, counted_to=UNREAD_COUNTED_TO)
    if row is None:
        return Unread(head_seq=0, read_seq=0, unread=0, mentioned=False)
    return Unread(
        head_seq=row["head_seq"], read_seq=row["cursor_seq"], unread=row["unread"], mentioned=row["mentioned"]
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


async def reader_groups(
    uow: UnitOfWork, conversation_id: UUID, from_seq: int, senders: Collection[MemberId]
) -> ReaderGroups:
    """The cursors of a conversation, grouped, and apart those of the senders of messages from `from_seq` on."""
    everybody: list[_Stretch] = []
    by_sender: dict[MemberId, list[_Stretch]] = {}
    for row in await uow.rows(_GROUPS, conversation_id=conversation_id, members=list(senders)):
        stretch = _Stretch(row["cursor_seq"], row["joined_seq"], row["left_seq"], row["people"])
        if row["member_id"] is None:
            everybody.append(stretch)
        else:
            by_sender.setdefault(row["member_id"], []).append(stretch)
    return ReaderGroups(from_seq, everybody, by_sender)


async def senders_between(
    uow: UnitOfWork, conversation_id: UUID, above: int, up_to: int, limit: int
) -> list[tuple[int, MemberId]]:
    """(seq, sender) of the newest `limit` messages with above < seq <= up_to."""
    rows = await uow.rows(_SENDERS_BETWEEN, conversation_id=conversation_id, above=above, up_to=up_to, limit=limit)
    return [(row["seq"], row["sender_id"]) for row in rows]


async def readers_page(
    uow: UnitOfWork,
    conversation_id: UUID,
    seq: int,
    sender_id: MemberId | None,
    *,
    after: UUID | None,
    limit: int,
) -> list[Row]:
    """The members that the message counts for, by id: member_id, has_read, read_at, has_left."""
    return await uow.rows(
        _READERS, conversation_id=conversation_id, seq=seq, sender_id=sender_id, after=after, limit=limit
    )


async def reader_total(uow: UnitOfWork, conversation_id: UUID, seq: int, sender_id: MemberId | None) -> int:
    """How many members the message counts for."""
    total: Any = await uow.value(_TOTAL, conversation_id=conversation_id, seq=seq, sender_id=sender_id)
    return int(total)


async def forget_read_times(uow: UnitOfWork, before: datetime) -> int:
    """Drop the moves of cursors before this; the cursors themselves stay."""
    return await uow.execute(_FORGET, before=before)
