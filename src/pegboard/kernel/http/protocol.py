"""HTTP/1.1 on the wire: uvicorn's protocol with a limit for what precedes the body, and refusals in our envelope."""

import asyncio

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pegboard.kernel.errors import BadRequest, PegboardError
from pegboard.kernel.http.errors import HeadTooLarge, envelope
from pegboard.kernel.i18n import DEFAULT_LANGUAGE, Catalogues
from pegboard.kernel.ids import uuid7

MAX_HEAD_BYTES = 16 * 1024
HEAD_WITHIN_S = 20.0


def http_protocol(catalogues: Catalogues) -> type[asyncio.Protocol]:
    """The protocol class for uvicorn's `http=`."""
    return type("HttpProtocol", (_HttpProtocol,), {"catalogues": catalogues})


class _HttpProtocol(HttpToolsProtocol):
    """The parser would collect a head of any size, for any time."""

    catalogues: Catalogues

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        self._head_bytes = self._raw_head_bytes = 0
        self._in_head = True
        self._refused = False
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_WITHIN_S, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        super().data_received(data)
        # The parser keeps what is not a whole header line to itself: count what it was given.
        if self._in_head:
            self._raw_head_bytes += len(data)
            if self._raw_head_bytes > MAX_HEAD_BYTES:
                self._head_bytes = self._raw_head_bytes
                self.send_400_response("")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = self._raw_head_bytes = 0
        self._head_timer.cancel()
        self._head_timer = self.loop.call_later(HEAD_WITHIN_S, self.transport.close)

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._count(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_timer.cancel()
        super().on_headers_complete()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES:
            raise HeadTooLarge  # ends the parsing: uvicorn calls send_400_response

    def send_400_response(self, msg: str) -> None:
        del msg
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        error: PegboardError = HeadTooLarge(limit=MAX_HEAD_BYTES) if self._head_bytes > MAX_HEAD_BYTES else BadRequest()
        request_id = uuid7().hex
        content = msgspec.json.encode(envelope(error, self.catalogues, DEFAULT_LANGUAGE, request_id))
        phrase = "Request Header Fields Too Large" if error.status == 431 else "Bad Request"
        head = (
            f"HTTP/1.1 {error.status} {phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(content)}\r\nx-request-id: {request_id}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + content)
        self.transport.close()
