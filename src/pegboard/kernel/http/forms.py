"""Multipart forms, read as they arrive: a file's bytes flow on without being kept."""

from collections.abc import AsyncIterator
from typing import Any

from litestar import Request
from multipart import (  # type: ignore[import-untyped]  # typed inside, but without the marker
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)

from pegboard.kernel.errors import BadRequest
from pegboard.kernel.http.errors import UnsupportedMedia

_MAX_PARTS = 16


class Disconnected(BadRequest):
    """The client went away in the middle; nobody reads this answer."""


async def body_chunks(request: Request[Any, Any, Any]) -> AsyncIterator[bytes]:
    """The request's body as it comes."""
    while True:
        message = await request.receive()
        if message["type"] != "http.request":
            raise Disconnected
        if body := message.get("body", b""):
            yield body
        if not message.get("more_body"):
            return


class MultipartForm:
    """The form that a request carries. Refuses what is none (415) or is not whole (400)."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        kind, options = parse_options_header(request.headers.get("content-type", ""))
        if kind != "multipart/form-data":
            raise UnsupportedMedia
        self._events = self._parse(body_chunks(request), options.get("boundary", ""))

    async def _parse(
        self, chunks: AsyncIterator[bytes], boundary: str
    ) -> AsyncIterator[MultipartSegment | bytes | None]:
        try:
            parser = PushMultipartParser(boundary, max_segment_count=_MAX_PARTS, strict=True)
            async for chunk in chunks:
                for event in parser.parse(chunk):
                    yield bytes(event) if isinstance(event, (bytes, bytearray)) else event
            parser.close()
        except (MultipartError, UnicodeError):
            raise BadRequest from None

    async def find(self, name: str) -> MultipartSegment | None:
        """Go to the named part, past all others."""
        async for event in self._events:
            if isinstance(event, MultipartSegment) and event.name == name:
                return event
        return None

    async def content(self) -> AsyncIterator[bytes]:
        """The bytes of the part that was found; then the rest of the form, which must be whole too."""
        inside = True
        async for event in self._events:
            if not isinstance(event, bytes):
                inside = False
            elif inside:
                yield event
