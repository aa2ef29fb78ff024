"""Slow readers, silent peers, deadlines, and the end of the server."""

import asyncio
import contextlib
import socket

import pytest
from websockets.asyncio.client import connect

from pegboard.kernel.realtime import Hub, Limits, frame
from tests.kernel.realtime.serving import Running, Serve, until
from tests.kernel.realtime.wire import CLOSE, PING, PONG, TEXT, RawClient, Recorder, masked, request

pytestmark = pytest.mark.anyio

QUICK = Limits(buffer_bytes=256 << 10, ping_after_s=0.1, pong_within_s=0.1, close_within_s=0.1, sweep_s=0.01)
PATIENT = Limits(buffer_bytes=256 << 10)


async def lazy_socket(port: int) -> socket.socket:
    """A WebSocket with a small receive buffer that nobody reads after the handshake."""
    lazy = socket.socket()
    lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    lazy.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(lazy, ("127.0.0.1", port))
    await loop.sock_sendall(lazy, request())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += await loop.sock_recv(lazy, 1)
    return lazy


async def flood(running: Running, hub: Hub, slow: Recorder) -> int:
    """Publish until the slow one is given up; how many frames that took."""
    payload, sent = b"x" * 10_000, 0
    while not slow.codes:
        hub.publish("all", frame(b"%06d" % sent + payload))
        sent += 1
        assert sent < 10_000
        await asyncio.sleep(0)
    return sent


async def test_a_slow_reader_is_told_to_resync_and_nobody_waits(serve: Serve) -> None:
    running = await serve(PATIENT)
    hub = Hub()
    with await lazy_socket(running.port) as lazy:
        slow = running.echo.last
        async with connect(f"ws://127.0.0.1:{running.port}/echo", max_queue=None) as client:
            for handler in running.echo.handlers:
                assert handler.connection is not None
                hub.subscribe(handler.connection, "all")
            sent = await flood(running, hub, slow)
            for number in range(sent):
                assert str(await client.recv()).startswith(f"{number:06d}")
        assert slow.codes == [4409]
        assert slow.connection is not None
        assert slow.connection.unsent_bytes <= PATIENT.buffer_bytes + 100
        # It reads what was on its way after all: whole frames in order, then the reason.
        reader, writer = await asyncio.open_connection(sock=lazy)
        async with RawClient(reader, writer) as late:
            number = 0
            while (message := await late.frame())[0] == TEXT:
                assert message[1].startswith(b"%06d" % number)
                number += 1
            assert message == (CLOSE, (4409).to_bytes(2, "big") + b"resync")
            assert 0 < number < sent
    await until(lambda: running.connections == 0)


async def test_a_slow_reader_that_never_reads_is_aborted(serve: Serve) -> None:
    running = await serve(Limits(buffer_bytes=256 << 10, close_within_s=0.1, sweep_s=0.01))
    with await lazy_socket(running.port):
        hub, slow = Hub(), running.echo.last
        assert slow.connection is not None
        hub.subscribe(slow.connection, "all")
        await flood(running, hub, slow)
        await until(lambda: running.connections == 0)
    assert slow.codes == [4409]


async def test_one_huge_write_counts_too(serve: Serve) -> None:
    running = await serve(PATIENT)
    with await lazy_socket(running.port):
        slow = running.echo.last
        assert slow.connection is not None
        slow.connection.send_soon(frame(b"x" * (16 << 20)))
        await until(lambda: slow.codes == [4409])
        assert running.connections == 1
        slow.connection._transport.abort()


async def test_the_silent_are_pinged_and_those_who_answer_stay(serve: Serve) -> None:
    running = await serve(QUICK)
    async with await RawClient.connect(running.port) as client:
        for _ in range(3):
            assert await client.frame() == (PING, b"")
            client.send(masked(PONG))
        client.send(masked(TEXT, b"here"))
        while (answer := await client.frame()) == (PING, b""):
            client.send(masked(PONG))
        assert answer == (TEXT, b"here")
        # Now it stays silent.
        while (answer := await client.frame()) == (PING, b""):
            pass
        assert answer == (CLOSE, (1011).to_bytes(2, "big") + b"no answer to ping")
        assert await client.reader.read() == b""
    await until(lambda: running.connections == 0)
    assert running.echo.last.codes == [1011]


async def test_a_deadline(serve: Serve) -> None:
    running = await serve(Limits(sweep_s=0.01))
    async with await RawClient.connect(running.port) as late, await RawClient.connect(running.port) as client:
        first, second = (handler.connection for handler in running.echo.handlers)
        assert first is not None
        assert second is not None
        second.close_after(0.05, 4408, "not authenticated")
        second.forget_deadline()
        first.close_after(5, 4000)
        first.close_after(0.05, 4408, "not authenticated")
        assert await late.closing() == 4408
        client.send(masked(TEXT, b"still here"))
        assert await client.frame() == (TEXT, b"still here")
    await until(lambda: running.connections == 0)


async def test_a_peer_that_never_answers_a_close_is_aborted(serve: Serve) -> None:
    running = await serve(QUICK)
    async with await RawClient.connect(running.port) as client:
        connection = running.echo.last.connection
        assert connection is not None
        connection.close()
        assert await client.closing() == 1000
        await until(lambda: running.connections == 0)


async def test_a_restart_says_so_and_waits_for_nobody(serve: Serve) -> None:
    running = await serve(QUICK)
    async with (
        connect(f"ws://127.0.0.1:{running.port}/echo") as polite,
        await RawClient.connect(running.port) as rude,
    ):
        stopping = asyncio.create_task(running.server.shutdown())
        assert await rude.closing() == 1012
        with contextlib.suppress(Exception):
            await polite.recv()
        assert (polite.close_code, polite.close_reason) == (1012, "server restarts")
        await asyncio.wait_for(stopping, 4)
    assert running.connections == 0
    assert [handler.codes for handler in running.echo.handlers] == [[1012], [1012]]
