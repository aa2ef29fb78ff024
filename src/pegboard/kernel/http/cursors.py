"""Lists come in pages; a cursor says where the next one begins."""

import base64
import binascii
from typing import Any, Generic, TypeVar

import msgspec

from pegboard.kernel.errors import invalid

T = TypeVar("T")

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page: the items, and the cursor of the next page (null: this was the last)."""

    items: list[T]
    next: str | None = None


def encode_cursor(*position: Any) -> str:
    """The position behind the last item, opaque to callers."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def decode_cursor(cursor: str | None, *kinds: Any) -> tuple[Any, ...] | None:
    """The position, its parts of the given types; None at the beginning. Refuses what we never made."""
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        values = msgspec.json.decode(raw, type=tuple[kinds])  # type: ignore[valid-type]  # the types come at run time
        return tuple(values)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise invalid("cursor", "invalid") from None


def page_of(items: list[T], limit: int, position: Any) -> Page[T]:
    """A page from `limit + 1` items asked for; `position(item)` is the tuple behind an item."""
    if len(items) <= limit:
        return Page(items=items)
    kept = items[:limit]
    return Page(items=kept, next=encode_cursor(*position(kept[-1])))
