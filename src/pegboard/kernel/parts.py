"""The process's parts (hub, file store, settings, …), found by their type."""

from typing import Any, TypeVar, cast

T = TypeVar("T")


class Parts:
    """A typed shelf: `app` puts every part on it before anything is served, verbs take them down by type."""

    def __init__(self) -> None:
        self._by_type: dict[type[Any], object] = {}

    def put(self, kind: type[T], part: T) -> T:
        """Shelve the part under its type or the interface that it offers."""
        self._by_type[kind] = part
        return part

    def __getitem__(self, kind: type[T]) -> T:
        try:
            return cast(T, self._by_type[kind])
        except KeyError:
            raise LookupError(f"nothing is wired as {kind.__name__}: see app/registry.py") from None

    def get(self, kind: type[T]) -> T | None:
        """The part, or None where this process has none (a command line has no hub)."""
        return self[kind] if kind in self._by_type else None

    def __contains__(self, kind: type[Any]) -> bool:
        return kind in self._by_type
