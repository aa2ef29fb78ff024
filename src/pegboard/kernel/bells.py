"""Waking the workers of other processes: a process that only takes requests has no relay and no job runner to ring."""

from functools import partial

from pegboard.kernel.events.outbox import OutboxBell
from pegboard.kernel.jobs.queue import Bell
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.hints import Hearing, Hint, Others


class OutboxRung(Hint, frozen=True, kw_only=True, tag="events.rung"):
    """There is something in the outbox."""


class JobsRung(Hint, frozen=True, kw_only=True, tag="jobs.rung"):
    """There is something to do."""


class _FarBell(Bell):
    """Rings in the processes that work."""

    def __init__(self, others: Others) -> None:
        super().__init__()
        self._others = others

    def ring(self) -> None:
        """See `Bell`."""
        self._others.ring(JobsRung())


def put_far_bells(parts: Parts) -> None:
    """For a process without workers."""
    others = parts[Others]
    parts.put(OutboxBell, OutboxBell(partial(others.ring, OutboxRung())))
    parts.put(Bell, _FarBell(others))


# Only for processes that work: another one would ring on, and never stop.
BELLS = (
    Hearing(hint=OutboxRung, hear=lambda parts, hint: parts[OutboxBell].ring()),
    Hearing(hint=JobsRung, hear=lambda parts, hint: parts[Bell].ring()),
)
