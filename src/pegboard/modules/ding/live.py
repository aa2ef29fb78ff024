"""What `ding` tells clients that are connected. docs/protocol/realtime.md describes each for client authors."""

from uuid import UUID

from pegboard.kernel.realtime.live import LiveEvent
from pegboard.modules.ding.schemas import Counts, Ding, Recipient
from pegboard.modules.ding.views import DingState


class DingReceived(LiveEvent, frozen=True, kw_only=True, tag="ding.received"):
    """A DING has come, or comes again: to be shown until it is acknowledged. `step` counts from 0."""

    ding: Ding
    step: int


class DingChanged(LiveEvent, frozen=True, kw_only=True, tag="ding.changed"):
    """One of the caller's own, sent or received, is new or otherwise than it was: acknowledged elsewhere, cancelled."""

    id: UUID
    state: DingState
    ding: Ding


class DingProgress(LiveEvent, frozen=True, kw_only=True, tag="ding.progress"):
    """How far a sent DING has come: all counts, and those recipients who changed. At most one in 200 ms and DING."""

    id: UUID
    state: DingState
    revision: int
    counts: Counts
    recipients: list[Recipient]


LIVE_EVENTS = (DingReceived, DingChanged, DingProgress)
