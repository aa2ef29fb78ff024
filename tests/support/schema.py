"""Makes the schema of a new database from the tables in the code, with their walls and guards."""

import importlib
from pathlib import Path

import asyncpg
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

import pegboard
from pegboard.kernel.db.tables import metadata
from pegboard.kernel.db.walls import raise_wall

_ROOT = Path(pegboard.__file__).parent


def import_models() -> None:
    """Import every `models.py` and the HTTP layer's one table, so that the metadata knows all tables."""
    importlib.import_module("pegboard.kernel.http.idempotency")
    for file in sorted(_ROOT.glob("**/models.py")):
        parts = file.relative_to(_ROOT.parent).with_suffix("").parts
        importlib.import_module(".".join(parts))


def schema_ddl() -> list[str]:
    """Every statement, in order."""
    import_models()
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves its dialects untyped
    statements: list[str] = []
    for table in metadata.sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)))
        statements += [str(CreateIndex(index).compile(dialect=dialect)) for index in sorted(table.indexes, key=str)]
    for table in metadata.sorted_tables:
        statements += [*raise_wall(table), *table.info.get("ddl", ())]
    return statements


async def create_schema(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Make all tables; the connection is the owner's."""
    async with connection.transaction():
        for statement in schema_ddl():
            await connection.execute(statement)
