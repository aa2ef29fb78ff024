"""Tables of messaging. Storage grows with messages and with members, never with their product."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, ForeignKeyConstraint, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from pegboard.kernel.db import tenant_table

_Uuid = UUID(as_uuid=True)
_Instant = DateTime(timezone=True)


def _within_conversation(name: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["org_id", "conversation_id"],
        ["conversations.org_id", "conversations.id"],
        name=name,
        ondelete="CASCADE",
    )


conversations = tenant_table(
    "conversations",
    Column("id", _Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("topic", Text, nullable=False, server_default=""),
    Column("notice", Text, nullable=False, server_default=""),
    Column("avatar_file_id", _Uuid),
    Column("owner_id", _Uuid),
    Column("direct_key", Text(collation="C")),  # the two members of a direct conversation, in order
    Column("department_id", _Uuid),
    Column("client_id", Text(collation="C")),
    Column("created_by", _Uuid),
    Column("rules", JSONB, nullable=False),
    Column("member_count", Integer, nullable=False, server_default="0"),
    Column("head_seq", BigInteger, nullable=False, server_default="0"),
    Column("head_rev", BigInteger, nullable=False, server_default="0"),
    Column("all_mention_seq", BigInteger, nullable=False, server_default="0"),
    Column("last_at", _Instant, nullable=False),
    Column("dissolved_at", _Instant),
    Column("revision", BigInteger, nullable=False, server_default="1"),
    Column("created_at", _Instant, nullable=False),
    Index(
        "uq_conversations_direct",
        "org_id",
        "direct_key",
        unique=True,
        postgresql_where=text("direct_key IS NOT NULL"),
    ),
    Index(
        "uq_conversations_department",
        "org_id",
        "department_id",
        unique=True,
        postgresql_where=text("department_id IS NOT NULL"),
    ),
    Index("uq_conversations_all", "org_id", unique=True, postgresql_where=text("kind = 'all'")),
    Index(
        "uq_conversations_client_id",
        "org_id",
        "created_by",
        "client_id",
        unique=True,
        postgresql_where=text("client_id IS NOT NULL"),
    ),
)

participants = tenant_table(
    "participants",
    Column("conversation_id", _Uuid, primary_key=True),
    Column("member_id", _Uuid, primary_key=True),
    Column("role", Text, nullable=False, server_default="member"),
    Column("silenced", Boolean, nullable=False, server_default=text("false")),  # may not speak
    # The present or last time in the conversation: messages with joined_seq <= seq < left_seq count for the member.
    Column("joined_seq", BigInteger, nullable=False),
    Column("left_seq", BigInteger),
    Column("joined_at", _Instant, nullable=False),
    # The cursor, and its last move (it goes on within a minute): messages moved_from < seq <= cursor_seq at moved_at.
    Column("cursor_seq", BigInteger, nullable=False, server_default="0"),
    Column("moved_from", BigInteger, nullable=False, server_default="0"),
    Column("moved_at", _Instant),
    Column("mention_seq", BigInteger, nullable=False, server_default="0"),
    Column("pinned", Boolean, nullable=False, server_default=text("false")),
    Column("muted_until", _Instant),
    Column("hidden_seq", BigInteger),  # the head when it was hidden: a later message shows it again
    Column("marked_unread", Boolean, nullable=False, server_default=text("false")),
    Column("draft", Text, nullable=False, server_default=""),
    _within_conversation("fk_participants_conversation"),
    Index("ix_participants_of_member", "org_id", "member_id", postgresql_where=text("left_seq IS NULL")),
)

past_participations = tenant_table(
    "past_participations",
    Column("conversation_id", _Uuid, primary_key=True),
    Column("member_id", _Uuid, primary_key=True),
    Column("joined_seq", BigInteger, primary_key=True),
    Column("left_seq", BigInteger, nullable=False),
    _within_conversation("fk_past_participations_conversation"),
)

messages = tenant_table(
    "messages",
    Column("conversation_id", _Uuid, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("id", _Uuid, nullable=False),
    Column("sender_id", _Uuid),  # null: the system
    Column("client_id", Text(collation="C")),
    Column("kind", Text, nullable=False),
    Column("content", JSONB, nullable=False),
    Column("mentions", ARRAY(_Uuid)),
    Column("mention_all", Boolean, nullable=False, server_default=text("false")),
    Column("reply_to", BigInteger),
    Column("sent_at", _Instant, nullable=False),
    Column("rev", BigInteger),  # null: never changed
    Column("edited_at", _Instant),
    Column("recalled_at", _Instant),
    Column("recalled_by", _Uuid),
    _within_conversation("fk_messages_conversation"),
    Index(
        "uq_messages_client_id",
        "org_id",
        "conversation_id",
        "sender_id",
        "client_id",
        unique=True,
        postgresql_where=text("client_id IS NOT NULL"),
    ),
    Index("ix_messages_changed", "org_id", "conversation_id", "rev", postgresql_where=text("rev IS NOT NULL")),
)

message_edits = tenant_table(
    "message_edits",
    Column("conversation_id", _Uuid, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("rev", BigInteger, primary_key=True),  # of the change that replaced this content
    Column("content", JSONB, nullable=False),
    Column("editor_id", _Uuid, nullable=False),
    Column("edited_at", _Instant, nullable=False),
    _within_conversation("fk_message_edits_conversation"),
)

reactions = tenant_table(
    "reactions",
    Column("conversation_id", _Uuid, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("emoji", Text(collation="C"), primary_key=True),
    Column("member_id", _Uuid, primary_key=True),
    Column("at", _Instant, nullable=False),
    _within_conversation("fk_reactions_conversation"),
)

cursor_moves = tenant_table(
    "cursor_moves",
    Column("conversation_id", _Uuid, primary_key=True),
    Column("member_id", _Uuid, primary_key=True),
    Column("to_seq", BigInteger, primary_key=True),
    Column("from_seq", BigInteger, nullable=False),
    Column("at", _Instant, nullable=False),
    _within_conversation("fk_cursor_moves_conversation"),
    Index(None, "at"),
)

join_requests = tenant_table(
    "conversation_join_requests",
    Column("conversation_id", _Uuid, primary_key=True),
    Column("member_id", _Uuid, primary_key=True),
    Column("at", _Instant, nullable=False),
    _within_conversation("fk_conversation_join_requests_conversation"),
)
