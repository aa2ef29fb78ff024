"""Coming in by an invitation, or by saying yes to one's own; and the decisions on those who have to wait."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from pegboard.kernel.actor import Account, Actor, system_actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import Database, Row, UnitOfWork
from pegboard.kernel.errors import invalid
from pegboard.kernel.events import emit
from pegboard.kernel.http.rates import TokenBuckets
from pegboard.kernel.ids import AccountId, MemberId, OrgId, uuid7
from pegboard.kernel.names import clean_name
from pegboard.modules.directory import policy
from pegboard.modules.directory.errors import (
    InvitationNotFound,
    JoinRequestNotFound,
    LoginsDisagree,
    MemberExists,
    TooManyRequests,
)
from pegboard.modules.directory.events import JoinRequested
from pegboard.modules.directory.service.contacts import clean_email, clean_mobile, default_country
from pegboard.modules.directory.service.forgetting import forget_from
from pegboard.modules.directory.service.inviting import Code, may_choose_first_password
from pegboard.modules.directory.service.leaving import end_membership
from pegboard.modules.directory.service.new_members import NewPerson, free_userid, insert_people
from pegboard.modules.directory.service.returning import activate, return_member
from pegboard.modules.directory.store import departments
from pegboard.modules.directory.store import invitations as store
from pegboard.modules.directory.views import MemberState
from pegboard.modules.identity import api as identity

_MOST_WAITING = 500
"""People who may wait for an answer to one invitation."""


class InvitationRates(TokenBuckets):
    """A part: how often one address may look at invitations and accept them."""


# --- looking at an invitation ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What somebody sees who follows a link. `name`: it is for this member alone, who chooses a password."""

    org_name: str
    inviter_name: str
    expires_at: datetime
    needs_approval: bool
    name: str | None


async def preview_invitation(database: Database, code_text: str, *, ip: str = "") -> Preview:
    """Whose invitation it is. Raises `invitation.not_found` whatever the reason, `rate.exceeded`."""
    row = await _open_invitation(database, Code.read(code_text), ip)
    return Preview(
        org_name=row["org_name"],
        inviter_name=row["inviter_name"] or "",
        expires_at=row["expires_at"],
        needs_approval=row["needs_approval"],
        name=row["member_name"],
    )


async def _open_invitation(database: Database, code: Code, ip: str) -> Row:
    if InvitationRates in database.parts:
        database.parts[InvitationRates].admit(ip)
    async with UnitOfWork(database, orgs=(code.org_id,)) as uow:
        row = await uow.one(store.BY_CODE, code_hash=code.hash, now=uow.now())
    if row is None:
        raise InvitationNotFound
    return row


# --- accepting it ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Who says they are coming: their account if they are signed in, else what they are found by and their password."""

    account: Account | None = None
    name: str = ""
    mobile: str | None = None
    email: str | None = None
    password: str | None = None
    ip: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """`waiting`: somebody has to say yes first. `userid` is theirs once they are `active`."""

    state: Literal["active", "waiting"]
    org_id: OrgId
    userid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Somebody as what we may take them for: the owner of `account_id`, or nobody known, with a new password."""

    account_id: AccountId | None
    name: str
    mobile: str | None
    email: str | None
    language: str
    password_hash: str | None = None


async def accept_invitation(uow: UnitOfWork, code_text: str, guest: Guest) -> Accepted:
    """Come in. The unit of work has made no statement yet, and enters the invitation's organisation.

    Somebody unknown gets an account with the password. Whoever has one shows by its password, or by being signed in,
    that it is theirs: no password is ever changed here, but that a member who has none chooses their first by the link
    made for them. Where somebody has to approve, and for those who had left, a request waits. Raises
    `invitation.not_found`, `session.wrong_credentials`, `session.locked`, `password.weak`, `member.exists`.
    """
    code = Code.read(code_text)
    invitation = await _open_invitation(uow.database, code, guest.ip)
    if invitation["member_id"] is not None:
        return await _accept_as_member(uow, invitation, guest)
    known = await _who(uow.database, code.org_id, guest)
    await uow.enter(code.org_id)
    await _use(uow, invitation)
    member = None
    if known.account_id is not None:
        member = await uow.one(store.LOCK_BY_ACCOUNT, account_id=known.account_id)
    if member is not None and member["state"] == MemberState.INVITED:
        return await _say_yes(uow, invitation, known.account_id, member)
    if member is not None and member["state"] != MemberState.LEFT:
        raise MemberExists
    if invitation["needs_approval"] or member is not None:
        return await _wait(uow, invitation, known)
    if known.account_id is None:
        known_id = await identity.create_account(uow, _key(known))
    else:
        known_id = known.account_id
    userid = await _admit(uow, system_actor(uow.org_id), known, known_id, invitation["department_id"])
    _record_use(uow, invitation, userid)
    return Accepted(state="active", org_id=uow.org_id, userid=userid)


async def _use(uow: UnitOfWork, invitation: Row) -> None:
    if not await uow.execute(store.USE, id=invitation["id"], now=uow.now()):
        raise InvitationNotFound


async def _say_yes(uow: UnitOfWork, invitation: Row, account_id: AccountId | None, member: Row) -> Accepted:
    if account_id is not None:
        await identity.confirm_membership(uow, account_id, uow.org_id)
    await activate(uow, system_actor(uow.org_id), MemberId(member["id"]))
    _record_use(uow, invitation, member["userid"])
    return Accepted(state="active", org_id=uow.org_id, userid=member["userid"])


def _record_use(uow: UnitOfWork, invitation: Row, userid: str) -> None:
    record(
        uow,
        system_actor(uow.org_id),
        action="invitation.accepted",
        object_=f"member:{userid}",
        detail={"invitation_id": str(invitation["id"])},
        on_behalf_of=invitation["inviter_id"],
    )


async def _accept_as_member(uow: UnitOfWork, invitation: Row, guest: Guest) -> Accepted:
    """The one member whom the link is for chooses their first password."""
    org_id = OrgId(invitation["org_id"])
    if not guest.password:
        raise invalid("password", "required")
    identity.check_password(guest.password, invitation["member_name"], invitation["member_userid"])
    password_hash = await identity.hash_password(uow.parts, guest.password)
    await uow.enter(org_id)
    await _use(uow, invitation)
    member = await uow.one(store.LOCK_BY_ID, id=invitation["member_id"])
    usable = (MemberState.ACTIVE, MemberState.INVITED)
    if member is None or member["state"] not in usable:
        raise InvitationNotFound
    if not await may_choose_first_password(uow, member["account_id"]):
        raise InvitationNotFound
    if not await identity.set_first_password(uow, member["account_id"], password_hash):
        raise InvitationNotFound
    if member["state"] == MemberState.INVITED:
        return await _say_yes(uow, invitation, member["account_id"], member)
    _record_use(uow, invitation, member["userid"])
    return Accepted(state="active", org_id=org_id, userid=member["userid"])


async def _who(database: Database, org_id: OrgId, guest: Guest) -> _Known:
    """Whom the guest has shown to be. Works in units of its own: wrong passwords stay counted."""
    if guest.account is not None and not (guest.mobile or guest.email):
        return await _account_holder(database, guest.account.account_id)
    async with UnitOfWork(database, orgs=(org_id,)) as uow:
        mobile = clean_mobile(guest.mobile, await default_country(uow))
        email = clean_email(guest.email)
        if mobile is None and email is None:
            raise invalid("mobile", "required")
        if not guest.password:
            raise invalid("password", "required")
        by_mobile = await identity.find_account(uow, mobile=mobile) if mobile else None
        by_email = await identity.find_account(uow, email=email) if email else None
    if by_mobile is not None and by_email is not None and by_mobile != by_email:
        raise LoginsDisagree
    if by_mobile is not None or by_email is not None:
        login = mobile if by_mobile is not None else email
        account_id = await identity.prove_account(database, login=login or "", password=guest.password, ip=guest.ip)
        return await _account_holder(database, account_id)
    name = clean_name(guest.name)
    identity.check_password(guest.password, name, mobile, email)
    return _Known(
        account_id=None,
        name=name,
        mobile=mobile,
        email=email,
        language=guest.language,
        password_hash=await identity.hash_password(database.parts, guest.password),
    )


async def _account_holder(database: Database, account_id: AccountId) -> _Known:
    async with UnitOfWork(database) as uow:
        account = await identity.account_of(uow, account_id)
    return _Known(
        account_id=account_id,
        name=account.name,
        mobile=account.mobile,
        email=account.email,
        language=account.language,
    )


def _key(known: _Known) -> identity.PersonKey:
    return identity.PersonKey(
        name=known.name,
        mobile=known.mobile,
        email=known.email,
        password_hash=known.password_hash,
        language=known.language,
    )


async def _admit(
    uow: UnitOfWork,
    actor: Actor,
    known: _Known,
    account_id: AccountId,
    department_id: UUID | None,
    *,
    active: bool = True,
) -> str:
    """Add them as a member, or the member that they were, to the department (or the root); their userid."""
    place = await _hold(uow, department_id)
    member = await uow.one(store.LOCK_BY_ACCOUNT, account_id=account_id)
    if member is not None:
        if member["state"] != MemberState.LEFT:
            raise MemberExists
        await return_member(uow, actor, member, [place], active=active)
        returned: str = member["userid"]
        return returned
    userid = await free_userid(uow)
    person = NewPerson(
        userid=userid,
        name=known.name,
        account_id=account_id,
        active=active,
        department_ids=(place,),
        mobile=known.mobile,
        email=known.email,
    )
    await insert_people(uow, actor, [person])
    return userid


async def _hold(uow: UnitOfWork, department_id: UUID | None) -> UUID:
    if department_id is not None and await uow.rows(departments.HOLD, ids=[department_id]):
        return department_id
    root: UUID = await uow.value(departments.ROOT)
    return root


# --- waiting for somebody's yes --------------------------------------------------------------------------------------


async def _wait(uow: UnitOfWork, invitation: Row, known: _Known) -> Accepted:
    """Nothing comes true of it before somebody has approved: no account, no member."""
    waiting = await uow.value(store.WAITING_FOR, invitation_id=invitation["id"])
    if waiting >= _MOST_WAITING:
        raise TooManyRequests(limit=_MOST_WAITING)
    request_id = uuid7()
    added = await uow.execute(
        store.REQUEST,
        id=request_id,
        invitation_id=invitation["id"],
        account_id=known.account_id,
        name=known.name,
        mobile=known.mobile,
        email=known.email,
        password_hash=known.password_hash,
        language=known.language,
        department_id=invitation["department_id"],
        created_at=uow.now(),
    )
    if not added:  # whoever asks again goes on waiting, and is told the same
        await uow.execute(store.UNUSE, id=invitation["id"])
    else:
        await forget_from(uow, uow.now())
        inviter_id = MemberId(invitation["inviter_id"]) if invitation["inviter_id"] else None
        emit(uow, JoinRequested(request_id=request_id, inviter_id=inviter_id))
        record(
            uow,
            system_actor(uow.org_id),
            action="join_request.created",
            object_=f"join_request:{request_id}",
            detail={"invitation_id": str(invitation["id"])},
            personal={"name": known.name, "mobile": known.mobile, "email": known.email},
            on_behalf_of=invitation["inviter_id"],
        )
    return Accepted(state="waiting", org_id=uow.org_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """Somebody who waits to be let in."""

    id: UUID
    name: str
    mobile: str | None
    email: str | None
    department_id: UUID | None
    department_name: str | None
    created_at: datetime


async def list_join_requests(uow: UnitOfWork, actor: Actor, *, limit: int, after: UUID | None) -> list[JoinRequest]:
    """Those that wait, oldest first; sub-administrators see the ones for their departments."""
    subtrees = None if actor.subtrees is None else list(actor.subtrees)
    rows = await uow.rows(store.LIST_REQUESTS, subtrees=subtrees, after=after or UUID(int=0), limit=limit)
    return [
        JoinRequest(
            id=row["id"],
            name=row["name"],
            mobile=row["mobile"],
            email=row["email"],
            department_id=row["department_id"],
            department_name=row["department_name"],
            created_at=row["created_at"],
        )
        for row in rows
    ]


async def approve_join_request(uow: UnitOfWork, actor: Actor, request_id: UUID) -> str:
    """Let them in; their userid. If an account with their mobile or email has come about meanwhile, its owner is

    invited instead. Raises `join_request.not_found`, `member.exists`, `member.logins_disagree`.
    """
    request = await _locked_request(uow, actor, request_id)
    known = _Known(
        account_id=request["account_id"],
        name=request["name"],
        mobile=request["mobile"],
        email=request["email"],
        language=request["language"],
        password_hash=request["password_hash"],
    )
    account_id, active = known.account_id, True
    if account_id is None:
        (match,) = await identity.accounts_for(uow, [_key(known)])
        account_id, active = match.account_id, not match.existed
    if account_id is None:
        raise LoginsDisagree
    userid = await _admit(uow, actor, known, account_id, request["department_id"], active=active)
    await uow.execute(store.DECIDE, id=request_id, state="approved", at=uow.now())
    record(
        uow,
        actor,
        action="join_request.approved",
        object_=f"join_request:{request_id}",
        detail={"userid": userid, "invitation_id": str(request["invitation_id"])},
    )
    return userid


async def reject_join_request(uow: UnitOfWork, actor: Actor, request_id: UUID) -> None:
    """Do not let them in. Raises `join_request.not_found`."""
    request = await _locked_request(uow, actor, request_id)
    await uow.execute(store.DECIDE, id=request_id, state="rejected", at=uow.now())
    record(
        uow,
        actor,
        action="join_request.rejected",
        object_=f"join_request:{request_id}",
        detail={"invitation_id": str(request["invitation_id"])},
    )


async def _locked_request(uow: UnitOfWork, actor: Actor, request_id: UUID) -> Row:
    row = await uow.one(store.LOCK_REQUEST, id=request_id)
    if row is None:
        raise JoinRequestNotFound
    place = await _hold(uow, row["department_id"])
    if not await policy.decides_on(uow, actor, place):
        raise JoinRequestNotFound
    return row


# --- an invited member's own yes or no -------------------------------------------------------------------------------


async def confirm_membership(uow: UnitOfWork, account: Account, org_id: OrgId) -> identity.Membership:
    """An account that an organisation has added says yes. Twice is once. Raises `membership.not_found`.

    The unit of work enters that organisation.
    """
    await uow.enter(org_id)
    membership = await identity.confirm_membership(uow, account.account_id, org_id)
    member = await uow.one(store.LOCK_BY_ID, id=membership.member_id)
    if member is not None and member["state"] == MemberState.INVITED:
        await activate(uow, _themselves(org_id, account, member), membership.member_id)
        record(uow, account, action="membership.confirmed", object_=f"member:{member['userid']}", org_id=org_id)
    return membership


async def decline_membership(uow: UnitOfWork, account: Account, org_id: OrgId) -> None:
    """It says no: it does not belong there any more. Raises `invitation.not_found` unless it is invited."""
    await uow.enter(org_id)
    await uow.execute(departments.LOCK_TREE)
    member = await uow.one(store.LOCK_BY_ACCOUNT, account_id=account.account_id)
    if member is None or member["state"] != MemberState.INVITED:
        raise InvitationNotFound
    await end_membership(uow, _themselves(org_id, account, member), member)
    record(uow, account, action="membership.declined", object_=f"member:{member['userid']}", org_id=org_id)


def _themselves(org_id: OrgId, account: Account, member: Row) -> Actor:
    return Actor(
        org_id=org_id,
        member_id=MemberId(member["id"]),
        userid=member["userid"],
        name=member["name"],
        account_id=account.account_id,
        client_ip=account.client_ip,
    )
