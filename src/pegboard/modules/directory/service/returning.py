"""Coming back: somebody who left is the same member again, with their history."""

from collections.abc import Sequence
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.events import emit
from pegboard.kernel.ids import AccountId, MemberId
from pegboard.modules.directory.errors import MemberExists, UseridTaken
from pegboard.modules.directory.events import MemberInvited, MemberJoined
from pegboard.modules.directory.service.caches import forget
from pegboard.modules.directory.service.new_members import tell_places
from pegboard.modules.directory.store import members
from pegboard.modules.directory.store.constraints import refusals_named
from pegboard.modules.directory.views import MemberState
from pegboard.modules.identity import api as identity

NameAndLogins = tuple[str, str | None, str | None]
"""Name, mobile (E.164) and email."""


def is_same_person(given: NameAndLogins, *, former: NameAndLogins, logins: tuple[str | None, str | None]) -> bool:
    """Whether the userid of somebody who left means them again: by a login of theirs, or else by the name.

    Otherwise their history, and their account, would become somebody else's. `former` is what stood in the directory,
    `logins` what their account is reached by.
    """
    name, mobile, email = given
    if mobile is not None and mobile in (former[1], logins[0]):
        return True
    if email is not None and email in (former[2], logins[1]):
        return True
    return name == former[0]


async def former_member(uow: UnitOfWork, userid: str, given: NameAndLogins) -> Row | None:
    """The member with this userid who left, held until the commit; None if there is none.

    Raises `member.userid_taken` where it was somebody else.
    """
    row = await uow.one(members.LOCK, userid=userid)
    if row is None or row["state"] != MemberState.LEFT:
        return None
    logins: tuple[str | None, str | None] = (None, None)
    if row["account_id"] is not None:
        account = await identity.account_of(uow, AccountId(row["account_id"]))
        logins = (account.mobile, account.email)
    if not is_same_person(given, former=(row["name"], row["mobile"], row["email"]), logins=logins):
        raise UseridTaken
    return row


async def return_member(
    uow: UnitOfWork, actor: Actor, row: Row, department_ids: Sequence[UUID], *, active: bool = True
) -> None:
    """Somebody who left belongs to these departments (held; the first is the main one) from now on.

    Not `active`: they still have to say yes. Raises `member.mobile_taken` and the like if somebody else has got theirs.
    """
    member_id = MemberId(row["id"])
    state = MemberState.ACTIVE if active else MemberState.INVITED
    with refusals_named():
        await uow.execute(members.SET_STATE, id=member_id, state=state.value, at=uow.now())
        await uow.execute(
            members.ADD_PLACES,
            member_ids=[member_id for _ in department_ids],
            department_ids=list(department_ids),
            mains=[nth == 0 for nth in range(len(department_ids))],
            positions=[0 for _ in department_ids],
        )
    if row["account_id"] is not None:
        membership = identity.Membership(
            account_id=AccountId(row["account_id"]),
            org_id=uow.org_id,
            member_id=member_id,
            userid=row["userid"],
            state=state.value,
        )
        if await identity.add_memberships(uow, [membership]):
            raise MemberExists
    tell_arrival(uow, actor, member_id, department_ids, active=active)
    record(
        uow,
        actor,
        action="member.returned",
        object_=f"member:{row['userid']}",
        detail={"state": state.value, "departments": [str(department_id) for department_id in department_ids]},
    )


async def activate(uow: UnitOfWork, actor: Actor, member_id: MemberId) -> None:
    """An invited member, who has said yes, belongs from now on."""
    await uow.execute(members.SET_STATE, id=member_id, state=MemberState.ACTIVE.value, at=uow.now())
    places = await uow.rows(members.DEPARTMENTS_OF, member_id=member_id)
    tell_arrival(uow, actor, member_id, [place["department_id"] for place in places])


def tell_arrival(
    uow: UnitOfWork, actor: Actor, member_id: MemberId, department_ids: Sequence[UUID], *, active: bool = True
) -> None:
    """Tell that somebody has joined, or that they are invited."""
    forget(uow, member_id)
    if not active:
        emit(uow, MemberInvited(member_id=member_id), actor_id=actor.member_id)
        return
    emit(uow, MemberJoined(member_id=member_id, department_ids=list(department_ids)), actor_id=actor.member_id)
    for department_id in department_ids:
        tell_places(uow, actor, department_id, joined=[member_id])
