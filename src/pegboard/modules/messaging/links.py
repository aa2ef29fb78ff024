"""The web addresses in a message."""

import re
from collections.abc import Mapping
from typing import Any

from pegboard.kernel.egress import ForbiddenUrl, Target
from pegboard.modules.messaging.content import MARKED

MARK = b"://"
"""What the stored content of a message with an address in it holds."""
MAX_LINKS = 3
MAX_LENGTH = 2048

# An address ends where a text goes on: at blanks, quotes, and the punctuation of Chinese.
_URL = re.compile(r"""https?://[^\s<>"`‘’“”、。〈-】〔-〟！（），：；？｛｝～…—]+""", re.IGNORECASE)
_ENDS_A_SENTENCE = ".,;:!?'*_~|"
_PAIRS = {")": "(", "]": "[", "}": "{"}


def may_hold_links(kind: str, content: bytes) -> bool:
    """Whether it is worth looking for addresses, by the bytes that are stored; asked for every message sent."""
    return MARK in content and kind in MARKED


def links_in(kind: str, content: Mapping[str, Any]) -> list[str]:
    """The first addresses of a message, each once, as they are written in it."""
    if kind not in MARKED:
        return []
    found: dict[str, None] = {}
    for match in _URL.finditer(str(content.get("text", ""))):
        url = _without_its_surroundings(match[0]) if len(match[0]) <= MAX_LENGTH else ""
        if _is_web(url):
            found[url] = None
            if len(found) == MAX_LINKS:
                break
    return list(found)


def _without_its_surroundings(url: str) -> str:
    """Drop the full stop after it, and the bracket that was opened before it."""
    while url:
        last = url[-1]
        if last in _ENDS_A_SENTENCE or (last in _PAIRS and url.count(last) > url.count(_PAIRS[last])):
            url = url[:-1]
        else:
            break
    return url


def _is_web(url: str) -> bool:
    try:
        Target.of(url)
    except ForbiddenUrl:
        return False
    return True
