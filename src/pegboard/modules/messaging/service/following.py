"""Conversations that follow the directory: departments' groups, the all-hands group, and the traces of who leaves."""

from collections.abc import Sequence
from uuid import UUID

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.ids import MemberId
from pegboard.modules.directory import api as directory
from pegboard.modules.directory.api import DepartmentId
from pegboard.modules.messaging import store
from pegboard.modules.messaging.service import conversations, membership, system_messages
from pegboard.modules.messaging.settings import MessagingSettings
from pegboard.modules.messaging.views import Rules

_ANNOUNCEMENTS = Rules(speak="admins", mention_all="admins", invite="admins")


async def begin_all_hands(uow: UnitOfWork, name: str, owner: MemberId) -> None:
    """The group of everybody in the organisation, in which its owner (and whom they name) speaks."""
    await conversations.create_following(uow, "all", name, {owner: "owner"}, owner=owner, rules=_ANNOUNCEMENTS)


async def joined_organisation(uow: UnitOfWork, members: Sequence[MemberId]) -> None:
    """New members are in the all-hands group, as far as it has room."""
    if everyone := await store.whole_organisation_conversation(uow):
        await _bring_in(uow, everyone.id, members)


async def department_group_wanted(uow: UnitOfWork, department_id: UUID, name: str) -> None:
    """A department shall have a group of its own, with everybody of it."""
    existing = await store.department_conversation(uow, department_id)
    if existing is not None:
        return
    members = await directory.department_members(uow, DepartmentId(department_id))
    roles = dict.fromkeys(members, "member")
    conversation_id = await conversations.create_following(
        uow, "department", name, roles, owner=None, department_id=department_id
    )
    if conversation_id is not None:
        await directory.set_department_conversation(uow, DepartmentId(department_id), conversation_id)


async def department_renamed(uow: UnitOfWork, department_id: UUID, name: str) -> None:
    """The group is called like its department."""
    group = await store.department_conversation(uow, department_id)
    if group is not None and group.name != name:
        await store.change_conversation(uow, group.id, {"name": name})
        locked = await system_messages.locked(uow, group.id)
        if locked is not None:
            await system_messages.say(uow, locked, "name_changed", value=name)
        await membership.tell_changed(uow, group.id)


async def department_members_changed(
    uow: UnitOfWork, department_id: UUID, joined: Sequence[MemberId], left: Sequence[MemberId]
) -> None:
    """Who is in the department is in its group."""
    group = await store.department_conversation(uow, department_id)
    if group is None:
        return
    await _bring_in(uow, group.id, joined)
    if left and (locked := await system_messages.locked(uow, group.id)):
        await membership.take_out(uow, locked, list(left), by=None, event=membership.LEFT)


async def department_deleted(uow: UnitOfWork, conversation_id: UUID) -> None:
    """The group of a department that is no more is over."""
    locked = await system_messages.locked(uow, conversation_id)
    if locked is not None and locked.dissolved_at is None:
        await system_messages.say(uow, locked, "dissolved")
        await store.dissolve(uow, conversation_id, uow.now())
        await membership.tell_changed(uow, conversation_id)


async def left_organisation(uow: UnitOfWork, member: MemberId, heir: MemberId | None) -> None:
    """Who left is in no conversation any more; their groups go to the heir, else to the next who runs them."""
    owned = set(await store.owned_groups(uow, member))
    for conversation_id in sorted(owned.union(await store.my_conversation_ids(uow, member))):
        locked = await system_messages.locked(uow, conversation_id)
        if locked is None or locked.kind == "direct":
            continue
        await membership.take_out(uow, locked, [member], by=None, event=membership.LEFT)
        if conversation_id in owned:
            await _hand_over(uow, conversation_id, heir)


async def _hand_over(uow: UnitOfWork, conversation_id: UUID, heir: MemberId | None) -> None:
    """To the heir, for whom the owner has made room; without one to an administrator, else to who is there longest."""
    group = await system_messages.locked(uow, conversation_id)
    if group is None:
        return
    if heir is None:
        candidates = await store.group_members(uow, group.id, limit=uow.parts[MessagingSettings].group_limit)
        if not candidates:
            return
        heir = min(candidates, key=lambda each: (each.role != "admin", each.joined_seq, each.member_id)).member_id
    await membership.bring_in(uow, group, {heir: "member"}, by=None)
    await membership.pass_on(uow, group, None, heir)


async def _bring_in(uow: UnitOfWork, conversation_id: UUID, members: Sequence[MemberId]) -> None:
    locked = await system_messages.locked(uow, conversation_id)
    if locked is None or locked.dissolved_at is not None or not members:
        return
    room = uow.parts[MessagingSettings].group_limit - locked.member_count
    await membership.bring_in(uow, locked, dict.fromkeys(members[: max(room, 0)], "member"), by=None)
