"""The wire shapes of messaging, the same over HTTP and over the socket."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pegboard.modules.messaging.views import Preview, Quote, Role, Rules, Sender

Everyone = Literal["everyone", "admins"]
Userid = Annotated[str, Meta(min_length=1, max_length=64)]
ClientId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Emoji = Annotated[str, Meta(min_length=1, max_length=32)]
# A seq, a rev or a revision; what is larger would not fit the column that it is compared with.
HIGHEST = 2**62
Seq = Annotated[int, Meta(ge=1, le=HIGHEST)]
Position = Annotated[int, Meta(ge=0, le=HIGHEST)]

MAX_MENTIONS = 200
MAX_PEOPLE_AT_ONCE = 1000


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What clients send: an unknown field is a mistake that they should hear of."""


class _Out(msgspec.Struct, frozen=True, kw_only=True):
    """What we send."""


class ConversationName(_Out, frozen=True, kw_only=True):
    """Which conversation something is from, for lists across them; a direct one is called like the other person."""

    id: UUID
    kind: Literal["direct", "group", "department", "all"]
    name: str


# --- messages --------------------------------------------------------------------------------------------------


class Reaction(_Out, frozen=True, kw_only=True):
    """One emoji on a message; `names` are the first ten people."""

    emoji: str
    count: int
    mine: bool
    names: list[str]


class Receipts(_Out, frozen=True, kw_only=True):
    """How many of those whom the message counts for have read it; the sender is not among them."""

    read: int
    total: int


class Thread(_Out, frozen=True, kw_only=True):
    """The replies to a message, and to them; `people` are the first three who replied."""

    replies: int
    last_seq: int
    last_at: datetime
    people: list[Sender]


class Message(_Out, frozen=True, kw_only=True):
    """One message. `sender` is null for the system; a recalled message has an empty content.

    `receipts` is null unless the caller may see them. Live events carry the message without what differs from
    reader to reader (`receipts`; `mine` of reactions is then false: names and counts are right).
    """

    id: UUID
    seq: int
    rev: int
    sender: Sender | None
    kind: str
    content: msgspec.Raw
    mentions: list[str]
    reply_to: Quote | None
    sent_at: datetime
    edited_at: datetime | None = None
    recalled_at: datetime | None = None
    recalled_by: str | None = None
    reactions: list[Reaction] = []
    previews: list[Preview] = []
    thread_seq: int | None = None
    also_in_main: bool = False
    thread: Thread | None = None
    pinned_at: datetime | None = None
    pinned_by: str | None = None
    receipts: Receipts | None = None


class NewMessage(_In, frozen=True, kw_only=True):
    """A message to be sent. The same `client_id` from the same person is the same message, sent once.

    A reply stands in the thread of the message replied to; with `also_in_main` in the main line as well.
    """

    kind: str
    content: msgspec.Raw
    client_id: ClientId | None = None
    mentions: Annotated[list[Userid], Meta(max_length=MAX_MENTIONS)] = []
    reply_to: Seq | None = None
    also_in_main: bool = False


class Sent(_Out, frozen=True, kw_only=True):
    """The message is stored durably and has its place."""

    id: UUID
    seq: int
    sent_at: datetime


class Edit(_In, frozen=True, kw_only=True):
    """New content for a text or markdown message that the caller saw at `rev`."""

    content: msgspec.Raw
    rev: Position


class EditedContent(_Out, frozen=True, kw_only=True):
    """What a message said before an edit."""

    content: dict[str, Any]
    editor: Sender
    edited_at: datetime


class Forwarding(_In, frozen=True, kw_only=True):
    """Messages of another conversation to be sent on, each by itself or merged into one."""

    from_conversation_id: UUID
    seqs: Annotated[list[Seq], Meta(min_length=1, max_length=100)]
    merged: bool = False
    client_id: ClientId | None = None


class FileLink(_Out, frozen=True, kw_only=True):
    """A personal link to a file's bytes, good until `expires_at`."""

    url: str
    expires_at: datetime


# --- reading ---------------------------------------------------------------------------------------------------


class ReadTo(_In, frozen=True, kw_only=True):
    """Everything up to `seq` was really seen; without it, up to the head."""

    seq: Position | None = None


class ReadPosition(_Out, frozen=True, kw_only=True):
    """The cursors of the main line and of all threads at once, as they are now; they never go back."""

    read_seq: int
    threads_read_seq: int


class FolderRead(_Out, frozen=True, kw_only=True):
    """How many conversations in the folder had something unread."""

    conversations: int


class ThreadReadTo(_In, frozen=True, kw_only=True):
    """Everything in the thread up to `seq` was really seen."""

    seq: Seq


class ThreadState(_Out, frozen=True, kw_only=True):
    """A thread, and how the caller stands with it. Above `read_seq` everything is new to them; `unread` counts to 100.

    Without a reply there are only the counts; `root` is null where the caller may not read it.
    """

    conversation: ConversationName
    root_seq: int
    root: Message | None
    replies: int
    last_seq: int | None
    last_at: datetime | None
    following: bool
    read_seq: int
    unread: int


class BookmarkNote(_In, frozen=True, kw_only=True):
    """What the caller notes beside the message."""

    note: Annotated[str, Meta(max_length=500)] = ""


class Bookmark(_Out, frozen=True, kw_only=True):
    """A message that the caller wants to find again."""

    conversation: ConversationName
    message: Message
    note: str
    at: datetime


class Reader(_Out, frozen=True, kw_only=True):
    """Somebody who has read it; `read_at` is null when that is no longer known, `left` set for who is gone."""

    userid: str
    name: str
    read_at: datetime | None
    left: bool | UnsetType = UNSET


class NonReader(_Out, frozen=True, kw_only=True):
    """Somebody who has not read it."""

    userid: str
    name: str
    left: bool | UnsetType = UNSET


class Readers(_Out, frozen=True, kw_only=True):
    """Both lists, exact; the sender is in neither and not in `total`. Beyond 1,000 people they come in pages."""

    read: list[Reader]
    unread: list[NonReader]
    total: int
    next: str | None = None


# --- conversations -----------------------------------------------------------------------------------------------


class RulesChange(_In, frozen=True, kw_only=True):
    """The rules that change; the others stay."""

    join: Literal["open", "approve", "invite"] | UnsetType = UNSET
    speak: Everyone | UnsetType = UNSET
    mention_all: Everyone | UnsetType = UNSET
    invite: Everyone | UnsetType = UNSET
    edit: Everyone | UnsetType = UNSET
    pin: Everyone | UnsetType = UNSET
    history_for_new: bool | UnsetType = UNSET
    read_lists: bool | UnsetType = UNSET
    mute_all: bool | UnsetType = UNSET


class Mine(_Out, frozen=True, kw_only=True):
    """The caller's own side of a conversation.

    `unread` counts to 100, without one's own and the system's; of replies in threads only those that call the caller.
    `mentions` of them call the caller (by name, by a reply, or as everybody); `mentioned`: there are any. `badge` is
    the number to be shown, by the rule in `GET /me/attention`. At `muted_until` the badge is another: ask again.
    """

    read_seq: int
    threads_read_seq: int
    unread: int
    mentions: int
    mentioned: bool
    badge: int
    first_seq: int
    pinned: bool
    muted_until: datetime | None
    hidden: bool
    marked_unread: bool
    draft: str


class MineChange(_In, frozen=True, kw_only=True):
    """What the caller changes on their own side."""

    pinned: bool | UnsetType = UNSET
    muted_until: Annotated[datetime, Meta(tz=True)] | UnsetType | None = UNSET
    hidden: bool | UnsetType = UNSET
    marked_unread: bool | UnsetType = UNSET
    draft: Annotated[str, Meta(max_length=20_000)] | UnsetType = UNSET


class Peer(_Out, frozen=True, kw_only=True):
    """The other one in a direct conversation."""

    userid: str
    name: str
    avatar_file_id: UUID | None
    state: str


class Conversation(_Out, frozen=True, kw_only=True):
    """A conversation as the caller sees it; `folder_ids` are the folders that it stands in, in the caller's order."""

    id: UUID
    kind: Literal["direct", "group", "department", "all"]
    name: str
    avatar_file_id: UUID | None
    topic: str
    notice: str
    owner_userid: str | None
    my_role: Role
    member_count: int
    head_seq: int
    head_rev: int
    created_at: datetime
    dissolved_at: datetime | None
    revision: int
    rules: Rules
    mine: Mine
    folder_ids: list[UUID]
    peer: Peer | None
    last_message: Message | None


class NewConversation(_In, frozen=True, kw_only=True):
    """A group with these people (the caller is in it anyway), or the direct conversation with one."""

    kind: Literal["group", "direct"]
    client_id: ClientId | None = None
    name: Name | None = None
    members: Annotated[list[Userid], Meta(max_length=MAX_PEOPLE_AT_ONCE)] = []
    userid: Userid | None = None


class ConversationChange(_In, frozen=True, kw_only=True):
    """What changes of a group, and the revision that the caller saw."""

    revision: Position
    name: Name | UnsetType = UNSET
    topic: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    notice: Annotated[str, Meta(max_length=2000)] | UnsetType = UNSET
    avatar_file_id: UUID | UnsetType | None = UNSET
    rules: RulesChange | UnsetType = UNSET


class GroupMember(_Out, frozen=True, kw_only=True):
    """Somebody in a conversation."""

    userid: str
    name: str
    title: str
    avatar_file_id: UUID | None
    role: Role
    muted: bool
    state: str
    joined_at: datetime


class People(_In, frozen=True, kw_only=True):
    """Some people of the organisation."""

    userids: Annotated[list[Userid], Meta(min_length=1, max_length=MAX_PEOPLE_AT_ONCE)]


class Added(_Out, frozen=True, kw_only=True):
    """Who is new; those who were in already are not named."""

    added: list[str]


class Person(_In, frozen=True, kw_only=True):
    """One person of the organisation."""

    userid: Userid


class GroupMemberChange(_In, frozen=True, kw_only=True):
    """A member's part in the group."""

    role: Literal["admin", "member"] | UnsetType = UNSET
    muted: bool | UnsetType = UNSET


class JoinRequest(_Out, frozen=True, kw_only=True):
    """Somebody who asks to be let in."""

    userid: str
    name: str
    at: datetime


class Waiting(_Out, frozen=True, kw_only=True):
    """The group's administrators will decide."""

    state: Literal["waiting"] = "waiting"


class Excerpt(_Out, frozen=True, kw_only=True):
    """The text around what was found, in one line. `marks` are [start, end) of what was found in it, counted in
    UTF-16 code units as browsers count them.
    """

    text: str
    marks: list[list[int]]


class FoundMessage(_Out, frozen=True, kw_only=True):
    """A message that has the words looked for (without counts of readers)."""

    conversation: ConversationName
    message: Message
    excerpt: Excerpt
