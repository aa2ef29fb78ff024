"""Tables of the directory."""

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from pegboard.kernel.db import shared_table, tenant_table

NAME_LENGTH = 64
"""Characters that a person's or a department's name may have."""
USERID_LENGTH = 64
MAX_DEPTH = 20
"""Departments on the way from below the root down to the deepest one."""


def _id(name: str, **options: Any) -> Column[Any]:
    return Column(name, UUID(as_uuid=True), **options)


def _code(name: str, **options: Any) -> Column[Any]:
    """Text compared byte by byte: only such a comparison may use an index behind row-level security."""
    return Column(name, Text(collation="C"), **options)


def _flag(name: str) -> Column[Any]:
    return Column(name, Boolean, nullable=False, server_default=text("false"))


def _belongs(columns: list[str], table: str, to: str = "id", *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A foreign key inside the organisation: no row can point into another one."""
    return ForeignKeyConstraint(["org_id", *columns], [f"{table}.org_id", f"{table}.{to}"], ondelete=ondelete)


_EMPTY = text("''")
_REVISION = text("1")

organisations = shared_table(
    "organisations",
    _id("id", primary_key=True),
    _code("code", nullable=False, unique=True),
    Column("name", Text, nullable=False),
    _id("parent_org_id"),
    Column("state", Text, nullable=False, server_default=text("'active'")),
    Column("default_country", Text, nullable=False, server_default=text("'CN'")),
    Column("time_zone", Text, nullable=False, server_default=text("'Asia/Shanghai'")),
    Column("settings", JSONB, nullable=False, server_default=text("'{}'")),
    Column("revision", Integer, nullable=False, server_default=_REVISION),
    Column("created_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(["parent_org_id"], ["organisations.id"]),
    CheckConstraint("state IN ('active', 'closed')", name="state"),
    Index("ix_organisations_parent", "parent_org_id", postgresql_where=text("parent_org_id IS NOT NULL")),
    reason="The registry of organisations: people see the names of theirs before they have chosen one.",
    app=("select", "insert", "update"),
)

departments = tenant_table(
    "departments",
    _id("id", primary_key=True),
    _id("parent_id"),
    Column("name", Text, nullable=False),
    Column("position", Integer, nullable=False, server_default=text("0")),
    _flag("hidden"),
    Column("restricted", Text, nullable=False, server_default=text("'no'")),
    _flag("own_group"),
    _id("conversation_id"),
    Column("revision", Integer, nullable=False, server_default=_REVISION),
    _belongs(["parent_id"], "departments"),
    UniqueConstraint("org_id", "parent_id", "name"),
    CheckConstraint("restricted IN ('no', 'self', 'listed')", name="restricted"),
    CheckConstraint("parent_id <> id", name="parent"),
    Index("uq_departments_root", "org_id", unique=True, postgresql_where=text("parent_id IS NULL")),
    Index("ix_departments_children", "org_id", "parent_id", "position", "id"),
    Index("ix_departments_hidden", "org_id", "id", postgresql_where=text("hidden")),
)

department_ancestors = tenant_table(
    "department_ancestors",
    # The closure of the tree: every pair of a department and one above it, itself with depth 0.
    _id("ancestor_id", primary_key=True),
    _id("descendant_id", primary_key=True),
    Column("depth", SmallInteger, nullable=False),
    _belongs(["ancestor_id"], "departments", ondelete="CASCADE"),
    _belongs(["descendant_id"], "departments", ondelete="CASCADE"),
    CheckConstraint(f"depth BETWEEN 0 AND {MAX_DEPTH}", name="depth"),
    Index("ix_department_ancestors_above", "org_id", "descendant_id", "ancestor_id", "depth"),
)

department_visible = tenant_table(
    "department_visible",
    # What the people of a department with restricted = 'listed' may see besides it.
    _id("department_id", primary_key=True),
    _id("visible_id", primary_key=True),
    _belongs(["department_id"], "departments", ondelete="CASCADE"),
    _belongs(["visible_id"], "departments", ondelete="CASCADE"),
    Index("ix_department_visible_visible", "org_id", "visible_id"),
)

members = tenant_table(
    "members",
    _id("id", primary_key=True),
    _id("account_id"),
    _code("userid", nullable=False),
    Column("name", Text, nullable=False),
    _code("pinyin", nullable=False, server_default=_EMPTY),
    _code("initials", nullable=False, server_default=_EMPTY),
    _code("mobile"),
    _code("email"),
    Column("title", Text, nullable=False, server_default=_EMPTY),
    _code("job_number", nullable=False, server_default=_EMPTY),
    _id("avatar_file_id"),
    Column("work_place", Text, nullable=False, server_default=_EMPTY),
    Column("hired_on", Date),
    _id("manager_id"),
    Column("state", Text, nullable=False),
    _flag("hide_mobile"),
    Column("extension", JSONB, nullable=False, server_default=text("'{}'")),
    Column("revision", Integer, nullable=False, server_default=_REVISION),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("joined_at", DateTime(timezone=True)),
    Column("left_at", DateTime(timezone=True)),
    _belongs(["manager_id"], "members"),
    UniqueConstraint("org_id", "userid"),
    CheckConstraint("state IN ('invited', 'active', 'suspended', 'left')", name="state"),
    CheckConstraint("manager_id <> id", name="manager"),
    Index(
        "uq_members_account",
        "org_id",
        "account_id",
        unique=True,
        postgresql_where=text("account_id IS NOT NULL"),
    ),
    # Somebody who has left does not keep their number from the next one.
    Index("uq_members_mobile", "org_id", "mobile", unique=True, postgresql_where=text("state <> 'left'")),
    Index("uq_members_email", "org_id", "email", unique=True, postgresql_where=text("state <> 'left'")),
    Index("ix_members_pinyin", "org_id", "pinyin", "id"),
    Index("ix_members_manager", "org_id", "manager_id", postgresql_where=text("manager_id IS NOT NULL")),
)

member_departments = tenant_table(
    "member_departments",
    _id("member_id", primary_key=True),
    _id("department_id", primary_key=True),
    _flag("main"),
    Column("position", Integer, nullable=False, server_default=text("0")),
    _belongs(["member_id"], "members", ondelete="CASCADE"),
    _belongs(["department_id"], "departments"),
    Index("uq_member_departments_main", "org_id", "member_id", unique=True, postgresql_where=text("main")),
    Index("ix_member_departments_order", "org_id", "department_id", "position", "member_id"),
)

department_leaders = tenant_table(
    "department_leaders",
    _id("department_id", primary_key=True),
    _id("member_id", primary_key=True),
    Column("position", Integer, nullable=False, server_default=text("0")),
    _belongs(["department_id"], "departments", ondelete="CASCADE"),
    _belongs(["member_id"], "members", ondelete="CASCADE"),
    Index("ix_department_leaders_member", "org_id", "member_id"),
)

member_terms = tenant_table(
    "member_terms",
    # What somebody is found by; see terms.py. No foreign key: members are never deleted, and an import of 100,000
    # people writes two million of these.
    Column("kind", SmallInteger, primary_key=True),
    Column("term", Text(collation="C"), primary_key=True),
    _id("member_id", primary_key=True),
    Index("ix_member_terms_member", "org_id", "member_id", "kind", "term"),
)

roles = tenant_table(
    "roles",
    _id("id", primary_key=True),
    Column("group_name", Text, nullable=False, server_default=_EMPTY),
    Column("name", Text, nullable=False),
    Column("revision", Integer, nullable=False, server_default=_REVISION),
    UniqueConstraint("org_id", "group_name", "name"),
)

role_members = tenant_table(
    "role_members",
    _id("role_id", primary_key=True),
    _id("member_id", primary_key=True),
    _belongs(["role_id"], "roles", ondelete="CASCADE"),
    _belongs(["member_id"], "members", ondelete="CASCADE"),
    Index("ix_role_members_member", "org_id", "member_id"),
)

administrators = tenant_table(
    "administrators",
    _id("member_id", primary_key=True),
    Column("kind", Text, nullable=False),
    _belongs(["member_id"], "members", ondelete="CASCADE"),
    CheckConstraint("kind IN ('owner', 'super', 'sub')", name="kind"),
    Index("uq_administrators_owner", "org_id", unique=True, postgresql_where=text("kind = 'owner'")),
)

administrator_powers = tenant_table(
    "administrator_powers",
    _id("member_id", primary_key=True),
    Column("power", Text(collation="C"), primary_key=True),
    _belongs(["member_id"], "administrators", "member_id", ondelete="CASCADE"),
)

administrator_departments = tenant_table(
    "administrator_departments",
    _id("member_id", primary_key=True),
    _id("department_id", primary_key=True),
    _belongs(["member_id"], "administrators", "member_id", ondelete="CASCADE"),
    # A scope that loses its last department is empty, which is nowhere: never everywhere.
    _belongs(["department_id"], "departments", ondelete="CASCADE"),
    Index("ix_administrator_departments_department", "org_id", "department_id"),
)

# --- joining -------------------------------------------------------------------------------------------------------

imports = tenant_table(
    "imports",
    _id("id", primary_key=True),
    _id("member_id", nullable=False),
    Column("file_name", Text, nullable=False),
    Column("language", Text, nullable=False),
    _flag("dry_run"),
    _flag("skip_errors"),
    Column("state", Text, nullable=False, server_default=text("'queued'")),
    Column("rows_total", Integer, nullable=False, server_default=text("0")),
    Column("rows_done", Integer, nullable=False, server_default=text("0")),
    Column("members", Integer, nullable=False, server_default=text("0")),
    Column("departments", Integer, nullable=False, server_default=text("0")),
    Column("created", Integer, nullable=False, server_default=text("0")),
    Column("changed", Integer, nullable=False, server_default=text("0")),
    Column("invited", Integer, nullable=False, server_default=text("0")),
    Column("errors", JSONB, nullable=False, server_default=text("'[]'")),
    Column("errors_total", Integer, nullable=False, server_default=text("0")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    _belongs(["member_id"], "members"),
    CheckConstraint("state IN ('queued', 'running', 'done', 'refused')", name="state"),
    Index("ix_imports_created", "org_id", "created_at"),
)

import_files = tenant_table(
    "import_files",
    # Apart from the import, and only until it has run: there may be passwords in it.
    _id("import_id", primary_key=True),
    Column("content", LargeBinary, nullable=False),
    _belongs(["import_id"], "imports", ondelete="CASCADE"),
)

invitations = tenant_table(
    "invitations",
    _id("id", primary_key=True),
    _code("code_hash", nullable=False),
    _id("inviter_id"),
    # Where people come to; NULL: the root. A department that goes takes its invitations along.
    _id("department_id"),
    # Set: for this member alone, who has no password yet.
    _id("member_id"),
    _flag("needs_approval"),
    Column("max_uses", Integer),
    Column("uses", Integer, nullable=False, server_default=text("0")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    _belongs(["inviter_id"], "members"),
    _belongs(["member_id"], "members"),
    _belongs(["department_id"], "departments", ondelete="CASCADE"),
    UniqueConstraint("org_id", "code_hash"),
    Index("ix_invitations_expiry", "org_id", "expires_at"),
    Index("ix_invitations_inviter", "org_id", "inviter_id", postgresql_where=text("revoked_at IS NULL")),
    Index("ix_invitations_member", "org_id", "member_id", postgresql_where=text("member_id IS NOT NULL")),
)

join_requests = tenant_table(
    "join_requests",
    _id("id", primary_key=True),
    _id("invitation_id", nullable=False),
    # NULL: the account is made when somebody says yes, and not before.
    _id("account_id"),
    Column("name", Text, nullable=False),
    _code("mobile"),
    _code("email"),
    Column("password_hash", Text),
    Column("language", Text, nullable=False),
    _id("department_id"),
    Column("state", Text, nullable=False, server_default=text("'waiting'")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("decided_at", DateTime(timezone=True)),
    CheckConstraint("state IN ('waiting', 'approved', 'rejected')", name="state"),
    CheckConstraint("password_hash IS NULL OR state = 'waiting'", name="password"),
    Index("ix_join_requests_created", "org_id", "created_at", "id"),
    Index("ix_join_requests_invitation", "org_id", "invitation_id", postgresql_where=text("state = 'waiting'")),
    *(
        Index(f"uq_join_requests_{column}", "org_id", column, unique=True, postgresql_where=text("state = 'waiting'"))
        for column in ("account_id", "mobile", "email")
    ),
)
