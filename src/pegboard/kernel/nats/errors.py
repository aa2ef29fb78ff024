"""What can go wrong with the engine."""

from pegboard.kernel.errors import Unavailable


class NatsStartError(Unavailable):
    """The NATS that is needed for several processes cannot be started."""

    code = "nats.start_failed"
