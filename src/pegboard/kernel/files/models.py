"""Tables of files."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import UUID

from pegboard.kernel.db.tables import tenant_table

files = tenant_table(
    "files",
    Column("file_id", UUID(as_uuid=True), primary_key=True),
    Column("owner_id", UUID(as_uuid=True), nullable=False),
    Column("name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False, server_default=text("0")),
    Column("type", Text, nullable=False),
    Column("expected_sha256", LargeBinary),
    Column("sha256", LargeBinary),
    Column("width", Integer),
    Column("height", Integer),
    Column("state", Text, nullable=False),
    Column("attached", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    CheckConstraint("state IN ('uploading', 'stored', 'removing')", name="state"),
    CheckConstraint("attached = (expires_at IS NULL)", name="attached_stays"),
    Index("ix_files_expiry", "org_id", "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
)

file_parts = tenant_table(
    "file_parts",
    Column("file_id", UUID(as_uuid=True), primary_key=True),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("part_id", UUID(as_uuid=True), nullable=False),
    ForeignKeyConstraint(["org_id", "file_id"], ["files.org_id", "files.file_id"]),
)
