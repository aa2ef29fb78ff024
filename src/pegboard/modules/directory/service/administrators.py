"""Administrators: who may do what, and within which departments."""

from collections.abc import Sequence
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.events import emit
from pegboard.kernel.ids import MemberId
from pegboard.modules.directory import policy
from pegboard.modules.directory.errors import AdministratorNotFound, MemberNotFound, WrongState
from pegboard.modules.directory.events import AdministratorChanged
from pegboard.modules.directory.policy import Powers
from pegboard.modules.directory.service.caches import forget
from pegboard.modules.directory.store import administrators as store
from pegboard.modules.directory.store import departments, members
from pegboard.modules.directory.views import (
    Administrator,
    AdminKind,
    DepartmentId,
    DepartmentStep,
    MemberState,
)


async def list_administrators(uow: UnitOfWork, actor: Actor) -> list[Administrator]:
    """All of them, the owner first. Administrators see one another."""
    policy.see_administrators(actor)
    return [await _view(uow, row) for row in await uow.rows(store.LIST, userid=None)]


def grantable_powers(uow: UnitOfWork) -> list[str]:
    """The powers that a sub-administrator can be given."""
    return sorted(Powers.known_to(uow.parts).grantable)


async def appoint(
    uow: UnitOfWork,
    actor: Actor,
    userid: str,
    *,
    kind: AdminKind,
    powers: Sequence[str],
    department_ids: Sequence[UUID],
) -> Administrator:
    """Make somebody an administrator, or another kind of one, with exactly these powers in these departments.

    Raises `administrator.power_not_held`, `member.outranks`, `member.is_owner`.
    """
    target = await _target(uow, actor, userid)
    known = Powers.known_to(uow.parts)
    policy.appoint(actor, target, kind, powers, department_ids, known)
    if target["state"] != MemberState.ACTIVE:
        raise WrongState(state=target["state"])
    scope = sorted(set(department_ids))
    if scope:
        await policy.see_departments(uow, actor, scope)
        await uow.rows(departments.HOLD, ids=scope)
        root = await uow.value(departments.ROOT)
        policy.scope_powers(powers, everywhere=root in scope, powers=known)
    before = await uow.one(store.FIND, member_id=target["id"])
    await uow.execute(store.PUT, member_id=target["id"], kind=kind.value)
    await _write_lists(uow, target["id"], sorted(set(powers)), scope)
    await _tell(uow, actor, target, before)
    (row,) = await uow.rows(store.LIST, userid=userid)
    return await _view(uow, row)


async def _write_lists(uow: UnitOfWork, member_id: UUID, powers: list[str], scope: list[UUID]) -> None:
    await uow.execute(store.CLEAR_POWERS, member_id=member_id)
    await uow.execute(store.CLEAR_DEPARTMENTS, member_id=member_id)
    await uow.execute(store.INSERT_POWERS, member_id=member_id, powers=powers)
    await uow.execute(store.INSERT_DEPARTMENTS, member_id=member_id, departments=scope)


async def dismiss(uow: UnitOfWork, actor: Actor, userid: str) -> None:
    """Take all powers of somebody. Raises `administrator.not_found`."""
    target = await _target(uow, actor, userid)
    policy.dismiss(actor, target)
    before = await uow.one(store.FIND, member_id=target["id"])
    if before is None:
        raise AdministratorNotFound
    await uow.execute(store.DELETE, member_id=target["id"])
    await _tell(uow, actor, target, before)


async def _target(uow: UnitOfWork, actor: Actor, userid: str) -> Row:
    row = await uow.one(members.LOCK, userid=userid)
    await policy.see_member(uow, actor, row["id"] if row else None)
    if row is None:
        raise MemberNotFound
    return row


async def _tell(uow: UnitOfWork, actor: Actor, target: Row, before: Row | None) -> None:
    after = await uow.one(store.FIND, member_id=target["id"])
    forget(uow, MemberId(target["id"]))
    emit(
        uow,
        AdministratorChanged(member_id=target["id"], kind=after["kind"] if after else None),
        actor_id=actor.member_id,
    )
    record(
        uow,
        actor,
        action="administrator.changed" if after else "administrator.dismissed",
        object_=f"member:{target['userid']}",
        detail={"before": _plain(before), "after": _plain(after)},
    )


def _plain(row: Row | None) -> dict[str, object] | None:
    if row is None:
        return None
    return {
        "kind": row["kind"],
        "powers": list(row["powers"]),
        "departments": [str(department_id) for department_id in row["departments"]],
    }


async def _view(uow: UnitOfWork, row: Row) -> Administrator:
    steps = await uow.rows(store.SCOPE_NAMES, ids=list(row["departments"])) if row["departments"] else []
    return Administrator(
        member_id=MemberId(row["member_id"]),
        userid=row["userid"],
        name=row["name"],
        kind=AdminKind(row["kind"]),
        powers=tuple(row["powers"]),
        departments=tuple(DepartmentStep(department_id=DepartmentId(step["id"]), name=step["name"]) for step in steps),
    )
