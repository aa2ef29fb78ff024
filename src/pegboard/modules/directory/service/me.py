"""Who somebody signed in is, and where they belong."""

from dataclasses import dataclass

from pegboard.kernel.actor import Account, Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.ids import OrgId
from pegboard.modules.directory.service.member_views import member_detail
from pegboard.modules.directory.service.organisations import organisation
from pegboard.modules.directory.store import organisations as store
from pegboard.modules.directory.views import MemberDetail, MemberState, Organisation
from pegboard.modules.identity import api as identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An organisation that an account belongs to, and as whom."""

    org_id: OrgId
    name: str
    code: str
    userid: str
    state: MemberState


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoIAm:
    """An account, all its places (the last used first), and who it is in the chosen one."""

    account: identity.AccountView
    places: tuple[Place, ...]
    organisation: Organisation | None
    member: MemberDetail | None


async def who_am_i(uow: UnitOfWork, account: Account, actor: Actor | None) -> WhoIAm:
    """Everything a client shows of the person and starts from. The unit of work is in the actor's organisation."""
    view = await identity.account_of(uow, account.account_id)
    memberships = await identity.memberships_of(uow, account.account_id)
    rows = await uow.rows(store.FIND_MANY, ids=[membership.org_id for membership in memberships])
    organisations = {row["id"]: row for row in rows if row["state"] == "active"}
    places = [
        Place(
            org_id=membership.org_id,
            name=organisations[membership.org_id]["name"],
            code=organisations[membership.org_id]["code"],
            userid=membership.userid,
            state=MemberState(membership.state),
        )
        for membership in memberships
        if membership.org_id in organisations
    ]
    return WhoIAm(
        account=view,
        places=tuple(places),
        organisation=await organisation(uow) if actor else None,
        member=await member_detail(uow, actor, actor.userid) if actor else None,
    )
