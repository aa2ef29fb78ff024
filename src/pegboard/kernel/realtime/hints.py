"""The seam between processes: a hint says that something is new, and is never itself the news."""

import asyncio
from collections.abc import Callable
from typing import Protocol

Listener = Callable[[bytes], None]


class Hints(Protocol):
    """Carries small notices ("conversation X reached seq N") to every process of the installation.

    At most once and in no promised order between subjects: a hint may be lost, so whoever hears one reads the
    truth from the database, and whoever missed one catches up from there.
    """

    def say(self, subject: str, hint: bytes) -> None:
        """Send a hint to all listeners, those of this process too. Never waits, never fails."""

    def listen(self, subject: str, listener: Listener) -> Callable[[], None]:
        """Call `listener` on the event loop for each hint from now on; the returned function stops that."""


class LocalHints:
    """Hints of an installation that is one process."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[Listener]] = {}

    def say(self, subject: str, hint: bytes) -> None:
        """Listeners hear it in a later turn of the loop, as they would hear another process."""
        if subject in self._listeners:
            asyncio.get_running_loop().call_soon(self._deliver, subject, hint)

    def listen(self, subject: str, listener: Listener) -> Callable[[], None]:
        """See `Hints`."""
        self._listeners.setdefault(subject, []).append(listener)

        def stop() -> None:
            listeners = self._listeners.get(subject, [])
            if listener in listeners:
                listeners.remove(listener)
                if not listeners:
                    del self._listeners[subject]

        return stop

    def _deliver(self, subject: str, hint: bytes) -> None:
        loop = asyncio.get_running_loop()
        for listener in self._listeners.get(subject, ()):
            # Each in a callback of its own: one that raises is reported by the loop, the others still hear.
            loop.call_soon(listener, hint)
