"""The outermost layer: request ids, limits before parsing, security headers, the access log and its metrics."""

import logging
import re
import time
from typing import Any

import msgspec
from litestar.types import ASGIApp, Message, Receive, Send

from pegboard.kernel.errors import PegboardError
from pegboard.kernel.http import body as bodies
from pegboard.kernel.http.errors import InternalError, UnsupportedMedia, as_refusal, envelope, error_headers
from pegboard.kernel.i18n import Catalogues, language_of
from pegboard.kernel.ids import uuid7
from pegboard.kernel.metrics import observe_request

_access = logging.getLogger("pegboard.access")
_log = logging.getLogger(__name__)

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Gate:
    """Wraps the whole application. What an upload may weigh is the upload's own matter; all else is ≤ 1 MiB."""

    def __init__(self, app: ASGIApp, catalogues: Catalogues) -> None:
        self._app = app
        self._catalogues = catalogues

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        try:
            bodies.check_target(scope["path"], scope["query_string"])
            await self._app(scope, await _checked(scope, receive), exchange.send)
        except Exception as exception:  # noqa: BLE001  # the outermost place
            await self._refuse(exchange, exception)
        finally:
            exchange.finish()

    async def _refuse(self, exchange: "_Exchange", exception: Exception) -> None:
        """Answer what went wrong outside the application's own error handling."""
        error = as_refusal(exception)
        if isinstance(error, InternalError):
            _log.error("unexpected error", exc_info=exception, extra={"request_id": exchange.request_id})
        if exchange.status:
            return  # too late to say anything: the connection breaks off
        headers = dict(exchange.scope["headers"])
        language = language_of(headers.get(b"accept-language", b"").decode("latin-1"))
        await send_error(exchange.send, error, self._catalogues, language, exchange.request_id)


async def send_error(send: Send, error: PegboardError, catalogues: Catalogues, language: str, request_id: str) -> None:
    """The error envelope by bare ASGI."""
    content = msgspec.json.encode(envelope(error, catalogues, language, request_id))
    headers = {
        "content-type": "application/json",
        "content-length": str(len(content)),
        **error_headers(error),
    }
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    start: Any = {"type": "http.response.start", "status": error.status, "headers": encoded}
    end: Any = {"type": "http.response.body", "body": content, "more_body": False}
    await send(start)
    await send(end)


class _Exchange:
    """One request and what became of it."""

    def __init__(self, scope: Any, send: Send) -> None:
        self.scope = scope
        self._send = send
        self._started_s = time.perf_counter()
        self.status = 0
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        self.request_id = given.decode() if _REQUEST_ID.fullmatch(given) else uuid7().hex
        self.scope["request_id"] = self.request_id

    async def send(self, message: Message) -> None:
        """Pass it on with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers: list[tuple[bytes, bytes]] = list(message["headers"])
            present = {name.lower() for name, _ in headers}
            headers += [header for header in _SECURITY_HEADERS if header[0] not in present]
            headers.append((b"x-request-id", self.request_id.encode()))
            message["headers"] = headers
        await self._send(message)

    def finish(self) -> None:
        """Count it and write its line."""
        seconds = time.perf_counter() - self._started_s
        route = self.scope.get("path_template") or "(none)"
        observe_request(self.scope["method"], route, self.status, seconds)
        _access.info(
            "request",
            extra={
                "request_id": self.request_id,
                "method": self.scope["method"],
                "route": route,
                "status": self.status,
                "ms": round(seconds * 1000, 1),
            },
        )


async def _checked(scope: Any, receive: Receive) -> Receive:
    """For a JSON body: read it whole, within its limit, look at it, and hand it on. Uploads stream by."""
    headers = dict(scope["headers"])
    if headers.get(b"content-encoding", b"identity").strip().lower() not in (b"identity", b""):
        raise UnsupportedMedia  # nothing that we would have to unpack before its size is known
    kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if scope["method"] in ("GET", "HEAD", "OPTIONS") or (kind and not kind.endswith(b"json")):
        return receive
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > bodies.MAX_BODY_BYTES:
        raise bodies.too_large(bodies.MAX_BODY_BYTES)
    content = await _read(receive)
    if content:
        bodies.check_json(content)
    once: list[Any] = [{"type": "http.request", "body": content, "more_body": False}]

    async def again() -> Any:
        return once.pop() if once else await receive()

    return again


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > bodies.MAX_BODY_BYTES:
            raise bodies.too_large(bodies.MAX_BODY_BYTES)
        if not message.get("more_body"):
            return b"".join(parts)
