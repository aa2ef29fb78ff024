"""What a migration says of each table that it makes: who may do what, and whose rows they are."""

from alembic import op

from pegboard.kernel.db.walls import wall


def protect(table: str, *, tenant: bool, **grants: tuple[str, ...]) -> None:
    """Grant exactly this (`pegboard_app=("select", …)`); a tenant's table also gets row-level security."""
    for statement in wall(table, tenant=tenant, grants=grants):
        op.execute(statement)
