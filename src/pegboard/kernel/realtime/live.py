"""Events for clients that are connected now: hints that carry the new state, sent once it is committed."""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from pegboard.kernel.actor import Actor
from pegboard.kernel.db.work import UnitOfWork
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.batch import events_frame
from pegboard.kernel.realtime.hints import Hearing, Hint, Topic, tell_others
from pegboard.kernel.realtime.hub import Hub
from pegboard.kernel.realtime.ordering import Span
from pegboard.kernel.realtime.websocket import Connection

SIGNED_OUT = 4401


class LiveEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of everything that a server tells a client unasked. `tag=` is its name on the wire."""

    def span(self, topic: Hashable) -> Span | None:
        """Its place in the topic's order, where events of several processes shall come in one (`ordering`)."""
        del topic
        return None


class SessionEnded(LiveEvent, frozen=True, kw_only=True, tag="session.ended"):
    """The session is over (`signed_out`, `revoked`, `left`, …); the connection closes with 4401."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What a module adds to a fresh connection: the topics it hears, and parts of the `hello` event by name.

    `topics` is asked first, and the connection hears them before `state` is read: nothing falls between.
    """

    topics: Callable[[UnitOfWork, Actor], Awaitable[list[Hashable]]]
    state: Callable[[UnitOfWork, Actor], Awaitable[dict[str, Any]]]


_encoder = msgspec.json.Encoder()


def encode_event(event: LiveEvent) -> bytes:
    """The event's JSON, to be framed alone or with others."""
    return _encoder.encode(event)


def tell(uow: UnitOfWork, topic: Hashable, event: LiveEvent) -> None:
    """Send the event to whoever hears the topic, in whichever process, once the unit of work has come true."""
    if Hub not in uow.parts:  # a command line beside the server: its clients catch up by themselves
        return
    hub = uow.parts[Hub]
    uow.after_commit(partial(hub.publish, topic, events_frame([encode_event(event)]), span=event.span(topic)))


def hang_up(uow: UnitOfWork, topic: Hashable, reason: str) -> None:
    """End the sessions that hear the topic, once the unit of work has come true."""
    if Hub in uow.parts:
        hub = uow.parts[Hub]
        uow.after_commit(partial(close_topic, hub, topic, reason))
        if isinstance(topic, tuple):
            tell_others(uow, HungUp(topic=topic, reason=reason))


def close_topic(hub: Hub, topic: Hashable, reason: str) -> None:
    """Tell every connection that hears the topic that its session is over, and close it."""
    frame = events_frame([encode_event(SessionEnded(reason=reason))])
    for connection in list(hub.subscribers(topic)):
        connection.send_soon(frame)
        if isinstance(connection, Connection):
            connection.close(SIGNED_OUT, reason)


class HungUp(Hint, frozen=True, kw_only=True, tag="realtime.hung_up"):
    """The sessions that hear the topic are over."""

    topic: Topic
    reason: str


def _hung_up(parts: Parts, hint: HungUp) -> None:
    close_topic(parts[Hub], hint.topic, hint.reason)


HEARINGS = (Hearing(hint=HungUp, hear=_hung_up),)
