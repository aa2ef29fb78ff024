"""What `ding` reports."""

from typing import ClassVar
from uuid import UUID

from pegboard.kernel.events import Event
from pegboard.kernel.ids import MemberId


class DingSent(Event, frozen=True, kw_only=True):
    """A DING went out to so many people; a scheduled one when its time has come."""

    name: ClassVar[str] = "ding.sent"
    ding_id: UUID
    sender_id: MemberId
    people: int


class DingAcknowledged(Event, frozen=True, kw_only=True):
    """Somebody has acknowledged it; `replied`: in words."""

    name: ClassVar[str] = "ding.acknowledged"
    ding_id: UUID
    sender_id: MemberId
    member_id: MemberId
    replied: bool


class DingCancelled(Event, frozen=True, kw_only=True):
    """Its sender took it back, or it never went out because the sender is no longer there."""

    name: ClassVar[str] = "ding.cancelled"
    ding_id: UUID
    sender_id: MemberId


EVENTS: tuple[type[Event], ...] = (DingSent, DingAcknowledged, DingCancelled)
