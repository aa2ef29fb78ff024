"""Departments: making, changing, moving and deleting them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.errors import RevisionMismatch, invalid
from pegboard.kernel.events import emit
from pegboard.kernel.ids import uuid7
from pegboard.kernel.names import clean_name
from pegboard.modules.directory import policy
from pegboard.modules.directory.errors import (
    DepartmentCycle,
    DepartmentNotEmpty,
    DepartmentNotFound,
    DepartmentTooDeep,
)
from pegboard.modules.directory.events import (
    DepartmentChanged,
    DepartmentCreated,
    DepartmentDeleted,
    DepartmentMoved,
)
from pegboard.modules.directory.models import MAX_DEPTH
from pegboard.modules.directory.service.caches import forget_everybody
from pegboard.modules.directory.service.department_views import department_views, leaders_of, ways_to
from pegboard.modules.directory.store import departments as store
from pegboard.modules.directory.store import members, sights
from pegboard.modules.directory.store.constraints import refusals_named
from pegboard.modules.directory.views import Department, DepartmentId, DepartmentStep

ROOT = "root"
"""Stands for the root's id where a caller names a department."""


class DepartmentChanges(TypedDict, total=False):
    """What is to be changed; what is not in it stays. `leaders` are userids, `visible` goes with `restricted`."""

    name: str
    parent_id: UUID
    position: int
    leaders: list[str]
    hidden: bool
    restricted: Literal["no", "self", "listed"]
    visible: list[UUID]
    own_group: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentPage:
    """Some of the children of a department; `more` if others follow."""

    items: list[Department]
    more: bool


async def root_id(uow: UnitOfWork) -> DepartmentId:
    """The root's id."""
    return DepartmentId(await uow.value(store.ROOT))


async def resolve(uow: UnitOfWork, reference: str) -> UUID:
    """The id that a caller's `root` or text stands for. What is no id is nobody's department."""
    if reference == ROOT:
        return await root_id(uow)
    try:
        return UUID(reference)
    except ValueError:
        raise DepartmentNotFound from None


async def children(
    uow: UnitOfWork, actor: Actor, parent_id: UUID, *, limit: int, after: tuple[int, UUID] | None
) -> DepartmentPage:
    """The departments directly below one, in their order, as far as the actor sees them."""
    await policy.see_departments(uow, actor, [parent_id])
    sight = await policy.sight_of(uow, actor)
    position, after_id = after or (None, None)
    rows = await uow.rows(
        sights.CHILDREN,
        parent_id=parent_id,
        after_position=position,
        after_id=after_id,
        limit=limit + 1,
        **sight.params,
    )
    return DepartmentPage(items=await department_views(uow, rows[:limit]), more=len(rows) > limit)


async def department_detail(
    uow: UnitOfWork, actor: Actor, department_id: UUID
) -> tuple[Department, tuple[DepartmentStep, ...]]:
    """One department, and the way from the root to it."""
    await policy.see_departments(uow, actor, [department_id])
    return await _detail(uow, department_id)


async def _detail(uow: UnitOfWork, department_id: UUID) -> tuple[Department, tuple[DepartmentStep, ...]]:
    rows = await uow.rows(store.FIND_MANY, ids=[department_id])
    if not rows:
        raise DepartmentNotFound
    ways = await ways_to(uow, [department_id])
    return (await department_views(uow, rows))[0], ways[department_id]


async def create_department(
    uow: UnitOfWork, actor: Actor, *, name: str, parent_id: UUID, position: int | None = None
) -> tuple[Department, tuple[DepartmentStep, ...]]:
    """A new department below `parent_id`, by default behind its other children."""
    name = clean_name(name)
    await policy.see_departments(uow, actor, [parent_id])
    await policy.create_department(uow, actor, parent_id)
    department_id = await insert_department(uow, actor, name=name, parent_id=parent_id, position=position)
    return await _detail(uow, department_id)


async def insert_department(
    uow: UnitOfWork, actor: Actor, *, name: str, parent_id: UUID, position: int | None = None
) -> DepartmentId:
    """Add one department, its name clean and the policy asked already; its id.

    Raises `department.not_found` (the parent), `department.name_taken`, `department.too_deep`.
    """
    await uow.execute(store.LOCK_TREE)
    depth = await uow.value(store.DEPTH, id=parent_id)
    if depth is None:
        raise DepartmentNotFound
    if depth + 1 > MAX_DEPTH:
        raise DepartmentTooDeep(limit=MAX_DEPTH)
    if position is None:
        position = 1 + await uow.value(store.LAST_POSITION, parent_id=parent_id)
    department_id = DepartmentId(uuid7())
    with refusals_named():
        await uow.execute(store.INSERT, id=department_id, parent_id=parent_id, name=name, position=position)
    await uow.execute(store.INSERT_PAIRS, id=department_id, parent_id=parent_id)
    emit(
        uow,
        DepartmentCreated(department_id=department_id, parent_id=parent_id, department_name=name, own_group=False),
        actor_id=actor.member_id,
    )
    record(
        uow,
        actor,
        action="department.created",
        object_=f"department:{department_id}",
        detail={"name": name, "parent_id": str(parent_id)},
    )
    return department_id


async def change_department(
    uow: UnitOfWork, actor: Actor, department_id: UUID, revision: int, changes: DepartmentChanges
) -> tuple[Department, tuple[DepartmentStep, ...]]:
    """Change a department; a new `parent_id` moves it with everything below it.

    Raises `revision.mismatch`, `department.cycle`, `department.too_deep`, `department.name_taken`.
    """
    await policy.see_departments(uow, actor, [department_id])
    await uow.execute(store.LOCK_TREE)
    before = await uow.one(store.LOCK, id=department_id)
    if before is None:
        raise DepartmentNotFound
    await policy.edit_department(uow, actor, department_id)
    if before["revision"] != revision:
        raise RevisionMismatch
    after: dict[str, Any] = {field: changes.get(field, before[field]) for field in _COLUMNS}
    if "name" in changes:
        after["name"] = clean_name(changes["name"])
    if after["parent_id"] != before["parent_id"]:
        await _move(uow, actor, before, after["parent_id"])
    await _check_sight(uow, actor, before, changes)
    with refusals_named():
        await uow.execute(store.UPDATE, id=department_id, **after)
    fields = [field for field in _COLUMNS if field != "parent_id" and after[field] != before[field]]
    fields += await _change_lists(uow, department_id, changes)
    _tell_change(uow, actor, before, after, fields)
    return await _detail(uow, department_id)


_COLUMNS = ("name", "position", "hidden", "restricted", "own_group", "parent_id")


async def _move(uow: UnitOfWork, actor: Actor, department: Row, to_parent_id: UUID) -> None:
    """Cut the subtree off and join it on again; the caller holds the tree."""
    department_id = department["id"]
    if to_parent_id is None:
        raise invalid("parent_id", "required")
    await policy.see_departments(uow, actor, [to_parent_id])
    await policy.move_department(uow, actor, department, to_parent_id)
    if await uow.value(store.IS_BELOW, id=department_id, other_id=to_parent_id):
        raise DepartmentCycle
    depth, height = (
        await uow.value(store.DEPTH, id=to_parent_id),
        await uow.value(store.HEIGHT, id=department_id),
    )
    if depth + 1 + height > MAX_DEPTH:
        raise DepartmentTooDeep(limit=MAX_DEPTH)
    await uow.execute(store.CUT_OFF, id=department_id)
    await uow.execute(store.JOIN_ON, id=department_id, parent_id=to_parent_id)
    forget_everybody(uow)  # who administers what goes by the tree
    emit(
        uow,
        DepartmentMoved(
            department_id=department_id,
            from_parent_id=department["parent_id"],
            to_parent_id=to_parent_id,
        ),
        actor_id=actor.member_id,
    )


async def _check_sight(uow: UnitOfWork, actor: Actor, before: Row, changes: DepartmentChanges) -> None:
    """Who may make others see more or less than now."""
    if not changes.keys() & {"hidden", "restricted", "visible"}:
        return
    restricted = changes.get("restricted", before["restricted"])
    visible = changes.get("visible", [])
    if visible and restricted != "listed":
        raise invalid("visible", "invalid")
    if visible:
        await policy.see_departments(uow, actor, visible)
    await policy.restrict_department(uow, actor, before, visible)
    if restricted == "no" and before["restricted"] != "no":
        policy.lift_restriction(actor)


async def _change_lists(uow: UnitOfWork, department_id: UUID, changes: DepartmentChanges) -> list[str]:
    """Leaders and visible departments; the names of what changed."""
    changed = []
    if "leaders" in changes:
        before = [leader.member_id for leader in (await leaders_of(uow, [department_id])).get(department_id, [])]
        after = await _leader_ids(uow, changes["leaders"])
        if after != before:
            await uow.execute(store.CLEAR_LEADERS, id=department_id)
            await uow.execute(store.INSERT_LEADERS, id=department_id, member_ids=after)
            changed.append("leaders")
    if "visible" in changes or changes.get("restricted") in ("no", "self"):
        await uow.execute(store.CLEAR_VISIBLE, id=department_id)
        visible_ids = sorted(set(changes.get("visible", [])))
        await uow.execute(store.INSERT_VISIBLE, id=department_id, visible_ids=visible_ids)
        changed.append("visible")
    return changed


async def _leader_ids(uow: UnitOfWork, userids: Sequence[str]) -> list[UUID]:
    rows = await uow.rows(members.BY_USERIDS, userids=list(userids))
    ids = {row["userid"]: row["id"] for row in rows if row["state"] != "left"}
    for nth, userid in enumerate(userids):
        if userid not in ids:
            raise invalid(f"leaders.{nth}", "not_found")
    return [ids[userid] for userid in dict.fromkeys(userids)]


def _tell_change(uow: UnitOfWork, actor: Actor, before: Row, after: dict[str, Any], fields: list[str]) -> None:
    if fields:
        emit(
            uow,
            DepartmentChanged(
                department_id=before["id"],
                department_name=after["name"],
                own_group=after["own_group"],
                fields=fields,
            ),
            actor_id=actor.member_id,
        )
    columns = [field for field in _COLUMNS if after[field] != before[field]]
    record(
        uow,
        actor,
        action="department.changed",
        object_=f"department:{before['id']}",
        detail={
            "before": {field: _plain(before[field]) for field in columns},
            "after": {field: _plain(after[field]) for field in columns},
            "also": [field for field in fields if field not in columns],
        },
    )


def _plain(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value


async def delete_department(uow: UnitOfWork, actor: Actor, department_id: UUID, revision: int) -> None:
    """Delete an empty department. Raises `department.not_empty` with the counts, `revision.mismatch`."""
    await policy.see_departments(uow, actor, [department_id])
    await uow.execute(store.LOCK_TREE)
    row = await uow.one(store.LOCK, id=department_id)
    if row is None:
        raise DepartmentNotFound
    await policy.delete_department(uow, actor, row)
    if row["revision"] != revision:
        raise RevisionMismatch
    people = await uow.value(store.OWN_MEMBER_COUNT, id=department_id)
    counts = await uow.one(store.CHILD_COUNTS, ids=[department_id])
    below = counts["count"] if counts else 0
    if people or below:
        raise DepartmentNotEmpty(members=people, children=below)
    await uow.execute(store.DELETE, id=department_id)
    forget_everybody(uow)
    emit(
        uow,
        DepartmentDeleted(
            department_id=department_id,
            parent_id=row["parent_id"],
            department_name=row["name"],
            conversation_id=row["conversation_id"],
        ),
        actor_id=actor.member_id,
    )
    record(
        uow,
        actor,
        action="department.deleted",
        object_=f"department:{department_id}",
        detail={"name": row["name"], "parent_id": str(row["parent_id"])},
    )


async def set_department_conversation(
    uow: UnitOfWork, department_id: DepartmentId, conversation_id: UUID | None
) -> None:
    """Note which conversation is the department's own group. Not a change that anybody is told of."""
    await uow.execute(store.SET_CONVERSATION, id=department_id, conversation_id=conversation_id)
