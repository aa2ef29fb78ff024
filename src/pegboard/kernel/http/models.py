"""Tables of the HTTP layer."""

from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, Text
from sqlalchemy.dialects.postgresql import UUID

from pegboard.kernel.db.tables import tenant_table

idempotency_keys = tenant_table(
    "idempotency_keys",
    Column("account_id", UUID(as_uuid=True), primary_key=True),
    Column("key", Text(collation="C"), primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("status", Integer),
    Column("body", LargeBinary),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index("ix_idempotency_keys_age", "org_id", "account_id", "created_at"),
)
