"""Waiting for something to become true, with a deadline."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], bool | Awaitable[bool]], *, deadline_s: float = 20.0) -> None:
    """Return once `condition()` is true; fail the test after `deadline_s` seconds."""
    end = time.monotonic() + deadline_s
    while True:
        answer = condition()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return
        if time.monotonic() > end:
            raise AssertionError(f"not true within {deadline_s} s: {condition}")
        await asyncio.sleep(0.01)
