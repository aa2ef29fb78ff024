"""Queries on threads: how they stand, who follows them, and how far each reader is."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pegboard.kernel.db import Row, UnitOfWork, sql
from pegboard.kernel.db.database import Connection
from pegboard.kernel.ids import MemberId, OrgId
from pegboard.modules.messaging.store.reading import UNREAD_COUNTED_TO, merge_after
from pegboard.modules.messaging.views import Appended, ThreadCounts, ThreadMove, ThreadRow

PEOPLE_SHOWN = 3

# Whoever replies, is named in a reply or is replied to follows the thread; a conversation that they have hidden
# shows itself again to those who are called.
_CONTINUE = sql("""
    WITH said AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:orgs AS uuid[]), CAST(:conversations AS uuid[]), CAST(:roots AS bigint[]),
                             CAST(:seqs AS bigint[]), CAST(:senders AS uuid[]))
            AS s (org, conversation, root, seq, sender)
    ),
    firsts AS (
        SELECT org, conversation, root, array_agg(sender ORDER BY first_seq) AS people
        FROM (SELECT org, conversation, root, sender, min(seq) AS first_seq FROM said GROUP BY 1, 2, 3, 4) AS f
        GROUP BY 1, 2, 3
    ),
    following AS (
        INSERT INTO thread_readers AS r (org_id, conversation_id, root_seq, member_id, following)
        SELECT DISTINCT org, conversation, root, member, true
        FROM unnest(CAST(:follower_orgs AS uuid[]), CAST(:follower_conversations AS uuid[]),
                    CAST(:follower_roots AS bigint[]), CAST(:followers AS uuid[]))
            AS f (org, conversation, root, member)
        ORDER BY org, conversation, root, member
        ON CONFLICT (org_id, conversation_id, root_seq, member_id) DO UPDATE SET following = true
            WHERE NOT r.following
    ),
    shown AS (
        UPDATE participants p SET hidden_seq = NULL
        FROM unnest(CAST(:follower_orgs AS uuid[]), CAST(:follower_conversations AS uuid[]),
                    CAST(:followers AS uuid[])) AS f (org, conversation, member)
        WHERE p.org_id = f.org AND p.conversation_id = f.conversation AND p.member_id = f.member
          AND p.hidden_seq IS NOT NULL
    )
    INSERT INTO threads AS t (org_id, conversation_id, root_seq, replies, last_seq, last_at, people)
    SELECT s.org, s.conversation, s.root, count(*), max(s.seq), :at, (min(f.people))[1:3]
    FROM said s JOIN firsts f ON f.org = s.org AND f.conversation = s.conversation AND f.root = s.root
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (org_id, conversation_id, root_seq) DO UPDATE
        SET replies = t.replies + excluded.replies, last_seq = excluded.last_seq, last_at = excluded.last_at,
            people = CASE WHEN cardinality(t.people) >= 3 THEN t.people ELSE
                (t.people || ARRAY(SELECT e.person FROM unnest(excluded.people) WITH ORDINALITY AS e (person, n)
                                   WHERE e.person <> ALL(t.people) ORDER BY e.n))[1:3] END
    RETURNING conversation_id, root_seq, replies
""")
_SHOW_ALL = sql("""
    UPDATE participants SET hidden_seq = NULL
    WHERE org_id = :org AND conversation_id = :conversation AND hidden_seq IS NOT NULL AND left_seq IS NULL
""")
# A root, or (null) the root of the reply at `seq`, if that stands in no other line. The last move stays in the row,
# earlier ones go to thread_moves, as with the cursor of the main line.
_MOVE = sql("""
    WITH named AS MATERIALIZED (
        SELECT w.org, w.conversation, w.member, coalesce(w.root, m.thread_seq) AS root, w.seq
        FROM unnest(CAST(:orgs AS uuid[]), CAST(:conversations AS uuid[]), CAST(:members AS uuid[]),
                    CAST(:roots AS bigint[]), CAST(:seqs AS bigint[])) AS w (org, conversation, member, root, seq)
        JOIN participants p
            ON p.org_id = w.org AND p.conversation_id = w.conversation AND p.member_id = w.member
            AND p.left_seq IS NULL
        LEFT JOIN messages m
            ON w.root IS NULL AND m.org_id = w.org AND m.conversation_id = w.conversation AND m.seq = w.seq
            AND m.thread_seq IS NOT NULL AND NOT m.also_in_main
    ),
    asked AS MATERIALIZED (
        SELECT n.org, n.conversation, n.member, n.root, max(least(n.seq, t.last_seq)) AS seq
        FROM named n
        JOIN threads t ON t.org_id = n.org AND t.conversation_id = n.conversation AND t.root_seq = n.root
        GROUP BY 1, 2, 3, 4
    ),
    moved AS (
        INSERT INTO thread_readers AS r (org_id, conversation_id, root_seq, member_id, read_seq, moved_at)
        SELECT org, conversation, root, member, seq, :at FROM asked WHERE seq > 0
        ORDER BY org, conversation, root, member
        ON CONFLICT (org_id, conversation_id, root_seq, member_id) DO UPDATE
            SET read_seq = excluded.read_seq,
                moved_from = CASE WHEN r.moved_at > :merge_after THEN r.moved_from ELSE r.read_seq END,
                moved_at = excluded.moved_at
            WHERE r.read_seq < excluded.read_seq
        RETURNING r.org_id, r.conversation_id, r.root_seq, r.member_id, coalesce(old.read_seq, 0) AS was,
                  new.read_seq AS now, old.moved_from AS old_from, old.moved_at AS old_at
    ),
    put_away AS (
        INSERT INTO thread_moves (org_id, conversation_id, member_id, root_seq, to_seq, from_seq, at)
        SELECT org_id, conversation_id, member_id, root_seq, was, old_from, old_at FROM moved
        WHERE old_at <= :merge_after AND was > old_from
        ON CONFLICT DO NOTHING
    )
    SELECT a.org, a.conversation, a.member, a.root, coalesce(m.was, r.read_seq, 0) AS was,
           coalesce(m.now, r.read_seq, 0) AS now
    FROM asked a
    LEFT JOIN moved m
        ON m.org_id = a.org AND m.conversation_id = a.conversation AND m.root_seq = a.root AND m.member_id = a.member
    LEFT JOIN thread_readers r
        ON r.org_id = a.org AND r.conversation_id = a.conversation AND r.root_seq = a.root AND r.member_id = a.member
""")
_OF_ROOTS = sql("""
    SELECT t.conversation_id, t.root_seq, t.replies, t.last_seq, t.last_at, t.people
    FROM unnest(CAST(:conversations AS uuid[]), CAST(:roots AS bigint[])) AS w (conversation, root)
    JOIN threads t ON t.org_id = :org_id AND t.conversation_id = w.conversation AND t.root_seq = w.root
""")
# What is new to the member in a thread: above their cursor in it, above the one of all threads, and since they came
# (back). A reply that stands in the main line as well is not new once either cursor has passed it.
_STATE = """
    greatest(r.read_seq, p.threads_read_seq, p.joined_seq - 1) AS read_seq, coalesce(r.following, false) AS following,
    (SELECT count(*) FROM (
         SELECT 1 FROM messages m
         WHERE m.org_id = p.org_id AND m.conversation_id = p.conversation_id AND m.thread_seq = {root}
           AND m.seq > greatest(r.read_seq, p.threads_read_seq, p.joined_seq - 1)
           AND m.sender_id IS DISTINCT FROM p.member_id AND NOT (m.also_in_main AND m.seq <= p.cursor_seq)
         LIMIT :counted_to) AS counted) AS unread
"""
_ONE = sql(f"""
    SELECT {_STATE.format(root="CAST(:root_seq AS bigint)")},
           t.replies, t.last_seq, t.last_at, t.people
    FROM participants p
    LEFT JOIN thread_readers r
        ON r.org_id = p.org_id AND r.conversation_id = p.conversation_id AND r.member_id = p.member_id
        AND r.root_seq = :root_seq
    LEFT JOIN threads t
        ON t.org_id = p.org_id AND t.conversation_id = p.conversation_id AND t.root_seq = :root_seq
    WHERE p.org_id = :org_id AND p.conversation_id = :conversation_id AND p.member_id = :member_id
""")
_FOLLOWED = sql(f"""
    SELECT * FROM (
        SELECT t.conversation_id, t.root_seq, t.replies, t.last_seq, t.last_at, t.people,
               {_STATE.format(root="t.root_seq")}
        FROM thread_readers r
        JOIN threads t
            ON t.org_id = r.org_id AND t.conversation_id = r.conversation_id AND t.root_seq = r.root_seq
        JOIN participants p
            ON p.org_id = r.org_id AND p.conversation_id = r.conversation_id AND p.member_id = r.member_id
        WHERE r.org_id = :org_id AND r.member_id = :member_id AND r.following AND p.left_seq IS NULL
          AND (CAST(:after_at AS timestamptz) IS NULL
               OR (t.last_at, t.conversation_id, t.root_seq)
                  < (:after_at, CAST(:after_id AS uuid), CAST(:after_root AS bigint)))
    ) AS followed
    WHERE unread > 0 OR NOT CAST(:only_unread AS boolean)
    ORDER BY last_at DESC, conversation_id DESC, root_seq DESC LIMIT :limit
""")
_FOLLOW = sql("""
    INSERT INTO thread_readers AS r (org_id, conversation_id, root_seq, member_id, following)
    VALUES (:org_id, :conversation_id, :root_seq, :member_id, :following)
    ON CONFLICT (org_id, conversation_id, root_seq, member_id) DO UPDATE SET following = excluded.following
        WHERE r.following <> excluded.following
""")
_FORGET = sql("DELETE FROM thread_moves WHERE org_id = :org_id AND at < :before")

ThreadWish = tuple[OrgId, UUID, MemberId, int | None, int]
"""Organisation, conversation, member, root (None: of the reply at seq), and the seq up to which was read."""


async def continue_threads(
    connection: Connection, replies: Sequence[Appended], at: datetime
) -> dict[tuple[UUID, int], ThreadCounts]:
    """Count new replies into their threads; by (conversation, seq), how the thread stands with each."""
    roots = [(reply, reply.draft.thread_seq or 0) for reply in replies]
    followers = [
        (reply.org_id, reply.conversation_id, root, member)
        for reply, root in roots
        for member in {reply.sender_id, reply.draft.reply_author, *reply.draft.mentions}
        if member is not None
    ]
    rows = await connection.fetch(
        _CONTINUE.sql,
        *_CONTINUE.arguments(
            {
                "orgs": [reply.org_id for reply in replies],
                "conversations": [reply.conversation_id for reply in replies],
                "roots": [root for _, root in roots],
                "seqs": [reply.seq for reply in replies],
                "senders": [reply.sender_id for reply in replies],
                "follower_orgs": [org for org, _, _, _ in followers],
                "follower_conversations": [conversation for _, conversation, _, _ in followers],
                "follower_roots": [root for _, _, root, _ in followers],
                "followers": [member for _, _, _, member in followers],
                "at": at,
            }
        ),
    )
    for org, conversation in {(r.org_id, r.conversation_id) for r in replies if r.draft.mention_all}:
        await connection.execute(_SHOW_ALL.sql, *_SHOW_ALL.arguments({"org": org, "conversation": conversation}))
    counted = {(row["conversation_id"], row["root_seq"]): row["replies"] for row in rows}
    found = {}
    for reply, root in reversed(roots):
        place = (reply.conversation_id, root)
        found[reply.conversation_id, reply.seq] = ThreadCounts(
            root_seq=root, replies=counted[place], last_seq=reply.seq, last_at=at
        )
        counted[place] -= 1
    return found


async def move_threads(
    connection: Connection, wanted: Collection[ThreadWish], at: datetime
) -> dict[tuple[OrgId, UUID, MemberId, int], ThreadMove]:
    """Move cursors in threads forward, never beyond the last reply and never back; where each stands now.

    What is no thread of the member's, or names no reply, is absent from the answer.
    """
    ordered = sorted(wanted, key=lambda wish: (*wish[:3], wish[3] or 0, wish[4]))
    orgs, conversations, members, roots, seqs = zip(*ordered, strict=True)
    rows = await connection.fetch(
        _MOVE.sql,
        *_MOVE.arguments(
            {
                "orgs": orgs,
                "conversations": conversations,
                "members": members,
                "roots": roots,
                "seqs": seqs,
                "merge_after": merge_after(at),
                "at": at,
            }
        ),
    )
    return {
        (row["org"], row["conversation"], row["member"], row["root"]): ThreadMove(
            org_id=row["org"],
            conversation_id=row["conversation"],
            member_id=row["member"],
            root_seq=row["root"],
            from_seq=row["was"],
            to_seq=row["now"],
        )
        for row in rows
    }


async def threads_at(uow: UnitOfWork, roots: Collection[tuple[UUID, int]]) -> dict[tuple[UUID, int], ThreadRow]:
    """Those of these messages, by (conversation, seq), that are the roots of threads."""
    if not roots:
        return {}
    conversations, seqs = zip(*roots, strict=True)
    rows = await uow.rows(_OF_ROOTS, conversations=conversations, roots=seqs)
    return {(row["conversation_id"], row["root_seq"]): as_thread(row) for row in rows}


async def thread_state(uow: UnitOfWork, conversation_id: UUID, root_seq: int, member_id: MemberId) -> Row | None:
    """How a participant stands with a thread: read_seq, following, unread; and the thread, if there are replies."""
    return await uow.one(
        _ONE,
        conversation_id=conversation_id,
        root_seq=root_seq,
        member_id=member_id,
        counted_to=UNREAD_COUNTED_TO,
    )


async def followed_threads(
    uow: UnitOfWork,
    member_id: MemberId,
    *,
    only_unread: bool,
    after: tuple[datetime, UUID, int] | None,
    limit: int,
) -> list[Row]:
    """The threads that somebody follows, with their state: the one with the newest reply first."""
    at, conversation_id, root = after or (None, None, None)
    return await uow.rows(
        _FOLLOWED,
        member_id=member_id,
        only_unread=only_unread,
        after_at=at,
        after_id=conversation_id,
        after_root=root,
        counted_to=UNREAD_COUNTED_TO,
        limit=limit,
    )


async def follow_thread(
    uow: UnitOfWork, conversation_id: UUID, root_seq: int, member_id: MemberId, *, following: bool
) -> bool:
    """Follow a thread, or do so no longer; False if it was so."""
    return bool(
        await uow.execute(
            _FOLLOW, conversation_id=conversation_id, root_seq=root_seq, member_id=member_id, following=following
        )
    )


async def forget_thread_read_times(uow: UnitOfWork, before: datetime) -> int:
    """Drop the moves of cursors in threads before this; the cursors themselves stay."""
    return await uow.execute(_FORGET, before=before)


def as_thread(row: Mapping[str, Any] | Any) -> ThreadRow:
    """A row of the table (or of a join with it) as a value."""
    return ThreadRow(
        conversation_id=row["conversation_id"],
        root_seq=row["root_seq"],
        replies=row["replies"],
        last_seq=row["last_seq"],
        last_at=row["last_at"],
        people=tuple(row["people"]),
    )
