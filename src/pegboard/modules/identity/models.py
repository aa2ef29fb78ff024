"""Tables of `identity`. All are shared: an account stands above the organisations that it belongs to."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import UUID

from pegboard.kernel.db import shared_table

_ID = UUID(as_uuid=True)
_AT = DateTime(timezone=True)
_NAME = Text(collation="C")
_NOW = text("now()")

accounts = shared_table(
    "accounts",
    Column("id", _ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("mobile", _NAME, unique=True),
    Column("email", _NAME, unique=True),
    Column("password_hash", Text),
    Column("language", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'active'")),
    Column("created_at", _AT, nullable=False, server_default=_NOW),
    Column("password_changed_at", _AT),
    CheckConstraint("state IN ('active', 'shut')", name="state"),
    CheckConstraint(r"mobile ~ '^\+[1-9][0-9]{4,14}$'", name="mobile"),
    CheckConstraint("email = lower(email) AND position('@' IN email) > 1", name="email"),
    reason="A person has one account in all organisations, and signs in before one is chosen.",
    app=("select", "insert", "update"),
)

memberships = shared_table(
    "memberships",
    Column("account_id", _ID, ForeignKey("accounts.id"), nullable=False),
    Column("org_id", _ID, nullable=False),
    Column("member_id", _ID, nullable=False),
    Column("userid", _NAME, nullable=False),
    Column("state", Text, nullable=False),
    Column("last_used_at", _AT),
    Column("created_at", _AT, nullable=False, server_default=_NOW),
    PrimaryKeyConstraint("account_id", "org_id"),
    CheckConstraint("state IN ('invited', 'active', 'suspended', 'left')", name="state"),
    Index("uq_memberships_member", "org_id", "member_id", unique=True),
    # Somebody who joins later may get the userid of somebody who left.
    Index("uq_memberships_userid", "org_id", "userid", unique=True, postgresql_where=text("state <> 'left'")),
    reason="Says where an account belongs, which is asked before an organisation is known.",
    app=("select", "insert", "update"),
)

sign_in_codes = shared_table(
    "sign_in_codes",
    Column("org_id", _ID, primary_key=True),
    Column("code", _NAME, nullable=False, unique=True),
    reason="Finds the organisation of somebody who signs in by userid.",
    app=("select", "insert", "update"),
)

sessions = shared_table(
    "sessions",
    Column("id", _ID, primary_key=True),
    Column("account_id", _ID, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("csrf_token", Text, nullable=False),
    Column("org_id", _ID),
    Column("device", Text, nullable=False),
    Column("ip", Text, nullable=False),
    Column("created_at", _AT, nullable=False),
    Column("last_used_at", _AT, nullable=False, index=True),
    Column("expires_at", _AT, nullable=False, index=True),
    reason="A session belongs to an account; the organisation may change from request to request.",
    app=("select", "insert", "update", "delete"),
)

personal_tokens = shared_table(
    "personal_tokens",
    Column("id", _ID, primary_key=True),
    Column("account_id", _ID, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("org_id", _ID, nullable=False),
    Column("member_id", _ID, nullable=False),
    Column("name", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", _AT, nullable=False),
    Column("last_used_at", _AT),
    Column("expires_at", _AT),
    Column("revoked_at", _AT),
    reason="A token says which organisation a request is in, so it is looked up outside of all.",
    app=("select", "insert", "update"),
)

known_devices = shared_table(
    "known_devices",
    Column("device_hash", LargeBinary, nullable=False),
    Column("account_id", _ID, ForeignKey("accounts.id"), nullable=False),
    Column("created_at", _AT, nullable=False, server_default=_NOW),
    Column("last_used_at", _AT, nullable=False),
    PrimaryKeyConstraint("device_hash", "account_id"),
    reason="Which devices an account has signed in from, asked before it is signed in.",
    app=("select", "insert", "update"),
)

sign_in_guards = shared_table(
    "sign_in_guards",
    Column("key", _NAME, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("blocked_until", _AT),
    Column("window_start", _AT, nullable=False),
    Column("guesses", Integer, nullable=False),
    Column("last_at", _AT, nullable=False, index=True),
    reason="Counts wrong passwords by account, device and address, before anybody is signed in.",
    app=("select", "insert", "update"),
)
