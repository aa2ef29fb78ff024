"""What is checked of a request before anybody parses it (limits in the words of the decision records)."""

import re
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from pegboard.kernel.errors import BadRequest, NotFound, TooLarge, invalid

MAX_BODY_BYTES = 1024 * 1024
MAX_JSON_DEPTH = 32
MAX_JSON_KEYS = 10_000

_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}:]')


def check_target(path: str, query: bytes) -> None:
    """Refuse NUL and what is not UTF-8 in the address."""
    if "\0" in path or "�" in path:
        raise NotFound
    if b"%" in query:
        raw = unquote_to_bytes(query)
        if b"\0" in raw:
            raise invalid("query", "nul")
        if not _is_utf8(raw):
            raise invalid("query", "utf8")


def check_json(body: bytes) -> None:
    """Refuse what is no UTF-8, holds NUL or lone surrogates, or is nested too deep; a parser sees the rest."""
    if not _is_utf8(body):
        raise invalid("", "utf8")
    if body.count(b"{") + body.count(b"[") > MAX_JSON_DEPTH or body.count(b":") > MAX_JSON_KEYS:
        _check_shape(body)
    if b"\\u" in body:
        _check_escapes(body)


def too_large(limit_bytes: int) -> TooLarge:
    """The refusal of a body over its limit, which it names."""
    return TooLarge(limit=limit_bytes)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _check_shape(body: bytes) -> None:
    depth = keys = 0
    for token in _TOKENS.finditer(body):
        match token[0]:
            case b"{" | b"[":
                depth += 1
                if depth > MAX_JSON_DEPTH:
                    raise invalid("", "too_deep", limit=MAX_JSON_DEPTH)
            case b"}" | b"]":
                depth -= 1
            case b":":
                keys += 1
                if keys > MAX_JSON_KEYS:
                    raise invalid("", "too_many", limit=MAX_JSON_KEYS)


_LONE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _check_escapes(body: bytes) -> None:
    """Look closer at a body with escapes: it may write a NUL or half of a surrogate pair with them."""
    if b"\\u0000" not in body and not _LONE_SURROGATE.search(body):
        return
    import json  # the standard parser keeps lone surrogates, so that they can be seen

    try:
        value = json.loads(body)
    except ValueError:
        raise BadRequest from None
    _check_texts(value)


def _check_texts(value: Any) -> None:
    match value:
        case str():
            if "\0" in value:
                raise invalid("", "nul")
            try:
                value.encode()
            except UnicodeEncodeError:
                raise invalid("", "surrogate") from None
        case list():
            for item in value:
                _check_texts(item)
        case dict():
            for key, item in value.items():
                _check_texts(key)
                _check_texts(item)


def decode(body: bytes, kind: type[Any]) -> Any:
    """A checked JSON body as the given type, for those who read it themselves."""
    check_json(body)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        from pegboard.kernel.http.errors import from_msgspec  # which names our limits, and so imports us

        raise from_msgspec(error) from None
    except msgspec.DecodeError:
        raise BadRequest from None
