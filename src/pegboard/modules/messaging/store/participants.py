"""Queries on who is, and was, in a conversation."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pegboard.kernel.db import UnitOfWork, sql
from pegboard.kernel.ids import MemberId
from pegboard.modules.messaging.store.conversations import as_participant
from pegboard.modules.messaging.views import Participant

# Who comes back keeps cursor and settings; the earlier time goes to past_participations. Where history is hidden,
# what they had not read before they will never see: then the cursors of the earlier times are kept there as they are.
_ADD = sql("""
    WITH back AS MATERIALIZED (
        SELECT org_id, conversation_id, member_id, joined_seq, left_seq, cursor_seq, threads_read_seq FROM participants
        WHERE org_id = :org_id AND conversation_id = :conversation_id
          AND member_id = ANY(CAST(:members AS uuid[])) AND left_seq IS NOT NULL
    ),
    past AS (
        INSERT INTO past_participations
            (org_id, conversation_id, member_id, joined_seq, left_seq, read_seq, threads_read_seq)
        SELECT org_id, conversation_id, member_id, joined_seq, left_seq,
               CASE WHEN CAST(:hidden AS boolean) THEN cursor_seq END,
               CASE WHEN CAST(:hidden AS boolean) THEN threads_read_seq END
        FROM back
        ON CONFLICT DO NOTHING
    ),
    further_past AS (
        UPDATE past_participations h SET read_seq = b.cursor_seq, threads_read_seq = b.threads_read_seq
        FROM back b
        WHERE CAST(:hidden AS boolean) AND h.org_id = b.org_id AND h.conversation_id = b.conversation_id
          AND h.member_id = b.member_id AND h.read_seq IS NULL
        RETURNING h.org_id, h.conversation_id, h.member_id, h.joined_seq
    ),
    past_threads AS (
        INSERT INTO past_thread_readers (org_id, conversation_id, root_seq, member_id, joined_seq, read_seq)
        SELECT r.org_id, r.conversation_id, r.root_seq, r.member_id, k.joined_seq, r.read_seq
        FROM (SELECT org_id, conversation_id, member_id, joined_seq FROM back WHERE CAST(:hidden AS boolean)
              UNION ALL SELECT * FROM further_past) AS k
        JOIN thread_readers r
            ON r.org_id = k.org_id AND r.conversation_id = k.conversation_id AND r.member_id = k.member_id
        WHERE r.read_seq > 0
        ON CONFLICT DO NOTHING
    ),
    added AS (
        INSERT INTO participants
            (org_id, conversation_id, member_id, role, joined_seq, joined_at, cursor_seq, moved_from,
             threads_read_seq, threads_moved_from)
        SELECT :org_id, :conversation_id, member, role, CAST(:joined_seq AS bigint), :at,
               CAST(:read_seq AS bigint), CAST(:read_seq AS bigint), CAST(:read_seq AS bigint),
               CAST(:read_seq AS bigint)
        FROM unnest(CAST(:members AS uuid[]), CAST(:roles AS text[])) AS v (member, role)
        ON CONFLICT (org_id, conversation_id, member_id) DO UPDATE
            SET left_seq = NULL, joined_seq = excluded.joined_seq, joined_at = excluded.joined_at,
                role = excluded.role, silenced = false, hidden_seq = NULL
            WHERE participants.left_seq IS NOT NULL
        RETURNING member_id
    ),
    answered AS (
        DELETE FROM conversation_join_requests
        WHERE org_id = :org_id AND conversation_id = :conversation_id AND member_id = ANY(CAST(:members AS uuid[]))
    ),
    counted AS (
        UPDATE conversations SET member_count = member_count + (SELECT count(*) FROM added)
        WHERE org_id = :org_id AND id = :conversation_id
    )
    SELECT member_id FROM added
""")
_REMOVE = sql("""
    WITH gone AS (
        UPDATE participants SET left_seq = :left_seq, role = 'member', pinned = false
        WHERE org_id = :org_id AND conversation_id = :conversation_id
          AND member_id = ANY(CAST(:members AS uuid[])) AND left_seq IS NULL
        RETURNING member_id
    ),
    counted AS (
        UPDATE conversations SET member_count = member_count - (SELECT count(*) FROM gone)
        WHERE org_id = :org_id AND id = :conversation_id
    )
    SELECT member_id FROM gone
""")
_AMONG = sql("""
    SELECT * FROM participants
    WHERE org_id = :org_id AND conversation_id = :conversation_id
      AND member_id = ANY(CAST(:members AS uuid[])) AND left_seq IS NULL
""")
# The revision moves too, so that the group commit notices (see appending.py).
_CHANGE = sql("""
    WITH noticed AS (
        UPDATE conversations SET revision = revision + 1 WHERE org_id = :org_id AND id = :conversation_id
    )
    UPDATE participants SET role = coalesce(:role, role), silenced = coalesce(:silenced, silenced)
    WHERE org_id = :org_id AND conversation_id = :conversation_id AND member_id = :member_id AND left_seq IS NULL
""")


async def add_participants(
    uow: UnitOfWork,
    conversation_id: UUID,
    roles: Mapping[MemberId, str],
    *,
    joined_seq: int,
    hidden: bool,
    at: datetime,
) -> list[MemberId]:
    """Bring people in from `joined_seq` on; who of them is new. What was before counts as read for newcomers.

    `hidden`: they do not see what was before.
    """
    rows = await uow.rows(
        _ADD,
        conversation_id=conversation_id,
        members=list(roles),
        roles=list(roles.values()),
        joined_seq=joined_seq,
        read_seq=joined_seq - 1,
        hidden=hidden,
        at=at,
    )
    return [row["member_id"] for row in rows]


async def remove_participants(
    uow: UnitOfWork, conversation_id: UUID, members: Collection[MemberId], *, left_seq: int
) -> list[MemberId]:
    """Take people out from `left_seq` on; who of them was in."""
    rows = await uow.rows(_REMOVE, conversation_id=conversation_id, members=list(members), left_seq=left_seq)
    return [row["member_id"] for row in rows]


async def participants_among(
    uow: UnitOfWork, conversation_id: UUID, members: Collection[MemberId]
) -> dict[MemberId, Participant]:
    """Those of these people who are in it."""
    rows: list[Any] = await uow.rows(_AMONG, conversation_id=conversation_id, members=list(members))
    return {row["member_id"]: as_participant(row, conversation_id) for row in rows}


async def change_participant(
    uow: UnitOfWork,
    conversation_id: UUID,
    member_id: MemberId,
    *,
    role: str | None = None,
    silenced: bool | None = None,
) -> bool:
    """Set role or silence; False if they are not in it."""
    return bool(
        await uow.execute(_CHANGE, conversation_id=conversation_id, member_id=member_id, role=role, silenced=silenced)
    )
