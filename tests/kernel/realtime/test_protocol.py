"""Messages, and every way to break the protocol (RFC 6455)."""

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from pegboard.kernel.realtime import Connection, Limits, events_frame, frame
from tests.kernel.realtime.serving import Serve, until
from tests.kernel.realtime.wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    RawClient,
    head,
    masked,
)

pytestmark = pytest.mark.anyio

NOT_UTF8 = b"\xe5\x90\x83\xe9"


async def test_several_frames_in_one_packet(serve: Serve) -> None:
    running = await serve()
    async with await RawClient.connect(running.port) as client:
        client.send(b"".join(masked(TEXT, b"%d" % number) for number in range(100)))
        assert [await client.frame() for _ in range(100)] == [(TEXT, b"%d" % number) for number in range(100)]


async def test_fragments_with_control_frames_between(serve: Serve) -> None:
    running = await serve()
    async with await RawClient.connect(running.port) as client:
        # Split within a character: only the whole message must be UTF-8.
        text = "吃飯".encode()
        client.send(masked(TEXT, text[:2], fin=False) + masked(PING, b"are you there?"))
        assert await client.frame() == (PONG, b"are you there?")
        client.send(masked(CONTINUATION, fin=False) + masked(PONG) + masked(CONTINUATION, text[2:]))
        assert await client.frame() == (TEXT, text)
        client.send(masked(TEXT, b"next"))
        assert await client.frame() == (TEXT, b"next")


async def test_of_many_pings_the_last_is_answered(serve: Serve) -> None:
    running = await serve()
    async with await RawClient.connect(running.port) as client:
        client.send(b"".join(masked(PING, b"%d" % number) for number in range(1000)))
        answers = [await client.frame()]
        while answers[-1] != (PONG, b"999"):
            answers.append(await client.frame())
        assert len(answers) < 100


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(masked(TEXT, b"x", mask=b""), 1002, id="unmasked"),
        pytest.param(masked(TEXT, b"x", rsv=0b100), 1002, id="compressed, never agreed"),
        pytest.param(masked(TEXT, b"x", rsv=0b001), 1002, id="reserved bit"),
        pytest.param(masked(PING, b"x", rsv=0b010), 1002, id="reserved bit of a ping"),
        pytest.param(masked(0x3, b"x"), 1002, id="unknown opcode"),
        pytest.param(masked(0xB), 1002, id="unknown control opcode"),
        pytest.param(masked(PING, b"x", fin=False), 1002, id="fragmented ping"),
        pytest.param(masked(PING, b"x" * 126), 1002, id="long ping"),
        pytest.param(masked(CONTINUATION, b"x"), 1002, id="continuation of nothing"),
        pytest.param(masked(TEXT, b"x", fin=False) + masked(TEXT, b"x"), 1002, id="text within a message"),
        pytest.param(masked(TEXT, b"x", fin=False) + masked(TEXT, b"", fin=False), 1002, id="begun twice"),
        pytest.param(head(TEXT, 1 << 63), 1002, id="negative length"),
        pytest.param(masked(CLOSE, b"\x03"), 1002, id="half a close code"),
        pytest.param(masked(CLOSE, (999).to_bytes(2, "big")), 1002, id="close code too low"),
        pytest.param(masked(CLOSE, (1005).to_bytes(2, "big")), 1002, id="close code never sent"),
        pytest.param(masked(CLOSE, (5000).to_bytes(2, "big")), 1002, id="close code too high"),
        pytest.param(masked(CLOSE, b"\x03\xe8" + NOT_UTF8), 1007, id="reason is not UTF-8"),
        pytest.param(masked(BINARY, b"x"), 1003, id="binary"),
        pytest.param(masked(BINARY, b"x", fin=False), 1003, id="binary fragment"),
        pytest.param(masked(TEXT, NOT_UTF8), 1007, id="not UTF-8"),
        pytest.param(masked(TEXT, b"\xed\xa0\x80"), 1007, id="a lone surrogate"),
        pytest.param(
            masked(TEXT, NOT_UTF8, fin=False) + masked(CONTINUATION, b"x"), 1007, id="not UTF-8, in fragments"
        ),
        # Only the head is sent: it must be refused without waiting for the rest.
        pytest.param(head(TEXT, (1 << 20) + 1), 1009, id="too big"),
        pytest.param(head(TEXT, 1 << 62), 1009, id="absurdly big"),
        pytest.param(
            masked(TEXT, b"x" * (1 << 20), fin=False) + head(CONTINUATION, 200),
            1009,
            id="too big in fragments",
        ),
        pytest.param(
            masked(TEXT, b"x" * (1 << 20), fin=False) + masked(CONTINUATION, b"x"),
            1009,
            id="one byte too many",
        ),
        pytest.param(
            masked(TEXT, b"x" * (1 << 20), fin=False) + masked(CONTINUATION, b"x", fin=False),
            1009,
            id="one byte too many, and no end",
        ),
    ],
)
async def test_a_broken_protocol_is_closed_with_its_code(serve: Serve, data: bytes, code: int) -> None:
    running = await serve()
    async with await RawClient.connect(running.port) as client:
        client.send(masked(TEXT, b"before") + data + masked(TEXT, b"after"))
        assert await client.frame() == (TEXT, b"before")
        assert await client.closing() == code
        assert await client.at_end()
    await until(lambda: running.connections == 0)
    assert running.echo.last.texts == [b"before"]
    assert running.echo.last.codes == [code]


async def test_the_limit_of_a_message_is_the_connections(serve: Serve) -> None:
    running = await serve(Limits(message_bytes=10))
    async with await RawClient.connect(running.port) as client:
        client.send(masked(TEXT, b"0123456789"))
        assert await client.frame() == (TEXT, b"0123456789")
        connection = running.echo.last.connection
        assert connection is not None
        connection.message_limit = 200
        client.send(masked(TEXT, b"x" * 200))
        assert await client.frame() == (TEXT, b"x" * 200)
        client.send(masked(TEXT, b"x" * 201))
        assert await client.closing() == 1009


@pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe9leaving", (4999).to_bytes(2, "big")])
async def test_a_close_is_answered_with_its_code(serve: Serve, payload: bytes) -> None:
    running = await serve()
    async with await RawClient.connect(running.port) as client:
        client.send(masked(CLOSE, payload) + masked(TEXT, b"too late"))
        assert await client.frame() == (CLOSE, payload[:2])
        assert await client.at_end()
    await until(lambda: running.connections == 0)
    assert running.echo.last.texts == []
    assert running.echo.last.codes == [int.from_bytes(payload[:2], "big") or 1005]


async def test_a_client_that_vanishes(serve: Serve) -> None:
    running = await serve()
    async with await RawClient.connect(running.port):
        assert running.connections == 1
    await until(lambda: running.echo.last.codes)
    assert running.echo.last.codes == [1006]
    assert running.connections == 0
    connection = running.echo.last.connection
    assert connection is not None
    assert not connection.is_open
    # Whoever still holds it may go on as if nothing had happened.
    connection.send_soon(frame(b"x"))
    connection.write(frame(b"x"))
    connection.close()
    connection.close_after(1, 4000)
    connection.forget_deadline()
    assert connection.unsent_bytes == 0
    await asyncio.sleep(0)


async def test_the_server_closes_after_what_it_sent(serve: Serve) -> None:
    running = await serve()
    async with connect(f"ws://127.0.0.1:{running.port}/echo") as client:
        handler = running.echo.last
        connection = handler.connection
        assert connection is not None
        connection.send_soon(frame(b"1"))
        connection.send_soon(frame(b"2"))
        connection.write(frame(b"3"))
        connection.send_soon(frame(b"4"))
        connection.close(4401, "signed out")
        assert handler.codes == [], "told later, so that one may close within a loop over handlers"
        connection.send_soon(frame(b"after"))
        connection.close(4000)
        assert [await client.recv() for _ in range(4)] == ["1", "2", "3", "4"]
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert (client.close_code, client.close_reason) == (4401, "signed out")
    await until(lambda: running.connections == 0)
    assert handler.codes == [4401]


async def test_nothing_is_heard_after_the_server_closed(serve: Serve) -> None:
    running = await serve()
    async with await RawClient.connect(running.port) as client:
        running.echo.last.on_message = lambda connection, _: connection.close(4429, "原" * 100)
        client.send(masked(TEXT, b"one") + masked(TEXT, b"two") + masked(PING))
        opcode, payload = await client.frame()
        assert (opcode, payload[:2]) == (CLOSE, (4429).to_bytes(2, "big"))
        assert payload[2:].decode() == "原" * 41
        client.send(masked(TEXT, b"three") + masked(CLOSE, b"\x03\xe8"))
        assert await client.at_end()
    assert running.echo.last.texts == [b"one"]
    await until(lambda: running.echo.last.codes == [4429])


async def test_a_handler_that_fails_costs_only_its_own_connection(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(connection: Connection, payload: bytes) -> None:
        raise RuntimeError("broken")

    running = await serve()
    async with (
        await RawClient.connect(running.port) as other,
        await RawClient.connect(running.port) as client,
    ):
        running.echo.last.on_message = fail
        client.send(masked(TEXT, b"my secret"))
        assert await client.closing() == 1011
        other.send(masked(TEXT, b"x"))
        assert await other.frame() == (TEXT, b"x")
    assert "realtime handler failed" in caplog.text
    assert "my secret" not in caplog.text


async def test_what_one_turn_queues_leaves_in_one_write(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    running = await serve()
    async with await RawClient.connect(running.port) as client:
        connection: Any = running.echo.last.connection
        writes: list[bytes] = []

        class Counting:
            def write(self, data: bytes) -> None:
                writes.append(data)

        transport, connection._transport = connection._transport, Counting()
        frames = [events_frame([b'{"n":%d}' % number]) for number in range(3)]
        for one in frames:
            connection.send_soon(one)
        await until(lambda: writes)
        connection._transport = transport
        assert writes == [b"".join(frames)]
        connection.send_soon(frames[0])
        assert await client.frame() == (TEXT, b'{"events":[{"n":0}]}')
