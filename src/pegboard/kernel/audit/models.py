"""Tables of the audit log."""

from sqlalchemy import BigInteger, Column, DateTime, Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from pegboard.kernel.audit.ddl import guard_heads, guard_log, guard_personal
from pegboard.kernel.db.tables import tenant_table

audit_log = tenant_table(
    "audit_log",
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", UUID(as_uuid=True)),
    Column("on_behalf_of", UUID(as_uuid=True)),
    Column("action", Text(collation="C"), nullable=False),
    Column("object", Text(collation="C"), nullable=False),
    Column("detail", JSONB, nullable=False),
    Column("personal_digest", LargeBinary, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Index("ix_audit_log_action", "org_id", "action", "seq"),
    Index("ix_audit_log_actor", "org_id", "actor_id", "seq"),
    Index("ix_audit_log_object", "org_id", "object", "seq"),
    grants=("select", "insert"),
)
audit_log.info["ddl"] = tuple(guard_log())

# Names, addresses and other personal data of an entry; the chain holds a salted digest of it, so it can be
# erased.
audit_personal = tenant_table(
    "audit_personal",
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("salt", LargeBinary, nullable=False),
    Column("data", JSONB, nullable=False),
    grants=("select", "insert", "delete"),
)
audit_personal.info["ddl"] = tuple(guard_personal())

# Where each chain ends. Locked while entries are added, so that the chain has one end; shows a cut-off tail.
audit_heads = tenant_table(
    "audit_heads",
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    grants=("select", "insert", "update"),
)
audit_heads.info["ddl"] = tuple(guard_heads())
