"""The schema: every table is either a tenant's, behind row-level security, or shared for a stated reason."""

from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, MetaData, Table, bindparam
from sqlalchemy.dialects.postgresql import UUID

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Grant = Literal["select", "insert", "update", "delete"]
ALL: tuple[Grant, ...] = ("select", "insert", "update", "delete")


def tenant_table(name: str, *parts: Any, grants: tuple[Grant, ...] = ALL) -> Table:
    """A table whose every row belongs to one organisation: gets `org_id` as the first column of its primary key.

    Migrations put it behind row-level security. Its foreign keys to other tenant tables lead with `org_id` too.
    """
    return Table(
        name,
        metadata,
        Column("org_id", UUID(as_uuid=True), primary_key=True),
        *parts,
        info={"tenant": True, "grants": {"pegboard_app": grants}},
    )


def shared_table(
    name: str,
    *parts: Any,
    reason: str,
    app: tuple[Grant, ...],
    system: tuple[Grant, ...] = ALL,
) -> Table:
    """A table outside row-level security. `reason` says why it may be; `app` and `system` what each role may do."""
    info = {"tenant": False, "reason": reason, "grants": {"pegboard_app": app, "pegboard_system": system}}
    return Table(name, metadata, *parts, info=info)


def tenant(table: Any) -> ColumnElement[bool]:
    """The first wall: this organisation's rows only. Every statement on a tenant's table has it.

    The unit of work fills `:org_id`.
    """
    condition: ColumnElement[bool] = table.c.org_id == bindparam("org_id", type_=UUID(as_uuid=True))
    return condition
