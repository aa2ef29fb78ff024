"""Statements are built with SQLAlchemy Core, compiled once, and run on asyncpg."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, cast

from sqlalchemy import Dialect, text
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

_dialect: Dialect = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves its dialects untyped


class Statement:
    """One Core statement and its compiled form; made at import, compiled at first use, shared by all requests."""

    def __init__(self, clause: ClauseElement) -> None:
        self.clause = clause

    @cached_property
    def _compiled(self) -> tuple[str, tuple[tuple[str, Any], ...]]:
        compiled = cast(SQLCompiler, self.clause.compile(dialect=_dialect))
        names = compiled.positiontup or []
        return compiled.string, tuple((name, compiled.params[name]) for name in names)

    @property
    def sql(self) -> str:
        """The text that PostgreSQL gets."""
        return self._compiled[0]

    @property
    def names(self) -> frozenset[str]:
        """What the statement takes."""
        return frozenset(name for name, _ in self._compiled[1])

    def arguments(self, params: Mapping[str, Any]) -> list[Any]:
        """The values in PostgreSQL's order; a name that is not given takes the value built into the statement."""
        return [params.get(name, default) for name, default in self._compiled[1]]


def sql(query: str) -> Statement:
    """A statement written as SQL with `:names`, where Core has no word for it (`unnest` joins, `old.*`)."""
    return Statement(text(query))
