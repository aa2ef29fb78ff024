"""What messaging reports to other modules."""

from typing import ClassVar
from uuid import UUID

import msgspec

from pegboard.kernel.events import Event


class ConversationCreated(Event, frozen=True, kw_only=True):
    """A conversation begins."""

    name: ClassVar[str] = "conversation.created"
    conversation_id: UUID
    kind: str


class ConversationDissolved(Event, frozen=True, kw_only=True):
    """Its owner ended it; it can still be read."""

    name: ClassVar[str] = "conversation.dissolved"
    conversation_id: UUID


class ParticipantsJoined(Event, frozen=True, kw_only=True):
    """Members came into a conversation with the message `seq`."""

    name: ClassVar[str] = "conversation.participants_joined"
    conversation_id: UUID
    member_ids: list[UUID]
    seq: int


class ParticipantsLeft(Event, frozen=True, kw_only=True):
    """Members left, or were removed from, a conversation with the message `seq`."""

    name: ClassVar[str] = "conversation.participants_left"
    conversation_id: UUID
    member_ids: list[UUID]
    seq: int


class MessagesSent(Event, frozen=True, kw_only=True):
    """The messages `from_seq` to `to_seq` of a conversation were sent in one commit.

    Among them, for those who care for few: `linked` may hold links, `replies` reply to another message.
    """

    name: ClassVar[str] = "message.sent"
    conversation_id: UUID
    from_seq: int
    to_seq: int
    linked: list[int] = msgspec.field(default_factory=list)
    replies: list[int] = msgspec.field(default_factory=list)


class MessageEdited(Event, frozen=True, kw_only=True):
    """A message has new content."""

    name: ClassVar[str] = "message.edited"
    conversation_id: UUID
    seq: int


class MessageRecalled(Event, frozen=True, kw_only=True):
    """A message lost its content."""

    name: ClassVar[str] = "message.recalled"
    conversation_id: UUID
    seq: int


EVENTS = (
    ConversationCreated,
    ConversationDissolved,
    ParticipantsJoined,
    ParticipantsLeft,
    MessagesSent,
    MessageEdited,
    MessageRecalled,
)
