"""Small frozen values of `ding`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from pegboard.kernel.ids import MemberId

ChannelName = Literal["app", "sms", "phone"]
OutsideName = Literal["sms", "phone"]
DingState = Literal["scheduled", "open", "done", "cancelled"]
RecipientState = Literal["pending", "delivered", "acknowledged", "undelivered", "cancelled"]

OUTSIDE: tuple[OutsideName, ...] = ("sms", "phone")
WAITING = ("pending", "delivered", "undelivered")
"""The states of somebody who can still acknowledge."""

NEAR_LANE, OUTSIDE_LANE = 0, 1
"""What the process does by itself, and what an adapter does: nobody waits in one for the other."""

WEEK_S = 7 * 86_400


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Try this channel so long after the first."""

    channel: ChannelName
    after_seconds: Annotated[int, Meta(ge=0, le=WEEK_S)] = 0


class Repeat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Again every day, week or month at the same time of day in this zone."""

    every: Literal["day", "week", "month"]
    zone: Annotated[str, Meta(min_length=1, max_length=64)]


class Targets(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a DING is for. Departments and readers are looked up when it is sent."""

    member_ids: list[UUID] = []
    department_ids: list[UUID] = []
    to_unread: bool = False


class DingFile(msgspec.Struct, frozen=True, kw_only=True):
    """Something attached."""

    file_id: UUID
    name: str
    size: int
    type: str


# --- what an organisation decides -----------------------------------------------------------------------------------


class HttpAdapter(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="http", forbid_unknown_fields=True):
    """A gateway that takes one request for each message. `url` and `body_template` have places: see the README."""

    url: Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"^https?://")]
    method: Literal["POST", "PUT", "GET"] = "POST"
    headers: Annotated[dict[str, str], Meta(max_length=20)] = {}
    body_template: Annotated[str, Meta(max_length=10_000)] = '{"to": "{phone}", "text": "{text}"}'
    success_contains: Annotated[str, Meta(max_length=200)] = ""
    """What an answer has to contain, where the gateway says 200 to everything."""


class FileAdapter(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="file", forbid_unknown_fields=True):
    """One file for each message, for a program beside us that sends them."""


Adapter = HttpAdapter | FileAdapter


class Adapters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How messages leave the house; null: that channel does not exist here."""

    sms: Adapter | None = None
    phone: Adapter | None = None

    def of(self, channel: str) -> Adapter | None:
        """The adapter of a channel."""
        return self.sms if channel == "sms" else self.phone if channel == "phone" else None


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation decides about DINGs."""

    limit_per_person: int
    sms_a_day: int = 1000
    phone_a_day: int = 200
    pierces_quiet: Literal["nobody", "admins", "everyone"] = "admins"
    adapters: Adapters = Adapters()


# --- rows ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DingRow:
    """A stored DING."""

    id: UUID
    sender_id: MemberId
    content: str
    files: list[DingFile]
    conversation_id: UUID | None
    message_seq: int | None
    steps: list[Step]
    targets: Targets
    pierces: bool
    state: Literal["scheduled", "sent", "cancelled"]
    send_at: datetime
    fired_at: datetime | None
    repeat: Repeat | None
    series_at: datetime | None
    round: int
    reminded_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, row: Any) -> "DingRow":
        """From a row of the table."""
        return cls(
            id=row["id"],
            sender_id=MemberId(row["sender_id"]),
            content=row["content"],
            files=msgspec.convert(row["files"], list[DingFile]),
            conversation_id=row["conversation_id"],
            message_seq=row["message_seq"],
            steps=msgspec.convert(row["steps"], list[Step]),
            targets=msgspec.convert(row["targets"], Targets),
            pierces=row["pierces"],
            state=row["state"],
            send_at=row["send_at"],
            fired_at=row["fired_at"],
            repeat=msgspec.convert(row["repeat"], Repeat) if row["repeat"] is not None else None,
            series_at=row["series_at"],
            round=row["round"],
            reminded_at=row["reminded_at"],
            created_at=row["created_at"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientRow:
    """What the sender sees of one recipient."""

    ding_id: UUID
    member_id: MemberId
    state: RecipientState
    told_at: datetime | None
    delivered_at: datetime | None
    acknowledged_at: datetime | None
    reply: str | None
    rev: int

    @classmethod
    def of(cls, row: Any) -> "RecipientRow":
        """From a row of the table."""
        return cls(**{name: row[name] for name in cls.__slots__})

    @property
    def waits(self) -> bool:
        """Whether they can still acknowledge."""
        return self.state in WAITING
