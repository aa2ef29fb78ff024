"""The opening handshake of RFC 6455 §4.2: read the request, check it, word the answer."""

import base64
import binascii
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

import msgspec

from pegboard.kernel.ids import uuid7

MAX_REQUEST_BYTES = 1 << 16
_ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What a client said when it asked for a WebSocket. Nobody keeps it once the client is in, or refused.

    `path` is percent-decoded, `query` is not; header names are lower case; `client` is None on a Unix socket;
    `scheme` is `ws` or `wss`, as this process sees it (a proxy in front may have ended the TLS).
    """

    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    client: tuple[str, int] | None
    scheme: str

    def header(self, name: str) -> str | None:
        """The first value of a header, by its lower-case name."""
        return next((value for key, value in self.headers if key == name), None)

    def cookie(self, name: str) -> str | None:
        """The value of a cookie (RFC 6265 §5.4), as it was sent."""
        for key, value in self.headers:
            if key == "cookie":
                for pair in value.split(";"):
                    left, equals, right = pair.strip().partition("=")
                    if equals and left == name:
                        return right.strip('"')
        return None

    def same_origin(self, others: Collection[str] = ()) -> bool:
        """Whether no foreign web page is behind this request; ask it before believing a cookie.

        Browsers always send `Origin` and let no page change it; without it there is no browser, and no page.
        `others` are further good origins, such as the public URL. TLS may end in a proxy, hence `https` fits
        `ws`; an `http` page never fits `wss`.
        """
        origin = self.header("origin")
        if origin is None or origin in others:
            return True
        try:
            asked = urlsplit(origin)
            default_port = {"http": 80, "https": 443}[asked.scheme]
            host = urlsplit(f"//{self.header('host') or ''}")
            same = (asked.hostname, asked.port or default_port) == (host.hostname, host.port or default_port)
        except (KeyError, ValueError):
            return False
        return same and asked.hostname is not None and not (asked.scheme == "http" and self.scheme == "wss")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Answers a handshake with plain HTTP: a status, and the error envelope of the API."""

    status: int
    code: str
    message: str
    headers: Sequence[tuple[str, str]] = ()

    def encode(self) -> bytes:
        """The whole HTTP response."""
        error = {"code": self.code, "message": self.message, "fields": [], "request_id": str(uuid7())}
        body = msgspec.json.encode({"error": error})
        lines = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
            "content-type: application/json",
            f"content-length: {len(body)}",
            "connection: close",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def read_request(head: bytes, client: tuple[str, int] | None, scheme: str) -> tuple[Handshake, bytes] | Refusal:
    """Check a request up to its empty line: the handshake and the answer that accepts it, or why not."""
    request_line, *lines = head.decode("latin-1").split("\r\n")
    try:
        method, target, version = request_line.split(" ")
    except ValueError:
        return _malformed("Not an HTTP request.")
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            return _malformed("A header line has no colon.")
        headers.append((name.lower(), value.strip(" \t")))
    path, _, query = target.partition("?")
    shake = Handshake(path=unquote(path), query=query, headers=headers, client=client, scheme=scheme)
    if method != "GET" or version != "HTTP/1.1":
        return _malformed("A WebSocket starts with GET and HTTP/1.1.")
    if "websocket" not in _tokens(shake, "upgrade") or "upgrade" not in _tokens(shake, "connection"):
        return Refusal(
            status=426,
            code="websocket.required",
            message="This address speaks WebSocket.",
            headers=[("upgrade", "websocket")],
        )
    if [value for name, value in headers if name == "sec-websocket-version"] != ["13"]:
        return Refusal(
            status=426,
            code="websocket.version",
            message="Only version 13 of the WebSocket protocol is spoken.",
            headers=[("upgrade", "websocket"), ("sec-websocket-version", "13")],
        )
    keys = [value for name, value in headers if name == "sec-websocket-key"]
    if len(keys) != 1 or not _is_nonce(keys[0]):
        return _malformed("Sec-WebSocket-Key must stand once, 16 bytes in base64.")
    return shake, _acceptance(keys[0])


def _malformed(message: str) -> Refusal:
    return Refusal(status=400, code="request.malformed", message=message)


def _tokens(shake: Handshake, header: str) -> set[str]:
    values = ",".join(value for name, value in shake.headers if name == header)
    return {token.strip().lower() for token in values.split(",")}


def _is_nonce(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def _acceptance(key: str) -> bytes:
    # SHA-1 is the protocol's choice (§4.2.2): it proves that a WebSocket server answered, and guards nothing.
    digest = hashlib.sha1(key.encode() + _ACCEPT_GUID, usedforsecurity=False).digest()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )
