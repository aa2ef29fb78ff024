"""Queries on conversations and on the caller's own side of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from pegboard.kernel.db import Row, Statement, UnitOfWork, sql, tenant
from pegboard.kernel.ids import MemberId
from pegboard.modules.messaging.models import conversations, join_requests, participants
from pegboard.modules.messaging.store.appending import as_conversation
from pegboard.modules.messaging.store.reading import NEW_COLUMNS, NEW_FOR, as_new
from pegboard.modules.messaging.views import ConversationRow, New, Participant, Rules

_c, _p = conversations.c, participants.c

_INSERT = Statement(
    upsert(conversations)
    .values(
        {
            name: bindparam(name)
            for name in (
                "org_id", "id", "kind", "name", "owner_id", "direct_key", "department_id", "client_id",
                "created_by", "rules", "last_at", "created_at",
            )
        }
    )
    .on_conflict_do_nothing()
)  # fmt: skip
_LOCK = Statement(select(_c.id).where(tenant(conversations), _c.id == bindparam("id")).with_for_update())
_WITH = sql("""
    SELECT c.*, p.member_id, p.role, p.silenced, p.joined_seq, p.left_seq, p.joined_at, p.cursor_seq,
           p.threads_read_seq, p.pinned, p.muted_until, p.hidden_seq, p.marked_unread, p.draft
    FROM participants p JOIN conversations c ON c.org_id = p.org_id AND c.id = p.conversation_id
    WHERE p.org_id = :org_id AND p.conversation_id = :conversation_id AND p.member_id = :member_id
      AND p.left_seq IS NULL
""")
_WITH_MANY = sql("""
    SELECT c.*, p.member_id, p.role, p.silenced, p.joined_seq, p.left_seq, p.joined_at, p.cursor_seq,
           p.threads_read_seq, p.pinned, p.muted_until, p.hidden_seq, p.marked_unread, p.draft
    FROM participants p JOIN conversations c ON c.org_id = p.org_id AND c.id = p.conversation_id
    WHERE p.org_id = :org_id AND p.conversation_id = ANY(CAST(:conversations AS uuid[])) AND p.member_id = :member_id
      AND p.left_seq IS NULL
""")
# The page is chosen before anything is counted.
_LIST = sql(f"""
    WITH page AS (
        SELECT p.org_id, p.conversation_id
        FROM participants p JOIN conversations c ON c.org_id = p.org_id AND c.id = p.conversation_id
        WHERE p.org_id = :org_id AND p.member_id = :member_id AND p.left_seq IS NULL
          AND (CAST(:only AS uuid) IS NULL OR p.conversation_id = :only)
          AND (CAST(:after_at AS timestamptz) IS NULL
               OR (p.pinned, c.last_at, c.id) < (:after_pinned, :after_at, CAST(:after_id AS uuid)))
        ORDER BY p.pinned DESC, c.last_at DESC, c.id DESC LIMIT :limit
    )
    SELECT c.*, p.member_id, p.role, p.silenced, p.joined_seq, p.left_seq, p.joined_at, p.cursor_seq,
           p.threads_read_seq, p.pinned, p.muted_until, p.hidden_seq, p.marked_unread, p.draft, {NEW_COLUMNS}
    FROM page
    JOIN participants p
        ON p.org_id = page.org_id AND p.conversation_id = page.conversation_id AND p.member_id = :member_id
    JOIN conversations c ON c.org_id = p.org_id AND c.id = p.conversation_id
    {NEW_FOR}
    ORDER BY p.pinned DESC, c.last_at DESC, c.id DESC
""")
_HEADS = sql(f"""
    SELECT c.id, c.kind, c.head_seq, c.head_rev, p.cursor_seq, p.threads_read_seq, p.muted_until, {NEW_COLUMNS}
    FROM participants p JOIN conversations c ON c.org_id = p.org_id AND c.id = p.conversation_id
    {NEW_FOR}
    WHERE p.org_id = :org_id AND p.member_id = :member_id AND p.left_seq IS NULL
""")
# Those in which something may be unread, with what the rules of folders ask.
_UNREAD_FACTS = sql("""
    SELECT c.id, c.kind, c.department_id, c.head_seq > p.cursor_seq OR c.reply_seq > p.threads_read_seq AS unread,
           p.marked_unread, p.muted_until, p.role
    FROM participants p JOIN conversations c ON c.org_id = p.org_id AND c.id = p.conversation_id
    WHERE p.org_id = :org_id AND p.member_id = :member_id AND p.left_seq IS NULL
      AND (c.head_seq > p.cursor_seq OR c.reply_seq > p.threads_read_seq OR p.marked_unread)
""")
_MY_IDS = Statement(
    select(_p.conversation_id).where(
        tenant(participants), _p.member_id == bindparam("member_id"), _p.left_seq.is_(None)
    )
)
_RULES = Statement(select(_c.rules, _c.member_count).where(tenant(conversations), _c.id == bindparam("id")))
_DIRECT = Statement(select(_c.id).where(tenant(conversations), _c.direct_key == bindparam("direct_key")))
_BY_DEPARTMENT = Statement(
    select(conversations).where(tenant(conversations), _c.department_id == bindparam("department_id"))
)
_ALL_HANDS = Statement(select(conversations).where(tenant(conversations), _c.kind == "all"))
_BY_CLIENT_ID = Statement(
    select(_c.id).where(
        tenant(conversations),
        _c.created_by == bindparam("created_by"),
        _c.client_id == bindparam("client_id"),
    )
)
_OWNED = Statement(
    select(_c.id).where(
        tenant(conversations),
        _c.owner_id == bindparam("owner_id"),
        _c.dissolved_at.is_(None),
        _c.kind != "direct",
    )
)
_MEMBERS = sql("""
    SELECT p.* FROM participants p
    WHERE p.org_id = :org_id AND p.conversation_id = :conversation_id AND p.left_seq IS NULL
      AND (CAST(:after AS uuid) IS NULL OR p.member_id > :after)
      AND (CAST(:only AS uuid[]) IS NULL OR p.member_id = ANY(CAST(:only AS uuid[])))
    ORDER BY p.member_id LIMIT :limit
""")
_DISSOLVE = Statement(
    update(conversations)
    .where(tenant(conversations), _c.id == bindparam("id"))
    .values(dissolved_at=bindparam("at"), revision=_c.revision + 1)
)
_REQUEST = Statement(
    upsert(join_requests)
    .values({name: bindparam(name) for name in ("org_id", "conversation_id", "member_id", "at")})
    .on_conflict_do_nothing()
)
_REQUESTS = Statement(
    select(join_requests)
    .where(tenant(join_requests), join_requests.c.conversation_id == bindparam("conversation_id"))
    .order_by(join_requests.c.at)
    .limit(1000)
)
_FORGET_REQUEST = sql("""
    DELETE FROM conversation_join_requests
    WHERE org_id = :org_id AND conversation_id = :conversation_id AND member_id = :member_id
""")

_CHANGEABLE = ("name", "topic", "notice", "avatar_file_id", "rules", "owner_id")
_MINE = ("pinned", "muted_until", "hidden_seq", "marked_unread", "draft")


async def insert_conversation(uow: UnitOfWork, **values: Any) -> bool:
    """A new conversation, without anybody in it; False if there is one for the same pair, department or client_id."""
    absent = dict.fromkeys(("owner_id", "direct_key", "department_id", "client_id", "created_by"))
    return bool(await uow.execute(_INSERT, **absent | values))


async def lock_conversation(uow: UnitOfWork, conversation_id: UUID) -> None:
    """Hold the conversation until the commit; nothing happens if there is none."""
    await uow.value(_LOCK, id=conversation_id)


async def conversation_with(
    uow: UnitOfWork, conversation_id: UUID, member_id: MemberId
) -> tuple[ConversationRow, Participant] | None:
    """The conversation and the member's place in it; None unless the member is in it now."""
    row = await uow.one(_WITH, conversation_id=conversation_id, member_id=member_id)
    return (as_conversation(row), as_participant(row, row["id"])) if row else None


async def conversations_with(
    uow: UnitOfWork, conversation_ids: Collection[UUID], member_id: MemberId
) -> list[tuple[ConversationRow, Participant]]:
    """Those of these conversations that the member is in now, each with their place in it."""
    if not conversation_ids:
        return []
    rows = await uow.rows(_WITH_MANY, conversations=list(conversation_ids), member_id=member_id)
    return [(as_conversation(row), as_participant(row, row["id"])) for row in rows]


async def conversations_of(
    uow: UnitOfWork,
    member_id: MemberId,
    *,
    limit: int,
    after: tuple[bool, datetime, UUID] | None = None,
    only: UUID | None = None,
) -> list[tuple[ConversationRow, Participant, New]]:
    """The member's conversations with what is new in them: pinned first, then the newest."""
    pinned, at, last = after or (None, None, None)
    rows = await uow.rows(
        _LIST,
        member_id=member_id,
        only=only,
        after_pinned=pinned,
        after_at=at,
        after_id=last,
        limit=limit,
    )
    return [(as_conversation(row), as_participant(row, row["id"]), as_new(row)) for row in rows]


async def heads_of(uow: UnitOfWork, member_id: MemberId) -> list[Row]:
    """For each of the member's conversations: id, kind, head_seq, head_rev, cursor_seq, muted_until; and what is new
    in it, for `as_new`.
    """
    return await uow.rows(_HEADS, member_id=member_id)


async def unread_facts(uow: UnitOfWork, member_id: MemberId) -> list[Row]:
    """Those of the member's conversations that may be unread: id, kind, department_id, unread, marked_unread,
    muted_until, role.
    """
    return await uow.rows(_UNREAD_FACTS, member_id=member_id)


async def rules_and_size(uow: UnitOfWork, conversation_id: UUID) -> tuple[Rules, int]:
    """The rules of a conversation and how many are in it."""
    row = await uow.one(_RULES, id=conversation_id)
    return (msgspec.convert(row["rules"], Rules), row["member_count"]) if row else (Rules(), 0)


async def my_conversation_ids(uow: UnitOfWork, member_id: MemberId) -> list[UUID]:
    """Where the member is in."""
    return [row["conversation_id"] for row in await uow.rows(_MY_IDS, member_id=member_id)]


async def find_direct(uow: UnitOfWork, direct_key: str) -> UUID | None:
    """The direct conversation of two people."""
    found: UUID | None = await uow.value(_DIRECT, direct_key=direct_key)
    return found


async def find_by_client_id(uow: UnitOfWork, created_by: MemberId, client_id: str) -> UUID | None:
    """The conversation that this person made with this client_id before."""
    found: UUID | None = await uow.value(_BY_CLIENT_ID, created_by=created_by, client_id=client_id)
    return found


async def department_conversation(uow: UnitOfWork, department_id: UUID) -> ConversationRow | None:
    """The group of a department."""
    row = await uow.one(_BY_DEPARTMENT, department_id=department_id)
    return as_conversation(row) if row else None


async def whole_organisation_conversation(uow: UnitOfWork) -> ConversationRow | None:
    """The all-hands group."""
    row = await uow.one(_ALL_HANDS)
    return as_conversation(row) if row else None


async def owned_groups(uow: UnitOfWork, owner_id: MemberId) -> list[UUID]:
    """The living groups that somebody owns."""
    return [row["id"] for row in await uow.rows(_OWNED, owner_id=owner_id)]


async def change_conversation(
    uow: UnitOfWork, conversation_id: UUID, changes: Mapping[str, Any], *, revision: int | None = None
) -> bool:
    """Set some columns and count the revision up; False if the revision is not the expected one."""
    names = tuple(name for name in _CHANGEABLE if name in changes)
    statement = _change_statement(names, with_revision=revision is not None)
    values = {f"new_{name}": changes[name] for name in names}
    return bool(await uow.execute(statement, id=conversation_id, seen_revision=revision, **values))


def _change_statement(names: Sequence[str], *, with_revision: bool) -> Statement:
    """One compiled statement for each shape of change."""
    shape = (tuple(names), with_revision)
    if shape not in _shapes:
        statement = update(conversations).where(tenant(conversations), _c.id == bindparam("id"))
        if with_revision:
            statement = statement.where(_c.revision == bindparam("seen_revision"))
        new = {name: bindparam(f"new_{name}", type_=_c[name].type) for name in names}
        _shapes[shape] = Statement(statement.values(revision=_c.revision + 1, **new))
    return _shapes[shape]


_shapes: dict[tuple[tuple[str, ...], bool], Statement] = {}


async def change_mine(uow: UnitOfWork, conversation_id: UUID, member_id: MemberId, changes: Mapping[str, Any]) -> None:
    """Set some columns of the caller's own side."""
    names = tuple(name for name in _MINE if name in changes)
    if not names:
        return
    if names not in _mine_shapes:
        new = {name: bindparam(f"new_{name}", type_=_p[name].type) for name in names}
        _mine_shapes[names] = Statement(
            update(participants)
            .where(
                tenant(participants),
                _p.conversation_id == bindparam("conversation"),
                _p.member_id == bindparam("member"),
            )
            .values(**new)
        )
    values = {f"new_{name}": changes[name] for name in names}
    await uow.execute(_mine_shapes[names], conversation=conversation_id, member=member_id, **values)


_mine_shapes: dict[tuple[str, ...], Statement] = {}


async def dissolve(uow: UnitOfWork, conversation_id: UUID, at: datetime) -> None:
    """Nobody can write in it any more."""
    await uow.execute(_DISSOLVE, id=conversation_id, at=at)


async def group_members(
    uow: UnitOfWork,
    conversation_id: UUID,
    *,
    after: UUID | None = None,
    only: Sequence[MemberId] | None = None,
    limit: int,
) -> list[Participant]:
    """Who is in it, by id; `only` these people if given."""
    rows = await uow.rows(_MEMBERS, conversation_id=conversation_id, after=after, only=only, limit=limit)
    return [as_participant(row, conversation_id) for row in rows]


async def request_to_join(uow: UnitOfWork, conversation_id: UUID, member_id: MemberId, at: datetime) -> None:
    """Remember that somebody asks to be let in; asking twice is asking once."""
    await uow.execute(_REQUEST, conversation_id=conversation_id, member_id=member_id, at=at)


async def join_requests_of(uow: UnitOfWork, conversation_id: UUID) -> list[Row]:
    """Who asks to be let in (member_id, at), the oldest first; at most 1,000."""
    return await uow.rows(_REQUESTS, conversation_id=conversation_id)


async def forget_join_request(uow: UnitOfWork, conversation_id: UUID, member_id: MemberId) -> bool:
    """The request is decided; False if there was none."""
    return bool(await uow.execute(_FORGET_REQUEST, conversation_id=conversation_id, member_id=member_id))


def as_participant(row: Any, conversation_id: UUID) -> Participant:
    """A row of participants (or a join with it) as a value."""
    return Participant(
        conversation_id=conversation_id,
        member_id=row["member_id"],
        role=row["role"],
        silenced=row["silenced"],
        joined_seq=row["joined_seq"],
        left_seq=row["left_seq"],
        joined_at=row["joined_at"],
        cursor_seq=row["cursor_seq"],
        threads_read_seq=row["threads_read_seq"],
        pinned=row["pinned"],
        muted_until=row["muted_until"],
        hidden_seq=row["hidden_seq"],
        marked_unread=row["marked_unread"],
        draft=row["draft"],
    )
