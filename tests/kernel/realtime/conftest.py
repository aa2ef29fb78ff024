import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest

from pegboard.kernel.realtime import Endpoint, Limits
from tests.kernel.realtime.serving import Running, Serve, running


@pytest.fixture(params=["uvloop", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start a server with an endpoint at /echo and those that are given; it ends with the test."""
    async with AsyncExitStack() as stack:

        async def start(
            limits: Limits | None = None,
            endpoints: Mapping[str, Endpoint] | None = None,
            tls: ssl.SSLContext | None = None,
        ) -> Running:
            return await stack.enter_async_context(running(endpoints or {}, limits or Limits(), tls))

        yield start
