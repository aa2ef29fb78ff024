"""The one place where errors become HTTP."""

import logging
import re
from typing import Any

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from pegboard.kernel.errors import (
    BadRequest,
    FieldError,
    Invalid,
    NotFound,
    PegboardError,
    TooLarge,
    Unavailable,
)
from pegboard.kernel.http import body as bodies
from pegboard.kernel.i18n import Catalogues, language_of

_log = logging.getLogger(__name__)


class ErrorField(msgspec.Struct, frozen=True):
    """One wrong part of the input."""

    path: str
    code: str
    message: str


class ErrorDetail(msgspec.Struct, frozen=True):
    """What was refused, in the caller's language, and the id under which the log knows it."""

    code: str
    message: str
    fields: list[ErrorField]
    request_id: str


class ErrorEnvelope(msgspec.Struct, frozen=True):
    """The body of every answer that is not a success."""

    error: ErrorDetail


class MethodNotAllowed(PegboardError):
    """The path exists, the method does not; `allow` lists those that do, for the header of that name."""

    code = "request.method_not_allowed"
    status = 405


class HeadTooLarge(PegboardError):
    """The request's address and headers are over their limit together."""

    code = "request.head_too_large"
    status = 431


class UnsupportedMedia(PegboardError):
    """The body is in a form that is not taken here."""

    code = "request.unsupported_media"
    status = 415


class InternalError(PegboardError):
    """A mistake of ours; the log has it under the request id."""


def envelope(error: PegboardError, catalogues: Catalogues, language: str, request_id: str) -> ErrorEnvelope:
    """The error as it goes out."""
    fields = [
        ErrorField(
            path=field.path,
            code=field.code,
            message=field.message or catalogues.text(f"field.{field.code}", language, **error.params),
        )
        for field in error.fields
    ]
    message = catalogues.text(error.code, language, **error.params)
    return ErrorEnvelope(ErrorDetail(code=error.code, message=message, fields=fields, request_id=request_id))


def error_headers(error: PegboardError) -> dict[str, str]:
    """Headers that belong to the error."""
    headers = {"cache-control": "no-store"}
    if error.retry_after_s is not None:
        headers["retry-after"] = str(max(1, round(error.retry_after_s + 0.5)))
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, MethodNotAllowed) and "allow" in error.params:
        headers["allow"] = str(error.params["allow"])
    return headers


def answer_error(request: Request[Any, Any, Any], exception: Exception) -> Response[ErrorEnvelope]:
    """Litestar's handler for every exception."""
    error = as_refusal(exception)
    request_id = str(request.scope.get("request_id", ""))
    if isinstance(error, InternalError):
        _log.error("unexpected error", exc_info=exception, extra={"request_id": request_id})
    catalogues = request.app.state.parts[Catalogues]
    language = language_of(request.headers.get("accept-language"))
    return Response(
        envelope(error, catalogues, language, request_id),
        status_code=error.status,
        headers=error_headers(error),
        media_type="application/json",
    )


_LOST_DATABASE = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.InternalClientError,  # the driver, when the server ends the connection between two statements
)


def as_refusal(exception: BaseException) -> PegboardError:
    """Any exception as one of ours; what nobody expected is an `InternalError`."""
    match exception:
        case PegboardError():
            return exception
        case ValidationException():
            return _invalid(exception)
        case HTTPException():
            return _from_status(exception)
        case asyncpg.AdminShutdownError() | asyncpg.CrashShutdownError() | asyncpg.TooManyConnectionsError():
            return Unavailable(retry_after_s=1)
        case _ if isinstance(exception, _LOST_DATABASE):
            return Unavailable(retry_after_s=1)
        case _:
            return InternalError()


def _from_status(exception: HTTPException) -> PegboardError:
    match exception.status_code:
        case 404:
            return NotFound()
        case 405:
            return MethodNotAllowed(allow=(exception.headers or {}).get("allow", ""))
        case 413:
            return TooLarge(limit=bodies.MAX_BODY_BYTES)
        case 415:
            return UnsupportedMedia()
        case 400:
            return BadRequest()
        case _:
            return InternalError()


_MISSING_PARAMETER = re.compile(r"Missing required \w+ parameter '(?P<name>[^']+)'")


def _invalid(exception: ValidationException) -> Invalid:
    entries = exception.extra if isinstance(exception.extra, list) else []
    if any(entry.get("key") == "data" for entry in entries):  # there is no body: one that is there is decoded before
        return Invalid(fields=[FieldError(path="", code="required")])
    fields = [
        _field(str(entry.get("key", "")), str(entry.get("message", ""))) for entry in entries if isinstance(entry, dict)
    ]
    if not fields and (missing := _MISSING_PARAMETER.match(exception.detail)):
        fields = [FieldError(path=missing["name"], code="required")]
    return Invalid(fields=fields)


_AT = re.compile(r" - at `(?:key in )?\$?\.?(?P<path>[^`]*)`$")
_INDEX = re.compile(r"\[(\d+|\.\.\.)\]")
_KINDS = (
    ("missing required field", "required"),
    ("unknown field", "unknown"),
    ("`array` of length <=", "too_many"),
    ("length <=", "too_long"),
    ("length >=", "too_short"),
    ("` >", "too_small"),
    ("` <", "too_large"),
)


def from_msgspec(error: msgspec.ValidationError) -> Invalid:
    """msgspec's complaint as a field error: its words name the place behind ` - at `."""
    words = str(error)
    at = _AT.search(words)
    path = _INDEX.sub(r".\1", at["path"]).strip(".") if at else ""
    return Invalid(fields=[_field(path, _AT.sub("", words))])


def _field(path: str, words: str) -> FieldError:
    """Coded complaints get their text from the catalogue; the others are for programmers, and keep msgspec's words."""
    lowered = words.lower()
    code = next((code for sign, code in _KINDS if sign in lowered), "invalid")
    if code in ("required", "unknown") and (named := re.search(r"field `([^`]+)`", words)):
        path = f"{path}.{named[1]}" if path else named[1]
    return FieldError(path=path, code=code, message=words if code == "invalid" else "")
