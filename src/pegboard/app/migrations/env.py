"""Alembic's entry: runs the migrations over a connection that `migrate.py` hands in."""

from typing import Any

from alembic import context

from pegboard.app import tables
from pegboard.app.migrations.drafting import add_protection
from pegboard.kernel.db import metadata

tables.load()


def _ours(_object: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    return not (kind == "table" and name == "schema_version")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="schema_version",
    include_object=_ours,
    compare_type=True,
    compare_server_default=True,
    transaction_per_migration=True,
    process_revision_directives=add_protection,
)
with context.begin_transaction():
    context.run_migrations()
