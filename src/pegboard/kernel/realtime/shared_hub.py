"""The hub of a process that has others beside it: what is published here is heard by the clients of all."""

import asyncio
from collections.abc import Hashable, Iterable
from typing import Final

from pegboard.kernel.realtime.hints import Others
from pegboard.kernel.realtime.hub import Hub, Subscriber
from pegboard.kernel.realtime.ordering import HOLD_S, Line, Span
from pegboard.kernel.realtime.websocket import RESYNC, Connection

_SWEEP_AT: Final = 4096


class SharedHub(Hub):
    """A hub whose `publish` goes to the other processes too, and which keeps each topic's events in order."""

    def __init__(self, others: Others) -> None:
        super().__init__()
        self._others = others
        self._lines: dict[Hashable, Line] = {}
        self._sweep_at = _SWEEP_AT

    def publish(
        self, topic: Hashable, frame: bytes, skip: Subscriber | None = None, *, span: Span | None = None
    ) -> int:
        """To the subscribers of all processes; how many of them are here and were sent something now."""
        self._others.publish(topic, frame, span)
        if span is None:
            return super().publish(topic, frame, skip)
        return self.deliver(topic, frame, span)

    def deliver(self, topic: Hashable, frame: bytes, span: Span | None) -> int:
        """Send what this or another process has published to the subscribers that are here."""
        if topic not in self._topics:
            self._lines.pop(topic, None)
            return 0
        if span is None:
            return super().publish(topic, frame)
        line = self._lines.get(topic)
        if line is None:
            line = self._new_line(topic)
        waited = line.waits
        sent = self._send(topic, line.take(span, frame))
        if line.waits and not waited:
            asyncio.get_running_loop().call_later(HOLD_S, self._let_go, topic, line)
        return sent

    def everybody(self) -> list[Subscriber]:
        """All who listen to anything."""
        return list(self._listening)

    def _send(self, topic: Hashable, frames: Iterable[bytes | None]) -> int:
        sent = 0
        for frame in frames:
            if frame is None:
                resync(self.subscribers(topic))
            else:
                sent += super().publish(topic, frame)
        return sent

    def _let_go(self, topic: Hashable, line: Line) -> None:
        if self._lines.get(topic) is line:
            self._send(topic, line.let_go())

    def _new_line(self, topic: Hashable) -> Line:
        if len(self._lines) >= self._sweep_at:
            self._lines = {name: line for name, line in self._lines.items() if name in self._topics}
            self._sweep_at = max(_SWEEP_AT, 2 * len(self._lines))
        line = self._lines[topic] = Line()
        return line


def resync(subscribers: Iterable[Subscriber]) -> None:
    """Have clients connect anew and catch up from what is stored."""
    for subscriber in subscribers:
        if isinstance(subscriber, Connection):
            subscriber.close(RESYNC, "resync")
