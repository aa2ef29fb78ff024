"""HTTP: members."""

from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
from litestar import get, patch, post
from litestar.params import Parameter, QueryParameter
from msgspec import UNSET

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.http.cursors import DEFAULT_LIMIT, MAX_LIMIT, Page, decode_cursor, encode_cursor
from pegboard.kernel.http.permissions import MEMBER, requires
from pegboard.modules.directory import policy
from pegboard.modules.directory.schemas import Member, MemberBrief, MemberPatch, NewMember
from pegboard.modules.directory.service import departments, members
from pegboard.modules.directory.service.member_views import member_detail
from pegboard.modules.directory.service.search import MemberFilter, MemberPage, list_members
from pegboard.modules.directory.views import MemberState

_TAGS = ["directory"]
Limit = Annotated[int, Parameter(ge=1, le=MAX_LIMIT)]


@get("/members", opt=requires(MEMBER), tags=_TAGS, summary="List or find members", operation_id="members")
async def _members(
    uow: UnitOfWork,
    actor: Actor,
    text: Annotated[str, QueryParameter(name="query", max_length=400)] = "",
    department_id: str | None = None,
    recursive: bool = False,
    member_state: Annotated[MemberState | None, QueryParameter(name="state")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[MemberBrief]:
    """Members whom one may see: all by pinyin, those of a department (`recursive`: of its subtree), or finds.

    `query` finds any part of name, pinyin, initials and title, the beginning of userid and job number, and, by
    permission, mobiles; every word has to be found. Without `state`, those who left are not listed.
    """
    wanted = MemberFilter(
        query=text,
        department_id=await departments.resolve(uow, department_id) if department_id else None,
        recursive=recursive,
        state=member_state,
    )
    after = cast(tuple[int, str, UUID] | None, decode_cursor(cursor, int, str, UUID))
    return brief_page(await list_members(uow, actor, wanted, limit=limit, after=after))


def brief_page(page: MemberPage) -> Page[MemberBrief]:
    """A page of briefs, with its cursor."""
    return Page(
        items=[MemberBrief.of(found) for found in page.items],
        next=encode_cursor(*page.next) if page.next else None,
    )


@post(
    "/members",
    opt=requires(policy.MANAGE_MEMBERS),
    tags=_TAGS,
    summary="Add a member",
    operation_id="createMember",
    status_code=201,
)
async def _create(data: NewMember, uow: UnitOfWork, actor: Actor) -> Member:
    """Add somebody. With a password they are active at once; without one they are invited.

    So is whoever has an account with that mobile or email already, which is never changed by this.
    """
    new = members.NewMember(
        name=data.name,
        userid=data.userid,
        mobile=data.mobile,
        email=data.email,
        title=data.title,
        job_number=data.job_number,
        work_place=data.work_place,
        hired_on=data.hired_on,
        department_ids=[await departments.resolve(uow, ref) for ref in data.departments],
        manager_userid=data.manager_userid,
        password=data.password,
    )
    return Member.of(await members.create_member(uow, actor, new))


@get(
    "/members/{userid:str}",
    opt=requires(MEMBER),
    tags=_TAGS,
    summary="A member",
    operation_id="member",
)
async def _member(userid: str, uow: UnitOfWork, actor: Actor) -> Member:
    """Everything about a member that one may see."""
    return Member.of(await member_detail(uow, actor, userid))


@patch(
    "/members/{userid:str}",
    opt=requires(MEMBER),
    tags=_TAGS,
    summary="Change a member",
    operation_id="changeMember",
)
async def _change(userid: str, data: MemberPatch, uow: UnitOfWork, actor: Actor) -> Member:
    """Change what stands about a member; what is left out stays. Takes the power over members.

    Everybody may change their own picture, and whether their number is shown.
    """
    given: dict[str, Any] = {
        field: value
        for field, value in msgspec.structs.asdict(data).items()
        if value is not UNSET and field != "revision"
    }
    if "departments" in given:
        given["departments"] = [await departments.resolve(uow, ref) for ref in given["departments"]]
    changes = cast(members.MemberChanges, given)
    return Member.of(await members.change_member(uow, actor, userid, data.revision, changes))


@post(
    "/members/{userid:str}/suspend",
    opt=requires(policy.MANAGE_MEMBERS),
    tags=_TAGS,
    summary="Suspend a member",
    operation_id="suspendMember",
    status_code=200,
)
async def _suspend(userid: str, uow: UnitOfWork, actor: Actor) -> Member:
    """They can do nothing here until they are resumed; their sessions end at once, their places stay."""
    return Member.of(await members.suspend_member(uow, actor, userid))


@post(
    "/members/{userid:str}/resume",
    opt=requires(policy.MANAGE_MEMBERS),
    tags=_TAGS,
    summary="Resume a suspended member",
    operation_id="resumeMember",
    status_code=200,
)
async def _resume(userid: str, uow: UnitOfWork, actor: Actor) -> Member:
    """A suspended member is active again."""
    return Member.of(await members.resume_member(uow, actor, userid))


ROUTES = (_members, _create, _member, _change, _suspend, _resume)
