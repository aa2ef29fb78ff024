"""Takes one of the two walls between organisations away, so that the other stands alone."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import pegboard
from pegboard.app import tables
from pegboard.kernel.db import metadata
from pegboard.kernel.db.statements import Statement

tables.load()

TENANT = frozenset(table.name for table in metadata.sorted_tables if table.info["tenant"])
SHARED = frozenset(table.name for table in metadata.sorted_tables if not table.info["tenant"])

_NAMED = re.compile(r"\b(?:from|join|into|update|using|,)\s+([a-z_]+)(?:\s+as)?(?:\s+([a-z_]+))?", re.IGNORECASE)
_VALUE = r"(?:\$\d+(?:::\w+(?:\[\])?)?|CAST\(\$\d+ AS \w+(?:\[\])?\)|[a-z_]+\.[a-z_]+)"
_PREDICATE = re.compile(
    rf"(?<![\w.])(?:(?P<table>[a-z_]+)\.)?org_id\s*=\s*(?P<value>ANY\s*\(\s*{_VALUE}\s*\)|{_VALUE})", re.IGNORECASE
)
_PARAMETER = re.compile(r"CAST\(\$\d+ AS \w+(?:\[\])?\)|\$\d+(?:::\w+(?:\[\])?)?", re.IGNORECASE)
_KEYWORDS = frozenset(
    ("where", "set", "on", "join", "left", "values", "select", "order", "limit", "using", "as", "cross")
)


def no_row_security() -> list[str]:
    """The second wall gone: what the database's owner would have to say for it."""
    return [f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY" for name in sorted(TENANT)]


@contextmanager
def no_predicates() -> Iterator[set[str]]:
    """The first wall gone: conditions on `org_id` of tenants' tables are true in every statement, however written.

    Yields the statements that were changed. Conditions on shared tables stay: there is no second wall behind them.
    """
    changed: set[str] = set()

    def without(statement: Statement) -> str:
        original = statement._compiled[0]
        text = neutralised(original)
        if text != original:
            changed.add(original)
        return text

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Statement, "sql", property(without))
        yield changed


def neutralised(statement: str) -> str:
    """The statement without its conditions on the organisation of tenants' rows."""
    aliases: dict[str, str] = {}
    for table, alias in _NAMED.findall(statement):
        if table in TENANT | SHARED:
            aliases[table] = table
            if alias and alias.lower() not in _KEYWORDS:
                aliases[alias] = table
    unqualified_is_tenants = not SHARED & set(aliases.values())

    def true(match: re.Match[str]) -> str:
        table = match["table"]
        if aliases.get(table) not in TENANT if table else not unqualified_is_tenants:
            return match[0]
        # Parameters stay in the text, so that their numbers and types stay as they are.
        given = [_typed(parameter) for parameter in _PARAMETER.findall(match["value"])]
        return "(" + " AND ".join(["true", *(f"{parameter} IS NOT NULL" for parameter in given)]) + ")"

    return _PREDICATE.sub(true, statement)


def _typed(parameter: str) -> str:
    return parameter if "::" in parameter or parameter.upper().startswith("CAST") else f"CAST({parameter} AS uuid)"


def tenant_tables_in(statement: str) -> set[str]:
    """The tenants' tables that it names."""
    return {table for table, _ in _NAMED.findall(statement) if table in TENANT}


def statements() -> Iterator[tuple[str, Statement]]:
    """Every statement that stands in a module of the program, with the name of its constant."""
    for found in pkgutil.walk_packages(pegboard.__path__, "pegboard."):
        if ".migrations" in found.name or found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if isinstance(value, Statement):
                yield f"{found.name}.{name}", value
