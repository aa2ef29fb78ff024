"""Tables of messaging. Storage grows with messages and with members, never with their product."""

import uuid

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from pegboard.kernel.db import tenant_table

_Uuid = UUID(as_uuid=True)
_Instant = DateTime(timezone=True)

EVERYBODY = uuid.UUID(int=0)
"""In the place of a member's id: all who are in the conversation."""


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
    # The newest message of the main line (null: the head), and the newest reply: few conversations ask for more.
    Column("main_seq", BigInteger),
    Column("reply_seq", BigInteger, nullable=False, server_default="0"),
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
    # The same for all threads at once ("mark all read"); a thread's own cursor is in thread_readers.
    Column("threads_read_seq", BigInteger, nullable=False, server_default="0"),
    Column("threads_moved_from", BigInteger, nullable=False, server_default="0"),
    Column("threads_moved_at", _Instant),
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
    # How far they had read when they came back to a history that is hidden from them; null: their cursors go on.
    Column("read_seq", BigInteger),
    Column("threads_read_seq", BigInteger),
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
    Column("thread_seq", BigInteger),  # of a reply: the root of its thread
    Column("also_in_main", Boolean, nullable=False, server_default=text("false")),  # a reply for the main line too
    Column("sent_at", _Instant, nullable=False),
    Column("rev", BigInteger),  # null: never changed
    Column("edited_at", _Instant),
    Column("recalled_at", _Instant),
    Column("recalled_by", _Uuid),
    Column("previews", JSONB),  # what the pages behind its links say of themselves
    Column("pinned_at", _Instant),
    Column("pinned_by", _Uuid),
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
    Index(
        "ix_messages_thread",
        "org_id",
        "conversation_id",
        "thread_seq",
        "seq",
        postgresql_where=text("thread_seq IS NOT NULL"),
    ),
    Index(
        "ix_messages_pinned",
        "org_id",
        "conversation_id",
        "pinned_at",
        postgresql_where=text("pinned_at IS NOT NULL"),
    ),
)

# Whom a message calls, for as long as it is there; messages that call nobody have no row. `member_id` is EVERYBODY's
# for "@all". `thread_seq`: the message stands in a thread only, and is read there.
mentions = tenant_table(
    "mentions",
    Column("conversation_id", _Uuid, primary_key=True),
    Column("member_id", _Uuid, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("why", Text, nullable=False),
    Column("sender_id", _Uuid, nullable=False),
    Column("thread_seq", BigInteger),
    _within_conversation("fk_mentions_conversation"),
    CheckConstraint("why IN ('mention', 'reply', 'mention_all')", name="why"),
    Index(
        "ix_mentions_in_threads",
        "org_id",
        "conversation_id",
        "member_id",
        "seq",
        postgresql_where=text("thread_seq IS NOT NULL"),
    ),
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

# --- search (README, "How words are found") -------------------------------------------------------------------------

# How far a conversation is in the index; what comes after is read as it is. `pending_since` is when it fell behind.
message_indexing = tenant_table(
    "message_indexing",
    Column("conversation_id", _Uuid, primary_key=True),
    Column("indexed_seq", BigInteger, nullable=False, server_default="0"),
    Column("pending_since", _Instant),
    _within_conversation("fk_message_indexing_conversation"),
    Index("ix_message_indexing_pending", "org_id", "pending_since", postgresql_where=text("pending_since IS NOT NULL")),
)

# A run of messages whose words stand together in `message_words`, spread over `shards` rows.
message_segments = tenant_table(
    "message_segments",
    Column("conversation_id", _Uuid, primary_key=True),
    Column("from_seq", BigInteger, primary_key=True),
    Column("level", SmallInteger, primary_key=True),
    Column("to_seq", BigInteger, nullable=False),
    Column("shards", Integer, nullable=False),
    Column("first_at", _Instant, nullable=False),
    Column("last_at", _Instant, nullable=False),
    _within_conversation("fk_message_segments_conversation"),
)

message_words = tenant_table(
    "message_words",
    Column("conversation_id", _Uuid, primary_key=True),
    Column("from_seq", BigInteger, primary_key=True),
    Column("level", SmallInteger, primary_key=True),
    Column("shard", Integer, primary_key=True),
    Column("words", Text(collation="C"), nullable=False),  # packed: see packing.py
    ForeignKeyConstraint(
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
)

# --- threads ---------------------------------------------------------------------------------------------------------
# A thread is there with its first reply.

threads = tenant_table(
    "threads",
    Column("conversation_id", _Uuid, primary_key=True),
    Column("root_seq", BigInteger, primary_key=True),
    Column("replies", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("last_at", _Instant, nullable=False),
    Column("people", ARRAY(_Uuid), nullable=False),  # the first who replied, in their order
    _within_conversation("fk_threads_conversation"),
)

thread_readers = tenant_table(
    "thread_readers",
    Column("conversation_id", _Uuid, primary_key=True),
    Column("root_seq", BigInteger, primary_key=True),
    Column("member_id", _Uuid, primary_key=True),
    Column("following", Boolean, nullable=False, server_default=text("false")),
    # The member's cursor in this thread and its last move, as in participants.
    Column("read_seq", BigInteger, nullable=False, server_default="0"),
    Column("moved_from", BigInteger, nullable=False, server_default="0"),
    Column("moved_at", _Instant),
    _within_conversation("fk_thread_readers_conversation"),
    Index("ix_thread_readers_following", "org_id", "member_id", postgresql_where=text("following")),
    Index("ix_thread_readers_of_member", "org_id", "conversation_id", "member_id"),
)

# How far a thread was read by somebody who came back to a history that is hidden from them.
past_thread_readers = tenant_table(
    "past_thread_readers",
    Column("conversation_id", _Uuid, primary_key=True),
    Column("root_seq", BigInteger, primary_key=True),
    Column("member_id", _Uuid, primary_key=True),
    Column("joined_seq", BigInteger, primary_key=True),
    Column("read_seq", BigInteger, nullable=False),
    _within_conversation("fk_past_thread_readers_conversation"),
)

thread_moves = tenant_table(
    "thread_moves",
    Column("conversation_id", _Uuid, primary_key=True),
    Column("member_id", _Uuid, primary_key=True),
    Column("root_seq", BigInteger, primary_key=True),  # 0: all threads at once
    Column("to_seq", BigInteger, primary_key=True),
    Column("from_seq", BigInteger, nullable=False),
    Column("at", _Instant, nullable=False),
    _within_conversation("fk_thread_moves_conversation"),
    Index(None, "at"),
)

bookmarks = tenant_table(
    "bookmarks",
    Column("member_id", _Uuid, primary_key=True),
    Column("conversation_id", _Uuid, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("note", Text, nullable=False, server_default=""),
    Column("at", _Instant, nullable=False),
    _within_conversation("fk_bookmarks_conversation"),
    Index("ix_bookmarks_of_member", "org_id", "member_id", "at"),
)
