"""Wakes this process's scheduler."""

import asyncio

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.hints import Hearing, Hint, ring_workers


class DingDue(Hint, frozen=True, kw_only=True, tag="ding.due"):
    """Something is due, or will be sooner than was known."""


class DingBell:
    """A part: the scheduler shelves it, and whoever makes something due rings it after the commit."""

    def __init__(self) -> None:
        self._events: list[asyncio.Event] = []

    def listener(self) -> "Listener":
        """One who is woken by every ring."""
        event = asyncio.Event()
        self._events.append(event)
        return Listener(event)

    def ring(self) -> None:
        """There is something to do."""
        for event in self._events:
            event.set()


class Listener:
    """One loop that waits for rings."""

    def __init__(self, event: asyncio.Event) -> None:
        self._event = event

    def silence(self) -> None:
        """Forget earlier rings; call it before looking, so that none is lost while looking."""
        self._event.clear()

    async def wait(self, timeout_s: float) -> None:
        """Until the next ring, at most so long."""
        try:
            await asyncio.wait_for(self._event.wait(), timeout_s)
        except TimeoutError:
            pass


def ring(uow: UnitOfWork) -> None:
    """Wake the schedulers, here and elsewhere, once it is true. Whoever does not hear it looks soon by itself."""
    if DingBell in uow.parts:
        uow.after_commit(uow.parts[DingBell].ring)
    ring_workers(uow, DingDue())


def _heard(parts: Parts, hint: DingDue) -> None:
    parts[DingBell].ring()


HEARINGS = (Hearing(hint=DingDue, hear=_heard),)
