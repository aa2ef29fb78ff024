"""A real uvicorn with our protocol, in the process of the test."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from pegboard.kernel.realtime import Connection, Endpoint, Limits, websocket_protocol
from tests.kernel.realtime.wire import Recording

DEADLINE_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A uvicorn with our protocol, in this process."""

    server: uvicorn.Server
    port: int
    echo: Recording

    @property
    def connections(self) -> int:
        return len(self.server.server_state.connections)


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """The HTTP application beside the sockets."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


@asynccontextmanager
async def running(
    endpoints: Mapping[str, Endpoint], limits: Limits, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Running]:
    """Serve on a free port. It ends at once, without the grace that uvicorn gives."""
    echo = Recording()
    protocol = websocket_protocol({"/echo": echo, **endpoints}, limits)
    config = uvicorn.Config(hello, ws=protocol, lifespan="off", log_config=None, timeout_graceful_shutdown=5)
    config.load()
    config.ssl = tls
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])
        try:
            yield Running(server=server, port=listener.getsockname()[1], echo=echo)
        finally:
            for one in server.servers:
                one.close()
            for connection in list(server.server_state.connections):
                # Ours or uvicorn's own protocol for HTTP.
                transport = connection._transport if isinstance(connection, Connection) else connection.transport
                transport.abort()
            await until(lambda: not server.server_state.connections)


Serve = Callable[..., Awaitable[Running]]


async def until(true: Callable[[], object]) -> None:
    """Wait for something that other callbacks will make true."""
    end = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.005)
