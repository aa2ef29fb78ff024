"""Values that cross between the parts of messaging, and its doors."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from pegboard.kernel.ids import MemberId, OrgId

ConversationKind = Literal["direct", "group", "department", "all"]
Role = Literal["owner", "admin", "member"]


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote it."""

    userid: str
    name: str


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What the page behind a link says of itself; `description` may be empty, `site` may be just its host."""

    url: str
    title: str
    description: str
    site: str


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """The message that this one replies to; `excerpt` is empty for a recalled one."""

    seq: int
    sender: Sender | None
    kind: str
    excerpt: str


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a group's owner decides."""

    join: Literal["open", "approve", "invite"] = "invite"
    speak: Literal["everyone", "admins"] = "everyone"
    mention_all: Literal["everyone", "admins"] = "everyone"
    invite: Literal["everyone", "admins"] = "everyone"
    edit: Literal["everyone", "admins"] = "admins"
    pin: Literal["everyone", "admins"] = "admins"
    history_for_new: bool = True
    read_lists: bool = True
    mute_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDraft:
    """A message before it has its place: checked as far as can be without the conversation.

    `content` is JSON.
    """

    kind: str
    content: bytes
    client_id: str | None = None
    mentions: tuple[MemberId, ...] = ()
    mention_userids: tuple[str, ...] = ()
    mention_all: bool = False
    reply_to: int | None = None
    reply_author: MemberId | None = None
    thread_seq: int | None = None
    also_in_main: bool = False
    file_ids: tuple[UUID, ...] = ()
    quote: Quote | None = None

    @property
    def thread_only(self) -> bool:
        """Whether it stands in its thread and not in the main line."""
        return self.thread_seq is not None and not self.also_in_main

    @property
    def is_plain(self) -> bool:
        """Whether nothing else has to be looked up or written for it."""
        return not (self.mentions or self.mention_all or self.reply_to or self.file_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """A message that has its place; `fresh` is False when it had it already (the client_id came again)."""

    org_id: OrgId
    conversation_id: UUID
    message_id: UUID
    seq: int
    sent_at: datetime
    sender_id: MemberId | None
    sender_userid: str = ""
    sender_name: str = ""
    draft: MessageDraft
    fresh: bool = True

    @property
    def place(self) -> tuple[OrgId, UUID]:
        """Where it stands."""
        return self.org_id, self.conversation_id

    def again(self) -> "Appended":
        """The same, as the answer to a repetition."""
        return Appended(
            org_id=self.org_id,
            conversation_id=self.conversation_id,
            message_id=self.message_id,
            seq=self.seq,
            sent_at=self.sent_at,
            sender_id=self.sender_id,
            draft=self.draft,
            fresh=False,
        )


class ThreadCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How a thread stands with one of its replies, which is `last_seq`."""

    root_seq: int
    replies: int
    last_seq: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorMove:
    """Where a cursor stands, and from where it came there; `threads_*` is the one of all threads at once."""

    org_id: OrgId
    conversation_id: UUID
    member_id: MemberId
    from_seq: int
    to_seq: int
    threads_from_seq: int = 0
    threads_to_seq: int = 0
    reply_seq: int = 0

    @property
    def moved(self) -> bool:
        """Whether this changed anything."""
        return self.to_seq > self.from_seq or self.threads_to_seq > self.threads_from_seq


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadMove:
    """Where somebody's cursor in one thread stands, and from where it came there."""

    org_id: OrgId
    conversation_id: UUID
    member_id: MemberId
    root_seq: int
    from_seq: int
    to_seq: int

    @property
    def moved(self) -> bool:
        """Whether this changed anything."""
        return self.to_seq > self.from_seq


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRow:
    """A thread as it is stored; `people` are the first who replied."""

    conversation_id: UUID
    root_seq: int
    replies: int
    last_seq: int
    last_at: datetime
    people: tuple[MemberId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationRow:
    """A conversation as it is stored."""

    org_id: OrgId
    id: UUID
    kind: ConversationKind
    name: str
    topic: str
    notice: str
    avatar_file_id: UUID | None
    owner_id: MemberId | None
    department_id: UUID | None
    direct_key: str | None
    rules: Rules
    member_count: int
    head_seq: int
    head_rev: int
    main_seq: int
    reply_seq: int
    last_at: datetime
    dissolved_at: datetime | None
    revision: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A conversation and somebody's place in it, as far as sending asks for them."""

    head_seq: int
    revision: int
    rules: Rules
    dissolved: bool
    role: Role | None
    silenced: bool
    left: bool
    kind: ConversationKind = "group"
    known: Appended | None = None

    @property
    def is_in(self) -> bool:
        """Whether they are in the conversation now."""
        return self.role is not None and not self.left

    @property
    def is_admin(self) -> bool:
        """Whether they run the group."""
        return self.is_in and self.role in ("owner", "admin")


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """What is new in a conversation for one member, each counted to 100; `unread` includes the calls.

    A message that calls them in several ways counts for the first of `mention`, `reply`, `mention_all`.
    """

    unread: int = 0
    mention: int = 0
    reply: int = 0
    mention_all: int = 0

    @property
    def calls(self) -> int:
        """How many messages call them."""
        return self.mention + self.reply + self.mention_all


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Somebody's whole place in a conversation."""

    conversation_id: UUID
    member_id: MemberId
    role: Role
    silenced: bool
    joined_seq: int
    left_seq: int | None
    joined_at: datetime
    cursor_seq: int
    threads_read_seq: int
    pinned: bool
    muted_until: datetime | None
    hidden_seq: int | None
    marked_unread: bool
    draft: str

    @property
    def is_admin(self) -> bool:
        """Whether they run the group."""
        return self.role in ("owner", "admin")

    @property
    def nothing_new_to(self) -> int:
        """The last seq that is not new for them: they have read to it, or it was there before they came (back)."""
        return max(self.cursor_seq, self.joined_seq - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """A message as it is stored; `content` is empty once it was recalled."""

    conversation_id: UUID
    seq: int
    id: UUID
    sender_id: MemberId | None
    kind: str
    content: Mapping[str, Any]
    mentions: tuple[MemberId, ...]
    mention_all: bool
    reply_to: int | None
    sent_at: datetime
    rev: int
    edited_at: datetime | None
    recalled_at: datetime | None
    recalled_by: MemberId | None
    thread_seq: int | None = None
    also_in_main: bool = False
    pinned_at: datetime | None = None
    pinned_by: MemberId | None = None
    previews: tuple[Preview, ...] = ()

    @property
    def thread_only(self) -> bool:
        """Whether it stands in its thread and not in the main line."""
        return self.thread_seq is not None and not self.also_in_main


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a reader may see of a conversation: the policy alone hands it out. `first_seq` is the first seen."""

    conversation: ConversationRow
    participant: Participant
    first_seq: int
    read_lists: bool = True
