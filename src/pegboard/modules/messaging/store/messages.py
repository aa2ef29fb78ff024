"""Queries on messages, their changes and their reactions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from pegboard.kernel.db import Row, Statement, UnitOfWork, sql
from pegboard.kernel.ids import MemberId
from pegboard.modules.messaging.models import EVERYBODY
from pegboard.modules.messaging.views import MessageRow, Preview

_COLUMNS = """
    conversation_id, seq, id, sender_id, kind, content, mentions, mention_all, reply_to, sent_at, rev, edited_at,
    recalled_at, recalled_by, previews, thread_seq, also_in_main, pinned_at, pinned_by
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
_AT_PLACES = sql("""
    SELECT m.* FROM unnest(CAST(:conversations AS uuid[]), CAST(:seqs AS bigint[])) AS w (conversation, seq)
    JOIN messages m ON m.org_id = :org_id AND m.conversation_id = w.conversation AND m.seq = w.seq
""")
# The given ones, or newer ones in threads that call the member.
_LAST = sql(f"""
    WITH wanted AS MATERIALIZED (
        SELECT w.conversation, greatest(w.seq, (
            SELECT max(t.seq) FROM mentions t
            WHERE t.org_id = :org_id AND t.conversation_id = w.conversation
              AND t.member_id = ANY(ARRAY[CAST(:member_id AS uuid), CAST('{EVERYBODY}' AS uuid)])
              AND t.seq > w.seq AND t.thread_seq IS NOT NULL AND t.sender_id <> :member_id)) AS seq
        FROM unnest(CAST(:conversations AS uuid[]), CAST(:seqs AS bigint[])) AS w (conversation, seq)
    )
    SELECT m.* FROM wanted w
    JOIN messages m ON m.org_id = :org_id AND m.conversation_id = w.conversation AND m.seq = w.seq
""")
_THREAD_AFTER = sql(f"""
    SELECT {_COLUMNS} FROM messages WHERE {_OURS} AND thread_seq = :root_seq AND seq > :after ORDER BY seq LIMIT :limit
""")
_THREAD_BEFORE = sql(f"""
    SELECT {_COLUMNS} FROM messages WHERE {_OURS} AND thread_seq = :root_seq AND seq < :before AND seq >= :first
    ORDER BY seq DESC LIMIT :limit
""")
_IN_MAIN = "(thread_seq IS NULL OR also_in_main)"
_MAIN_AFTER = sql(f"""
    SELECT {_COLUMNS} FROM messages WHERE {_OURS} AND seq > :after AND {_IN_MAIN} ORDER BY seq LIMIT :limit
""")
_MAIN_BEFORE = sql(f"""
    SELECT {_COLUMNS} FROM messages WHERE {_OURS} AND seq < :before AND seq >= :first AND {_IN_MAIN}
    ORDER BY seq DESC LIMIT :limit
""")
_PINNED = sql(f"""
    SELECT {_COLUMNS} FROM messages
    WHERE {_OURS} AND pinned_at IS NOT NULL AND seq >= :first ORDER BY pinned_at DESC, seq DESC
""")
_PIN = sql(f"""
    UPDATE messages SET rev = :rev, pinned_at = :pinned_at, pinned_by = :pinned_by WHERE {_OURS} AND seq = :seq
""")
_NEXT_REV = sql("""
    UPDATE conversations SET head_rev = head_rev + 1
    WHERE org_id = :org_id AND id = :conversation_id RETURNING head_rev
""")
_CHANGE = sql(f"""
    UPDATE messages
    SET rev = :rev, content = :content, previews = NULL, edited_at = coalesce(:edited_at, edited_at),
        recalled_at = coalesce(:recalled_at, recalled_at), recalled_by = coalesce(:recalled_by, recalled_by),
        pinned_at = CASE WHEN CAST(:recalled_at AS timestamptz) IS NULL THEN pinned_at END,
        pinned_by = CASE WHEN CAST(:recalled_at AS timestamptz) IS NULL THEN pinned_by END
    WHERE {_OURS} AND seq = :seq
""")
_SHOW_PREVIEWS = sql(f"UPDATE messages SET rev = :rev, previews = :previews WHERE {_OURS} AND seq = :seq")
_MARK = sql(f"UPDATE messages SET rev = :rev WHERE {_OURS} AND seq = :seq")
_KEEP_EDIT = sql("""
    INSERT INTO message_edits (org_id, conversation_id, seq, rev, content, editor_id, edited_at)
    VALUES (:org_id, :conversation_id, :seq, :rev, :content, :editor_id, :edited_at)
""")
_EDITS = sql(f"SELECT content, editor_id, edited_at FROM message_edits WHERE {_OURS} AND seq = :seq ORDER BY rev")
_FORGET_EDITS = sql(f"DELETE FROM message_edits WHERE {_OURS} AND seq = :seq")
_REACTIONS = sql("""
    SELECT r.conversation_id, r.seq, r.emoji, r.member_id
    FROM unnest(CAST(:conversations AS uuid[]), CAST(:seqs AS bigint[])) AS w (conversation, seq)
    JOIN reactions r ON r.org_id = :org_id AND r.conversation_id = w.conversation AND r.seq = w.seq
    ORDER BY r.seq, r.at, r.emoji
""")
_REACT = sql("""
    INSERT INTO reactions (org_id, conversation_id, seq, emoji, member_id, at)
    VALUES (:org_id, :conversation_id, :seq, :emoji, :member_id, :at) ON CONFLICT DO NOTHING
""")
_UNREACT = sql(f"DELETE FROM reactions WHERE {_OURS} AND seq = :seq AND emoji = :emoji AND member_id = :member_id")


@dataclass(frozen=True, slots=True)
class Line:
    """Which messages of a conversation a page goes through: all of them, the main line, or one thread by its root."""

    after: Statement
    before: Statement
    root_seq: int | None = None

    @property
    def more(self) -> dict[str, int]:
        """The parameters that only some lines have."""
        return {} if self.root_seq is None else {"root_seq": self.root_seq}


EVERYTHING = Line(_AFTER, _BEFORE)
MAIN_LINE = Line(_MAIN_AFTER, _MAIN_BEFORE)


def thread_line(root_seq: int) -> Line:
    """The replies of one thread."""
    return Line(_THREAD_AFTER, _THREAD_BEFORE, root_seq)


async def messages_after(
    uow: UnitOfWork, conversation_id: UUID, after: int, limit: int, line: Line = EVERYTHING
) -> list[MessageRow]:
    """The oldest messages above `after`."""
    rows = await uow.rows(line.after, conversation_id=conversation_id, after=after, limit=limit, **line.more)
    return [as_message(row) for row in rows]


async def messages_before(
    uow: UnitOfWork, conversation_id: UUID, before: int, first: int, limit: int, line: Line = EVERYTHING
) -> list[MessageRow]:
    """The newest messages below `before` and not below `first`, the oldest of them first."""
    rows = await uow.rows(
        line.before, conversation_id=conversation_id, before=before, first=first, limit=limit, **line.more
    )
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


async def messages_at_places(uow: UnitOfWork, places: Collection[tuple[UUID, int]]) -> list[MessageRow]:
    """These messages of whatever conversations, by (conversation, seq), as far as there are such."""
    if not places:
        return []
    conversations, seqs = zip(*places, strict=True)
    rows = await uow.rows(_AT_PLACES, conversations=conversations, seqs=seqs)
    return [as_message(row) for row in rows]


async def last_messages(uow: UnitOfWork, member_id: MemberId, lasts: Mapping[UUID, int]) -> dict[UUID, MessageRow]:
    """The last messages that a member is shown in lists: these, or newer ones in threads that call them."""
    rows = await uow.rows(_LAST, conversations=list(lasts), seqs=list(lasts.values()), member_id=member_id)
    return {row["conversation_id"]: as_message(row) for row in rows}


async def pinned_messages(uow: UnitOfWork, conversation_id: UUID, first: int) -> list[MessageRow]:
    """What is pinned and not below `first`, the latest pin first."""
    return [as_message(row) for row in await uow.rows(_PINNED, conversation_id=conversation_id, first=first)]


async def set_pin(
    uow: UnitOfWork, conversation_id: UUID, seq: int, rev: int, at: datetime | None, by: MemberId | None
) -> None:
    """Pin a message, or (None) no longer, as the change `rev`."""
    await uow.execute(_PIN, conversation_id=conversation_id, seq=seq, rev=rev, pinned_at=at, pinned_by=by)


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


async def set_previews(uow: UnitOfWork, conversation_id: UUID, seq: int, rev: int, previews: Sequence[Preview]) -> None:
    """What the pages behind the message's links say, as the change `rev`."""
    await uow.execute(
        _SHOW_PREVIEWS, conversation_id=conversation_id, seq=seq, rev=rev, previews=msgspec.to_builtins(previews)
    )


async def edits_of(uow: UnitOfWork, conversation_id: UUID, seq: int) -> list[Row]:
    """What a message said before its edits (content, editor_id, edited_at), the oldest first."""
    return await uow.rows(_EDITS, conversation_id=conversation_id, seq=seq)


async def forget_edits(uow: UnitOfWork, conversation_id: UUID, seq: int) -> None:
    """What a recalled message said before is gone with it."""
    await uow.execute(_FORGET_EDITS, conversation_id=conversation_id, seq=seq)


async def reactions_of(
    uow: UnitOfWork, places: Collection[tuple[UUID, int]]
) -> dict[tuple[UUID, int], dict[str, list[MemberId]]]:
    """Who reacted with what, by (conversation, seq) and emoji, in the order in which they did."""
    found: dict[tuple[UUID, int], dict[str, list[MemberId]]] = {}
    if not places:
        return found
    conversations, seqs = zip(*places, strict=True)
    for row in await uow.rows(_REACTIONS, conversations=conversations, seqs=seqs):
        by_emoji = found.setdefault((row["conversation_id"], row["seq"]), {})
        by_emoji.setdefault(row["emoji"], []).append(row["member_id"])
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
        previews=tuple(Preview(**each) for each in row["previews"] or ()),
        thread_seq=row["thread_seq"],
        also_in_main=row["also_in_main"],
        pinned_at=row["pinned_at"],
        pinned_by=row["pinned_by"],
    )
