"""Rates: token buckets in memory, one a key, forgotten when they are full again."""

import time
from collections.abc import Callable, Hashable

from pegboard.kernel.errors import TooMany

_SWEEP_AT = 10_000


class TokenBuckets:
    """`rate` a second on average, `burst` at once, for each key. A rate of 0 switches the limit off."""

    def __init__(self, rate: float, burst: float, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = max(burst, 1.0)
        self._seconds = seconds
        self._buckets: dict[Hashable, tuple[float, float]] = {}

    def take(self, key: Hashable, count: float = 1.0) -> float:
        """Take `count` tokens: 0.0 if they were there, else the seconds until they will be (none are taken)."""
        if not self._rate:
            return 0.0
        now = self._seconds()
        level, since = self._buckets.get(key, (self._burst, now))
        level = min(self._burst, level + (now - since) * self._rate)
        if level < count:
            return (count - level) / self._rate
        self._buckets[key] = (level - count, now)
        if len(self._buckets) > _SWEEP_AT:
            self._forget_full(now)
        return 0.0

    def admit(self, key: Hashable) -> None:
        """Take one token or refuse with `rate.exceeded`."""
        if wait_s := self.take(key):
            raise TooMany(retry_after_s=wait_s)

    def _forget_full(self, now: float) -> None:
        full_after_s = self._burst / self._rate
        self._buckets = {key: value for key, value in self._buckets.items() if now - value[1] < full_after_s}


class RequestRates(TokenBuckets):
    """How many HTTP requests one account, or one address without an account, may make."""
