"""Changes to messages that are there: edits, recalls, reactions, pins. Each takes the conversation's next rev."""

import unicodedata
from collections.abc import Hashable
from uuid import UUID

import msgspec

from pegboard.kernel.actor import Actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.errors import RevisionMismatch, invalid
from pegboard.kernel.events import emit
from pegboard.kernel.realtime.live import tell
from pegboard.modules.directory import api as directory
from pegboard.modules.messaging import policy, store
from pegboard.modules.messaging.content import EDITABLE, parse
from pegboard.modules.messaging.errors import (
    AlreadyRecalled,
    EditTooLate,
    NotEditable,
    NotOwnMessage,
    RecallTooLate,
    TooManyPins,
    TooManyReactions,
)
from pegboard.modules.messaging.events import MessageEdited, MessageRecalled
from pegboard.modules.messaging.live import MessageChanged
from pegboard.modules.messaging.schemas import Edit, EditedContent, Message
from pegboard.modules.messaging.service import rendering
from pegboard.modules.messaging.service.publishing import member_topic, topic
from pegboard.modules.messaging.settings import MessagingSettings
from pegboard.modules.messaging.views import Access, ConversationRow, MessageRow, Sender


async def edit(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: int, wanted: Edit) -> Message:
    """Give one's own text or markdown message new content, within the time for it."""
    settings = uow.parts[MessagingSettings]
    access = await policy.reading(uow, actor, conversation_id, lock=True)
    policy.may_speak_up(access)
    before = await policy.message(uow, access, seq)
    if before.sender_id != actor.me:
        raise NotOwnMessage
    if before.recalled_at is not None or before.kind not in EDITABLE:
        raise NotEditable
    if (uow.now() - before.sent_at).total_seconds() > settings.edit_within_s:
        raise EditTooLate
    if before.rev != wanted.rev:
        raise RevisionMismatch
    content = parse(before.kind, wanted.content, text_limit=settings.text_limit)
    rev = await store.next_rev(uow, conversation_id)
    await store.change_content(uow, before, rev, msgspec.to_builtins(content), editor_id=actor.me, edited_at=uow.now())
    emit(uow, MessageEdited(conversation_id=conversation_id, seq=seq), actor_id=actor.me)
    return await _changed(uow, actor, access, seq)


async def recall(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: int) -> Message:
    """Take a message back: its place stays, its content goes. Administrators recall others' messages, audited."""
    settings = uow.parts[MessagingSettings]
    access = await policy.reading(uow, actor, conversation_id, lock=True)
    before = await policy.message(uow, access, seq)
    own = before.sender_id == actor.me
    if before.sender_id is None or not (own or access.participant.is_admin):
        raise NotOwnMessage
    if before.recalled_at is not None:
        raise AlreadyRecalled
    if own and (uow.now() - before.sent_at).total_seconds() > settings.recall_within_s:
        raise RecallTooLate
    rev = await store.next_rev(uow, conversation_id)
    await store.change_content(uow, before, rev, {}, recalled_at=uow.now(), recalled_by=actor.me)
    await store.forget_edits(uow, conversation_id, seq)
    emit(uow, MessageRecalled(conversation_id=conversation_id, seq=seq), actor_id=actor.me)
    if not own:
        record(
            uow,
            actor,
            action="message.removed",
            object_=f"message:{conversation_id}/{seq}",
            detail={"kind": before.kind},
        )
    return await _changed(uow, actor, access, seq)


async def react(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: int, emoji: str) -> Message:
    """React with an emoji; doing it twice is doing it once."""
    _check_emoji(emoji)
    access, _ = await _reactable(uow, actor, conversation_id, seq)
    policy.may_speak_up(access)
    place = (conversation_id, seq)
    present = (await store.reactions_of(uow, [place])).get(place, {})
    limit = uow.parts[MessagingSettings].reactions_limit
    if emoji not in present and len(present) >= limit:
        raise TooManyReactions(limit=limit)
    if await store.add_reaction(uow, conversation_id, seq, emoji, actor.me, uow.now()):
        await store.mark_changed(uow, conversation_id, seq, await store.next_rev(uow, conversation_id))
        return await _changed(uow, actor, access, seq)
    return await _as_it_is(uow, actor, access, seq)


async def unreact(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: int, emoji: str) -> Message:
    """Take one's reaction back; without one nothing happens."""
    _check_emoji(emoji)
    access, _ = await _reactable(uow, actor, conversation_id, seq)
    if await store.remove_reaction(uow, conversation_id, seq, emoji, actor.me):
        await store.mark_changed(uow, conversation_id, seq, await store.next_rev(uow, conversation_id))
        return await _changed(uow, actor, access, seq)
    return await _as_it_is(uow, actor, access, seq)


async def pin(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: int) -> Message:
    """Pin a message for everybody; a pinned one stays as it is."""
    access, row = await _pinnable(uow, actor, conversation_id, seq)
    if row.recalled_at is not None:
        raise AlreadyRecalled
    if row.pinned_at is not None:
        return await _as_it_is(uow, actor, access, seq)
    limit = uow.parts[MessagingSettings].pins_limit
    if len(await store.pinned_messages(uow, conversation_id, 1)) >= limit:
        raise TooManyPins(limit=limit)
    rev = await store.next_rev(uow, conversation_id)
    await store.set_pin(uow, conversation_id, seq, rev, uow.now(), actor.me)
    return await _changed(uow, actor, access, seq)


async def unpin(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: int) -> Message:
    """Take a pin away, whoever pinned it; without one nothing happens."""
    access, row = await _pinnable(uow, actor, conversation_id, seq)
    if row.pinned_at is None:
        return await _as_it_is(uow, actor, access, seq)
    rev = await store.next_rev(uow, conversation_id)
    await store.set_pin(uow, conversation_id, seq, rev, None, None)
    return await _changed(uow, actor, access, seq)


async def _pinnable(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: int) -> tuple[Access, MessageRow]:
    access = await policy.reading(uow, actor, conversation_id, lock=True)
    policy.may_pin(access)
    return access, await policy.message(uow, access, seq)


async def history(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: int) -> list[EditedContent]:
    """What a message said before its edits; for the group's administrators (and, of their own, the sender)."""
    access = await policy.reading(uow, actor, conversation_id)
    row = await policy.message(uow, access, seq)
    if row.sender_id != actor.me:
        policy.may_administer(access)
    rows = await store.edits_of(uow, conversation_id, seq)
    people = await directory.people(uow, {each["editor_id"] for each in rows})
    return [
        EditedContent(
            content=each["content"],
            editor=rendering.sender(each["editor_id"], people) or Sender(userid="", name=""),
            edited_at=each["edited_at"],
        )
        for each in rows
    ]


async def _reactable(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: int) -> tuple[Access, MessageRow]:
    access = await policy.reading(uow, actor, conversation_id, lock=True)
    policy.must_be_living(access)
    row = await policy.message(uow, access, seq)
    if row.recalled_at is not None:
        raise AlreadyRecalled
    return access, row


async def _changed(uow: UnitOfWork, actor: Actor, access: Access, seq: int) -> Message:
    """Tell everybody who may see it, and answer the actor."""
    row = await policy.message(uow, access, seq)
    # The actor's own devices first: only they are told which reactions are theirs.
    [own] = await rendering.messages(uow, actor, access, [row], receipts=False)
    event = MessageChanged(conversation_id=row.conversation_id, message=own, personal=True)
    tell(uow, member_topic(actor.me), event)
    await tell_everybody(uow, access.conversation, row)
    return await _as_it_is(uow, actor, access, seq)


async def tell_everybody(uow: UnitOfWork, conversation: ConversationRow, row: MessageRow) -> None:
    """Tell all who may see the message how it is now."""
    event = MessageChanged(
        conversation_id=row.conversation_id,
        message=await rendering.for_everybody(uow, row.conversation_id, row),
    )
    for listeners in await _who_may_see(uow, conversation, row.seq):
        tell(uow, listeners, event)


async def _who_may_see(uow: UnitOfWork, conversation: ConversationRow, seq: int) -> list[Hashable]:
    """Everybody in the conversation; unless newcomers do not see what was before them, and there are some."""
    if conversation.rules.history_for_new:
        return [topic(conversation.id)]
    limit = uow.parts[MessagingSettings].group_limit
    members = await store.group_members(uow, conversation.id, limit=limit)
    seeing = [member for member in members if member.joined_seq <= seq]
    if len(seeing) == len(members):
        return [topic(conversation.id)]
    return [member_topic(member.member_id) for member in seeing]


async def _as_it_is(uow: UnitOfWork, actor: Actor, access: Access, seq: int) -> Message:
    [shown] = await rendering.messages(uow, actor, access, [await policy.message(uow, access, seq)])
    return shown


_EMOJI_PARTS = ("So", "Sk", "Mn", "Me", "Cf", "Nd", "Po", "Sm")


def _check_emoji(emoji: str) -> None:
    """One emoji: symbols with their joiners, selectors, skin tones, flags and keycaps; no letters, no text."""
    categories = [_category(character) for character in emoji]
    known = all(category in _EMOJI_PARTS for category in categories)
    if not emoji or len(emoji) > 32 or not known or not any(category in ("So", "Me", "Sm") for category in categories):
        raise invalid("emoji", "invalid")


def _category(character: str) -> str:
    """Its general category; of the format characters only the joiner and the tags of flags belong to emoji."""
    category = unicodedata.category(character)
    if category == "Cf" and character != "\u200d" and not "\U000e0020" <= character <= "\U000e007f":
        return "control"
    return category
