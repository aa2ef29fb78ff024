"""Roles: what people are besides their place in the tree."""

from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.errors import RevisionMismatch
from pegboard.kernel.events import emit
from pegboard.kernel.ids import MemberId, uuid7
from pegboard.kernel.names import clean_line, clean_name
from pegboard.modules.directory import policy
from pegboard.modules.directory.errors import MemberNotFound, RoleNotFound, WrongState
from pegboard.modules.directory.events import RoleChanged, RoleCreated, RoleDeleted, RoleMembersChanged
from pegboard.modules.directory.models import NAME_LENGTH
from pegboard.modules.directory.store import members
from pegboard.modules.directory.store import roles as store
from pegboard.modules.directory.store.constraints import refusals_named
from pegboard.modules.directory.views import MemberState, Role, RoleId


async def list_roles(uow: UnitOfWork) -> list[Role]:
    """All roles, by group and name. Everybody sees which there are."""
    return [_view(row) for row in await uow.rows(store.LIST, id=None)]


async def create_role(uow: UnitOfWork, actor: Actor, *, name: str, group: str) -> Role:
    """A new role. Raises `role.name_taken`."""
    policy.manage_roles(actor)
    name, group = clean_name(name), clean_line(group, path="group", longest=NAME_LENGTH)
    role_id = RoleId(uuid7())
    with refusals_named():
        await uow.execute(store.INSERT, id=role_id, name=name, group_name=group)
    emit(uow, RoleCreated(role_id=role_id, role_name=name, group=group), actor_id=actor.member_id)
    record(
        uow,
        actor,
        action="role.created",
        object_=f"role:{role_id}",
        detail={"name": name, "group": group},
    )
    return await _role(uow, role_id)


async def change_role(
    uow: UnitOfWork, actor: Actor, role_id: UUID, *, name: str | None, group: str | None, revision: int | None
) -> Role:
    """Give a role another name or group. Raises `revision.mismatch` if a revision is given and is an old one."""
    policy.manage_roles(actor)
    row = await _locked(uow, role_id)
    if revision is not None and revision != row["revision"]:
        raise RevisionMismatch
    name = row["name"] if name is None else clean_name(name)
    group = row["group_name"] if group is None else clean_line(group, path="group", longest=NAME_LENGTH)
    if (name, group) == (row["name"], row["group_name"]):
        return await _role(uow, role_id)
    with refusals_named():
        await uow.execute(store.UPDATE, id=role_id, name=name, group_name=group)
    emit(uow, RoleChanged(role_id=role_id, role_name=name, group=group), actor_id=actor.member_id)
    record(
        uow,
        actor,
        action="role.changed",
        object_=f"role:{role_id}",
        detail={
            "before": {"name": row["name"], "group": row["group_name"]},
            "after": {"name": name, "group": group},
        },
    )
    return await _role(uow, role_id)


async def delete_role(uow: UnitOfWork, actor: Actor, role_id: UUID) -> None:
    """Delete a role; whoever has it has it no more."""
    policy.manage_roles(actor)
    row = await _locked(uow, role_id)
    await uow.execute(store.DELETE, id=role_id)
    emit(uow, RoleDeleted(role_id=RoleId(role_id)), actor_id=actor.member_id)
    record(
        uow,
        actor,
        action="role.deleted",
        object_=f"role:{role_id}",
        detail={"name": row["name"], "group": row["group_name"]},
    )


async def give_role(uow: UnitOfWork, actor: Actor, role_id: UUID, userid: str) -> None:
    """Somebody has the role from now on; they may have it already."""
    member = await _member(uow, actor, userid)
    await policy.assign_role(uow, actor, member)
    if member["state"] == MemberState.LEFT:
        raise WrongState(state=member["state"])
    await _role(uow, role_id)
    with refusals_named():
        changed = await uow.execute(store.ADD_MEMBER, role_id=role_id, member_id=member["id"])
    if changed:
        _tell(uow, actor, role_id, member, gave=True)


async def take_role(uow: UnitOfWork, actor: Actor, role_id: UUID, userid: str) -> None:
    """Somebody does not have the role from now on; they may not have had it."""
    member = await _member(uow, actor, userid)
    await policy.assign_role(uow, actor, member)
    await _role(uow, role_id)
    if await uow.execute(store.REMOVE_MEMBER, role_id=role_id, member_id=member["id"]):
        _tell(uow, actor, role_id, member, gave=False)


async def _member(uow: UnitOfWork, actor: Actor, userid: str) -> Row:
    row = await uow.one(members.LOCK, userid=userid)
    await policy.see_member(uow, actor, row["id"] if row else None)
    if row is None:
        raise MemberNotFound
    return row


def _tell(uow: UnitOfWork, actor: Actor, role_id: UUID, member: Row, *, gave: bool) -> None:
    ids = [MemberId(member["id"])]
    emit(
        uow,
        RoleMembersChanged(role_id=role_id, joined=ids if gave else [], left=[] if gave else ids),
        actor_id=actor.member_id,
    )
    record(
        uow,
        actor,
        action="role.given" if gave else "role.taken",
        object_=f"role:{role_id}",
        detail={"member": member["userid"]},
    )


async def _locked(uow: UnitOfWork, role_id: UUID) -> Row:
    row = await uow.one(store.LOCK, id=role_id)
    if row is None:
        raise RoleNotFound
    return row


async def _role(uow: UnitOfWork, role_id: UUID) -> Role:
    row = await uow.one(store.LIST, id=role_id)
    if row is None:
        raise RoleNotFound
    return _view(row)


def _view(row: Row) -> Role:
    return Role(
        role_id=RoleId(row["id"]),
        group=row["group_name"],
        name=row["name"],
        member_count=row["member_count"],
        revision=row["revision"],
    )
