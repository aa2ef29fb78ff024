"""Leaving an organisation for good: what was theirs goes over or ends, what they did stays."""

from collections.abc import Sequence
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.errors import invalid
from pegboard.kernel.events import emit
from pegboard.kernel.ids import MemberId
from pegboard.kernel.realtime.live import hang_up
from pegboard.modules.directory import policy
from pegboard.modules.directory.errors import MemberNotFound, WrongState
from pegboard.modules.directory.events import (
    AdministratorChanged,
    DepartmentChanged,
    MemberChanged,
    MemberLeft,
    RoleMembersChanged,
)
from pegboard.modules.directory.service.caches import forget
from pegboard.modules.directory.service.inviting import revoke_invitations_of
from pegboard.modules.directory.service.member_views import member_detail
from pegboard.modules.directory.service.new_members import tell_places
from pegboard.modules.directory.store import administrators, departments, members
from pegboard.modules.directory.store import leaving as store
from pegboard.modules.directory.views import MemberDetail, MemberState
from pegboard.modules.identity import api as identity


async def leave(uow: UnitOfWork, actor: Actor, userid: str, *, hand_over_to: str | None = None) -> MemberDetail:
    """Let a member leave. Their sessions and sockets here end with the commit; as `left` they stay readable.

    The departments they lead and the people they manage go to `hand_over_to` (an active member's userid), and so does
    what other modules keep for them; without one, nobody leads and manages in their stead. The owner cannot leave
    before the organisation is handed over. Raises `member.is_owner`, `member.outranks`, `member.wrong_state`.
    """
    # Who changes lines of managers holds the tree, and takes it first.
    await uow.execute(departments.LOCK_TREE)
    row = await uow.one(members.LOCK, userid=userid)
    await policy.see_member(uow, actor, row["id"] if row else None)
    if row is None:
        raise MemberNotFound
    await policy.end_membership(uow, actor, row)
    if row["state"] == MemberState.LEFT:
        raise WrongState(state=row["state"])
    heir = await _heir(uow, row, hand_over_to) if hand_over_to is not None else None
    await end_membership(uow, actor, row, heir=heir)
    return await member_detail(uow, actor, userid)


async def _heir(uow: UnitOfWork, row: Row, userid: str) -> Row:
    heir = await uow.one(members.LOCK, userid=userid)
    if heir is None or heir["id"] == row["id"] or heir["state"] != MemberState.ACTIVE:
        raise invalid("hand_over_to", "not_found")
    return heir


async def end_membership(uow: UnitOfWork, actor: Actor, row: Row, *, heir: Row | None = None) -> None:
    """Write and tell that this member leaves; the policy has been asked, and the tree is held."""
    member_id = MemberId(row["id"])
    was_present = row["state"] in (MemberState.ACTIVE, MemberState.SUSPENDED)
    await _hand_over_reports(uow, actor, row, heir)
    await _hand_over_departments(uow, actor, member_id, heir)
    await _end_roles(uow, actor, member_id)
    await _end_powers(uow, actor, row)
    await revoke_invitations_of(uow, actor, member_id)
    gone = [place["department_id"] for place in await uow.rows(store.REMOVE_PLACES, member_id=member_id)]
    await uow.execute(store.CLEAR_MANAGER, id=member_id)
    await uow.execute(members.SET_STATE, id=member_id, state=MemberState.LEFT.value, at=uow.now())
    await identity.set_membership_states(uow, uow.org_id, [member_id], "left")
    hang_up(uow, ("member", member_id), "left")
    forget(uow, member_id)
    emit(
        uow,
        MemberLeft(member_id=member_id, handed_over_to=MemberId(heir["id"]) if heir else None, department_ids=gone),
        actor_id=actor.member_id,
    )
    if was_present:
        for department_id in gone:
            tell_places(uow, actor, department_id, left=[member_id])
    record(
        uow,
        actor,
        action="member.left",
        object_=f"member:{row['userid']}",
        detail={
            "before": row["state"],
            "handed_over_to": heir["userid"] if heir else None,
            "departments": [str(department_id) for department_id in gone],
        },
    )


async def _hand_over_reports(uow: UnitOfWork, actor: Actor, row: Row, heir: Row | None) -> None:
    """Who reported to the one who leaves reports to the heir; the heir, and those above the heir, one level up."""
    reports = [report["id"] for report in await uow.rows(store.REPORTS, member_id=row["id"])]
    if not reports:
        return
    above: set[UUID] = set()
    if heir is not None:
        above = {step["id"] for step in await uow.rows(store.LINE_ABOVE, member_id=heir["id"])}
    managers = [_new_manager(report, row, heir, above) for report in reports]
    await uow.execute(store.SET_MANAGERS, ids=reports, manager_ids=managers)
    forget(uow, *reports)
    for report in reports:
        emit(uow, MemberChanged(member_id=report, fields=["manager"]), actor_id=actor.member_id)


def _new_manager(report: UUID, row: Row, heir: Row | None, above: set[UUID]) -> UUID | None:
    if heir is None:
        return None
    successor: UUID | None = row["manager_id"] if report in above else heir["id"]
    return successor


async def _hand_over_departments(uow: UnitOfWork, actor: Actor, member_id: MemberId, heir: Row | None) -> None:
    led: Sequence[Row] = await uow.rows(store.LED, member_id=member_id)
    if not led:
        return
    if heir is not None:
        await uow.execute(store.HAND_OVER_LEADERSHIPS, member_id=member_id, to_id=heir["id"])
    await uow.execute(members.REMOVE_LEADERSHIPS, member_id=member_id)
    for department in led:
        emit(
            uow,
            DepartmentChanged(
                department_id=department["id"],
                department_name=department["name"],
                own_group=department["own_group"],
                fields=["leaders"],
            ),
            actor_id=actor.member_id,
        )


async def _end_roles(uow: UnitOfWork, actor: Actor, member_id: MemberId) -> None:
    for role in await uow.rows(store.REMOVE_ROLES, member_id=member_id):
        emit(
            uow,
            RoleMembersChanged(role_id=role["role_id"], joined=[], left=[member_id]),
            actor_id=actor.member_id,
        )


async def _end_powers(uow: UnitOfWork, actor: Actor, row: Row) -> None:
    if await uow.execute(administrators.DELETE, member_id=row["id"]):
        emit(uow, AdministratorChanged(member_id=row["id"], kind=None), actor_id=actor.member_id)
