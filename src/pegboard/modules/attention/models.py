"""Tables of attention. Conversations are named by their ids only: they belong to a module above."""

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


def _in_folder() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["org_id", "folder_id"], ["folders.org_id", "folders.id"], ondelete="CASCADE")


# Who has changed nothing has no row.
attention_settings = tenant_table(
    "attention_settings",
    Column("member_id", _Uuid, primary_key=True),
    Column("quiet", Boolean, nullable=False, server_default=text("false")),
    Column("quiet_starts", Text, nullable=False, server_default=text("'22:00'")),
    Column("quiet_ends", Text, nullable=False, server_default=text("'08:00'")),
    Column("quiet_days", ARRAY(SmallInteger), nullable=False, server_default=text("'{1,2,3,4,5,6,7}'")),
    Column("zone", Text),  # null: the organisation's
    Column("no_numbers", Boolean, nullable=False, server_default=text("false")),
    Column("mention_pierces_mute", Boolean, nullable=False, server_default=text("true")),
    Column("revision", BigInteger, nullable=False, server_default=text("1")),
)

folders = tenant_table(
    "folders",
    Column("id", _Uuid, primary_key=True),
    Column("owner_id", _Uuid),  # null: the organisation's
    Column("created_by", _Uuid, nullable=False),
    Column("client_id", Text(collation="C")),
    Column("name", Text, nullable=False),
    Column("rules", JSONB, nullable=False),
    Column("revision", BigInteger, nullable=False, server_default=text("1")),
    Column("created_at", _Instant, nullable=False),
    Index("ix_folders_of_owner", "org_id", "owner_id", "id"),
    Index(
        "uq_folders_client_id",
        "org_id",
        "created_by",
        "client_id",
        unique=True,
        postgresql_where=text("client_id IS NOT NULL"),
    ),
)

folder_conversations = tenant_table(
    "folder_conversations",
    # Put there by hand.
    Column("folder_id", _Uuid, primary_key=True),
    Column("conversation_id", _Uuid, primary_key=True),
    _in_folder(),
)

folder_views = tenant_table(
    "folder_views",
    # How one member has a folder, their own or the organisation's.
    Column("member_id", _Uuid, primary_key=True),
    Column("folder_id", _Uuid, primary_key=True),
    Column("position", Integer),
    Column("collapsed", Boolean, nullable=False, server_default=text("false")),
    Column("hidden", Boolean, nullable=False, server_default=text("false")),
    _in_folder(),
    CheckConstraint("position >= 0", name="position"),
    Index("ix_folder_views_of_folder", "org_id", "folder_id"),
)
