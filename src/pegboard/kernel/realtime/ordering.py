"""The order of one conversation's events when they come from several processes.

Within one process events leave in the order of their commits. Two processes that commit into one conversation in turn
send on two ways, and the later event may be here first. A client would ask for what it misses and be right in the end;
to wait some milliseconds for the earlier event costs less. Only one thing a client cannot mend: a message that comes
after its own change, and is old by then.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

HOLD_S: Final = 0.2


class Span(NamedTuple):
    """What a frame holds: the new messages `first` to `last`, or with `rev` a change of the one message."""

    first: int
    last: int
    rev: int = 0


class Line:
    """One topic's events: what has passed, and what waits for its predecessor."""

    __slots__ = ("_changed_to", "_held", "_rev", "_seq")

    def __init__(self) -> None:
        # 0: nothing has passed here yet, so nobody can say what comes next.
        self._seq = 0
        self._rev = 0
        # The highest message whose change has passed before itself.
        self._changed_to = 0
        self._held: list[tuple[Span, bytes]] = []

    @property
    def waits(self) -> bool:
        """Whether something is held."""
        return bool(self._held)

    def take(self, span: Span, frame: bytes) -> Iterator[bytes | None]:
        """The frames that may go now, in order. None: what follows is older than what the clients hold."""
        self._held.append((span, frame))
        yield from self._ready()

    def let_go(self) -> Iterator[bytes | None]:
        """The predecessor did not come in time: everything that waits, the lowest first."""
        while self._held:
            chosen = min(self._held, key=lambda held: (held[0].first, held[0].rev))
            self._held.remove(chosen)
            yield from self._pass(*chosen)
            yield from self._ready()

    def _ready(self) -> Iterator[bytes | None]:
        found = True
        while found:
            found = False
            for held in self._held:
                if self._is_next(held[0]):
                    self._held.remove(held)
                    yield from self._pass(*held)
                    found = True
                    break

    def _is_next(self, span: Span) -> bool:
        if span.rev:
            return (not self._rev or span.rev <= self._rev + 1) and (not self._seq or span.last <= self._seq)
        return not self._seq or span.first <= self._seq + 1

    def _pass(self, span: Span, frame: bytes) -> Iterator[bytes | None]:
        if span.rev:
            self._rev = max(self._rev, span.rev)
            if span.last > self._seq:
                self._changed_to = max(self._changed_to, span.last)
        else:
            if span.first <= self._changed_to:
                yield None
            self._seq = max(self._seq, span.last)
        yield frame
