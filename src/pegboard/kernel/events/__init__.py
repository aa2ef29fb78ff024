"""Typed facts, the outbox that keeps them until they are told, and the relay that tells them."""

from pegboard.kernel.events.event import Event, Fact
from pegboard.kernel.events.outbox import emit
from pegboard.kernel.events.relay import AnyHandler, BatchHandler, Handler, Relay

__all__ = ["AnyHandler", "BatchHandler", "Event", "Fact", "Handler", "Relay", "emit"]
