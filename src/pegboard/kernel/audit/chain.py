"""What is hashed, byte for byte: docs/protocol/audit.md says it for those who verify without our code."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from pegboard.kernel.db.work import Row

GENESIS = bytes(32)
"""Stands before the first entry."""

_BEYOND = re.compile("[\ue000-\U0010ffff]")
_HIGHEST = (1 << 53) - 1  # beyond that, JSON readers of other languages lose digits
FIELDS = (
    "action",
    "actor_id",
    "actor_kind",
    "at",
    "detail",
    "object",
    "on_behalf_of",
    "org_id",
    "personal_digest",
    "request_id",
    "seq",
)


def plain(value: Any) -> Any:
    """The value as JSON that survives every road: strings, whole numbers, booleans, null, lists and objects.

    Fractions and very large numbers become strings, as do UUIDs and instants; NUL and halves of characters
    become U+FFFD. What is hashed is exactly what PostgreSQL and any JSON reader give back.
    """
    match value:
        case None | bool():
            return value
        case int():
            return value if -_HIGHEST <= value <= _HIGHEST else str(value)
        case float():
            return repr(value)
        case str():
            return _storable(value)
        case datetime():
            return instant(value)
        case Mapping():
            return {_storable(str(key)): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case _:
            return plain(msgspec.to_builtins(value))


def _storable(text: str) -> str:
    if text.isprintable():
        return text
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def instant(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def canonical(value: Any) -> bytes:
    """RFC 8785 (JSON Canonicalization Scheme) for values that `plain` lets through."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    # The RFC sorts keys by UTF-16 code units, Python by code points: they differ only beyond U+D7FF.
    if _BEYOND.search(text):
        text = json.dumps(_sorted(value), ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def _sorted(value: Any) -> Any:
    match value:
        case dict():
            keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
            return {key: _sorted(value[key]) for key in keys}
        case list():
            return [_sorted(item) for item in value]
        case _:
            return value


def entry_hash(prev_hash: bytes, entry: Mapping[str, Any] | Row) -> bytes:
    """SHA-256(prev_hash ‖ canonical JSON of the entry's fields)."""
    return hashlib.sha256(prev_hash + canonical(_hashed_form(entry))).digest()


def personal_digest(salt: bytes, data: Any) -> bytes:
    """SHA-256(salt ‖ canonical JSON of the personal data)."""
    return hashlib.sha256(salt + canonical(data)).digest()


def _hashed_form(entry: Mapping[str, Any] | Row) -> dict[str, Any]:
    """The fields under the hash, from a database row or from an exported line alike."""
    return {name: _text(entry[name]) for name in FIELDS}


def _text(value: Any) -> Any:
    match value:
        case bytes():
            return value.hex()
        case UUID():
            return str(value)
        case datetime():
            return instant(value)
        case _:
            return value
