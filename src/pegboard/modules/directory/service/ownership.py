"""Handing an organisation over to another owner."""

from pegboard.kernel.actor import Actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.events import emit
from pegboard.kernel.ids import MemberId
from pegboard.modules.directory import policy
from pegboard.modules.directory.errors import MemberNotFound, WrongState
from pegboard.modules.directory.events import AdministratorChanged
from pegboard.modules.directory.service.caches import forget
from pegboard.modules.directory.store import administrators as store
from pegboard.modules.directory.store import members, organisations
from pegboard.modules.directory.views import AdminKind, MemberState


async def hand_over_organisation(uow: UnitOfWork, actor: Actor, userid: str) -> None:
    """This active member is the owner from now on; who was it so far stays as a super administrator.

    Raises `member.not_found`, `member.wrong_state`.
    """
    policy.hand_over_organisation(actor)
    await uow.one(organisations.LOCK, id=uow.org_id)  # there is one owner at any time
    heir = await uow.one(members.LOCK, userid=userid)
    if heir is None:
        raise MemberNotFound
    if heir["state"] != MemberState.ACTIVE or heir["kind"] == AdminKind.OWNER:
        raise WrongState(state=heir["state"])
    for owner in await uow.rows(store.LIST, userid=None):
        if owner["kind"] == AdminKind.OWNER:
            await _put(uow, actor, MemberId(owner["member_id"]), AdminKind.SUPER)
    await uow.execute(store.CLEAR_POWERS, member_id=heir["id"])
    await uow.execute(store.CLEAR_DEPARTMENTS, member_id=heir["id"])
    await _put(uow, actor, MemberId(heir["id"]), AdminKind.OWNER)
    record(uow, actor, action="organisation.handed_over", object_=f"member:{userid}")


async def _put(uow: UnitOfWork, actor: Actor, member_id: MemberId, kind: AdminKind) -> None:
    await uow.execute(store.PUT, member_id=member_id, kind=kind.value)
    forget(uow, member_id)
    emit(uow, AdministratorChanged(member_id=member_id, kind=kind.value), actor_id=actor.member_id)
