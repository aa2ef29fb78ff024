"""HTTP: invitations, requests to join, one's own yes or no."""

from typing import Annotated, Any, cast
from uuid import UUID

from litestar import Request, delete, get, post
from litestar.params import Parameter

from pegboard.kernel.actor import Account, Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.http.cursors import DEFAULT_LIMIT, MAX_LIMIT, Page, decode_cursor, page_of
from pegboard.kernel.http.permissions import ACCOUNT, PUBLIC, requires
from pegboard.kernel.http.signed_in import SignedIn
from pegboard.kernel.http.transaction import client_ip
from pegboard.kernel.i18n import language_of
from pegboard.kernel.ids import OrgId
from pegboard.kernel.parts import Parts
from pegboard.kernel.settings import ServerSettings, Settings
from pegboard.modules.directory import policy
from pegboard.modules.directory.schemas import (
    InvitationAcceptance,
    InvitationAccepted,
    InvitationItem,
    InvitationMade,
    InvitationPreview,
    JoinRequestItem,
    Member,
    MembershipConfirmed,
    NewInvitation,
)
from pegboard.modules.directory.service import departments, inviting, joining
from pegboard.modules.directory.service.member_views import member_detail

_TAGS = ["directory"]
_AnyRequest = Request[Any, Any, Any]
Limit = Annotated[int, Parameter(ge=1, le=MAX_LIMIT)]


@post(
    "/invitations",
    opt=requires(policy.INVITE),
    tags=_TAGS,
    summary="Invite people by a link",
    operation_id="createInvitation",
    status_code=201,
)
async def _create(request: _AnyRequest, data: NewInvitation, uow: UnitOfWork, actor: Actor) -> InvitationMade:
    """A link by which people come into a department (by default the topmost) by themselves.

    With `userid` it is for one member who has no password yet, and chooses it there.
    """
    terms = inviting.Terms(
        department_id=await departments.resolve(uow, data.department_id) if data.department_id else None,
        userid=data.userid,
        expires_in_hours=data.expires_in_hours,
        needs_approval=data.needs_approval,
        max_uses=data.max_uses,
    )
    made = await inviting.create_invitation(uow, actor, terms)
    code = made.code or ""
    return InvitationMade(
        id=made.id, code=code, url=f"{_own_address(request)}/w/invite/{code}", expires_at=made.expires_at
    )


def _own_address(request: _AnyRequest) -> str:
    parts: Parts = request.app.state.parts
    public_url = parts[Settings][ServerSettings].public_url if Settings in parts else ""
    return public_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"


@get(
    "/invitations",
    opt=requires(policy.INVITE),
    tags=_TAGS,
    summary="List invitations",
    operation_id="invitations",
)
async def _list(
    uow: UnitOfWork, actor: Actor, limit: Limit = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[InvitationItem]:
    """Invitations that still let somebody in, without their codes."""
    (after,) = cast(tuple[UUID], decode_cursor(cursor, UUID)) if cursor else (None,)
    found = await inviting.list_invitations(uow, actor, limit=limit + 1, after=after)
    items = [
        InvitationItem(
            id=invitation.id,
            department_id=invitation.department_id,
            department_name=invitation.department_name,
            userid=invitation.for_userid,
            inviter_userid=invitation.inviter_userid,
            inviter_name=invitation.inviter_name,
            needs_approval=invitation.needs_approval,
            max_uses=invitation.max_uses,
            uses=invitation.uses,
            created_at=invitation.created_at,
            expires_at=invitation.expires_at,
        )
        for invitation in found
    ]
    return page_of(items, limit, lambda item: (item.id,))


@delete(
    "/invitations/{invitation_id:uuid}",
    opt=requires(policy.INVITE),
    tags=_TAGS,
    summary="Take an invitation back",
    operation_id="revokeInvitation",
    status_code=204,
)
async def _revoke(invitation_id: UUID, uow: UnitOfWork, actor: Actor) -> None:
    """Its link leads nowhere any more. Whoever has come by it stays."""
    await inviting.revoke_invitation(uow, actor, invitation_id)


@get(
    "/invitations/{code:str}/preview",
    opt=requires(PUBLIC),
    tags=_TAGS,
    summary="Look at an invitation",
    operation_id="previewInvitation",
)
async def _preview(request: _AnyRequest, code: str, uow: UnitOfWork) -> InvitationPreview:
    """Whose invitation it is, for somebody who follows a link. Used up, expired and unknown ones look the same."""
    found = await joining.preview_invitation(uow.database, code, ip=client_ip(request.scope))
    return InvitationPreview(
        org_name=found.org_name,
        inviter_name=found.inviter_name,
        expires_at=found.expires_at,
        needs_approval=found.needs_approval,
        name=found.name,
    )


@post(
    "/invitations/{code:str}/accept",
    opt=requires(PUBLIC),
    tags=_TAGS,
    summary="Accept an invitation",
    operation_id="acceptInvitation",
    status_code=201,
)
async def _accept(
    request: _AnyRequest, code: str, data: InvitationAcceptance, signed_in: SignedIn | None, uow: UnitOfWork
) -> InvitationAccepted:
    """Come into the organisation, with a new account or with the one that mobile or email and password open.

    `waiting`: somebody has to approve first.
    """
    guest = joining.Guest(
        account=signed_in.account if signed_in else None,
        name=data.name,
        mobile=data.mobile,
        email=data.email,
        password=data.password,
        ip=client_ip(request.scope),
        language=language_of(request.headers.get("accept-language")),
    )
    accepted = await joining.accept_invitation(uow, code, guest)
    return InvitationAccepted(state=accepted.state, org_id=accepted.org_id, userid=accepted.userid)


# --- requests to join ------------------------------------------------------------------------------------------------


@get(
    "/join-requests",
    opt=requires(policy.INVITE),
    tags=_TAGS,
    summary="Who waits to be let in",
    operation_id="joinRequests",
)
async def _requests(
    uow: UnitOfWork, actor: Actor, limit: Limit = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[JoinRequestItem]:
    """People who followed an invitation that needs approval, the longest waiting first."""
    (after,) = cast(tuple[UUID], decode_cursor(cursor, UUID)) if cursor else (None,)
    found = await joining.list_join_requests(uow, actor, limit=limit + 1, after=after)
    items = [
        JoinRequestItem(
            id=waiting.id,
            name=waiting.name,
            mobile=waiting.mobile,
            email=waiting.email,
            department_id=waiting.department_id,
            department_name=waiting.department_name,
            created_at=waiting.created_at,
        )
        for waiting in found
    ]
    return page_of(items, limit, lambda item: (item.id,))


@post(
    "/join-requests/{request_id:uuid}/approve",
    opt=requires(policy.INVITE),
    tags=_TAGS,
    summary="Let somebody in",
    operation_id="approveJoinRequest",
    status_code=200,
)
async def _approve(request_id: UUID, uow: UnitOfWork, actor: Actor) -> Member:
    """They are a member from now on."""
    return Member.of(await member_detail(uow, actor, await joining.approve_join_request(uow, actor, request_id)))


@post(
    "/join-requests/{request_id:uuid}/reject",
    opt=requires(policy.INVITE),
    tags=_TAGS,
    summary="Turn somebody away",
    operation_id="rejectJoinRequest",
    status_code=204,
)
async def _reject(request_id: UUID, uow: UnitOfWork, actor: Actor) -> None:
    """They are not let in."""
    await joining.reject_join_request(uow, actor, request_id)


# --- one's own yes or no ---------------------------------------------------------------------------------------------


@post(
    "/memberships/{org_id:uuid}/confirm",
    opt=requires(ACCOUNT),
    tags=_TAGS,
    summary="Say yes to an organisation",
    operation_id="confirmMembership",
    status_code=200,
)
async def _confirm(org_id: UUID, account: Account, uow: UnitOfWork) -> MembershipConfirmed:
    """An organisation has added one's account; from now on one is a member of it."""
    membership = await joining.confirm_membership(uow, account, OrgId(org_id))
    return MembershipConfirmed(org_id=membership.org_id, userid=membership.userid)


@post(
    "/memberships/{org_id:uuid}/decline",
    opt=requires(ACCOUNT),
    tags=_TAGS,
    summary="Say no to an organisation",
    operation_id="declineMembership",
    status_code=204,
)
async def _decline(org_id: UUID, account: Account, uow: UnitOfWork) -> None:
    """An organisation has added one's account; it is none of its members."""
    await joining.decline_membership(uow, account, OrgId(org_id))


ROUTES = (
    _create,
    _list,
    _revoke,
    _preview,
    _accept,
    _requests,
    _approve,
    _reject,
    _confirm,
    _decline,
)
