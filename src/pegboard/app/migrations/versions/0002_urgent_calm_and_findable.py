"""Urgent, calm and findable."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from pegboard.app.migrations.walls import protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema here from the revision before."""
    op.create_table(
        "activity_periods",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("length", sa.Text(collation="C"), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("salt", sa.Text(collation="C"), nullable=True),
        sa.PrimaryKeyConstraint("org_id", "length", "starts", name=op.f("pk_activity_periods")),
    )
    op.create_index(
        "ix_activity_periods_open",
        "activity_periods",
        ["org_id", "ends_at"],
        unique=False,
        postgresql_where=sa.text("salt IS NOT NULL"),
    )
    op.create_table(
        "activity_policies",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_activity_policies")),
    )
    op.create_table(
        "attention_settings",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("quiet", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("quiet_starts", sa.Text(), server_default=sa.text("'22:00'"), nullable=False),
        sa.Column("quiet_ends", sa.Text(), server_default=sa.text("'08:00'"), nullable=False),
        sa.Column(
            "quiet_days",
            postgresql.ARRAY(sa.SmallInteger()),
            server_default=sa.text("'{1,2,3,4,5,6,7}'"),
            nullable=False,
        ),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("no_numbers", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("mention_pierces_mute", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "member_id", name=op.f("pk_attention_settings")),
    )
    op.create_table(
        "ding_clock",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("lane", sa.SmallInteger(), nullable=False),
        sa.Column("next_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("org_id", "lane", name=op.f("pk_ding_clock")),
    )
    op.create_index(
        "ix_ding_clock_next",
        "ding_clock",
        ["lane", "next_due_at"],
        unique=False,
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )
    op.create_table(
        "ding_policies",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("policy", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_ding_policies")),
    )
    op.create_table(
        "ding_usage",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.UUID(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "day", "kind", "key", name=op.f("pk_ding_usage")),
    )
    op.create_table(
        "dings",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("sender_id", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.Text(collation="C"), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("files", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=True),
        sa.Column("message_seq", sa.BigInteger(), nullable=True),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("targets", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("pierces", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("send_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("repeat", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("series_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("round", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(due_at IS NOT NULL) = (state = 'scheduled')", name=op.f("ck_dings_due")),
        sa.CheckConstraint("state IN ('scheduled', 'sent', 'cancelled')", name=op.f("ck_dings_state")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_dings")),
        sa.UniqueConstraint("org_id", "sender_id", "client_id", name=op.f("uq_dings_org_id_sender_id_client_id")),
    )
    op.create_index(
        "ix_dings_due", "dings", ["org_id", "due_at"], unique=False, postgresql_where=sa.text("due_at IS NOT NULL")
    )
    op.create_index("ix_dings_sent", "dings", ["org_id", "sender_id", "id"], unique=False)
    op.create_table(
        "folders",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=True),
        sa.Column("created_by", sa.UUID(), nullable=False),
        sa.Column("client_id", sa.Text(collation="C"), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_folders")),
    )
    op.create_index("ix_folders_of_owner", "folders", ["org_id", "owner_id", "id"], unique=False)
    op.create_index(
        "uq_folders_client_id",
        "folders",
        ["org_id", "created_by", "client_id"],
        unique=True,
        postgresql_where=sa.text("client_id IS NOT NULL"),
    )
    op.create_table(
        "activity_counts",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("length", sa.Text(collation="C"), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("act", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("acts", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "length", "starts"],
            ["activity_periods.org_id", "activity_periods.length", "activity_periods.starts"],
            name="fk_activity_counts_period",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "length", "starts", "act", name=op.f("pk_activity_counts")),
    )
    op.create_table(
        "activity_marks",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("length", sa.Text(collation="C"), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("act", sa.Text(collation="C"), nullable=False),
        sa.Column("mark", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "length", "starts"],
            ["activity_periods.org_id", "activity_periods.length", "activity_periods.starts"],
            name="fk_activity_marks_period",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "length", "starts", "act", "mark", name=op.f("pk_activity_marks")),
    )
    op.create_table(
        "bookmarks",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            name="fk_bookmarks_conversation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "member_id", "conversation_id", "seq", name=op.f("pk_bookmarks")),
    )
    op.create_index("ix_bookmarks_of_member", "bookmarks", ["org_id", "member_id", "at"], unique=False)
    op.create_table(
        "ding_attempts",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("delivery_id", sa.UUID(), nullable=False),
        sa.Column("ding_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("channel", sa.Text(collation="C"), nullable=False),
        sa.Column("state", sa.Text(collation="C"), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("tries", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_epoch", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("receipt_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('claimed', 'begun', 'accepted', 'delivered', 'failed')", name=op.f("ck_ding_attempts_state")
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "ding_id"], ["dings.org_id", "dings.id"], name="fk_ding_attempts_ding", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("org_id", "delivery_id", name=op.f("pk_ding_attempts")),
    )
    op.create_index("ix_ding_attempts_of", "ding_attempts", ["org_id", "ding_id", "member_id"], unique=False)
    op.create_table(
        "ding_recipients",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("ding_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(collation="C"), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("round", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("step", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("outside", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_epoch", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("tries", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rev", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(
            "due_at IS NULL OR state NOT IN ('acknowledged', 'cancelled')",
            name=op.f("ck_ding_recipients_nothing_after"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'delivered', 'acknowledged', 'undelivered', 'cancelled')",
            name=op.f("ck_ding_recipients_state"),
        ),
        sa.ForeignKeyConstraint(
            ["org_id", "ding_id"], ["dings.org_id", "dings.id"], name="fk_ding_recipients_ding", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("org_id", "ding_id", "member_id", name=op.f("pk_ding_recipients")),
    )
    op.create_index(
        "ix_ding_recipients_due",
        "ding_recipients",
        ["org_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL AND NOT outside"),
    )
    op.create_index(
        "ix_ding_recipients_due_outside",
        "ding_recipients",
        ["org_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL AND outside"),
    )
    op.create_index(
        "ix_ding_recipients_received",
        "ding_recipients",
        ["org_id", "member_id", "told_at", "ding_id"],
        unique=False,
        postgresql_where=sa.text("told_at IS NOT NULL"),
    )
    op.create_index(
        "ix_ding_recipients_waiting",
        "ding_recipients",
        ["org_id", "member_id", "told_at", "ding_id"],
        unique=False,
        postgresql_where=sa.text("acknowledged_at IS NULL AND state <> 'cancelled'"),
    )
    op.create_table(
        "folder_conversations",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("folder_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "folder_id"],
            ["folders.org_id", "folders.id"],
            name=op.f("fk_folder_conversations_org_id_folder_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "folder_id", "conversation_id", name=op.f("pk_folder_conversations")),
    )
    op.create_table(
        "folder_views",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("folder_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("collapsed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("hidden", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("position >= 0", name=op.f("ck_folder_views_position")),
        sa.ForeignKeyConstraint(
            ["org_id", "folder_id"],
            ["folders.org_id", "folders.id"],
            name=op.f("fk_folder_views_org_id_folder_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "member_id", "folder_id", name=op.f("pk_folder_views")),
    )
    op.create_index("ix_folder_views_of_folder", "folder_views", ["org_id", "folder_id"], unique=False)
    op.create_table(
        "mentions",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("sender_id", sa.UUID(), nullable=False),
        sa.Column("thread_seq", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("why IN ('mention', 'reply', 'mention_all')", name=op.f("ck_mentions_why")),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            name="fk_mentions_conversation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "conversation_id", "member_id", "seq", name=op.f("pk_mentions")),
    )
    op.create_index(
        "ix_mentions_in_threads",
        "mentions",
        ["org_id", "conversation_id", "member_id", "seq"],
        unique=False,
        postgresql_where=sa.text("thread_seq IS NOT NULL"),
    )
    op.create_table(
        "message_indexing",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("indexed_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pending_since", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            name="fk_message_indexing_conversation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "conversation_id", name=op.f("pk_message_indexing")),
    )
    op.create_index(
        "ix_message_indexing_pending",
        "message_indexing",
        ["org_id", "pending_since"],
        unique=False,
        postgresql_where=sa.text("pending_since IS NOT NULL"),
    )
    op.create_table(
        "message_segments",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("from_seq", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("to_seq", sa.BigInteger(), nullable=False),
        sa.Column("shards", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            name="fk_message_segments_conversation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "conversation_id", "from_seq", "level", name=op.f("pk_message_segments")),
    )
    op.create_table(
        "past_thread_readers",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("root_seq", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("joined_seq", sa.BigInteger(), nullable=False),
        sa.Column("read_seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            name="fk_past_thread_readers_conversation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "org_id", "conversation_id", "root_seq", "member_id", "joined_seq", name=op.f("pk_past_thread_readers")
        ),
    )
    op.create_table(
        "thread_moves",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("root_seq", sa.BigInteger(), nullable=False),
        sa.Column("to_seq", sa.BigInteger(), nullable=False),
        sa.Column("from_seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            name="fk_thread_moves_conversation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "org_id", "conversation_id", "member_id", "root_seq", "to_seq", name=op.f("pk_thread_moves")
        ),
    )
    op.create_index(op.f("ix_thread_moves_at"), "thread_moves", ["at"], unique=False)
    op.create_table(
        "thread_readers",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("root_seq", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.UUID(), nullable=False),
        sa.Column("following", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("read_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("moved_from", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            name="fk_thread_readers_conversation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "conversation_id", "root_seq", "member_id", name=op.f("pk_thread_readers")),
    )
    op.create_index(
        "ix_thread_readers_following",
        "thread_readers",
        ["org_id", "member_id"],
        unique=False,
        postgresql_where=sa.text("following"),
    )
    op.create_index(
        "ix_thread_readers_of_member", "thread_readers", ["org_id", "conversation_id", "member_id"], unique=False
    )
    op.create_table(
        "threads",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("root_seq", sa.BigInteger(), nullable=False),
        sa.Column("replies", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("people", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id"],
            ["conversations.org_id", "conversations.id"],
            name="fk_threads_conversation",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("org_id", "conversation_id", "root_seq", name=op.f("pk_threads")),
    )
    op.create_table(
        "message_words",
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("conversation_id", sa.UUID(), nullable=False),
        sa.Column("from_seq", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id", "conversation_id", "from_seq", "level"],
            [
                "message_segments.org_id",
                "message_segments.conversation_id",
                "message_segments.from_seq",
                "message_segments.level",
            ],
            name="fk_message_words_segment",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "org_id", "conversation_id", "from_seq", "level", "shard", name=op.f("pk_message_words")
        ),
    )
    op.add_column("conversations", sa.Column("main_seq", sa.BigInteger(), nullable=True))
    op.add_column("conversations", sa.Column("reply_seq", sa.BigInteger(), server_default="0", nullable=False))
    op.drop_column("conversations", "all_mention_seq")
    op.add_column("messages", sa.Column("thread_seq", sa.BigInteger(), nullable=True))
    op.add_column("messages", sa.Column("also_in_main", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("messages", sa.Column("previews", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("messages", sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("pinned_by", sa.UUID(), nullable=True))
    op.create_index(
        "ix_messages_pinned",
        "messages",
        ["org_id", "conversation_id", "pinned_at"],
        unique=False,
        postgresql_where=sa.text("pinned_at IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_thread",
        "messages",
        ["org_id", "conversation_id", "thread_seq", "seq"],
        unique=False,
        postgresql_where=sa.text("thread_seq IS NOT NULL"),
    )
    op.add_column("participants", sa.Column("threads_read_seq", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("participants", sa.Column("threads_moved_from", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("participants", sa.Column("threads_moved_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_column("participants", "mention_seq")
    op.add_column("past_participations", sa.Column("read_seq", sa.BigInteger(), nullable=True))
    op.add_column("past_participations", sa.Column("threads_read_seq", sa.BigInteger(), nullable=True))
    protect("activity_periods", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("activity_policies", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("attention_settings", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("ding_clock", tenant=False, pegboard_app=("select", "insert", "update"), pegboard_system=("select",))
    protect("ding_policies", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("ding_usage", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("dings", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("folders", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("activity_counts", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("activity_marks", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("bookmarks", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("ding_attempts", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("ding_recipients", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("folder_conversations", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("folder_views", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("mentions", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("message_indexing", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("message_segments", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("past_thread_readers", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("thread_moves", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("thread_readers", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("threads", tenant=True, pegboard_app=("select", "insert", "update", "delete"))
    protect("message_words", tenant=True, pegboard_app=("select", "insert", "update", "delete"))


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_column("past_participations", "threads_read_seq")
    op.drop_column("past_participations", "read_seq")
    op.add_column(
        "participants",
        sa.Column(
            "mention_seq", sa.BIGINT(), server_default=sa.text("'0'::bigint"), autoincrement=False, nullable=False
        ),
    )
    op.drop_column("participants", "threads_moved_at")
    op.drop_column("participants", "threads_moved_from")
    op.drop_column("participants", "threads_read_seq")
    op.drop_index("ix_messages_thread", table_name="messages", postgresql_where=sa.text("thread_seq IS NOT NULL"))
    op.drop_index("ix_messages_pinned", table_name="messages", postgresql_where=sa.text("pinned_at IS NOT NULL"))
    op.drop_column("messages", "pinned_by")
    op.drop_column("messages", "pinned_at")
    op.drop_column("messages", "previews")
    op.drop_column("messages", "also_in_main")
    op.drop_column("messages", "thread_seq")
    op.add_column(
        "conversations",
        sa.Column(
            "all_mention_seq", sa.BIGINT(), server_default=sa.text("'0'::bigint"), autoincrement=False, nullable=False
        ),
    )
    op.drop_column("conversations", "reply_seq")
    op.drop_column("conversations", "main_seq")
    op.drop_table("message_words")
    op.drop_table("threads")
    op.drop_index("ix_thread_readers_of_member", table_name="thread_readers")
    op.drop_index("ix_thread_readers_following", table_name="thread_readers", postgresql_where=sa.text("following"))
    op.drop_table("thread_readers")
    op.drop_index(op.f("ix_thread_moves_at"), table_name="thread_moves")
    op.drop_table("thread_moves")
    op.drop_table("past_thread_readers")
    op.drop_table("message_segments")
    op.drop_index(
        "ix_message_indexing_pending",
        table_name="message_indexing",
        postgresql_where=sa.text("pending_since IS NOT NULL"),
    )
    op.drop_table("message_indexing")
    op.drop_index("ix_mentions_in_threads", table_name="mentions", postgresql_where=sa.text("thread_seq IS NOT NULL"))
    op.drop_table("mentions")
    op.drop_index("ix_folder_views_of_folder", table_name="folder_views")
    op.drop_table("folder_views")
    op.drop_table("folder_conversations")
    op.drop_index(
        "ix_ding_recipients_waiting",
        table_name="ding_recipients",
        postgresql_where=sa.text("acknowledged_at IS NULL AND state <> 'cancelled'"),
    )
    op.drop_index(
        "ix_ding_recipients_received", table_name="ding_recipients", postgresql_where=sa.text("told_at IS NOT NULL")
    )
    op.drop_index(
        "ix_ding_recipients_due_outside",
        table_name="ding_recipients",
        postgresql_where=sa.text("due_at IS NOT NULL AND outside"),
    )
    op.drop_index(
        "ix_ding_recipients_due",
        table_name="ding_recipients",
        postgresql_where=sa.text("due_at IS NOT NULL AND NOT outside"),
    )
    op.drop_table("ding_recipients")
    op.drop_index("ix_ding_attempts_of", table_name="ding_attempts")
    op.drop_table("ding_attempts")
    op.drop_index("ix_bookmarks_of_member", table_name="bookmarks")
    op.drop_table("bookmarks")
    op.drop_table("activity_marks")
    op.drop_table("activity_counts")
    op.drop_index("uq_folders_client_id", table_name="folders", postgresql_where=sa.text("client_id IS NOT NULL"))
    op.drop_index("ix_folders_of_owner", table_name="folders")
    op.drop_table("folders")
    op.drop_index("ix_dings_sent", table_name="dings")
    op.drop_index("ix_dings_due", table_name="dings", postgresql_where=sa.text("due_at IS NOT NULL"))
    op.drop_table("dings")
    op.drop_table("ding_usage")
    op.drop_table("ding_policies")
    op.drop_index("ix_ding_clock_next", table_name="ding_clock", postgresql_where=sa.text("next_due_at IS NOT NULL"))
    op.drop_table("ding_clock")
    op.drop_table("attention_settings")
    op.drop_table("activity_policies")
    op.drop_index(
        "ix_activity_periods_open", table_name="activity_periods", postgresql_where=sa.text("salt IS NOT NULL")
    )
    op.drop_table("activity_periods")
