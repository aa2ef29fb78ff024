"""Departments as others see them."""

from collections.abc import Sequence
from uuid import UUID

from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.ids import MemberId
from pegboard.modules.directory.service.caches import CountCache, has_changes
from pegboard.modules.directory.store import departments as store
from pegboard.modules.directory.views import Department, DepartmentId, DepartmentStep, Leader

_LARGE = 1000
"""People from whom on a count is worth remembering."""


async def department_views(uow: UnitOfWork, rows: Sequence[Row]) -> list[Department]:
    """The departments with their counts and leaders, in the order of their rows."""
    if not rows:
        return []
    ids = [row["id"] for row in rows]
    children = {row["id"]: row["count"] for row in await uow.rows(store.CHILD_COUNTS, ids=ids)}
    people = await member_counts(uow, ids)
    leaders = await leaders_of(uow, ids)
    visible: dict[UUID, list[DepartmentId]] = {}
    for row in await uow.rows(store.VISIBLE, ids=ids):
        visible.setdefault(row["department_id"], []).append(DepartmentId(row["visible_id"]))
    return [
        Department(
            department_id=DepartmentId(row["id"]),
            parent_id=row["parent_id"],
            name=row["name"],
            position=row["position"],
            hidden=row["hidden"],
            restricted=row["restricted"],
            visible_department_ids=tuple(visible.get(row["id"], ())),
            own_group=row["own_group"],
            conversation_id=row["conversation_id"],
            member_count=people.get(row["id"], 0),
            child_count=children.get(row["id"], 0),
            leaders=tuple(leaders.get(row["id"], ())),
            revision=row["revision"],
        )
        for row in rows
    ]


async def member_counts(uow: UnitOfWork, department_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many people each department's subtree has, each counted once."""
    cache = uow.parts[CountCache] if CountCache in uow.parts and not has_changes(uow) else None
    found = cache.known(uow.org_id, department_ids) if cache else {}
    missing = [department_id for department_id in department_ids if department_id not in found]
    if not missing:
        return found
    changes = cache.changes if cache else 0
    read = dict.fromkeys(missing, 0)
    read |= {row["id"]: row["count"] for row in await uow.rows(store.MEMBER_COUNTS, ids=missing)}
    if cache:
        large = {department_id: count for department_id, count in read.items() if count >= _LARGE}
        cache.remember(uow.org_id, large, changes=changes)
    return found | read


async def leaders_of(uow: UnitOfWork, department_ids: Sequence[UUID]) -> dict[UUID, list[Leader]]:
    """Who leads these departments, in their order."""
    found: dict[UUID, list[Leader]] = {}
    for row in await uow.rows(store.LEADERS, ids=list(department_ids)):
        leader = Leader(member_id=MemberId(row["member_id"]), userid=row["userid"], name=row["name"])
        found.setdefault(row["department_id"], []).append(leader)
    return found


async def ways_to(uow: UnitOfWork, department_ids: Sequence[UUID]) -> dict[UUID, tuple[DepartmentStep, ...]]:
    """For each department, the steps from the root down to it."""
    rows = await uow.rows(store.WAYS, ids=list(department_ids))
    return {
        row["id"]: tuple(
            DepartmentStep(department_id=DepartmentId(step), name=name)
            for step, name in zip(row["ids"], row["names"], strict=True)
        )
        for row in rows
    }
