"""Whom a DING is for."""

from collections.abc import Collection, Sequence
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.errors import Forbidden, NotFound
from pegboard.kernel.ids import MemberId
from pegboard.modules.ding.errors import NobodyToTell, TooManyRecipients, UnknownRecipients
from pegboard.modules.ding.settings import DingSettings
from pegboard.modules.ding.views import Targets
from pegboard.modules.directory import api as directory
from pegboard.modules.directory.api import DepartmentId, MemberState
from pegboard.modules.messaging import api as messaging

Place = tuple[UUID, int]
"""A conversation and the seq of a message in it."""


async def named(uow: UnitOfWork, actor: Actor, userids: Collection[str]) -> list[MemberId]:
    """The active members with these userids, without the actor; refuses if one is unknown."""
    if not userids:
        return []
    found = await directory.by_userids(uow, userids)
    if missing := [userid for userid in userids if userid not in found]:
        raise UnknownRecipients(userids=missing[:10])
    everybody = dict.fromkeys(found[userid].member_id for userid in userids)
    return [member for member in everybody if member != actor.me]


async def departments(uow: UnitOfWork, actor: Actor, department_ids: Sequence[UUID]) -> list[UUID]:
    """These departments, each once; refuses one that the actor does not see as an unknown one."""
    wanted = list(dict.fromkeys(department_ids))
    if wanted:
        await directory.see_departments(uow, actor, wanted)
    return wanted


async def people(uow: UnitOfWork, sender: Actor, targets: Targets, message: Place | None) -> list[MemberId]:
    """Everybody whom it is for now: active, each once, never the sender."""
    found = dict.fromkeys(MemberId(member) for member in targets.member_ids)
    for department_id in targets.department_ids:
        found |= dict.fromkeys(await directory.department_members(uow, DepartmentId(department_id), recursive=True))
    if targets.to_unread and message is not None:
        limit = uow.parts[DingSettings].recipients_limit + 1
        try:
            found |= dict.fromkeys(await messaging.unread_members(uow, sender, *message, at_most=limit))
        except (NotFound, Forbidden):  # by now the sender may not ask: then it is for the others only
            if not found:
                return []
    known = await directory.people(uow, list(found))
    return [
        member
        for member in found
        if member != sender.me and member in known and known[member].state is MemberState.ACTIVE
    ]


def check_number(uow: UnitOfWork, people: int) -> None:
    """Neither nobody nor too many."""
    limit = uow.parts[DingSettings].recipients_limit
    if not people:
        raise NobodyToTell
    if people > limit:
        raise TooManyRecipients(limit=limit)


async def as_sender(uow: UnitOfWork, sender_id: MemberId) -> Actor | None:
    """The sender as an actor for what happens later in their name; None if they cannot act any more."""
    person = (await directory.people(uow, [sender_id])).get(sender_id)
    if person is None or person.state is not MemberState.ACTIVE:
        return None
    return Actor(org_id=uow.org_id, member_id=sender_id, userid=person.userid, name=person.name)
