"""Tables of the outbox."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, PrimaryKeyConstraint, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from pegboard.kernel.db.tables import shared_table

outbox = shared_table(
    "outbox",
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", UUID(as_uuid=True), nullable=False),
    Column("org_id", UUID(as_uuid=True), nullable=False),
    Column("name", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("actor_id", UUID(as_uuid=True)),
    Column("at", DateTime(timezone=True), nullable=False),
    reason="The relay reads the facts of all organisations; requests may only add to it.",
    app=("insert",),
)

handled_events = shared_table(
    "handled_events",
    Column("handler", Text, nullable=False),
    Column("event_id", UUID(as_uuid=True), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("handler", "event_id"),
    reason="Holds ids only: which handler has seen which event.",
    app=("insert", "select"),
)
