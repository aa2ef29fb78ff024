"""Bookmarks: what a member wants to find again, for as long as they may read it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.http.cursors import Page, decode_cursor, page_of
from pegboard.kernel.realtime.live import tell
from pegboard.modules.messaging import policy, store
from pegboard.modules.messaging.errors import TooManyBookmarks
from pegboard.modules.messaging.live import BookmarkChanged
from pegboard.modules.messaging.schemas import Bookmark
from pegboard.modules.messaging.service import naming, rendering
from pegboard.modules.messaging.service.publishing import member_topic
from pegboard.modules.messaging.settings import MessagingSettings


async def mark(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: int, note: str) -> None:
    """Mark a message that the actor may read, or give the mark another note."""
    access = await policy.reading(uow, actor, conversation_id)
    await policy.message(uow, access, seq)
    limit = uow.parts[MessagingSettings].bookmarks_limit
    if await store.count_other_bookmarks(uow, actor.me, conversation_id, seq) >= limit:
        raise TooManyBookmarks(limit=limit)
    await store.set_bookmark(uow, actor.me, conversation_id, seq, note, uow.now())
    _tell(uow, actor, conversation_id, seq, bookmarked=True, note=note)


async def unmark(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: int) -> None:
    """Take a mark away, also of a message that the actor may read no longer; without one nothing happens."""
    if await store.remove_bookmark(uow, actor.me, conversation_id, seq):
        _tell(uow, actor, conversation_id, seq, bookmarked=False, note="")


def _tell(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: int, *, bookmarked: bool, note: str) -> None:
    event = BookmarkChanged(conversation_id=conversation_id, seq=seq, bookmarked=bookmarked, note=note)
    tell(uow, member_topic(actor.me), event)


async def bookmarks(uow: UnitOfWork, actor: Actor, *, cursor: str | None, limit: int) -> Page[Bookmark]:
    """What the actor has marked and may read now, the newest mark first."""
    after: Any = decode_cursor(cursor, datetime, UUID, int)
    rows = await store.bookmarks_of(uow, actor.me, after=after, limit=limit + 1)
    page = page_of(rows, limit, lambda row: (row["at"], row["conversation_id"], row["seq"]))
    accesses = await policy.readings(uow, actor, {row["conversation_id"] for row in page.items})
    names = await naming.names(uow, actor, accesses.values())
    found = await store.messages_at_places(uow, [(row["conversation_id"], row["seq"]) for row in page.items])
    shown = await rendering.messages_across(uow, actor, policy.readable(accesses, found), accesses)
    return Page(
        items=[
            Bookmark(
                conversation=names[row["conversation_id"]],
                message=shown[row["conversation_id"], row["seq"]],
                note=row["note"],
                at=row["at"],
            )
            for row in page.items
            if (row["conversation_id"], row["seq"]) in shown
        ],
        next=page.next,
    )
