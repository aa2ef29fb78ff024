"""Tables of `ding`: a durable row per recipient says what is to happen next, and when."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from pegboard.kernel.db import shared_table, tenant_table


def _id(name: str, **options: Any) -> Column[Any]:
    return Column(name, UUID(as_uuid=True), **options)


def _at(name: str, **options: Any) -> Column[Any]:
    return Column(name, DateTime(timezone=True), **options)


def _code(name: str, **options: Any) -> Column[Any]:
    return Column(name, Text(collation="C"), **options)


def _of_ding(name: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["org_id", "ding_id"], ["dings.org_id", "dings.id"], name=name, ondelete="CASCADE")


_ZERO = text("0")

dings = tenant_table(
    "dings",
    _id("id", primary_key=True),
    _id("sender_id", nullable=False),
    _code("client_id"),
    Column("content", Text, nullable=False),
    Column("files", JSONB, nullable=False, server_default=text("'[]'")),
    _id("conversation_id"),
    Column("message_seq", BigInteger),
    Column("steps", JSONB, nullable=False),
    # Whom it is for, as it was written: members, departments, those who have not read the message.
    Column("targets", JSONB, nullable=False),
    Column("pierces", Boolean, nullable=False),  # quiet hours do not hold it
    _code("state", nullable=False),
    _at("send_at", nullable=False),
    _at("due_at"),  # set while it is scheduled
    _at("fired_at"),
    _at("cancelled_at"),
    Column("repeat", JSONB),
    _at("series_at"),  # when the first of its series was sent
    Column("round", Integer, nullable=False, server_default=_ZERO),  # grows with every reminder
    _at("reminded_at"),
    _at("created_at", nullable=False),
    CheckConstraint("state IN ('scheduled', 'sent', 'cancelled')", name="state"),
    CheckConstraint("(due_at IS NOT NULL) = (state = 'scheduled')", name="due"),
    UniqueConstraint("org_id", "sender_id", "client_id"),
    Index("ix_dings_sent", "org_id", "sender_id", "id"),
    Index("ix_dings_due", "org_id", "due_at", postgresql_where=text("due_at IS NOT NULL")),
)

ding_recipients = tenant_table(
    "ding_recipients",
    _id("ding_id", primary_key=True),
    _id("member_id", primary_key=True),
    _code("state", nullable=False, server_default=text("'pending'")),
    _at("told_at"),  # its first step was done: from here on it is theirs to see
    _at("delivered_at"),
    _at("acknowledged_at"),
    Column("reply", Text),
    # What comes next: the step (behind the last one: a last look whether it reached them), whether an adapter does it
    # (`outside`), and when. While an adapter is being called, `due_at` is the end of the lease.
    Column("round", Integer, nullable=False, server_default=_ZERO),
    Column("step", SmallInteger, nullable=False, server_default=_ZERO),
    Column("outside", Boolean, nullable=False),
    _at("due_at"),
    Column("lease_epoch", BigInteger, nullable=False, server_default=_ZERO),
    Column("tries", SmallInteger, nullable=False, server_default=_ZERO),
    Column("rev", Integer, nullable=False, server_default=text("1")),  # counts the changes that the sender sees
    _of_ding("fk_ding_recipients_ding"),
    CheckConstraint(
        "state IN ('pending', 'delivered', 'acknowledged', 'undelivered', 'cancelled')",
        name="state",
    ),
    CheckConstraint("due_at IS NULL OR state NOT IN ('acknowledged', 'cancelled')", name="nothing_after"),
    Index("ix_ding_recipients_due", "org_id", "due_at", postgresql_where=text("due_at IS NOT NULL AND NOT outside")),
    Index(
        "ix_ding_recipients_due_outside", "org_id", "due_at", postgresql_where=text("due_at IS NOT NULL AND outside")
    ),
    Index(
        "ix_ding_recipients_received",
        "org_id",
        "member_id",
        "told_at",
        "ding_id",
        postgresql_where=text("told_at IS NOT NULL"),
    ),
    # Also where they have not been told yet: whoever leaves is cancelled by it.
    Index(
        "ix_ding_recipients_waiting",
        "org_id",
        "member_id",
        "told_at",
        "ding_id",
        postgresql_where=text("acknowledged_at IS NULL AND state <> 'cancelled'"),
    ),
)

ding_attempts = tenant_table(
    "ding_attempts",
    # One delivery through an adapter: always the same id for one person, round and step, however often it is tried.
    _id("delivery_id", primary_key=True),
    _id("ding_id", nullable=False),
    _id("member_id", nullable=False),
    Column("round", Integer, nullable=False),
    Column("step", SmallInteger, nullable=False),
    _code("channel", nullable=False),
    _code("state", nullable=False),
    _code("code"),  # why it failed
    Column("reference", Text),  # what the other side called it
    Column("tries", SmallInteger, nullable=False, server_default=_ZERO),
    Column("lease_epoch", BigInteger, nullable=False, server_default=_ZERO),
    _at("claimed_at", nullable=False),
    _at("begun_at"),
    _at("ended_at"),
    _at("receipt_at"),
    _of_ding("fk_ding_attempts_ding"),
    CheckConstraint("state IN ('claimed', 'begun', 'accepted', 'delivered', 'failed')", name="state"),
    Index("ix_ding_attempts_of", "org_id", "ding_id", "member_id"),
)

ding_usage = tenant_table(
    "ding_usage",
    # What was used on one day of the organisation: DINGs of a person, messages of a channel (`key` is zero).
    Column("day", Date, primary_key=True),
    _code("kind", primary_key=True),
    _id("key", primary_key=True),
    Column("used", Integer, nullable=False),
)

ding_policies = tenant_table(
    "ding_policies",
    Column("policy", JSONB, nullable=False),
    Column("revision", Integer, nullable=False),
)

ding_clock = shared_table(
    "ding_clock",
    _id("org_id", primary_key=True),
    Column("lane", SmallInteger, primary_key=True),
    _at("next_due_at"),
    Index("ix_ding_clock_next", "lane", "next_due_at", postgresql_where=text("next_due_at IS NOT NULL")),
    reason="The scheduler finds the organisations that have something due: ids and times, nothing else.",
    app=("select", "insert", "update"),
    system=("select",),
)
