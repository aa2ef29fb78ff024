"""Reading: pages of messages, what changed, who has read what, and the files within."""

from collections.abc import Sequence
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.errors import invalid
from pegboard.kernel.files import Variant, sign_link
from pegboard.kernel.http.cursors import Page, decode_cursor, encode_cursor
from pegboard.modules.directory import api as directory
from pegboard.modules.messaging import policy, store
from pegboard.modules.messaging.content import files_in
from pegboard.modules.messaging.errors import MessageNotFound
from pegboard.modules.messaging.schemas import FileLink, Message, NonReader, Reader, Readers
from pegboard.modules.messaging.service import rendering
from pegboard.modules.messaging.views import Access, MessageRow

MESSAGES_AT_ONCE = 1000
READERS_AT_ONCE = 1000


async def messages(
    uow: UnitOfWork,
    actor: Actor,
    conversation_id: UUID,
    *,
    after_seq: int | None,
    before_seq: int | None,
    limit: int,
    main_only: bool = False,
) -> Page[Message]:
    """Messages after one, before one, or (neither given) the newest; always the oldest first.

    `main_only`: without the replies that stand in threads only.
    """
    access = await policy.reading(uow, actor, conversation_id)
    line = store.MAIN_LINE if main_only else store.EVERYTHING
    return await page(uow, actor, access, line=line, after_seq=after_seq, before_seq=before_seq, limit=limit)


async def page(
    uow: UnitOfWork,
    actor: Actor,
    access: Access,
    *,
    line: store.Line,
    after_seq: int | None,
    before_seq: int | None,
    limit: int,
) -> Page[Message]:
    """The messages of one line, as `messages` says."""
    if after_seq is not None and before_seq is not None:
        raise invalid("before_seq", "exclusive")
    conversation_id = access.conversation.id
    if after_seq is not None:
        rows = await store.messages_after(uow, conversation_id, max(after_seq, access.first_seq - 1), limit + 1, line)
        rows, more = rows[:limit], len(rows) > limit
        following = encode_cursor(rows[-1].seq) if more else None
    else:
        before = before_seq if before_seq is not None else access.conversation.head_seq + 1
        rows = await store.messages_before(uow, conversation_id, before, access.first_seq, limit + 1, line)
        more = len(rows) > limit
        rows = rows[-limit:]
        following = encode_cursor(rows[0].seq) if more else None
    return Page(items=await rendering.messages(uow, actor, access, rows), next=following)


async def catch_up(
    uow: UnitOfWork, actor: Actor, conversation_id: UUID, after_seq: int, limit: int
) -> tuple[list[Message], int | None]:
    """Messages after `after_seq` for a device that was away, without counts of readers; and from where to go on."""
    access = await policy.reading(uow, actor, conversation_id)
    rows = await store.messages_after(uow, conversation_id, max(after_seq, access.first_seq - 1), limit)
    return await rendering.messages(uow, actor, access, rows, receipts=False), _next(rows, limit)


async def changes(
    uow: UnitOfWork, actor: Actor, conversation_id: UUID, after_rev: int, limit: int
) -> tuple[list[Message], int | None]:
    """Messages changed after a revision, in the order of the changes; and from which revision to go on."""
    access = await policy.reading(uow, actor, conversation_id)
    rows = await store.changed_after(uow, conversation_id, after_rev, access.first_seq, limit)
    shown = await rendering.messages(uow, actor, access, rows, receipts=False)
    return shown, rows[-1].rev if len(rows) == limit else None


def _next(rows: Sequence[MessageRow], limit: int) -> int | None:
    return rows[-1].seq if len(rows) == limit else None


async def message(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: int) -> Message:
    """One message."""
    access = await policy.reading(uow, actor, conversation_id)
    [shown] = await rendering.messages(uow, actor, access, [await policy.message(uow, access, seq)])
    return shown


async def pins(uow: UnitOfWork, actor: Actor, conversation_id: UUID) -> list[Message]:
    """What is pinned in the conversation, the latest pin first."""
    access = await policy.reading(uow, actor, conversation_id)
    rows = await store.pinned_messages(uow, conversation_id, access.first_seq)
    return await rendering.messages(uow, actor, access, rows)


async def readers(
    uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: int, *, cursor: str | None = None
) -> Readers:
    """Who has read the message, and who of those whom it counts for has not; exact, in pages of 1,000 people."""
    access = await policy.reading(uow, actor, conversation_id)
    policy.may_see_readers(access)
    row = await policy.message(uow, access, seq)
    position = decode_cursor(cursor, UUID)
    after = position[0] if position else None
    rows = await store.readers_page(uow, conversation_id, row, after=after, limit=READERS_AT_ONCE + 1)
    total, following = len(rows), None
    if after is not None or len(rows) > READERS_AT_ONCE:
        total = await store.reader_total(uow, conversation_id, seq, row.sender_id)
    if len(rows) > READERS_AT_ONCE:
        rows = rows[:READERS_AT_ONCE]
        following = encode_cursor(rows[-1]["member_id"])
    people = await directory.people(uow, [each["member_id"] for each in rows])
    answer = Readers(read=[], unread=[], total=total, next=following)
    for each in rows:
        person = people[each["member_id"]]
        gone = {"left": True} if each["has_left"] else {}
        if each["has_read"]:
            answer.read.append(Reader(userid=person.userid, name=person.name, read_at=each["read_at"], **gone))
        else:
            answer.unread.append(NonReader(userid=person.userid, name=person.name, **gone))
    return answer


async def file_link(
    uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: int, variant: Variant, *, file_id: UUID | None = None
) -> FileLink:
    """A personal link to the file of a message that the actor may read; a forward with several needs `file_id`."""
    access = await policy.reading(uow, actor, conversation_id)
    row = await policy.message(uow, access, seq)
    wanted = [each for each in files_in(row.kind, row.content) if file_id in (None, each)]
    if len(set(wanted)) != 1:
        raise MessageNotFound
    link = sign_link(uow.parts, org_id=actor.org_id, file_id=wanted[0], member_id=actor.me, variant=variant)
    return FileLink(url=link.url, expires_at=link.expires_at)
