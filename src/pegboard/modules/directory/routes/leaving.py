"""HTTP: leaving an organisation, and handing it over."""

from litestar import post

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.http.permissions import requires
from pegboard.modules.directory import policy
from pegboard.modules.directory.schemas import Leaving, Member, NewOwner
from pegboard.modules.directory.service import leaving, ownership

_TAGS = ["directory"]


@post(
    "/members/{userid:str}/leave",
    opt=requires(policy.MANAGE_MEMBERS),
    tags=_TAGS,
    summary="Let a member leave",
    operation_id="leaveMember",
    status_code=200,
)
async def _leave(userid: str, uow: UnitOfWork, actor: Actor, data: Leaving | None = None) -> Member:
    """They are signed out here at once and for good; what they did stays readable.

    Departments that they lead, people whom they manage and groups that they own go to `hand_over_to`. Added again
    under the same userid they are the same member. The owner hands the organisation over first.
    """
    hand_over_to = data.hand_over_to if data else None
    return Member.of(await leaving.leave(uow, actor, userid, hand_over_to=hand_over_to))


@post(
    "/organisation/owner",
    opt=requires(policy.MANAGE_ADMINISTRATORS),
    tags=_TAGS,
    summary="Hand the organisation over",
    operation_id="handOverOrganisation",
    status_code=204,
)
async def _hand_over(data: NewOwner, uow: UnitOfWork, actor: Actor) -> None:
    """Another member is the owner from now on; oneself stays as a super administrator. Only the owner may."""
    await ownership.hand_over_organisation(uow, actor, data.userid)


ROUTES = (_leave, _hand_over)
