"""Messages of the server itself: who joined, who left, what was renamed. They have their place among the others."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.ids import MemberId, uuid7
from pegboard.kernel.realtime.live import tell
from pegboard.modules.directory import api as directory
from pegboard.modules.messaging import store
from pegboard.modules.messaging.content import encode
from pegboard.modules.messaging.live import MessageCreated
from pegboard.modules.messaging.service import rendering
from pegboard.modules.messaging.service.publishing import topic
from pegboard.modules.messaging.views import Appended, ConversationRow, MessageDraft

NAMED_AT_MOST = 20


async def say(uow: UnitOfWork, conversation: ConversationRow, event: str, **detail: Any) -> int:
    """Append a system message; its seq. The caller holds the conversation's lock."""
    content = encode({"event": event, **{name: value for name, value in detail.items() if value is not None}})
    draft = MessageDraft(kind="system", content=content)
    message_id, now = uuid7(), uow.now()
    message = Appended(
        org_id=uow.org_id,
        conversation_id=conversation.id,
        message_id=message_id,
        seq=await store.say(uow, conversation.id, message_id, draft, now),
        sent_at=now,
        sender_id=None,
        draft=draft,
    )
    tell(
        uow,
        topic(conversation.id),
        MessageCreated(conversation_id=conversation.id, message=rendering.appended(message)),
    )
    return message.seq


async def named(uow: UnitOfWork, members: Sequence[MemberId]) -> list[dict[str, str]]:
    """The first of these people, for a system message (its `count` says how many they are in all)."""
    people = await directory.people(uow, members[:NAMED_AT_MOST])
    return [
        {"userid": people[member].userid, "name": people[member].name}
        for member in members[:NAMED_AT_MOST]
        if member in people
    ]


async def actor_named(uow: UnitOfWork, member_id: MemberId | None) -> dict[str, str] | None:
    """Who did it; None for the system."""
    found = await named(uow, [member_id]) if member_id is not None else []
    return found[0] if found else None


async def locked(uow: UnitOfWork, conversation_id: UUID) -> ConversationRow | None:
    """The conversation, held until the commit; None if there is none."""
    connection = await uow.connection()
    place = (uow.org_id, conversation_id)
    return (await store.lock_conversations(connection, [place])).get(place)
