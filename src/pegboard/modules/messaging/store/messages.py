"""Queries on messages, their changes and their reactions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pegboard.kernel.db import Row, UnitOfWork, sql
from pegboard.kernel.ids import MemberId
from pegboard.modules.messaging.views import MessageRow

_COLUMNS = """
    conversation_id, seq, id, sender_id, kind, content, mentions, mention_all, reply_to, sent_at, rev, edited_at,
    recalled_at, recalled_by
"""
_OURS = "org_id = :org_id AND conversation_id = :conversation_id"

_AFTER = sql(f"SELECT {_COLUMNS} FROM messages WHERE {_OURS} AND seq > :after ORDER BY seq LIMIT :limit")
_BEFORE = sql(f"""
    SELECT {_COLUMNS} FROM messages WHERE {_OURS} AND seq < :before AND seq >= :first ORDER BY seq DESC LIMIT :limit
""")
_AT = sql(f"SELECT {_COLUMNS} FROM messages WHERE {_OURS} AND seq = ANY(CAST(:seqs AS bigint[])) ORDER BY seq")
_CHANGED = sql(f"""
    SELECT {_COLUMNS} FROM messages WHERE {_OURS} AND rev > :after_rev AND seq >= :first ORDER BY rev LIMIT :limit
""")
_LAST = sql("""
    SELECT m.conversation_id, m.seq, m.id, m.sender_id, m.kind, m.content, m.mentions, m.mention_all, m.reply_to,
           m.sent_at, m.rev, m.edited_at, m.recalled_at, m.recalled_by
    FROM unnest(CAST(:conversations AS uuid[]), CAST(:seqs AS bigint[])) AS w (conversation, seq)
    JOIN messages m ON m.org_id = :org_id AND m.conversation_id = w.conversation AND m.seq = w.seq
""")
_NEXT_REV = sql("""
    UPDATE conversations SET head_rev = head_rev + 1
    WHERE org_id = :org_id AND id = :conversation_id RETURNING head_rev
""")
_CHANGE = sql(f"""
    UPDATE messages
    SET rev = :rev, content = :content, edited_at = coalesce(:edited_at, edited_at),
        recalled_at = coalesce(:recalled_at, recalled_at), recalled_by = coalesce(:recalled_by, recalled_by)
    WHERE {_OURS} AND seq = :seq
""")
_MARK = sql(f"UPDATE messages SET rev = :rev WHERE {_OURS} AND seq = :seq")
_KEEP_EDIT = sql("""
    INSERT INTO message_edits (org_id, conversation_id, seq, rev, content, editor_id, edited_at)
    VALUES (:org_id, :conversation_id, :seq, :rev, :content, :editor_id, :edited_at)
""")
_EDITS = sql(f"SELECT content, editor_id, edited_at FROM message_edits WHERE {_OURS} AND seq = :seq ORDER BY rev")
_FORGET_EDITS = sql(f"DELETE FROM message_edits WHERE {_OURS} AND seq = :seq")
_REACTIONS = sql(f"""
    SELECT seq, emoji, member_id FROM reactions
    WHERE {_OURS} AND seq = ANY(CAST(:seqs AS bigint[])) ORDER BY seq, at, emoji
""")
_REACT = sql("""
    INSERT INTO reactions (org_id, conversation_id, seq, emoji, member_id, at)
    VALUES (:org_id, :conversation_id, :seq, :emoji, :member_id, :at) ON CONFLICT DO NOTHING
""")
_UNREACT = sql(f"DELETE FROM reactions WHERE {_OURS} AND seq = :seq AND emoji = :emoji AND member_id = :member_id")


async def messages_after(uow: UnitOfWork, conversation_id: UUID, after: int, limit: int) -> list[MessageRow]:
    """The oldest messages above `after`."""
    rows = await uow.rows(_AFTER, conversation_id=conversation_id, after=after, limit=limit)
    return [as_message(row) for row in rows]


async def messages_before(
    uow: UnitOfWork, conversation_id: UUID, before: int, first: int, limit: int
) -> list[MessageRow]:
    """The newest messages below `before` and not below `first`, the oldest of them first."""
    rows = await uow.rows(_BEFORE, conversation_id=conversation_id, before=before, first=first, limit=limit)
    return [as_message(row) for row in reversed(rows)]


async def messages_at(uow: UnitOfWork, conversation_id: UUID, seqs: Sequence[int]) -> list[MessageRow]:
    """These messages, as far as there are such, by seq."""
    return [as_message(row) for row in await uow.rows(_AT, conversation_id=conversation_id, seqs=list(seqs))]


async def message(uow: UnitOfWork, conversation_id: UUID, seq: int) -> MessageRow | None:
    """One message."""
    found = await messages_at(uow, conversation_id, [seq])
    return found[0] if found else None


async def changed_after(
    uow: UnitOfWork, conversation_id: UUID, after_rev: int, first: int, limit: int
) -> list[MessageRow]:
    """What changed after the revision, in the order of the changes."""
    rows = await uow.rows(_CHANGED, conversation_id=conversation_id, after_rev=after_rev, first=first, limit=limit)
    return [as_message(row) for row in rows]


async def last_messages(uow: UnitOfWork, heads: Mapping[UUID, int]) -> dict[UUID, MessageRow]:
    """The messages at the heads of some conversations."""
    rows = await uow.rows(_LAST, conversations=list(heads), seqs=list(heads.values()))
    return {row["conversation_id"]: as_message(row) for row in rows}


async def next_rev(uow: UnitOfWork, conversation_id: UUID) -> int:
    """Take the next revision of the conversation, and its lock with it."""
    rev: int = await uow.value(_NEXT_REV, conversation_id=conversation_id)
    return rev


async def change_content(
    uow: UnitOfWork,
    before: MessageRow,
    rev: int,
    content: Mapping[str, Any],
    *,
    editor_id: MemberId | None = None,
    edited_at: datetime | None = None,
    recalled_at: datetime | None = None,
    recalled_by: MemberId | None = None,
) -> None:
    """Replace the content as the change `rev`; an edit keeps what was said before."""
    place = {"conversation_id": before.conversation_id, "seq": before.seq, "rev": rev}
    await uow.execute(
        _CHANGE,
        **place,
        content=content,
        edited_at=edited_at,
        recalled_at=recalled_at,
        recalled_by=recalled_by,
    )
    if edited_at is not None:
        await uow.execute(_KEEP_EDIT, **place, content=dict(before.content), editor_id=editor_id, edited_at=edited_at)


async def edits_of(uow: UnitOfWork, conversation_id: UUID, seq: int) -> list[Row]:
    """What a message said before its edits (content, editor_id, edited_at), the oldest first."""
    return await uow.rows(_EDITS, conversation_id=conversation_id, seq=seq)


async def forget_edits(uow: UnitOfWork, conversation_id: UUID, seq: int) -> None:
    """What a recalled message said before is gone with it."""
    await uow.execute(_FORGET_EDITS, conversation_id=conversation_id, seq=seq)


async def reactions_of(
    uow: UnitOfWork, conversation_id: UUID, seqs: Sequence[int]
) -> dict[int, dict[str, list[MemberId]]]:
    """Who reacted with what, by message and emoji, in the order in which they did."""
    found: dict[int, dict[str, list[MemberId]]] = {}
    for row in await uow.rows(_REACTIONS, conversation_id=conversation_id, seqs=list(seqs)):
        found.setdefault(row["seq"], {}).setdefault(row["emoji"], []).append(row["member_id"])
    return found


async def add_reaction(
    uow: UnitOfWork, conversation_id: UUID, seq: int, emoji: str, member_id: MemberId, at: datetime
) -> bool:
    """React; False if they had."""
    return bool(
        await uow.execute(_REACT, conversation_id=conversation_id, seq=seq, emoji=emoji, member_id=member_id, at=at)
    )


async def remove_reaction(uow: UnitOfWork, conversation_id: UUID, seq: int, emoji: str, member_id: MemberId) -> bool:
    """Take a reaction back; False if there was none."""
    return bool(await uow.execute(_UNREACT, conversation_id=conversation_id, seq=seq, emoji=emoji, member_id=member_id))


async def mark_changed(uow: UnitOfWork, conversation_id: UUID, seq: int, rev: int) -> None:
    """Something about the message, but not its content, is the change `rev`."""
    await uow.execute(_MARK, conversation_id=conversation_id, seq=seq, rev=rev)


def as_message(row: Any) -> MessageRow:
    """A row of the table as a value."""
    return MessageRow(
        conversation_id=row["conversation_id"],
        seq=row["seq"],
        id=row["id"],
        sender_id=row["sender_id"],
        kind=row["kind"],
        content=row["content"],
        mentions=tuple(row["mentions"] or ()),
        mention_all=row["mention_all"],
        reply_to=row["reply_to"],
        sent_at=row["sent_at"],
        rev=row["rev"] or 0,
        edited_at=row["edited_at"],
        recalled_at=row["recalled_at"],
        recalled_by=row["recalled_by"],
    )
