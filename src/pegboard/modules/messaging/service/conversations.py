"""Conversations: listing, beginning, changing, ending, and the caller's own side."""

from collections.abc import Hashable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from pegboard.kernel.actor import Actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.errors import RevisionMismatch, invalid
from pegboard.kernel.events import emit
from pegboard.kernel.http.cursors import Page, decode_cursor, page_of
from pegboard.kernel.ids import MemberId, uuid7
from pegboard.kernel.names import clean_name
from pegboard.modules.attention import api as attention
from pegboard.modules.messaging import policy, store
from pegboard.modules.messaging.errors import ConversationNotFound
from pegboard.modules.messaging.events import ConversationCreated, ConversationDissolved
from pegboard.modules.messaging.schemas import (
    Conversation,
    ConversationChange,
    Mine,
    MineChange,
    NewConversation,
)
from pegboard.modules.messaging.service import badges, membership, rendering, system_messages
from pegboard.modules.messaging.service.publishing import topic
from pegboard.modules.messaging.views import Rules


async def conversations(uow: UnitOfWork, actor: Actor, *, cursor: str | None, limit: int) -> Page[Conversation]:
    """The actor's conversations: pinned first, then the one with the newest message."""
    after: Any = decode_cursor(cursor, bool, datetime, UUID)
    found = await store.conversations_of(uow, actor.me, limit=limit + 1, after=after)
    shown = await rendering.conversations(uow, actor, found)
    last_at = {row.id: row.last_at for row, _, _ in found}
    return page_of(shown, limit, lambda each: (each.mine.pinned, last_at[each.id], each.id))


async def conversation(uow: UnitOfWork, actor: Actor, conversation_id: UUID) -> Conversation:
    """One conversation of the actor's."""
    found = await store.conversations_of(uow, actor.me, limit=1, only=conversation_id)
    if not found:
        raise ConversationNotFound
    [shown] = await rendering.conversations(uow, actor, found)
    return shown


async def begin(uow: UnitOfWork, actor: Actor, new: NewConversation) -> tuple[Conversation, bool]:
    """A new group, or the direct conversation with somebody; with whether it is new."""
    if new.kind == "direct":
        return await _begin_direct(uow, actor, new)
    if new.name is None:
        raise invalid("name", "required")
    if new.client_id and (known := await store.find_by_client_id(uow, actor.me, new.client_id)):
        return await conversation(uow, actor, known), False
    conversation_id, is_new = await _create_group(
        uow,
        actor.me,
        clean_name(new.name, path="name"),
        await membership.resolve(uow, new.members),
        client_id=new.client_id,
    )
    return await conversation(uow, actor, conversation_id), is_new


async def _begin_direct(uow: UnitOfWork, actor: Actor, new: NewConversation) -> tuple[Conversation, bool]:
    if new.userid is None:
        raise invalid("userid", "required")
    [peer] = await membership.resolve(uow, [new.userid])
    if peer == actor.me:
        raise invalid("userid", "invalid")
    key = rendering.direct_key(actor.me, peer)
    if known := await store.find_direct(uow, key):
        return await conversation(uow, actor, known), False
    conversation_id = await _insert(uow, "direct", "", direct_key=key, created_by=actor.me)
    if conversation_id is None:  # the other one began it in this very moment
        return await conversation(uow, actor, await store.find_direct(uow, key) or uuid7()), False
    await _fill(uow, conversation_id, {actor.me: "member", peer: "member"}, by=actor.me, quietly=True)
    return await conversation(uow, actor, conversation_id), True


async def create_group(
    uow: UnitOfWork,
    owner: MemberId,
    name: str,
    members: list[MemberId],
    *,
    client_id: str | None = None,
) -> UUID:
    """A group of these people and its owner; its id."""
    conversation_id, _ = await _create_group(uow, owner, name, members, client_id=client_id)
    return conversation_id


async def _create_group(
    uow: UnitOfWork, owner: MemberId, name: str, members: list[MemberId], *, client_id: str | None
) -> tuple[UUID, bool]:
    conversation_id = await _insert(uow, "group", name, owner_id=owner, created_by=owner, client_id=client_id)
    if conversation_id is None:  # the same client_id was faster on another device
        known = await store.find_by_client_id(uow, owner, client_id or "")
        if known is None:
            raise ConversationNotFound
        return known, False
    roles = {owner: "owner", **{member: "member" for member in members if member != owner}}
    await _fill(uow, conversation_id, roles, by=owner)
    return conversation_id, True


async def create_following(
    uow: UnitOfWork,
    kind: str,
    name: str,
    roles: dict[MemberId, str],
    *,
    owner: MemberId | None,
    department_id: UUID | None = None,
    rules: Rules | None = None,
) -> UUID | None:
    """A group whose membership follows the directory; None if it is there already."""
    conversation_id = await _insert(uow, kind, name, owner_id=owner, department_id=department_id, rules=rules)
    if conversation_id is not None and roles:
        await _fill(uow, conversation_id, roles, by=None)
    return conversation_id


async def _insert(uow: UnitOfWork, kind: str, name: str, rules: Rules | None = None, **more: Any) -> UUID | None:
    conversation_id = uuid7()
    now = uow.now()
    inserted = await store.insert_conversation(
        uow,
        id=conversation_id,
        kind=kind,
        name=name,
        rules=msgspec.to_builtins(rules or Rules()),
        last_at=now,
        created_at=now,
        **more,
    )
    if not inserted:
        return None
    emit(uow, ConversationCreated(conversation_id=conversation_id, kind=kind), actor_id=more.get("created_by"))
    return conversation_id


async def _fill(
    uow: UnitOfWork,
    conversation_id: UUID,
    roles: dict[MemberId, str],
    *,
    by: MemberId | None,
    quietly: bool = False,
) -> None:
    created = await system_messages.locked(uow, conversation_id)
    if created is not None:
        await membership.bring_in(uow, created, roles, by=by, quietly=quietly)


async def change(uow: UnitOfWork, actor: Actor, conversation_id: UUID, wanted: ConversationChange) -> Conversation:
    """Change a group's name, topic, notice, avatar or rules (rules: its administrators only)."""
    access = await policy.reading(uow, actor, conversation_id, lock=True)
    policy.may_edit_group(access)
    if wanted.rules is not UNSET:
        policy.may_administer(access)
    before = access.conversation
    changes = {
        name: value
        for name in ("name", "topic", "notice", "avatar_file_id")
        if (value := getattr(wanted, name)) is not UNSET and value != getattr(before, name)
    }
    if "name" in changes:
        changes["name"] = clean_name(changes["name"], path="name")
    if wanted.rules is not UNSET:
        named = {name: value for name, value in msgspec.structs.asdict(wanted.rules).items() if value is not UNSET}
        changes["rules"] = msgspec.to_builtins(msgspec.structs.replace(before.rules, **named))
    if not await store.change_conversation(uow, conversation_id, changes, revision=wanted.revision):
        raise RevisionMismatch
    by = await system_messages.actor_named(uow, actor.me)
    for name in ("name", "topic", "notice"):
        if name in changes:
            await system_messages.say(uow, before, f"{name}_changed", value=changes[name], by=by)
    if "rules" in changes:
        await system_messages.say(uow, before, "rules_changed", by=by)
        record(
            uow,
            actor,
            action="conversation.rules_changed",
            object_=f"conversation:{conversation_id}",
            detail={"before": msgspec.to_builtins(before.rules), "after": changes["rules"]},
        )
    await membership.tell_changed(uow, conversation_id)
    return await conversation(uow, actor, conversation_id)


async def dissolve(uow: UnitOfWork, actor: Actor, conversation_id: UUID) -> None:
    """End a group: it stays readable, nobody writes in it again."""
    access = await policy.reading(uow, actor, conversation_id, lock=True)
    policy.may_own(access)
    policy.has_free_membership(access.conversation)
    await system_messages.say(
        uow, access.conversation, "dissolved", by=await system_messages.actor_named(uow, actor.me)
    )
    await store.dissolve(uow, conversation_id, uow.now())
    emit(uow, ConversationDissolved(conversation_id=conversation_id), actor_id=actor.me)
    record(uow, actor, action="conversation.dissolved", object_=f"conversation:{conversation_id}", detail={})
    await membership.tell_changed(uow, conversation_id)


async def change_mine(uow: UnitOfWork, actor: Actor, conversation_id: UUID, wanted: MineChange) -> Mine:
    """Pin, mute, hide, mark unread, or keep a draft: on all of the actor's devices."""
    access = await policy.reading(uow, actor, conversation_id)
    changes = {
        name: value
        for name in ("pinned", "muted_until", "marked_unread", "draft")
        if (value := getattr(wanted, name)) is not UNSET
    }
    if isinstance(wanted.muted_until, datetime):
        changes["muted_until"] = _in_utc(wanted.muted_until, path="muted_until")
    if wanted.hidden is not UNSET:
        changes["hidden_seq"] = access.conversation.head_seq if wanted.hidden else None
    await store.change_mine(uow, conversation_id, actor.me, changes)
    return (await membership.tell_own_side(uow, conversation_id, actor.me)).mine


def _in_utc(instant: datetime, *, path: str) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:  # a zone can lead out of the last year that there is
        raise invalid(path, "invalid") from None


# --- folders -------------------------------------------------------------------------------------------------------


async def unread_in_folder(uow: UnitOfWork, actor: Actor, folder_id: UUID) -> list[UUID]:
    """The actor's conversations in a folder in which something may be unread; marks of "unread" are taken off them.

    Raises `folder.not_found`.
    """
    folder = await attention.folder_of(uow, actor.me, folder_id)
    now = uow.now()
    found = []
    for row in await store.unread_facts(uow, actor.me):
        facts = attention.ConversationFacts(
            conversation_id=row["id"],
            direct=row["kind"] == "direct",
            department_id=row["department_id"],
            muted=badges.is_muted(row["muted_until"], now),
            owned=row["role"] == "owner",
        )
        if not attention.matches(folder, facts):
            continue
        if row["marked_unread"]:
            await store.change_mine(uow, row["id"], actor.me, {"marked_unread": False})
            await membership.tell_own_side(uow, row["id"], actor.me)
        if row["unread"]:
            found.append(row["id"])
    return found


# --- greeting ------------------------------------------------------------------------------------------------------


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Where a conversation stands when a device connects: it asks for its gaps only."""

    conversation_id: UUID
    head_seq: int
    head_rev: int
    read_seq: int
    unread: int
    mentions: int
    mentioned: bool
    badge: int


async def heard_topics(uow: UnitOfWork, actor: Actor) -> list[Hashable]:
    """The topics of the actor's conversations."""
    return [topic(conversation_id) for conversation_id in await store.my_conversation_ids(uow, actor.me)]


async def heads(uow: UnitOfWork, actor: Actor) -> dict[str, list[Head]]:
    """The head of every conversation of the actor's, for the `hello` event."""
    state = await attention.counting_state(uow, actor.me)
    now = uow.now()
    return {
        "heads": [
            Head(
                conversation_id=row["id"],
                head_seq=row["head_seq"],
                head_rev=row["head_rev"],
                read_seq=row["cursor_seq"],
                **badges.counts(
                    store.as_new(row),
                    state,
                    direct=row["kind"] == "direct",
                    muted=badges.is_muted(row["muted_until"], now),
                ),
            )
            for row in await store.heads_of(uow, actor.me)
        ]
    }
