"""What messaging tells clients that are connected. docs/protocol/realtime.md describes each for client authors."""

from collections.abc import Hashable
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from pegboard.kernel.realtime.live import LiveEvent
from pegboard.kernel.realtime.ordering import Span
from pegboard.modules.messaging.schemas import Conversation, Message, Mine
from pegboard.modules.messaging.views import Role, Rules, ThreadCounts


class MessageCreated(LiveEvent, frozen=True, kw_only=True, tag="message.created"):
    """A new message; its `seq` is one above the conversation's last, or something was missed.

    `thread` comes with a reply: how its thread stands with it.
    """

    conversation_id: UUID
    message: Message
    thread: ThreadCounts | UnsetType = UNSET

    def span(self, topic: Hashable) -> Span | None:
        """The message itself."""
        place = ("conversation", self.conversation_id)
        return Span(self.message.seq, self.message.seq) if topic == place else None


class MessageChanged(LiveEvent, frozen=True, kw_only=True, tag="message.changed"):
    """An edit, a recall or a reaction; the message's `rev` is one above the conversation's last, or one was missed.

    `personal`: told to those who did it, with `mine` of reactions as it is for them. Else `mine` says nothing.
    """

    conversation_id: UUID
    message: Message
    personal: bool = False

    def span(self, topic: Hashable) -> Span | None:
        """A change of the message."""
        place = ("conversation", self.conversation_id)
        return Span(self.message.seq, self.message.seq, self.message.rev) if topic == place else None


class CursorMoved(LiveEvent, frozen=True, kw_only=True, tag="cursor.moved"):
    """The caller has read further, on whatever device. What is new to them is as of `head_seq`."""

    conversation_id: UUID
    head_seq: int
    read_seq: int
    threads_read_seq: int
    unread: int
    mentions: int
    mentioned: bool
    badge: int


class ThreadRead(LiveEvent, frozen=True, kw_only=True, tag="thread.read"):
    """The caller has read further in a thread, or follows it (or no longer): their side of it, as of `last_seq`."""

    conversation_id: UUID
    root_seq: int
    last_seq: int
    following: bool
    read_seq: int
    unread: int


class BookmarkChanged(LiveEvent, frozen=True, kw_only=True, tag="bookmark.changed"):
    """The caller has marked a message, given the mark another note, or taken it away (then `note` is empty)."""

    conversation_id: UUID
    seq: int
    bookmarked: bool
    note: str


class ReceiptCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many have read one message."""

    seq: int
    read: int
    total: int


class ReceiptsChanged(LiveEvent, frozen=True, kw_only=True, tag="receipts.changed"):
    """New counts of own messages, at most one such event in 100 ms and conversation, for its newest 200 messages."""

    conversation_id: UUID
    counts: list[ReceiptCount]


class ConversationJoined(LiveEvent, frozen=True, kw_only=True, tag="conversation.joined"):
    """The caller is in a conversation from now on."""

    conversation: Conversation


class ConversationLeft(LiveEvent, frozen=True, kw_only=True, tag="conversation.left"):
    """The caller is no longer in it."""

    conversation_id: UUID


class ConversationChanged(LiveEvent, frozen=True, kw_only=True, tag="conversation.changed"):
    """Name, rules, owner or size of a conversation are new."""

    conversation_id: UUID
    name: str
    topic: str
    notice: str
    avatar_file_id: UUID | None
    rules: Rules
    owner_userid: str | None
    member_count: int
    dissolved: bool
    revision: int


class MineChanged(LiveEvent, frozen=True, kw_only=True, tag="conversation.mine_changed"):
    """The caller's own side or role is new, and with it where the conversation stands; counts are as of `head_seq`."""

    conversation_id: UUID
    head_seq: int
    my_role: Role
    mine: Mine
    folder_ids: list[UUID]


LIVE_EVENTS = (
    MessageCreated,
    MessageChanged,
    CursorMoved,
    ThreadRead,
    BookmarkChanged,
    ReceiptsChanged,
    ConversationJoined,
    ConversationLeft,
    ConversationChanged,
    MineChanged,
)
