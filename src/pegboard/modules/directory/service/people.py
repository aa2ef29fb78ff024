"""Who is who: what other modules ask all the time."""

from collections.abc import Collection
from uuid import UUID

from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.ids import MemberId
from pegboard.modules.directory.service.caches import PeopleCache, has_changes
from pegboard.modules.directory.service.department_views import department_views
from pegboard.modules.directory.store import departments, members
from pegboard.modules.directory.views import Department, DepartmentId, MemberState, Person


async def people(uow: UnitOfWork, member_ids: Collection[MemberId]) -> dict[MemberId, Person]:
    """The members with these ids, also those who left; unknown ids are missing from the answer.

    At most 5 s old: a process-wide cache makes it cheap enough for every list of messages.
    """
    cache = uow.parts[PeopleCache] if PeopleCache in uow.parts and not has_changes(uow) else None
    found = cache.known(uow.org_id, member_ids) if cache else {}
    missing = [member_id for member_id in member_ids if member_id not in found]
    if not missing:
        return found
    changes = cache.changes if cache else 0
    rows = await uow.rows(members.PEOPLE, ids=missing)
    read = {MemberId(row["id"]): person_of(row) for row in rows}
    if cache:
        cache.remember(uow.org_id, read, changes=changes)
    return found | read


async def by_userids(uow: UnitOfWork, userids: Collection[str], *, active_only: bool = True) -> dict[str, Person]:
    """The members with these userids; unknown ones (and, by default, all but active ones) are missing."""
    rows = await uow.rows(members.BY_USERIDS, userids=list(userids))
    return {row["userid"]: person_of(row) for row in rows if not active_only or row["state"] == MemberState.ACTIVE}


async def mobiles(uow: UnitOfWork, member_ids: Collection[MemberId]) -> dict[MemberId, str]:
    """The numbers (E.164) of those who have one; for reaching people, not for showing."""
    rows = await uow.rows(members.MOBILES, ids=list(member_ids))
    return {MemberId(row["id"]): row["mobile"] for row in rows}


async def department_members(
    uow: UnitOfWork, department_id: DepartmentId, *, recursive: bool = False
) -> list[MemberId]:
    """The present (active or suspended) members of a department, in its order.

    `recursive`: those of its whole subtree, each once, the longest known first.
    """
    statement = departments.SUBTREE_MEMBERS if recursive else departments.MEMBERS
    return [MemberId(row["id"]) for row in await uow.rows(statement, id=department_id)]


async def departments_of(uow: UnitOfWork, member_id: MemberId) -> list[DepartmentId]:
    """The departments that a member belongs to, the main one first."""
    rows = await uow.rows(members.DEPARTMENTS_OF, member_id=member_id)
    return [DepartmentId(row["department_id"]) for row in rows]


async def departments_below(uow: UnitOfWork, department_ids: Collection[UUID]) -> dict[DepartmentId, set[DepartmentId]]:
    """All departments below each of these, however deep; one without any, or unknown, is missing."""
    found: dict[DepartmentId, set[DepartmentId]] = {}
    for row in await uow.rows(departments.BELOW, ids=list(department_ids)):
        found.setdefault(DepartmentId(row["ancestor_id"]), set()).add(DepartmentId(row["descendant_id"]))
    return found


async def all_active_members(uow: UnitOfWork) -> list[MemberId]:
    """Every active member of the organisation, the longest known first."""
    return [MemberId(row["id"]) for row in await uow.rows(members.ALL_ACTIVE)]


async def department(uow: UnitOfWork, department_id: DepartmentId) -> Department | None:
    """One department, or None."""
    rows = await uow.rows(departments.FIND_MANY, ids=[department_id])
    views = await department_views(uow, rows)
    return views[0] if views else None


def person_of(row: Row) -> Person:
    """A row of a member as a person."""
    return Person(
        member_id=MemberId(row["id"]),
        userid=row["userid"],
        name=row["name"],
        avatar_file_id=row["avatar_file_id"],
        title=row["title"],
        state=MemberState(row["state"]),
    )
