"""Types that a setting may have beyond those of JSON."""

from pathlib import Path
from typing import Any


class Secret(str):
    """A text that nobody should see: its `repr` hides it, and it can be read from a file (`…_FILE`,
    `…_file`).
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret('…')" if self else "Secret('')"


def decode_value(kind: type[Any], value: Any) -> Any:
    """For msgspec: a path or a secret from its text."""
    if kind is Path and isinstance(value, str) and value:
        return Path(value).expanduser()
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError(f"Expected a text, got {type(value).__name__}")
