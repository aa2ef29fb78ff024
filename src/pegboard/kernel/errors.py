"""Refusals: every one has a stable code, a status, and texts in the catalogues under that code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """What is wrong with one part of the input; `path` is dotted (`members.3.userid`)."""

    path: str
    code: str
    message: str = ""


class PegboardError(Exception):
    """Base of everything that Pegboard refuses. Subclasses set `code` and inherit `status` from their kind.

    `params` fill the places of the message in the catalogue.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(
        self,
        *,
        fields: Sequence[FieldError] = (),
        retry_after_s: float | None = None,
        **params: object,
    ) -> None:
        super().__init__(self.code)
        self.fields = tuple(fields)
        self.retry_after_s = retry_after_s
        self.params = params

    def __str__(self) -> str:
        return f"{self.code} {self.params}" if self.params else self.code


class BadRequest(PegboardError):
    """The request cannot be read at all."""

    code = "request.malformed"
    status = 400


class Unauthenticated(PegboardError):
    """Nobody is signed in."""

    code = "session.required"
    status = 401


class Forbidden(PegboardError):
    """Known person, but not allowed, and the thing's existence is no secret to them."""

    code = "permission.denied"
    status = 403


class NotFound(PegboardError):
    """Unknown, or not theirs to see: the two are never told apart."""

    code = "not_found"
    status = 404


class Conflict(PegboardError):
    """The state of things does not allow it."""

    code = "conflict"
    status = 409


class RevisionMismatch(Conflict):
    """Somebody changed the thing since the caller saw it."""

    code = "revision.mismatch"


class TooLarge(PegboardError):
    """Over a size limit."""

    code = "request.too_large"
    status = 413


class Invalid(PegboardError):
    """Readable, but not acceptable; `fields` say where."""

    code = "request.invalid"
    status = 422


class TooMany(PegboardError):
    """Over a rate; `retry_after_s` says when to come back. Nothing is lost."""

    code = "rate.exceeded"
    status = 429


class Unavailable(PegboardError):
    """Not now: something we need does not answer."""

    code = "unavailable"
    status = 503


def invalid(path: str, code: str, **params: object) -> Invalid:
    """An `Invalid` about one field."""
    error = Invalid(fields=(FieldError(path=path, code=code),))
    error.params = params
    return error
