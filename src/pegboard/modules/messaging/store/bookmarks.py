"""Queries on what people have marked for themselves."""

from datetime import datetime
from uuid import UUID

from pegboard.kernel.db import Row, UnitOfWork, sql
from pegboard.kernel.ids import MemberId

_SET = sql("""
    INSERT INTO bookmarks AS b (org_id, member_id, conversation_id, seq, note, at)
    VALUES (:org_id, :member_id, :conversation_id, :seq, :note, :at)
    ON CONFLICT (org_id, member_id, conversation_id, seq) DO UPDATE SET note = excluded.note
""")
_REMOVE = sql("""
    DELETE FROM bookmarks
    WHERE org_id = :org_id AND member_id = :member_id AND conversation_id = :conversation_id AND seq = :seq
""")
_COUNT_OTHERS = sql("""
    SELECT count(*) FROM bookmarks
    WHERE org_id = :org_id AND member_id = :member_id AND NOT (conversation_id = :conversation_id AND seq = :seq)
""")
# Only where the member may read the message now; the newest bookmark first.
_LIST = sql("""
    SELECT b.conversation_id, b.seq, b.note, b.at
    FROM bookmarks b
    JOIN participants p
        ON p.org_id = b.org_id AND p.conversation_id = b.conversation_id AND p.member_id = b.member_id
    JOIN conversations c ON c.org_id = b.org_id AND c.id = b.conversation_id
    WHERE b.org_id = :org_id AND b.member_id = :member_id AND p.left_seq IS NULL
      AND (b.seq >= p.joined_seq OR coalesce(CAST(c.rules ->> 'history_for_new' AS boolean), true))
      AND (CAST(:after_at AS timestamptz) IS NULL
           OR (b.at, b.conversation_id, b.seq) < (:after_at, CAST(:after_id AS uuid), CAST(:after_seq AS bigint)))
    ORDER BY b.at DESC, b.conversation_id DESC, b.seq DESC LIMIT :limit
""")


async def set_bookmark(
    uow: UnitOfWork, member_id: MemberId, conversation_id: UUID, seq: int, note: str, at: datetime
) -> None:
    """Mark a message, or give the mark another note."""
    await uow.execute(_SET, member_id=member_id, conversation_id=conversation_id, seq=seq, note=note, at=at)


async def remove_bookmark(uow: UnitOfWork, member_id: MemberId, conversation_id: UUID, seq: int) -> bool:
    """Take a mark away; False if there was none."""
    return bool(await uow.execute(_REMOVE, member_id=member_id, conversation_id=conversation_id, seq=seq))


async def count_other_bookmarks(uow: UnitOfWork, member_id: MemberId, conversation_id: UUID, seq: int) -> int:
    """How many messages besides this one the member has marked."""
    count: int = await uow.value(_COUNT_OTHERS, member_id=member_id, conversation_id=conversation_id, seq=seq)
    return count


async def bookmarks_of(
    uow: UnitOfWork, member_id: MemberId, *, after: tuple[datetime, UUID, int] | None, limit: int
) -> list[Row]:
    """What the member has marked and may read: conversation_id, seq, note, at; the newest mark first."""
    at, conversation_id, seq = after or (None, None, None)
    return await uow.rows(_LIST, member_id=member_id, after_at=at, after_id=conversation_id, after_seq=seq, limit=limit)
