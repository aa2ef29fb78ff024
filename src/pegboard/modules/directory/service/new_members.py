"""Putting people into the directory, one or a thousand at once: rows, places, search terms, memberships, facts."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.errors import invalid
from pegboard.kernel.events import emit
from pegboard.kernel.ids import AccountId, MemberId, uuid7
from pegboard.modules.directory.errors import MemberExists
from pegboard.modules.directory.events import (
    BATCH,
    DepartmentMembersChanged,
    MemberInvited,
    MemberJoined,
    MembersInvited,
    MembersJoined,
)
from pegboard.modules.directory.models import USERID_LENGTH
from pegboard.modules.directory.pinyin import search_keys
from pegboard.modules.directory.service.caches import forget
from pegboard.modules.directory.store import members as store
from pegboard.modules.directory.store.constraints import refusals_named
from pegboard.modules.directory.terms import terms_of
from pegboard.modules.directory.views import MemberState
from pegboard.modules.identity import api as identity

_USERID = re.compile(rf"[A-Za-z0-9_.@-]{{1,{USERID_LENGTH}}}", re.ASCII)
_MADE_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_MADE_LENGTH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """Somebody to be added, every value clean already. The first of `department_ids` is the main one.

    `active`: they belong at once (their account is new, and theirs by a password); else they are invited.
    """

    userid: str
    name: str
    account_id: AccountId | None
    active: bool
    department_ids: tuple[UUID, ...] = ()
    mobile: str | None = None
    email: str | None = None
    title: str = ""
    job_number: str = ""
    work_place: str = ""
    hired_on: date | None = None

    def placed_in(self, *department_ids: UUID) -> "NewPerson":
        """The same person in these departments."""
        return replace(self, department_ids=department_ids)

    @property
    def state(self) -> MemberState:
        """What they will be."""
        return MemberState.ACTIVE if self.active else MemberState.INVITED


def clean_userid(userid: str, *, path: str = "userid") -> str:
    """The userid, or a refusal: Latin letters, digits and `_.@-`, at most 64."""
    if len(userid) > USERID_LENGTH:
        raise invalid(path, "too_long", limit=USERID_LENGTH)
    if not _USERID.fullmatch(userid):
        raise invalid(path, "invalid")
    return userid


async def free_userid(uow: UnitOfWork) -> str:
    """A userid that nobody in the organisation has."""
    while True:
        made = "".join(secrets.choice(_MADE_ALPHABET) for _ in range(_MADE_LENGTH))
        if not await uow.value(store.IS_TAKEN, userid=made):
            return made


async def insert_people(uow: UnitOfWork, actor: Actor, people: Sequence[NewPerson]) -> list[MemberId]:
    """Add them all; their ids, in their order. The caller has asked the policy, and holds the departments in place.

    Raises `member.userid_taken`, `member.mobile_taken`, `member.email_taken`, `member.exists`.
    """
    ids = [MemberId(uuid7()) for _ in people]
    await _insert_rows(uow, ids, people)
    memberships = [
        identity.Membership(
            account_id=person.account_id,
            org_id=uow.org_id,
            member_id=member_id,
            userid=person.userid,
            state=person.state.value,
        )
        for member_id, person in zip(ids, people, strict=True)
        if person.account_id is not None
    ]
    if memberships and await identity.add_memberships(uow, memberships):
        raise MemberExists
    forget(uow, *ids)
    _tell(uow, actor, ids, people)
    for member_id, person in zip(ids, people, strict=True):
        record(
            uow,
            actor,
            action="member.created",
            object_=f"member:{person.userid}",
            detail={
                "member_id": str(member_id),
                "state": person.state.value,
                "departments": [str(department_id) for department_id in person.department_ids],
            },
            personal={"name": person.name, "mobile": person.mobile, "email": person.email},
        )
    return ids


async def _insert_rows(uow: UnitOfWork, ids: Sequence[MemberId], people: Sequence[NewPerson]) -> None:
    keys = [search_keys(person.name) for person in people]
    now = uow.now()
    with refusals_named():
        await uow.execute(
            store.INSERT_MANY,
            ids=list(ids),
            account_ids=[person.account_id for person in people],
            userids=[person.userid for person in people],
            names=[person.name for person in people],
            pinyins=[key.pinyin for key in keys],
            initials=[key.initials for key in keys],
            mobiles=[person.mobile for person in people],
            emails=[person.email for person in people],
            titles=[person.title for person in people],
            job_numbers=[person.job_number for person in people],
            work_places=[person.work_place for person in people],
            hired_ons=[person.hired_on for person in people],
            states=[person.state.value for person in people],
            created_ats=[now for _ in people],
            joined_ats=[now if person.active else None for person in people],
        )
        places = [
            (member_id, department_id, nth == 0)
            for member_id, person in zip(ids, people, strict=True)
            for nth, department_id in enumerate(person.department_ids)
        ]
        await uow.execute(
            store.ADD_PLACES,
            member_ids=[place[0] for place in places],
            department_ids=[place[1] for place in places],
            mains=[place[2] for place in places],
            positions=[0 for _ in places],
        )
    terms = [
        (kind, term, member_id)
        for member_id, person in zip(ids, people, strict=True)
        for kind, term in terms_of(
            name=person.name,
            userid=person.userid,
            title=person.title,
            job_number=person.job_number,
            mobile=person.mobile,
        )
    ]
    await uow.execute(
        store.ADD_TERMS,
        kinds=[term[0].value for term in terms],
        terms=[term[1] for term in terms],
        member_ids=[term[2] for term in terms],
    )


def _tell(uow: UnitOfWork, actor: Actor, ids: Sequence[MemberId], people: Sequence[NewPerson]) -> None:
    """One person is told of by themselves, many in as few facts as can be."""
    by = actor.member_id
    joined = [member_id for member_id, person in zip(ids, people, strict=True) if person.active]
    invited = [member_id for member_id, person in zip(ids, people, strict=True) if not person.active]
    if len(people) == 1 and joined:
        departments = list(people[0].department_ids)
        emit(uow, MemberJoined(member_id=joined[0], department_ids=departments), actor_id=by)
    elif len(people) == 1:
        emit(uow, MemberInvited(member_id=invited[0]), actor_id=by)
    else:
        for batch in _batches(joined):
            emit(uow, MembersJoined(member_ids=batch), actor_id=by)
        for batch in _batches(invited):
            emit(uow, MembersInvited(member_ids=batch), actor_id=by)
    came: dict[UUID, list[MemberId]] = {}
    for member_id, person in zip(ids, people, strict=True):
        if person.active:
            for department_id in person.department_ids:
                came.setdefault(department_id, []).append(member_id)
    for department_id, member_ids in came.items():
        tell_places(uow, actor, department_id, joined=member_ids)


def tell_places(
    uow: UnitOfWork,
    actor: Actor,
    department_id: UUID,
    *,
    joined: Sequence[MemberId] = (),
    left: Sequence[MemberId] = (),
) -> None:
    """Tell who came to a department and who went from it, present members only."""
    for batch in _batches(joined):
        emit(
            uow,
            DepartmentMembersChanged(department_id=department_id, joined=batch, left=[]),
            actor_id=actor.member_id,
        )
    for batch in _batches(left):
        emit(
            uow,
            DepartmentMembersChanged(department_id=department_id, joined=[], left=batch),
            actor_id=actor.member_id,
        )


def _batches(member_ids: Sequence[MemberId]) -> list[list[MemberId]]:
    return [list(member_ids[start : start + BATCH]) for start in range(0, len(member_ids), BATCH)]
