"""HTTP: roles."""

from uuid import UUID

from litestar import delete, get, patch, post, put

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.http.cursors import Page
from pegboard.kernel.http.permissions import MEMBER, requires
from pegboard.modules.directory import policy
from pegboard.modules.directory.schemas import NewRole, Role, RolePatch
from pegboard.modules.directory.service import roles

_TAGS = ["directory"]
_ROLES = requires(policy.MANAGE_ROLES)


@get("/roles", opt=requires(MEMBER), tags=_TAGS, summary="List roles", operation_id="roles")
async def _list(uow: UnitOfWork, actor: Actor) -> Page[Role]:
    """All roles, by group and name."""
    return Page(items=[Role.of(role) for role in await roles.list_roles(uow)])


@post("/roles", opt=_ROLES, tags=_TAGS, summary="Make a role", operation_id="createRole", status_code=201)
async def _create(data: NewRole, uow: UnitOfWork, actor: Actor) -> Role:
    """Make a role, under a heading if one is given."""
    return Role.of(await roles.create_role(uow, actor, name=data.name, group=data.group))


@patch("/roles/{role_id:uuid}", opt=_ROLES, tags=_TAGS, summary="Change a role", operation_id="changeRole")
async def _change(role_id: UUID, data: RolePatch, uow: UnitOfWork, actor: Actor) -> Role:
    """Give a role another name or group."""
    changed = await roles.change_role(uow, actor, role_id, name=data.name, group=data.group, revision=data.revision)
    return Role.of(changed)


@delete(
    "/roles/{role_id:uuid}",
    opt=_ROLES,
    tags=_TAGS,
    summary="Delete a role",
    operation_id="deleteRole",
    status_code=204,
)
async def _delete(role_id: UUID, uow: UnitOfWork, actor: Actor) -> None:
    """Delete a role; nobody has it any more."""
    await roles.delete_role(uow, actor, role_id)


@put(
    "/roles/{role_id:uuid}/members/{userid:str}",
    opt=_ROLES,
    tags=_TAGS,
    summary="Give a role",
    operation_id="giveRole",
    status_code=204,
)
async def _give(role_id: UUID, userid: str, uow: UnitOfWork, actor: Actor) -> None:
    """Somebody has the role from now on."""
    await roles.give_role(uow, actor, role_id, userid)


@delete(
    "/roles/{role_id:uuid}/members/{userid:str}",
    opt=_ROLES,
    tags=_TAGS,
    summary="Take a role",
    operation_id="takeRole",
    status_code=204,
)
async def _take(role_id: UUID, userid: str, uow: UnitOfWork, actor: Actor) -> None:
    """Somebody does not have the role any more."""
    await roles.take_role(uow, actor, role_id, userid)


ROUTES = (_list, _create, _change, _delete, _give, _take)
