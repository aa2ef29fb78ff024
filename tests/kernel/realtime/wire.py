"""The client's side of the wire: frames as a client, or a bad one, sends them."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from pegboard.kernel.realtime import Connection, Endpoint, Handler, Handshake, Refusal

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The answer to KEY, as RFC 6455 §1.3 works it out."""

PATIENCE_S = 10

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


def request(path: str = "/echo", *, method: str = "GET", **headers: str | None) -> bytes:
    """A handshake; underscores stand for hyphens, None leaves a header out."""
    fields: dict[str, str | None] = {
        "host": "pegboard.test",
        "upgrade": "websocket",
        "connection": "Upgrade",
        "sec_websocket_version": "13",
        "sec_websocket_key": KEY,
    }
    fields.update(headers)
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode()


def masked(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bytes = b"\x0f1;z") -> bytes:
    """A frame as a client sends it; an empty `mask` gives an unmasked one."""
    return head(opcode, len(payload), fin=fin, rsv=rsv, is_masked=bool(mask)) + mask + xor(payload, mask)


def head(opcode: int, length: int, *, fin: bool = True, rsv: int = 0, is_masked: bool = True) -> bytes:
    """The first bytes of a frame, up to the mask."""
    first, bit = (fin << 7) | (rsv << 4) | opcode, is_masked << 7
    if length < 126:
        return bytes((first, bit | length))
    if length < 1 << 16:
        return bytes((first, bit | 126)) + length.to_bytes(2, "big")
    return bytes((first, bit | 127)) + length.to_bytes(8, "big")


def xor(payload: bytes, mask: bytes) -> bytes:
    """The payload under its mask."""
    return bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)) if mask else payload


class Recorder:
    """A handler that remembers; says everything back if told to."""

    def __init__(self, *, echo: bool = True) -> None:
        self.echo = echo
        self.connection: Connection | None = None
        self.texts: list[bytes] = []
        self.codes: list[int] = []
        self.on_message: Callable[[Connection, bytes], None] | None = None

    def on_open(self, connection: Connection) -> None:
        self.connection = connection

    def on_text(self, connection: Connection, payload: bytes) -> None:
        self.texts.append(payload)
        if self.on_message is not None:
            self.on_message(connection, payload)
        if self.echo:
            connection.send_soon(head(TEXT, len(payload), is_masked=False) + payload)

    def on_close(self, connection: Connection, code: int) -> None:
        self.codes.append(code)


class Recording:
    """An endpoint that takes everybody, or gives `answer`."""

    def __init__(self, answer: Callable[[Handshake], Handler | Refusal] | None = None) -> None:
        self.handlers: list[Recorder] = []
        self.handshakes: list[Handshake] = []
        self.answer = answer

    def accept(self, handshake: Handshake) -> Handler | Refusal:
        self.handshakes.append(handshake)
        if self.answer is not None:
            return self.answer(handshake)
        self.handlers.append(Recorder())
        return self.handlers[-1]

    @property
    def last(self) -> Recorder:
        """The newest handler."""
        return self.handlers[-1]


_: type[Endpoint] = Recording


class RawClient:
    """A socket that sends whatever a test wants, and reads frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, port: int, path: str = "/echo") -> Self:
        """With the handshake done."""
        client = cls(*await asyncio.open_connection("127.0.0.1", port))
        client.send(request(path))
        answer = await client.head()
        assert answer.startswith(b"HTTP/1.1 101 "), answer
        assert ACCEPT in answer
        return client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.transport.abort()

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def head(self) -> bytes:
        """The HTTP answer up to its empty line."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def frame(self) -> tuple[int, bytes]:
        """The next frame: opcode and payload. Servers neither mask nor, here, fragment."""
        async with asyncio.timeout(PATIENCE_S):
            first, second = await self.reader.readexactly(2)
            assert first & 0xF0 == 0x80
            assert second < 0x80
            length = second
            if length > 125:
                length = int.from_bytes(await self.reader.readexactly(2 if second == 126 else 8), "big")
            return first & 0x0F, await self.reader.readexactly(length)

    async def closing(self) -> int:
        """The code of the close frame, which must come next, followed by nothing."""
        opcode, payload = await self.frame()
        assert opcode == CLOSE
        return int.from_bytes(payload[:2], "big")

    async def at_end(self) -> bool:
        """Whether the server has closed, or soon does."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.read() == b""
