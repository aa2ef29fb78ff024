"""The second wall: forced row-level security, and what each role may do.

Migrations call it for every new table; a test compares the catalogue with the tables' declarations.
"""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Table

ROLES = ("pegboard_app", "pegboard_system")

_MINE = "org_id = ANY ((SELECT string_to_array(nullif(current_setting('app.orgs', true), ''), ',')::uuid[])::uuid[])"


def wall(table: str, *, tenant: bool, grants: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The DDL that protects one new table: its grants, and row-level security if it is a tenant's."""
    for role, verbs in grants.items():
        if verbs:
            yield f"GRANT {', '.join(verbs)} ON {table} TO {role}"
    if tenant:
        yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
        yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
        yield f"CREATE POLICY own_rows ON {table} USING ({_MINE}) WITH CHECK ({_MINE})"


def raise_wall(table: Table) -> Iterator[str]:
    """The wall of a table as it is declared."""
    return wall(table.name, tenant=table.info["tenant"], grants=table.info["grants"])
