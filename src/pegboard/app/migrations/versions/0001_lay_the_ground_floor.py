"""Lay the ground floor."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from pegboard.app.migrations.walls import protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema here from the revision before."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mobile", sa.Text(collation="C"), nullable=True),
        sa.Column("email", sa.Text(collation="C"), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("password_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("email = lower(email) AND position('@' IN email) > 1", name=op.f("ck_accounts_email")),
        sa.CheckConstraint("mobile ~ '^\\+[1-9][0-9]{4,14}$'", name=op.f("ck_accounts_mobile")),
        sa.CheckConstraint("state IN ('active', 'shut')", name=op.f("ck_accounts_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("email", name=op.f("uq_accounts_email")),
        sa.UniqueConstraint("mobile", name=op.f("uq_accounts_mobile")),
    )
    op.create_table(
        "audit_heads",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "audit_log",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.UUID(), nullable=True),
        sa.Column("on_behalf_of", sa.UUID(), nullable=True),
        sa.Column("action", sa.Text(collation="C"), nullable=False),
        sa.Column("object", sa.Text(collation="C"), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("personal_digest", sa.LargeBinary(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "seq", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_action", "audit_log", ["org_id", "action", "seq"], unique=False)
    op.create_index("ix_audit_log_actor", "audit_log", ["org_id", "actor_id", "seq"], unique=False)
    op.create_index("ix_audit_log_object", "audit_log", ["org_id", "object", "seq"], unique=False)
    op.create_table(
        "audit_personal",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "seq", name=op.f("pk_audit_personal")),
    )
    op.create_table(
        "conversations",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("topic", sa.Text(), server_default="", nullable=False),
        sa.Column("notice", sa.Text(), server_default="", nullable=False),
        sa.Column("avatar_file_id", sa.UUID(), nullable=True),
        sa.Column("owner_id", sa.UUID(), nullable=True),
        sa.Column("direct_key", sa.Text(collation="C"), nullable=True),
        sa.Column("department_id", sa.UUID(), nullable=True),
        sa.Column("client_id", sa.Text(collation="C"), nullable=True),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("member_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("head_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("head_rev", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("all_mention_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dissolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_conversations")),
    )
    op.create_index(
        "uq_conversations_all", "conversations", ["org_id"], unique=True, postgresql_where=sa.text("kind = 'all'")
    )
    op.create_index(
        "uq_conversations_client_id",
        "conversations",
        ["org_id", "created_by", "client_id"],
        unique=True,
        postgresql_where=sa.text("client_id IS NOT NULL"),
    )
    op.create_index(
        "uq_conversations_department",
        "conversations",
        ["org_id", "department_id"],
        unique=True,
        postgresql_where=sa.text("department_id IS NOT NULL"),
    )
    op.create_index(
        "uq_conversations_direct",
        "conversations",
        ["org_id", "direct_key"],
        unique=True,
        postgresql_where=sa.text("direct_key IS NOT NULL"),
    )
    op.create_table(
        "departments",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("parent_id", sa.UUID(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("hidden", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("restricted", sa.Text(), server_default=sa.text("'no'"), nullable=False),
        sa.Column("own_group", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("restricted IN ('no', 'self', 'listed')", name=op.f("ck_departments_restricted")),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_departments_parent")),
        sa.ForeignKeyConstraint(
            ["org_id", "parent_id"],
            ["departments.org_id", "departments.id"],
            name=op.f("fk_departments_org_id_parent_id"),
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_departments")),
        sa.UniqueConstraint("org_id", "parent_id", "name", name=op.f("uq_departments_org_id_parent_id_name")),
    )
    op.create_index("ix_departments_children", "departments", ["org_id", "parent_id", "position", "id"], unique=False)
    op.create_index(
        "ix_departments_hidden", "departments", ["org_id", "id"], unique=False, postgresql_where=sa.text("hidden")
    )
    op.create_index(
        "uq_departments_root", "departments", ["org_id"], unique=True, postgresql_where=sa.text("parent_id IS NULL")
    )
    op.create_table(
        "files",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("file_id", sa.UUID(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("expected_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attached", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('uploading', 'stored', 'removing')", name=op.f("ck_files_state")),
        sa.CheckConstraint("attached = (expires_at IS NULL)", name=op.f("ck_files_attached_stays")),
        sa.PrimaryKeyConstraint("org_id", "file_id", name=op.f("pk_files")),
    )
    op.create_index(
        "ix_files_expiry",
        "files",
        ["org_id", "expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.create_table(
        "handled_events",
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("handler", "event_id", name=op.f("pk_handled_events")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "account_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_age", "idempotency_keys", ["org_id", "account_id", "created_at"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_epoch", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'running', 'done', 'dead')", name=op.f("ck_jobs_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(
        "ix_jobs_dead", "jobs", ["finished_at", "id"], unique=False, postgresql_where=sa.text("state = 'dead'")
    )
    op.create_index("ix_jobs_done", "jobs", ["finished_at"], unique=False, postgresql_where=sa.text("state = 'done'"))
    op.create_index(
        "ix_jobs_due", "jobs", ["org_id", "run_at", "id"], unique=False, postgresql_where=sa.text("state = 'pending'")
    )
    op.create_index(
        "ix_jobs_leases", "jobs", ["lease_until"], unique=False, postgresql_where=sa.text("state = 'running'")
    )
    op.create_index("ix_jobs_next", "jobs", ["run_at"], unique=False, postgresql_where=sa.text("state = 'pending'"))
    op.create_index(
        "uq_jobs_key",
        "jobs",
        ["org_id", "name", "key"],
        unique=True,
        postgresql_where=sa.text("state = 'pending' AND key IS NOT NULL"),
    )
    op.create_table(
        "join_requests",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("invitation_id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mobile", sa.Text(collation="C"), nullable=True),
        sa.Column("email", sa.Text(collation="C"), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("department_id", sa.UUID(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("password_hash IS NULL OR state = 'waiting'", name=op.f("ck_join_requests_password")),
        sa.CheckConstraint("state IN ('waiting', 'approved', 'rejected')", name=op.f("ck_join_requests_state")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_join_requests")),
    )
    op.create_index("ix_join_requests_created", "join_requests", ["org_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_join_requests_invitation",
        "join_requests",
        ["org_id", "invitation_id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "uq_join_requests_account_id",
        "join_requests",
        ["org_id", "account_id"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "uq_join_requests_email",
        "join_requests",
        ["org_id", "email"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "uq_join_requests_mobile",
        "join_requests",
        ["org_id", "mobile"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "member_terms",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("term", sa.Text(collation="C"), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "kind", "term", "member_id", name=op.f("pk_member_terms")),
    )
    op.create_index("ix_member_terms_member", "member_terms", ["org_id", "member_id", "kind", "term"], unique=False)
    op.create_table(
        "members",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=True),
        sa.Column("userid", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pinyin", sa.Text(collation="C"), server_default=sa.text("''"), nullable=False),
        sa.Column("initials", sa.Text(collation="C"), server_default=sa.text("''"), nullable=False),
        sa.Column("mobile", sa.Text(collation="C"), nullable=True),
        sa.Column("email", sa.Text(collation="C"), nullable=True),
        sa.Column("title", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("job_number", sa.Text(collation="C"), server_default=sa.text("''"), nullable=False),
        sa.Column("avatar_file_id", sa.UUID(), nullable=True),
        sa.Column("work_place", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("hired_on", sa.Date(), nullable=True),
        sa.Column("manager_id", sa.UUID(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("hide_mobile", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("extension", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('invited', 'active', 'suspended', 'left')", name=op.f("ck_members_state")),
        sa.CheckConstraint("manager_id <> id", name=op.f("ck_members_manager")),
        sa.ForeignKeyConstraint(
            ["org_id", "manager_id"], ["members.org_id", "members.id"], name=op.f("fk_members_org_id_manager_id")
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_members")),
        sa.UniqueConstraint("org_id", "userid", name=op.f("uq_members_org_id_userid")),
    )
    op.create_index(
        "ix_members_manager",
        "members",
        ["org_id", "manager_id"],
        unique=False,
        postgresql_where=sa.text("manager_id IS NOT NULL"),
    )
    op.create_index("ix_members_pinyin", "members", ["org_id", "pinyin", "id"], unique=False)
    op.create_index(
        "uq_members_account",
        "members",
        ["org_id", "account_id"],
        unique=True,
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )
    op.create_index(
        "uq_members_email", "members", ["org_id", "email"], unique=True, postgresql_where=sa.text("state <> 'left'")
    )
    op.create_index(
        "uq_members_mobile", "members", ["org_id", "mobile"], unique=True, postgresql_where=sa.text("state <> 'left'")
    )
    op.create_table(
        "organisations",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_org_id", sa.UUID(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("default_country", sa.Text(), server_default=sa.text("'CN'"), nullable=False),
        sa.Column("time_zone", sa.Text(), server_default=sa.text("'Asia/Shanghai'"), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('active', 'closed')", name=op.f("ck_organisations_state")),
        sa.ForeignKeyConstraint(["parent_org_id"], ["organisations.id"], name=op.f("fk_organisations_parent_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("code", name=op.f("uq_organisations_code")),
    )
    op.create_index(
        "ix_organisations_parent",
        "organisations",
        ["parent_org_id"],
        unique=False,
        postgresql_where=sa.text("parent_org_id IS NOT NULL"),
    )
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("actor_id", sa.UUID(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_outbox")),
    )
    op.create_table(
        "recurring_jobs",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("every_s", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_recurring_jobs")),
    )
    op.create_table(
        "roles",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("group_name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_roles")),
        sa.UniqueConstraint("org_id", "group_name", "name", name=op.f("uq_roles_org_id_group_name_name")),
    )
    op.create_table(
        "sign_in_codes",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_sign_in_codes")),
        sa.UniqueConstraint("code", name=op.f("uq_sign_in_codes_code")),
    )
    op.create_table(
        "sign_in_guards",
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("guesses", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_guards")),
    )
    op.create_index(op.f("ix_sign_in_guards_last_at"), "sign_in_guards", ["last_at"], unique=False)
    op.create_table(
        "administrators",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('owner', 'super', 'sub')", name=op.f("ck_administrators_kind")),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"],
            ["members.org_id", "members.id"],
            name=op.f("fk_administrators_org_id_member_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "member_id", name=op.f("pk_administrators")),
    )
    op.create_index(
        "uq_administrators_owner", "administrators", ["org_id"], unique=True, postgresql_where=sa.text("kind = 'owner'")
    )
    op.create_table(
        "conversation_join_requests",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            name="fk_conversation_join_requests_conversation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "conversation_id", "member_id", name=op.f("pk_conversation_join_requests")),
    )
    op.create_table(
        "cursor_moves",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("to_seq", sa.BigInteger(), nullable=False),
        sa.Column("from_seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            name="fk_cursor_moves_conversation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "conversation_id", "member_id", "to_seq", name=op.f("pk_cursor_moves")),
    )
    op.create_index(op.f("ix_cursor_moves_at"), "cursor_moves", ["at"], unique=False)
    op.create_table(
        "department_ancestors",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("ancestor_id", sa.UUID(), nullable=False),
        sa.Column("descendant_id", sa.UUID(), nullable=False),
        sa.Column("depth", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("depth BETWEEN 0 AND 20", name=op.f("ck_department_ancestors_depth")),
        sa.ForeignKeyConstraint(
            ["org_id", "ancestor_id"],
            ["departments.org_id", "departments.id"],
            name=op.f("fk_department_ancestors_org_id_ancestor_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "descendant_id"],
            ["departments.org_id", "departments.id"],
            name=op.f("fk_department_ancestors_org_id_descendant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "ancestor_id", "descendant_id", name=op.f("pk_department_ancestors")),
    )
    op.create_index(
        "ix_department_ancestors_above",
        "department_ancestors",
        ["org_id", "descendant_id", "ancestor_id", "depth"],
        unique=False,
    )
    op.create_table(
        "department_leaders",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("department_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "department_id"],
            ["departments.org_id", "departments.id"],
            name=op.f("fk_department_leaders_org_id_department_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"],
            ["members.org_id", "members.id"],
            name=op.f("fk_department_leaders_org_id_member_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "department_id", "member_id", name=op.f("pk_department_leaders")),
    )
    op.create_index("ix_department_leaders_member", "department_leaders", ["org_id", "member_id"], unique=False)
    op.create_table(
        "department_visible",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("department_id", sa.UUID(), nullable=False),
        sa.Column("visible_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "department_id"],
            ["departments.org_id", "departments.id"],
            name=op.f("fk_department_visible_org_id_department_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "visible_id"],
            ["departments.org_id", "departments.id"],
            name=op.f("fk_department_visible_org_id_visible_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "department_id", "visible_id", name=op.f("pk_department_visible")),
    )
    op.create_index("ix_department_visible_visible", "department_visible", ["org_id", "visible_id"], unique=False)
    op.create_table(
        "file_parts",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("file_id", sa.UUID(), nullable=False),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("part_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "file_id"], ["files.org_id", "files.file_id"], name=op.f("fk_file_parts_org_id_file_id")
        ),
        sa.PrimaryKeyConstraint("org_id", "file_id", "start", name=op.f("pk_file_parts")),
    )
    op.create_table(
        "imports",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("skip_errors", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("rows_total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("members", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("departments", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("changed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("invited", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("errors", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("errors_total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'refused')", name=op.f("ck_imports_state")),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"], ["members.org_id", "members.id"], name=op.f("fk_imports_org_id_member_id")
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_imports")),
    )
    op.create_index("ix_imports_created", "imports", ["org_id", "created_at"], unique=False)
    op.create_table(
        "invitations",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code_hash", sa.Text(collation="C"), nullable=False),
        sa.Column("inviter_id", sa.UUID(), nullable=True),
        sa.Column("department_id", sa.UUID(), nullable=True),
        sa.Column("member_id", sa.UUID(), nullable=True),
        sa.Column("needs_approval", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("max_uses", sa.Integer(), nullable=True),
        sa.Column("uses", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "department_id"],
            ["departments.org_id", "departments.id"],
            name=op.f("fk_invitations_org_id_department_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "inviter_id"], ["members.org_id", "members.id"], name=op.f("fk_invitations_org_id_inviter_id")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"], ["members.org_id", "members.id"], name=op.f("fk_invitations_org_id_member_id")
        ),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("org_id", "code_hash", name=op.f("uq_invitations_org_id_code_hash")),
    )
    op.create_index("ix_invitations_expiry", "invitations", ["org_id", "expires_at"], unique=False)
    op.create_index(
        "ix_invitations_inviter",
        "invitations",
        ["org_id", "inviter_id"],
        unique=False,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_index(
        "ix_invitations_member",
        "invitations",
        ["org_id", "member_id"],
        unique=False,
        postgresql_where=sa.text("member_id IS NOT NULL"),
    )
    op.create_table(
        "known_devices",
        sa.Column("device_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_known_devices_account_id")),
        sa.PrimaryKeyConstraint("device_hash", "account_id", name=op.f("pk_known_devices")),
    )
    op.create_table(
        "member_departments",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("department_id", sa.UUID(), nullable=False),
        sa.Column("main", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "department_id"],
            ["departments.org_id", "departments.id"],
            name=op.f("fk_member_departments_org_id_department_id"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"],
            ["members.org_id", "members.id"],
            name=op.f("fk_member_departments_org_id_member_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "member_id", "department_id", name=op.f("pk_member_departments")),
    )
    op.create_index(
        "ix_member_departments_order",
        "member_departments",
        ["org_id", "department_id", "position", "member_id"],
        unique=False,
    )
    op.create_index(
        "uq_member_departments_main",
        "member_departments",
        ["org_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("main"),
    )
    op.create_table(
        "memberships",
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("userid", sa.Text(collation="C"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('invited', 'active', 'suspended', 'left')", name=op.f("ck_memberships_state")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_memberships_account_id")),
        sa.PrimaryKeyConstraint("account_id", "org_id", name=op.f("pk_memberships")),
    )
    op.create_index("uq_memberships_member", "memberships", ["org_id", "member_id"], unique=True)
    op.create_index(
        "uq_memberships_userid",
        "memberships",
        ["org_id", "userid"],
        unique=True,
        postgresql_where=sa.text("state <> 'left'"),
    )
    op.create_table(
        "message_edits",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("editor_id", sa.UUID(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            name="fk_message_edits_conversation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "conversation_id", "seq", "rev", name=op.f("pk_message_edits")),
    )
    op.create_table(
        "messages",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("sender_id", sa.UUID(), nullable=True),
        sa.Column("client_id", sa.Text(collation="C"), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("mentions", postgresql.ARRAY(sa.UUID()), nullable=True),
        sa.Column("mention_all", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("reply_to", sa.BigInteger(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recalled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recalled_by", sa.UUID(), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            name="fk_messages_conversation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "conversation_id", "seq", name=op.f("pk_messages")),
    )
    op.create_index(
        "ix_messages_changed",
        "messages",
        ["org_id", "conversation_id", "rev"],
        unique=False,
        postgresql_where=sa.text("rev IS NOT NULL"),
    )
    op.create_index(
        "uq_messages_client_id",
        "messages",
        ["org_id", "conversation_id", "sender_id", "client_id"],
        unique=True,
        postgresql_where=sa.text("client_id IS NOT NULL"),
    )
    op.create_table(
        "participants",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.Text(), server_default="member", nullable=False),
        sa.Column("silenced", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("joined_seq", sa.BigInteger(), nullable=False),
        sa.Column("left_seq", sa.BigInteger(), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cursor_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("moved_from", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mention_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pinned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("muted_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hidden_seq", sa.BigInteger(), nullable=True),
        sa.Column("marked_unread", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("draft", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            name="fk_participants_conversation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "conversation_id", "member_id", name=op.f("pk_participants")),
    )
    op.create_index(
        "ix_participants_of_member",
        "participants",
        ["org_id", "member_id"],
        unique=False,
        postgresql_where=sa.text("left_seq IS NULL"),
    )
    op.create_table(
        "past_participations",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("joined_seq", sa.BigInteger(), nullable=False),
        sa.Column("left_seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            name="fk_past_participations_conversation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "org_id", "conversation_id", "member_id", "joined_seq", name=op.f("pk_past_participations")
        ),
    )
    op.create_table(
        "personal_tokens",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_personal_tokens_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personal_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_personal_tokens_token_hash")),
    )
    op.create_index(op.f("ix_personal_tokens_account_id"), "personal_tokens", ["account_id"], unique=False)
    op.create_table(
        "reactions",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("emoji", sa.Text(collation="C"), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            name="fk_reactions_conversation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "conversation_id", "seq", "emoji", "member_id", name=op.f("pk_reactions")),
    )
    op.create_table(
        "role_members",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("role_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"],
            ["members.org_id", "members.id"],
            name=op.f("fk_role_members_org_id_member_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "role_id"],
            ["roles.org_id", "roles.id"],
            name=op.f("fk_role_members_org_id_role_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "role_id", "member_id", name=op.f("pk_role_members")),
    )
    op.create_index("ix_role_members_member", "role_members", ["org_id", "member_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("csrf_token", sa.Text(), nullable=False),
        sa.Column("org_id", sa.UUID(), nullable=True),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sessions_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
    )
    op.create_index(op.f("ix_sessions_account_id"), "sessions", ["account_id"], unique=False)
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_sessions_last_used_at"), "sessions", ["last_used_at"], unique=False)
    op.create_table(
        "administrator_departments",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("department_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "department_id"],
            ["departments.org_id", "departments.id"],
            name=op.f("fk_administrator_departments_org_id_department_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"],
            ["administrators.org_id", "administrators.member_id"],
            name=op.f("fk_administrator_departments_org_id_member_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "member_id", "department_id", name=op.f("pk_administrator_departments")),
    )
    op.create_index(
        "ix_administrator_departments_department",
        "administrator_departments",
        ["org_id", "department_id"],
        unique=False,
    )
    op.create_table(
        "administrator_powers",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("power", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "member_id"],
            ["administrators.org_id", "administrators.member_id"],
            name=op.f("fk_administrator_powers_org_id_member_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "member_id", "power", name=op.f("pk_administrator_powers")),
    )
    op.create_table(
        "import_files",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("import_id", sa.UUID(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "import_id"],
            ["imports.org_id", "imports.id"],
            name=op.f("fk_import_files_org_id_import_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "import_id", name=op.f("pk_import_files")),
    )
    protect(
        "accounts",
        tenant=False,
        pegboard_app=("select", "insert", "update"),
        pegboard_system=("select", "insert", "update", "delete"),
    )
    protect("audit_heads", tenant=True, pegboard_app=("select", "insert", "update"))
    protect("audit_log", tenant=True, pegboard_app=("select", "insert"))
    protect("audit_personal", tenant=True, pegboard_app=("select", "insert", "delete"))
    protect("conversations", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("departments", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("files", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect(
        "handled_events",
        tenant=False,
        pegboard_app=("insert", "select"),
        pegboard_system=("select", "insert", "update", "delete"),
    )
    protect("idempotency_keys", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("jobs", tenant=False, pegboard_app=("insert",), pegboard_system=("select", "insert", "update", "delete"))
    protect("join_requests", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("member_terms", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("members", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect(
        "organisations",
        tenant=False,
        pegboard_app=("select", "insert", "update"),
        pegboard_system=("select", "insert", "update", "delete"),
    )
    protect("outbox", tenant=False, pegboard_app=("insert",), pegboard_system=("select", "insert", "update", "delete"))
    protect("recurring_jobs", tenant=False, pegboard_system=("select", "insert", "update", "delete"))
    protect("roles", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect(
        "sign_in_codes",
        tenant=False,
        pegboard_app=("select", "insert", "update"),
        pegboard_system=("select", "insert", "update", "delete"),
    )
    protect(
        "sign_in_guards",
        tenant=False,
        pegboard_app=("select", "insert", "update"),
        pegboard_system=("select", "insert", "update", "delete"),
    )
    protect("administrators", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("conversation_join_requests", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("cursor_moves", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("department_ancestors", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("department_leaders", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("department_visible", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("file_parts", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("imports", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("invitations", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect(
        "known_devices",
        tenant=False,
        pegboard_app=("select", "insert", "update"),
        pegboard_system=("select", "insert", "update", "delete"),
    )
    protect("member_departments", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect(
        "memberships",
        tenant=False,
        pegboard_app=("select", "insert", "update"),
        pegboard_system=("select", "insert", "update", "delete"),
    )
    protect("message_edits", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("messages", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("participants", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("past_participations", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect(
        "personal_tokens",
        tenant=False,
        pegboard_app=("select", "insert", "update"),
        pegboard_system=("select", "insert", "update", "delete"),
    )
    protect("reactions", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("role_members", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect(
        "sessions",
        tenant=False,
        pegboard_app=("select", "insert", "update", "delete"),
        pegboard_system=("select", "insert", "update", "delete"),
    )
    protect("administrator_departments", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("administrator_powers", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("import_files", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    op.execute("""
    CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the audit log only grows: % of % refused', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END $$
    """)
    op.execute("""
    CREATE TRIGGER audit_heads_stay BEFORE DELETE OR TRUNCATE ON audit_heads
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()
    """)
    op.execute("""
    CREATE FUNCTION audit_head_moves_on() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.org_id <> OLD.org_id OR NEW.seq <= OLD.seq THEN
            RAISE EXCEPTION 'the head of an audit chain only moves on'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END $$
    """)
    op.execute("""
    CREATE TRIGGER audit_heads_move_on BEFORE UPDATE ON audit_heads
    FOR EACH ROW EXECUTE FUNCTION audit_head_moves_on()
    """)
    op.execute("""
    CREATE TRIGGER audit_log_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()
    """)
    op.execute("""
    CREATE TRIGGER audit_personal_never_changes BEFORE UPDATE OR TRUNCATE ON audit_personal
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()
    """)
    op.execute("""
    GRANT SELECT (id, org_id, name, run_at, state, key, lease_epoch) ON jobs TO pegboard_app
    """)
    op.execute("""
    GRANT UPDATE (run_at, state, finished_at, lease_owner, lease_until, last_error) ON jobs TO pegboard_app
    """)


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_table("import_files")
    op.drop_table("administrator_powers")
    op.drop_index("ix_administrator_departments_department", table_name="administrator_departments")
    op.drop_table("administrator_departments")
    op.drop_index(op.f("ix_sessions_last_used_at"), table_name="sessions")
    op.drop_index(op.f("ix_sessions_expires_at"), table_name="sessions")
    op.drop_index(op.f("ix_sessions_account_id"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index("ix_role_members_member", table_name="role_members")
    op.drop_table("role_members")
    op.drop_table("reactions")
    op.drop_index(op.f("ix_personal_tokens_account_id"), table_name="personal_tokens")
    op.drop_table("personal_tokens")
    op.drop_table("past_participations")
    op.drop_index("ix_participants_of_member", table_name="participants", postgresql_where=sa.text("left_seq IS NULL"))
    op.drop_table("participants")
    op.drop_index("uq_messages_client_id", table_name="messages", postgresql_where=sa.text("client_id IS NOT NULL"))
    op.drop_index("ix_messages_changed", table_name="messages", postgresql_where=sa.text("rev IS NOT NULL"))
    op.drop_table("messages")
    op.drop_table("message_edits")
    op.drop_index("uq_memberships_userid", table_name="memberships", postgresql_where=sa.text("state <> 'left'"))
    op.drop_index("uq_memberships_member", table_name="memberships")
    op.drop_table("memberships")
    op.drop_index("uq_member_departments_main", table_name="member_departments", postgresql_where=sa.text("main"))
    op.drop_index("ix_member_departments_order", table_name="member_departments")
    op.drop_table("member_departments")
    op.drop_table("known_devices")
    op.drop_index("ix_invitations_member", table_name="invitations", postgresql_where=sa.text("member_id IS NOT NULL"))
    op.drop_index("ix_invitations_inviter", table_name="invitations", postgresql_where=sa.text("revoked_at IS NULL"))
    op.drop_index("ix_invitations_expiry", table_name="invitations")
    op.drop_table("invitations")
    op.drop_index("ix_imports_created", table_name="imports")
    op.drop_table("imports")
    op.drop_table("file_parts")
    op.drop_index("ix_department_visible_visible", table_name="department_visible")
    op.drop_table("department_visible")
    op.drop_index("ix_department_leaders_member", table_name="department_leaders")
    op.drop_table("department_leaders")
    op.drop_index("ix_department_ancestors_above", table_name="department_ancestors")
    op.drop_table("department_ancestors")
    op.drop_index(op.f("ix_cursor_moves_at"), table_name="cursor_moves")
    op.drop_table("cursor_moves")
    op.drop_table("conversation_join_requests")
    op.drop_index("uq_administrators_owner", table_name="administrators", postgresql_where=sa.text("kind = 'owner'"))
    op.drop_table("administrators")
    op.drop_index(op.f("ix_sign_in_guards_last_at"), table_name="sign_in_guards")
    op.drop_table("sign_in_guards")
    op.drop_table("sign_in_codes")
    op.drop_table("roles")
    op.drop_table("recurring_jobs")
    op.drop_table("outbox")
    op.drop_index(
        "ix_organisations_parent", table_name="organisations", postgresql_where=sa.text("parent_org_id IS NOT NULL")
    )
    op.drop_table("organisations")
    op.drop_index("uq_members_mobile", table_name="members", postgresql_where=sa.text("state <> 'left'"))
    op.drop_index("uq_members_email", table_name="members", postgresql_where=sa.text("state <> 'left'"))
    op.drop_index("uq_members_account", table_name="members", postgresql_where=sa.text("account_id IS NOT NULL"))
    op.drop_index("ix_members_pinyin", table_name="members")
    op.drop_index("ix_members_manager", table_name="members", postgresql_where=sa.text("manager_id IS NOT NULL"))
    op.drop_table("members")
    op.drop_index("ix_member_terms_member", table_name="member_terms")
    op.drop_table("member_terms")
    op.drop_index("uq_join_requests_mobile", table_name="join_requests", postgresql_where=sa.text("state = 'waiting'"))
    op.drop_index("uq_join_requests_email", table_name="join_requests", postgresql_where=sa.text("state = 'waiting'"))
    op.drop_index(
        "uq_join_requests_account_id", table_name="join_requests", postgresql_where=sa.text("state = 'waiting'")
    )
    op.drop_index(
        "ix_join_requests_invitation", table_name="join_requests", postgresql_where=sa.text("state = 'waiting'")
    )
    op.drop_index("ix_join_requests_created", table_name="join_requests")
    op.drop_table("join_requests")
    op.drop_index("uq_jobs_key", table_name="jobs", postgresql_where=sa.text("state = 'pending' AND key IS NOT NULL"))
    op.drop_index("ix_jobs_next", table_name="jobs", postgresql_where=sa.text("state = 'pending'"))
    op.drop_index("ix_jobs_leases", table_name="jobs", postgresql_where=sa.text("state = 'running'"))
    op.drop_index("ix_jobs_due", table_name="jobs", postgresql_where=sa.text("state = 'pending'"))
    op.drop_index("ix_jobs_done", table_name="jobs", postgresql_where=sa.text("state = 'done'"))
    op.drop_index("ix_jobs_dead", table_name="jobs", postgresql_where=sa.text("state = 'dead'"))
    op.drop_table("jobs")
    op.drop_index("ix_idempotency_keys_age", table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("handled_events")
    op.drop_index("ix_files_expiry", table_name="files", postgresql_where=sa.text("expires_at IS NOT NULL"))
    op.drop_table("files")
    op.drop_index("uq_departments_root", table_name="departments", postgresql_where=sa.text("parent_id IS NULL"))
    op.drop_index("ix_departments_hidden", table_name="departments", postgresql_where=sa.text("hidden"))
    op.drop_index("ix_departments_children", table_name="departments")
    op.drop_table("departments")
    op.drop_index(
        "uq_conversations_direct", table_name="conversations", postgresql_where=sa.text("direct_key IS NOT NULL")
    )
    op.drop_index(
        "uq_conversations_department", table_name="conversations", postgresql_where=sa.text("department_id IS NOT NULL")
    )
    op.drop_index(
        "uq_conversations_client_id", table_name="conversations", postgresql_where=sa.text("client_id IS NOT NULL")
    )
    op.drop_index("uq_conversations_all", table_name="conversations", postgresql_where=sa.text("kind = 'all'"))
    op.drop_table("conversations")
    op.drop_table("audit_personal")
    op.drop_index("ix_audit_log_object", table_name="audit_log")
    op.drop_index("ix_audit_log_actor", table_name="audit_log")
    op.drop_index("ix_audit_log_action", table_name="audit_log")
    op.drop_table("audit_log")
    op.drop_table("audit_heads")
    op.drop_table("accounts")
    op.execute("""
    DROP FUNCTION audit_refuse_change()
    """)
    op.execute("""
    DROP FUNCTION audit_head_moves_on()
    """)
