"""Names in the store. There is one function that makes them, and it always begins with the organisation."""

import re
from typing import NewType
from uuid import UUID

from pegboard.kernel.ids import OrgId

Key = NewType("Key", str)

_PART = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")


def scoped_key(org_id: OrgId, *parts: str | UUID | int) -> Key:
    """`<organisation>/<part>/…`. Parts are of our own making: lower case, digits, single `.`, `_`, `-` in
    between.
    """
    texts = [str(part) for part in (org_id, *parts)]
    if len(texts) < 2 or not all(_PART.fullmatch(text) for text in texts):
        raise ValueError(f"not parts of a key: {parts!r}")
    return Key("/".join(texts))


def content_key(org_id: OrgId, file_id: UUID) -> Key:
    """A file's content."""
    return scoped_key(org_id, "files", _shelf(file_id), file_id)


def part_key(org_id: OrgId, file_id: UUID, part_id: UUID) -> Key:
    """A part of an upload under way."""
    return scoped_key(org_id, "parts", _shelf(file_id), file_id, part_id)


def thumbnail_key(org_id: OrgId, file_id: UUID) -> Key:
    """A file's small picture."""
    return scoped_key(org_id, "thumbnails", _shelf(file_id), file_id)


def _shelf(file_id: UUID) -> str:
    # The last digits are random; the first ones of a UUIDv7 would put a month's files into one directory.
    return file_id.hex[-2:]
