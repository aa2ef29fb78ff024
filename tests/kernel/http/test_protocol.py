"""What uvicorn sees before any application: heads that are too large or no HTTP at all."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
import uvicorn

from pegboard.kernel.http.gate import Gate
from pegboard.kernel.http.protocol import MAX_HEAD_BYTES, http_protocol
from pegboard.kernel.i18n import Catalogues
from tests.support.polling import until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def port(application: Gate) -> AsyncIterator[int]:
    config = uvicorn.Config(
        application, port=0, http=http_protocol(Catalogues()), lifespan="off", log_config=None, access_log=False,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    server.capture_signals = _nothing_to_capture  # type: ignore[assignment, method-assign]  # pytest keeps the signals
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


class _nothing_to_capture:  # noqa: N801  # stands where uvicorn has a method
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


async def exchange(port: int, *pieces: bytes) -> tuple[int, bytes]:
    """Status and body of the only answer on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        head, _, body = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
    finally:
        writer.close()
    return int(head.split()[1]), body


def code(body: bytes) -> str:
    envelope: dict[str, dict[str, str]] = msgspec.json.decode(body)
    assert envelope["error"]["message"]
    return envelope["error"]["code"]


def get(*headers: bytes, path: bytes = b"/api/v1/public") -> bytes:
    return b"\r\n".join((b"GET " + path + b" HTTP/1.1", b"host: x", b"connection: close", *headers, b"", b""))


async def test_a_head_within_the_limit_is_taken(port: int) -> None:
    status, body = await exchange(port, get(b"x-long: " + b"a" * (MAX_HEAD_BYTES - 300)))
    assert (status, body) == (200, b'{"known":false}')


async def test_heads_over_the_limit_are_refused(port: int) -> None:
    over = b"a" * MAX_HEAD_BYTES
    for request in (
        get(b"x-long: " + over),
        get(*(b"x-%d: %s" % (number, b"a" * 100) for number in range(200))),
        get(path=b"/api/v1/public?name=" + over),
    ):
        status, body = await exchange(port, request)
        assert (status, code(body)) == (431, "request.head_too_large")


async def test_a_head_that_never_ends_is_refused(port: int) -> None:
    pieces = [b"a" * 4096] * 5
    status, body = await exchange(port, b"GET / HTTP/1.1\r\nx-endless: ", *pieces)
    assert (status, code(body)) == (431, "request.head_too_large")


@pytest.mark.parametrize(
    "noise", [b"\x16\x03\x01\x02\x00\x01", b"HELLO\r\n\r\n", b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n"]
)
async def test_what_is_no_http_is_refused_in_our_words(port: int, noise: bytes) -> None:
    status, body = await exchange(port, noise)
    assert (status, code(body)) == (400, "request.malformed")


async def test_a_connection_serves_many_requests_each_with_its_own_head(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = b"GET /api/v1/public HTTP/1.1\r\nhost: x\r\nx-long: " + b"a" * 9000 + b"\r\n\r\n"
    for _ in range(5):
        writer.write(request)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        assert head.startswith(b"HTTP/1.1 200")
        await reader.readexactly(len(b'{"known":false}'))
    writer.close()
