"""Members as others may see them."""

from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.ids import AccountId, MemberId
from pegboard.modules.directory import policy
from pegboard.modules.directory.errors import MemberNotFound
from pegboard.modules.directory.service.department_views import ways_to
from pegboard.modules.directory.service.organisations import organisation
from pegboard.modules.directory.store import departments, roles, sights
from pegboard.modules.directory.store import members as store
from pegboard.modules.directory.views import (
    AdminKind,
    DepartmentId,
    DepartmentPlace,
    MemberDetail,
    MemberState,
    RoleId,
    RoleName,
)


async def member_detail(uow: UnitOfWork, actor: Actor, userid: str) -> MemberDetail:
    """Everything about a member that the actor may see; raises `member.not_found`."""
    row = await uow.one(store.DETAIL, userid=userid)
    await policy.see_member(uow, actor, row["id"] if row else None)
    if row is None:
        raise MemberNotFound
    places = await _places(uow, actor, row["id"])
    shown = await _contacts_shown(uow, actor, row)
    role_rows = await uow.rows(roles.OF_MEMBER, member_id=row["id"])
    return MemberDetail(
        member_id=MemberId(row["id"]),
        account_id=AccountId(row["account_id"]) if row["account_id"] else None,
        userid=row["userid"],
        name=row["name"],
        pinyin=row["pinyin"],
        mobile=row["mobile"] if shown else None,
        email=row["email"] if shown else None,
        title=row["title"],
        job_number=row["job_number"],
        avatar_file_id=row["avatar_file_id"],
        work_place=row["work_place"],
        hired_on=row["hired_on"],
        departments=places,
        manager_userid=row["manager_userid"],
        manager_name=row["manager_name"],
        roles=tuple(RoleName(role_id=RoleId(role["id"]), name=role["name"]) for role in role_rows),
        admin=AdminKind(row["kind"]) if row["kind"] else None,
        state=MemberState(row["state"]),
        extension=row["extension"],
        hide_mobile=row["hide_mobile"],
        revision=row["revision"],
        joined_at=row["joined_at"],
        left_at=row["left_at"],
    )


async def _places(uow: UnitOfWork, actor: Actor, member_id: UUID) -> tuple[DepartmentPlace, ...]:
    """The departments they are in, but for those that the actor does not see; one's own are always seen."""
    rows = await uow.rows(store.PLACES, member_id=member_id)
    ids = [row["department_id"] for row in rows]
    if member_id != actor.member_id:
        sight = await policy.sight_of(uow, actor)
        if not sight.all:
            seen = await uow.rows(sights.SEEN_DEPARTMENTS, ids=ids, **sight.params)
            ids = [row["id"] for row in seen]
    ways = await ways_to(uow, ids)
    return tuple(
        DepartmentPlace(
            department_id=DepartmentId(row["department_id"]),
            name=row["name"],
            path=tuple(step.name for step in ways[row["department_id"]][1:]) or (row["name"],),
            main=row["main"],
            leader=row["leader"],
            position=row["position"],
        )
        for row in rows
        if row["department_id"] in ways
    )


async def _contacts_shown(uow: UnitOfWork, actor: Actor, row: Row) -> bool:
    """Whether the actor sees the member's mobile and email: it is them, or by power, or by the organisation's rule."""
    if row["id"] == actor.member_id:
        return True
    shown_to_everybody = (await organisation(uow)).settings.show_mobiles
    sight = policy.see_mobiles(actor, shown_to_everybody=shown_to_everybody)
    if sight.all or (sight.open and not row["hide_mobile"]):
        return True
    if not sight.subtrees:
        return False
    for place in await uow.rows(store.DEPARTMENTS_OF, member_id=row["id"]):
        outside = await uow.value(departments.ANY_OUTSIDE, ids=[place["department_id"]], subtrees=list(sight.subtrees))
        if not outside:
            return True
    return False
