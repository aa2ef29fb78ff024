"""A small web on this machine: names that resolve as a test says, and a listener that counts who came."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from pegboard.kernel.egress import Egress
from pegboard.kernel.egress.client import Stream

PUBLIC = "8.8.4.4"
OTHER_PUBLIC = "2606:4700:4700::1111"

Serve = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


@dataclass(kw_only=True)
class Request:
    """What the listener was asked."""

    line: str
    headers: list[str]
    body: bytes

    @property
    def path(self) -> str:
        return self.line.split(" ")[1]


@dataclass
class Web:
    """`names` is the DNS: each look-up takes the next of a name's answers, and the last one stays. `serve` is what the
    one server behind all public addresses does.
    """

    names: dict[str, list[list[str]]] = field(default_factory=dict)
    serve: Serve | None = None
    port: int = 0
    connections: int = 0
    requests: list[Request] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    dialled: list[tuple[str, int, str | None]] = field(default_factory=list)

    def egress(self, *, allowed: Sequence[str] = (), **more: Any) -> Egress:
        """A way out to this web: whatever address it dials, our server answers there."""
        return Egress(allowed, resolve=self.resolve, dial=self.dial, **more)

    async def resolve(self, host: str, port: int) -> list[str]:
        self.looked_up.append(host)
        answers = self.names.get(host)
        if not answers:
            raise OSError("no such name")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    async def dial(self, address: str, port: int, tls: ssl.SSLContext | None, host: str | None) -> Stream:
        self.dialled.append((address, port, host))
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            length = next((int(line[15:]) for line in head if line.lower().startswith("content-length:")), 0)
            request = Request(line=head[0], headers=head[1:-2], body=await reader.readexactly(length))
            self.requests.append(request)
            assert self.serve is not None
            await self.serve(request, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    web = Web()
    server = await asyncio.start_server(web.answer, "127.0.0.1", 0)
    web.port = server.sockets[0].getsockname()[1]
    async with server:
        yield web


def page(body: bytes = b"hello", *, status: str = "200 OK", **headers: str) -> Serve:
    """A server that says this to everybody."""

    async def serve(request: Request, writer: asyncio.StreamWriter) -> None:
        head = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        await writer.drain()
        if writer.can_write_eof():  # over TLS the end of the connection says it
            writer.write_eof()

    return serve


def pages(by_path: dict[str, Serve]) -> Serve:
    """A server with several pages."""

    async def serve(request: Request, writer: asyncio.StreamWriter) -> None:
        await by_path[request.path](request, writer)

    return serve


def leads_to(location: str, status: str = "302 Found") -> Serve:
    """A server that sends everybody on."""
    return page(b"", status=status, location=location, content_length="0")
