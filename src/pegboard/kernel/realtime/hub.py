"""Fan-out within this process: who listens to which topic. Several processes: `shared_hub`."""

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Final, Protocol

from pegboard.kernel.realtime.ordering import Span

_FEW: Final = 64


class Subscriber(Protocol):
    """What the hub needs of a connection; hashable, and equal only to itself."""

    def send_soon(self, frame: bytes) -> None:
        """Queue an encoded frame; must not call back into the hub."""


class _Topic:
    """One topic and its subscribers, kept small: few stand in a tuple, many in a dict.

    Ten thousand people in fifty groups each make half a million entries: 8 bytes in a tuple, 40 to 65 in a
    hash table. To search or copy a short tuple costs less than a microsecond.
    """

    __slots__ = ("members", "name")

    def __init__(self, name: Hashable) -> None:
        self.name = name
        self.members: tuple[Subscriber, ...] | dict[Subscriber, None] = ()

    def add(self, subscriber: Subscriber) -> bool:
        """False if it was there."""
        members = self.members
        if subscriber in members:
            return False
        if isinstance(members, dict):
            members[subscriber] = None
        elif len(members) < _FEW:
            self.members = (*members, subscriber)
        else:
            self.members = dict.fromkeys((*members, subscriber))
        return True

    def remove(self, subscriber: Subscriber) -> bool:
        """False if it was not there."""
        members = self.members
        if subscriber not in members:
            return False
        if isinstance(members, dict):
            del members[subscriber]
            if len(members) <= _FEW // 2:
                self.members = tuple(members)
        else:
            self.members = tuple(member for member in members if member is not subscriber)
        return True


class Hub:
    """Subscriptions and publishing, for the thread of one event loop.

    A topic is any hashable value; it exists while somebody listens. The hub keeps one object for each topic,
    however many equal ones it was given.
    """

    def __init__(self) -> None:
        self._topics: dict[Hashable, _Topic] = {}
        self._listening: dict[Subscriber, list[_Topic]] = {}

    def subscribe(self, subscriber: Subscriber, topic: Hashable) -> None:
        """Send what is published to `topic` from now on. Twice is once."""
        self.subscribe_all(subscriber, (topic,))

    def subscribe_all(self, subscriber: Subscriber, topics: Iterable[Hashable]) -> None:
        """Subscribe to many topics."""
        new = []
        for name in topics:
            topic = self._topics.get(name)
            if topic is None:
                topic = self._topics[name] = _Topic(name)
            if topic.add(subscriber):
                new.append(topic)
        if new:
            self._listening[subscriber] = self._listening.get(subscriber, []) + new

    def unsubscribe(self, subscriber: Subscriber, topic: Hashable) -> None:
        """Send nothing more of `topic`; nothing happens if it was not subscribed."""
        found = self._topics.get(topic)
        if found is None or not found.remove(subscriber):
            return
        if not found.members:
            del self._topics[topic]
        rest = self._listening[subscriber]
        rest.remove(found)
        if not rest:
            del self._listening[subscriber]

    def drop(self, subscriber: Subscriber) -> None:
        """Forget a subscriber; call it when its connection closes."""
        for topic in self._listening.pop(subscriber, ()):
            topic.remove(subscriber)
            if not topic.members:
                del self._topics[topic.name]

    def publish(
        self, topic: Hashable, frame: bytes, skip: Subscriber | None = None, *, span: Span | None = None
    ) -> int:
        """Queue an encoded frame to every subscriber but `skip`; how many of this process that were.

        `span` says which messages or change the frame holds, where several processes have to keep an order.
        """
        found = self._topics.get(topic)
        if found is None:
            return 0
        members = found.members
        for member in members:
            if member is not skip:
                member.send_soon(frame)
        return len(members) - (skip in members)

    def publish_here(self, topic: Hashable, frame: bytes) -> int:
        """To this process's subscribers only; every other process sees to its own."""
        return Hub.publish(self, topic, frame)

    def publish_many(self, frames: Mapping[Hashable, bytes]) -> int:
        """Publish to each topic its frame."""
        return sum(self.publish(topic, frame) for topic, frame in frames.items())

    def subscribers(self, topic: Hashable) -> Collection[Subscriber]:
        """Who listens now, in the order of subscribing; a copy that later changes leave alone."""
        found = self._topics.get(topic)
        return tuple(found.members) if found else ()

    def topics(self, subscriber: Subscriber) -> list[Hashable]:
        """What somebody listens to."""
        return [topic.name for topic in self._listening.get(subscriber, ())]
