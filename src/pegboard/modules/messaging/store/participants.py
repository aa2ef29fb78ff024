"""Queries on who is, and was, in a conversation."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pegboard.kernel.db import UnitOfWork, sql
from pegboard.kernel.ids import MemberId
from pegboard.modules.messaging.store.conversations import as_participant
from pegboard.modules.messaging.views import Participant

# Who comes back keeps cursor and settings; the earlier time goes to past_participations.
_ADD = sql("""
    WITH past AS (
        INSERT INTO past_participations (org_id, conversation_id, member_id, joined_seq, left_seq)
        SELECT org_id, conversation_id, member_id, joined_seq, left_seq FROM participants
        WHERE org_id = :org_id AND conversation_id = :conversation_id
          AND member_id = ANY(CAST(:members AS uuid[])) AND left_seq IS NOT NULL
        ON CONFLICT DO NOTHING
    ),
    added AS (
        INSERT INTO participants
            (org_id, conversation_id, member_id, role, joined_seq, joined_at, cursor_seq, moved_from)
        SELECT :org_id, :conversation_id, member, role, CAST(:joined_seq AS bigint), :at,
               CAST(:read_seq AS bigint), CAST(:read_seq AS bigint)
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
    at: datetime,
) -> list[MemberId]:
    """Bring people in from `joined_seq` on; who of them is new. What was before counts as read for newcomers."""
    rows = await uow.rows(
        _ADD,
        conversation_id=conversation_id,
        members=list(roles),
        roles=list(roles.values()),
        joined_seq=joined_seq,
        read_seq=joined_seq - 1,
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
