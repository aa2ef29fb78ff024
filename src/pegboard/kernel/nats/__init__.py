"""NATS core: our own engine, and the carrier of the bus over it or over an external one. See README.md."""

from pegboard.kernel.nats.carrier import NatsCarrier
from pegboard.kernel.nats.engine import EmbeddedNats
from pegboard.kernel.nats.errors import NatsStartError

__all__ = ["EmbeddedNats", "NatsCarrier", "NatsStartError"]
