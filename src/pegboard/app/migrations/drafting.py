"""What a drafted migration gets beyond Alembic's own: walls, grants and guards of every new table, as declared."""

import re
import textwrap
from collections.abc import Iterator
from typing import Any

from alembic.autogenerate import renderers
from alembic.operations import MigrateOperation, ops
from sqlalchemy import Table

from pegboard.kernel.db import metadata

_FUNCTION = re.compile(r"CREATE (?:OR REPLACE )?FUNCTION (\w+)\(", re.IGNORECASE)


class ProtectOp(MigrateOperation):
    """One call of `protect`."""

    def __init__(self, table: Table) -> None:
        self.table = table


class GuardOp(MigrateOperation):
    """DDL that a table declares beside itself (triggers, grants by column), frozen as it is today."""

    def __init__(self, statement: str) -> None:
        self.statement = textwrap.dedent(statement).strip()


@renderers.dispatch_for(ProtectOp)
def _render_protect(_context: Any, operation: ProtectOp) -> str:
    info = operation.table.info
    grants = "".join(f", {role}={tuple(verbs)!r}" for role, verbs in info["grants"].items() if verbs)
    return f"protect({operation.table.name!r}, tenant={info['tenant']}{grants})"


@renderers.dispatch_for(GuardOp)
def _render_guard(_context: Any, operation: GuardOp) -> str:
    return f'op.execute("""\n{operation.statement}\n""")'


def add_protection(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Alembic's hook for drafts: append to `upgrade` what the new tables declare, to `downgrade` its end."""
    for script in directives:
        if script.upgrade_ops is None or script.downgrade_ops is None:
            continue
        made = list(_made_tables(script.upgrade_ops))
        script.upgrade_ops.ops += [ProtectOp(table) for table in made]
        guards = list(dict.fromkeys(guard for table in made for guard in table.info.get("ddl", ())))
        script.upgrade_ops.ops += [GuardOp(guard) for guard in guards]
        functions = dict.fromkeys(name for guard in guards for name in _FUNCTION.findall(guard))
        script.downgrade_ops.ops += [GuardOp(f"DROP FUNCTION {name}()") for name in functions]


def _made_tables(operations: ops.OpContainer) -> Iterator[Table]:
    for operation in operations.ops:
        if isinstance(operation, ops.CreateTableOp):
            operation.info = None  # our declarations are for the code; the migration says them as `protect`
            operation.kw.pop("info", None)
            yield metadata.tables[operation.table_name]
        elif isinstance(operation, ops.OpContainer):
            yield from _made_tables(operation)
