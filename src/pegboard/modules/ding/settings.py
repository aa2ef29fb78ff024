"""Limits and times of `ding`; operators set them in `[ding]`."""

from pathlib import Path
from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class DingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Urgent notices."""

    recipients_limit: Count = 1000
    """People to whom one DING may go."""
    limit_per_person: Annotated[int, msgspec.Meta(ge=0)] = 50
    """DINGs that one person may send a day, unless the organisation has decided otherwise."""
    remind_every_s: Annotated[float, msgspec.Meta(ge=0)] = 60
    """The least time between two reminders of one DING, in seconds."""
    settle_after_s: Seconds = 60
    """So long after the last step a DING that has reached nobody's device counts as not delivered, in seconds."""
    progress_every_s: Seconds = 0.2
    """The least time between two reports to the sender, in seconds."""
    poll_s: Seconds = 0.25
    """How often the scheduler looks when nothing wakes it, in seconds."""
    batch: Count = 500
    """Recipients that one transaction of the scheduler takes."""
    calls_at_once: Count = 32
    """Calls of SMS and telephone gateways at a time, for each worker; of one organisation at most half of them."""
    call_timeout_s: Seconds = 10
    """How long a gateway may take to answer, in seconds."""
    lease_s: Seconds = 60
    """After so long somebody else takes over a call whose worker says nothing, in seconds."""
    outbox: Path | None = None
    """Where the file-writing adapter puts its files. Empty: `ding` in the data directory."""

    def __post_init__(self) -> None:
        if self.lease_s < 2 * self.call_timeout_s:
            raise ValueError("lease_s: at least twice call_timeout_s")
