"""Threads: what replies make of a message, who follows it, and how far each has read."""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.http.cursors import Page, decode_cursor, page_of
from pegboard.kernel.parts import Parts
from pegboard.modules.messaging import policy, store
from pegboard.modules.messaging.errors import MessageNotFound, ThreadNotFound
from pegboard.modules.messaging.schemas import Message, ThreadState
from pegboard.modules.messaging.service import naming, reading, rendering
from pegboard.modules.messaging.service.publishing import Publisher
from pegboard.modules.messaging.service.sending import Messenger
from pegboard.modules.messaging.views import Access, MessageRow, ThreadMove


async def thread(uow: UnitOfWork, actor: Actor, conversation_id: UUID, root_seq: int) -> ThreadState:
    """A thread as the actor stands with it; one can be opened before there is a reply."""
    access, root = await _thread(uow, actor, conversation_id, root_seq)
    state = await store.thread_state(uow, conversation_id, root_seq, actor.me)
    if state is None:
        raise ThreadNotFound
    shown = await rendering.messages(uow, actor, access, [root]) if root else []
    names = await naming.names(uow, actor, [access])
    return ThreadState(
        conversation=names[conversation_id],
        root_seq=root_seq,
        root=shown[0] if shown else None,
        replies=state["replies"] or 0,
        last_seq=state["last_seq"],
        last_at=state["last_at"],
        following=state["following"],
        read_seq=state["read_seq"],
        unread=state["unread"],
    )


async def replies(
    uow: UnitOfWork,
    actor: Actor,
    conversation_id: UUID,
    root_seq: int,
    *,
    after_seq: int | None,
    before_seq: int | None,
    limit: int,
) -> Page[Message]:
    """The replies after one, before one, or (neither given) the newest; always the oldest first."""
    access, _ = await _thread(uow, actor, conversation_id, root_seq)
    return await reading.page(
        uow,
        actor,
        access,
        line=store.thread_line(root_seq),
        after_seq=after_seq,
        before_seq=before_seq,
        limit=limit,
    )


async def followed(
    uow: UnitOfWork, actor: Actor, *, only_unread: bool, cursor: str | None, limit: int
) -> Page[ThreadState]:
    """The threads that the actor follows, in all conversations: the one with the newest reply first."""
    after: Any = decode_cursor(cursor, datetime, UUID, int)
    rows = await store.followed_threads(uow, actor.me, only_unread=only_unread, after=after, limit=limit + 1)
    page = page_of(rows, limit, lambda row: (row["last_at"], row["conversation_id"], row["root_seq"]))
    accesses = await policy.readings(uow, actor, {row["conversation_id"] for row in page.items})
    names = await naming.names(uow, actor, accesses.values())
    roots = await store.messages_at_places(uow, [(row["conversation_id"], row["root_seq"]) for row in page.items])
    shown = await rendering.messages_across(uow, actor, policy.readable(accesses, roots), accesses)
    return Page(
        items=[
            ThreadState(
                conversation=names[row["conversation_id"]],
                root_seq=row["root_seq"],
                root=shown.get((row["conversation_id"], row["root_seq"])),
                replies=row["replies"],
                last_seq=row["last_seq"],
                last_at=row["last_at"],
                following=True,
                read_seq=row["read_seq"],
                unread=row["unread"],
            )
            for row in page.items
            if row["conversation_id"] in accesses
        ],
        next=page.next,
    )


async def read(parts: Parts, actor: Actor, conversation_id: UUID, root_seq: int, seq: int) -> ThreadState:
    """Move the actor's cursor in the thread forward: everything in it up to `seq` was seen."""
    async with UnitOfWork(parts[Database], orgs=(actor.org_id,)) as uow:
        await _thread(uow, actor, conversation_id, root_seq)
    await parts[Messenger].read_thread(actor, conversation_id, root_seq, seq)
    async with UnitOfWork(parts[Database], orgs=(actor.org_id,)) as uow:
        return await thread(uow, actor, conversation_id, root_seq)


async def follow(
    uow: UnitOfWork, actor: Actor, conversation_id: UUID, root_seq: int, *, following: bool
) -> ThreadState:
    """Follow a thread by hand, or do so no longer (until one replies in it, or is called in it, again)."""
    await _thread(uow, actor, conversation_id, root_seq)
    changed = await store.follow_thread(uow, conversation_id, root_seq, actor.me, following=following)
    state = await thread(uow, actor, conversation_id, root_seq)
    if changed:
        side = ThreadMove(
            org_id=actor.org_id,
            conversation_id=conversation_id,
            member_id=actor.me,
            root_seq=root_seq,
            from_seq=state.read_seq,
            to_seq=state.read_seq,
        )
        uow.after_commit(partial(uow.parts[Publisher].side_changed, side))
    return state


async def _thread(
    uow: UnitOfWork, actor: Actor, conversation_id: UUID, root_seq: int
) -> tuple[Access, MessageRow | None]:
    """The root of a thread, if the actor may see it; whoever sees replies only may read on in their thread."""
    access = await policy.reading(uow, actor, conversation_id)
    try:
        root = await policy.message(uow, access, root_seq)
    except MessageNotFound:
        below = (await store.threads_at(uow, [(conversation_id, root_seq)])).get((conversation_id, root_seq))
        if below is None or below.last_seq < access.first_seq:
            raise ThreadNotFound from None
        return access, None
    if root.thread_seq is not None:
        raise ThreadNotFound
    return access, root
