"""HTTP: departments."""

from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
from litestar import delete, get, patch, post
from litestar.params import Parameter
from msgspec import UNSET

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.http.cursors import DEFAULT_LIMIT, Page, decode_cursor, encode_cursor
from pegboard.kernel.http.permissions import MEMBER, requires
from pegboard.modules.directory import policy
from pegboard.modules.directory.routes.members import Limit, brief_page
from pegboard.modules.directory.schemas import (
    Department,
    DepartmentDetail,
    DepartmentPatch,
    MemberBrief,
    NewDepartment,
)
from pegboard.modules.directory.service import departments
from pegboard.modules.directory.service.search import MemberFilter, list_members

_TAGS = ["directory"]


@get(
    "/departments",
    opt=requires(MEMBER),
    tags=_TAGS,
    summary="The departments below one",
    operation_id="departments",
)
async def _children(
    uow: UnitOfWork,
    actor: Actor,
    parent_id: str = departments.ROOT,
    limit: Limit = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Department]:
    """The departments directly below `parent_id` (an id, or `root`), in their order, as far as one may see them."""
    after = cast(tuple[int, UUID] | None, decode_cursor(cursor, int, UUID))
    found = await departments.children(uow, actor, await departments.resolve(uow, parent_id), limit=limit, after=after)
    last = found.items[-1] if found.more else None
    return Page(
        items=[Department.of(department) for department in found.items],
        next=encode_cursor(last.position, last.department_id) if last else None,
    )


@post(
    "/departments",
    opt=requires(policy.MANAGE_DEPARTMENTS),
    tags=_TAGS,
    summary="Make a department",
    operation_id="createDepartment",
    status_code=201,
)
async def _create(data: NewDepartment, uow: UnitOfWork, actor: Actor) -> DepartmentDetail:
    """Make a department below another one."""
    parent_id = await departments.resolve(uow, data.parent_id)
    made = await departments.create_department(uow, actor, name=data.name, parent_id=parent_id, position=data.order)
    return DepartmentDetail.at(*made)


@get(
    "/departments/{department_id:str}",
    opt=requires(MEMBER),
    tags=_TAGS,
    summary="A department",
    operation_id="department",
)
async def _department(department_id: str, uow: UnitOfWork, actor: Actor) -> DepartmentDetail:
    """A department (by its id, or `root`) and the way from the root to it."""
    found = await departments.resolve(uow, department_id)
    return DepartmentDetail.at(*await departments.department_detail(uow, actor, found))


@patch(
    "/departments/{department_id:str}",
    opt=requires(policy.MANAGE_DEPARTMENTS),
    tags=_TAGS,
    summary="Change or move a department",
    operation_id="changeDepartment",
)
async def _change(department_id: str, data: DepartmentPatch, uow: UnitOfWork, actor: Actor) -> DepartmentDetail:
    """Change a department; what is left out stays. Another `parent_id` moves it with everything below it.

    Moving takes the power on both ends. 409 `department.cycle` below itself, `department.too_deep` below 20 levels.
    """
    given: dict[str, Any] = {
        field: value
        for field, value in msgspec.structs.asdict(data).items()
        if value is not UNSET and field != "revision"
    }
    if "order" in given:
        given["position"] = given.pop("order")
    if "parent_id" in given:
        given["parent_id"] = await departments.resolve(uow, given["parent_id"])
    if "visible" in given:
        given["visible"] = [await departments.resolve(uow, ref) for ref in given["visible"]]
    changed = await departments.change_department(
        uow,
        actor,
        await departments.resolve(uow, department_id),
        data.revision,
        cast(departments.DepartmentChanges, given),
    )
    return DepartmentDetail.at(*changed)


@delete(
    "/departments/{department_id:str}",
    opt=requires(policy.MANAGE_DEPARTMENTS),
    tags=_TAGS,
    summary="Delete an empty department",
    operation_id="deleteDepartment",
    status_code=204,
)
async def _delete(department_id: str, revision: Annotated[int, Parameter(ge=1)], uow: UnitOfWork, actor: Actor) -> None:
    """Delete a department. 409 `department.not_empty` while it has members or departments below it."""
    found = await departments.resolve(uow, department_id)
    await departments.delete_department(uow, actor, found, revision)


@get(
    "/departments/{department_id:str}/members",
    opt=requires(MEMBER),
    tags=_TAGS,
    summary="The people of a department",
    operation_id="departmentMembers",
)
async def _members(
    department_id: str,
    uow: UnitOfWork,
    actor: Actor,
    limit: Limit = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[MemberBrief]:
    """The people of the department itself, in its order."""
    wanted = MemberFilter(department_id=await departments.resolve(uow, department_id))
    after = cast(tuple[int, str, UUID] | None, decode_cursor(cursor, int, str, UUID))
    return brief_page(await list_members(uow, actor, wanted, limit=limit, after=after))


ROUTES = (_children, _create, _department, _change, _delete, _members)
