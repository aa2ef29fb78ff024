"""PostgreSQL: tables, compiled statements, the unit of work, and the two walls between organisations."""

from pegboard.kernel.db.database import Database
from pegboard.kernel.db.statements import Statement, sql
from pegboard.kernel.db.tables import metadata, shared_table, tenant, tenant_table
from pegboard.kernel.db.work import Row, UnitOfWork

__all__ = [
    "Database",
    "Row",
    "Statement",
    "UnitOfWork",
    "metadata",
    "shared_table",
    "sql",
    "tenant",
    "tenant_table",
]
