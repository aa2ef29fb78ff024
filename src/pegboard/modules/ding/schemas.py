"""The wire shapes of `ding`."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pegboard.modules.ding.views import Adapters, ChannelName, DingFile, DingState, RecipientState, Repeat, Step

CONTENT_LIMIT = 2000
MAX_STEPS = 10
MAX_FILES = 10
MAX_DEPARTMENTS = 100
HIGHEST = 2**62
BUDGET_LIMIT = 1_000_000

Userid = Annotated[str, Meta(min_length=1, max_length=64)]
Userids = Annotated[list[Userid], Meta(max_length=1000)]
DepartmentIds = Annotated[list[UUID], Meta(max_length=MAX_DEPARTMENTS)]
ClientId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
Reply = Annotated[str, Meta(min_length=1, max_length=500)]
Budget = Annotated[int, Meta(ge=0, le=BUDGET_LIMIT)]


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What clients send: an unknown field is a mistake that they should hear of."""


class _Out(msgspec.Struct, frozen=True, kw_only=True):
    """What we send."""


# --- in -------------------------------------------------------------------------------------------------------------


class MessagePlace(_In, frozen=True, kw_only=True):
    """A message in a conversation."""

    conversation_id: UUID
    seq: Annotated[int, Meta(ge=1, le=HIGHEST)]


class NewDing(_In, frozen=True, kw_only=True):
    """A DING to people, to whole departments, or (`to_unread`) to exactly those who have not read `message`.

    The same `client_id` from the same person is the same DING, sent once. Without `steps`: in the app at once and
    again after 5 minutes, then by SMS after 10 and by telephone after 15, where there are adapters for them.
    """

    content: Annotated[str, Meta(min_length=1, max_length=CONTENT_LIMIT)]
    client_id: ClientId | None = None
    userids: Userids = []
    department_ids: DepartmentIds = []
    message: MessagePlace | None = None
    to_unread: bool = False
    file_ids: Annotated[list[UUID], Meta(max_length=MAX_FILES)] = []
    steps: Annotated[list[Step], Meta(min_length=1, max_length=MAX_STEPS)] | None = None
    send_at: datetime | None = None
    repeat: Repeat | None = None


class Acknowledgement(_In, frozen=True, kw_only=True):
    """One press, and words for the sender if there are any."""

    reply: Reply | None = None


class MoreRecipients(_In, frozen=True, kw_only=True):
    """Some more people."""

    userids: Userids = []
    department_ids: DepartmentIds = []


class PolicyChange(_In, frozen=True, kw_only=True):
    """What changes of the organisation's policy, and the revision that the caller saw.

    A header's value that is sent back as it was shown (`•••`) stays what it is.
    """

    revision: Annotated[int, Meta(ge=0, le=HIGHEST)]
    limit_per_person: Budget | UnsetType = UNSET
    sms_a_day: Budget | UnsetType = UNSET
    phone_a_day: Budget | UnsetType = UNSET
    pierces_quiet: Literal["nobody", "admins", "everyone"] | UnsetType = UNSET
    adapters: Adapters | UnsetType = UNSET


# --- out -----------------------------------------------------------------------------------------------------------


class Person(_Out, frozen=True, kw_only=True):
    """Somebody beside a DING."""

    userid: str
    name: str
    avatar_file_id: UUID | None


class AboutMessage(_Out, frozen=True, kw_only=True):
    """The message that it is about; its words only for those who may read it."""

    conversation_id: UUID
    seq: int
    readable: bool
    excerpt: str


class Counts(_Out, frozen=True, kw_only=True):
    """How many people are in each state."""

    pending: int = 0
    delivered: int = 0
    acknowledged: int = 0
    undelivered: int = 0
    cancelled: int = 0


class Recipient(_Out, frozen=True, kw_only=True):
    """One person, and how far it has come with them. `told_at`: since when they have it before them.

    `rev` grows with every change of state or reply: what carries a smaller one is older.
    """

    userid: str
    name: str
    state: RecipientState
    told_at: datetime | None
    delivered_at: datetime | None
    acknowledged_at: datetime | None
    reply: str | None
    rev: int


class Ding(_Out, frozen=True, kw_only=True):
    """A DING as its sender sees it (with `counts`), or one of its recipients (without; `recipients`: their own place).

    `revision` is that of `counts`: what carries a smaller one is older. In lists, and in events,
    `recipients` is empty for the sender. `department_ids` and `to_unread` are shown to the sender.
    """

    id: UUID
    state: DingState
    mine: bool
    sender: Person
    content: str
    message: AboutMessage | None
    files: list[DingFile]
    steps: list[Step]
    send_at: datetime
    created_at: datetime
    fired_at: datetime | None
    reminded_at: datetime | None
    repeat: Repeat | None
    department_ids: list[UUID]
    to_unread: bool
    revision: int
    counts: Counts | None
    recipients: list[Recipient]
    next: str | None = None


class Created(_Out, frozen=True, kw_only=True):
    """It is stored, and will be sent."""

    id: UUID


class Added(_Out, frozen=True, kw_only=True):
    """Who is new; those who had it already are not named."""

    added: list[str]


class Usage(_Out, frozen=True, kw_only=True):
    """How many DINGs the caller has sent today, a day of the organisation's."""

    used: int
    limit: int
    day: str


class DingPolicy(_Out, frozen=True, kw_only=True):
    """The organisation's policy, and what has been used of its budgets today. Values of headers are not shown."""

    revision: int
    limit_per_person: int
    sms_a_day: int
    phone_a_day: int
    pierces_quiet: Literal["nobody", "admins", "everyone"]
    adapters: Adapters
    sms_used: int
    phone_used: int


class DingFileLink(_Out, frozen=True, kw_only=True):
    """A personal link to a file's bytes, good until `expires_at`."""

    url: str
    expires_at: datetime


class Attempt(_Out, frozen=True, kw_only=True):
    """One delivery outside the app, for the sender. `code` says why it failed."""

    userid: str
    channel: ChannelName
    state: Literal["claimed", "begun", "accepted", "delivered", "failed"]
    code: str | None
    at: datetime
