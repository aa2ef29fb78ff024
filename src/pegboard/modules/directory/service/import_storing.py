"""Writing the plan of an import: in sets, a few thousand rows a statement, told in as few facts as can be."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.events import emit
from pegboard.kernel.ids import MemberId
from pegboard.modules.directory.events import (
    BATCH,
    DepartmentCreated,
    MemberChanged,
    MembersInvited,
    MembersJoined,
)
from pegboard.modules.directory.pinyin import SearchKeys, search_keys
from pegboard.modules.directory.service.caches import forget_everybody
from pegboard.modules.directory.service.import_plan import (
    Change,
    Newcomer,
    NewDepartment,
    Plan,
    managers_first,
)
from pegboard.modules.directory.service.new_members import tell_places
from pegboard.modules.directory.store import importing as store
from pegboard.modules.directory.store import members
from pegboard.modules.directory.terms import terms_of
from pegboard.modules.directory.views import MemberState
from pegboard.modules.identity import api as identity

T = TypeVar("T")
Progress = Callable[[int, int], Awaitable[None]]
"""Told how many rows of how many are written, while the transaction that writes them is still open."""

_CHUNK = 2000
_PRESENT = (MemberState.ACTIVE, MemberState.SUSPENDED)


async def write_plan(uow: UnitOfWork, actor: Actor, plan: Plan, progress: Progress, total: int) -> None:
    """Write and tell everything. The caller holds the tree, and has asked the policy.

    `total` are the rows of the list; those that change nothing are done from the beginning.
    """
    await _write_departments(uow, actor, plan.departments)
    done = total - len(plan.newcomers) - len(plan.changes)
    done = await _write_newcomers(uow, plan, progress, done, total)
    await _write_changes(uow, plan, progress, done, total)
    await _write_memberships(uow, plan)
    if plan.newcomers or plan.changes:
        forget_everybody(uow)
    _tell(uow, actor, plan)


async def _write_departments(uow: UnitOfWork, actor: Actor, departments: Sequence[NewDepartment]) -> None:
    if not departments:
        return
    await uow.execute(
        store.ADD_DEPARTMENTS,
        ids=[department.id for department in departments],
        parent_ids=[department.parent_id for department in departments],
        names=[department.name for department in departments],
        positions=[department.position for department in departments],
    )
    pairs = [
        (above, department.id, depth)
        for department in departments
        for depth, above in enumerate((department.id, *department.above))
    ]
    await uow.execute(
        store.ADD_PAIRS,
        ancestor_ids=[pair[0] for pair in pairs],
        descendant_ids=[pair[1] for pair in pairs],
        depths=[pair[2] for pair in pairs],
    )
    for department in departments:
        emit(
            uow,
            DepartmentCreated(
                department_id=department.id,
                parent_id=department.parent_id,
                department_name=department.name,
                own_group=False,
            ),
            actor_id=actor.member_id,
        )


# --- people ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a chunk of people is found by."""

    keys: list[SearchKeys]
    kinds: list[int]
    terms: list[str]
    member_ids: list[MemberId]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Searched:
    """The columns that somebody is found by."""

    member_id: MemberId
    userid: str
    name: str
    title: str
    mobile: str | None
    job_number: str = ""


def _found_by(people: Sequence[_Searched]) -> _Found:
    found: list[tuple[int, str, MemberId]] = []
    for person in people:
        terms = terms_of(
            name=person.name,
            userid=person.userid,
            title=person.title,
            job_number=person.job_number,
            mobile=person.mobile,
        )
        found += [(kind.value, term, person.member_id) for kind, term in terms]
    found.sort()  # neighbours in the index are written together
    return _Found(
        keys=[search_keys(person.name) for person in people],
        kinds=[term[0] for term in found],
        terms=[term[1] for term in found],
        member_ids=[term[2] for term in found],
    )


async def _write_newcomers(uow: UnitOfWork, plan: Plan, progress: Progress, done: int, total: int) -> int:
    places = await _Places.behind_the_last(uow, plan)
    for newcomer in plan.newcomers:  # the list's order is the order within the departments
        places.add(newcomer.member_id, newcomer.department_ids, main=newcomer.department_ids[0])
    chunks = list(_chunks(managers_first(plan.newcomers), _CHUNK))
    searched = [[_searched_newcomer(newcomer) for newcomer in chunk] for chunk in chunks]
    async for chunk, found in _each_with_terms(chunks, searched):
        await _insert(uow, plan, chunk, found)
        await _add_terms(uow, found)
        done += len(chunk)
        await progress(done, total)
    await places.write(uow)
    return done


def _searched_newcomer(newcomer: Newcomer) -> _Searched:
    row = newcomer.row
    return _Searched(
        member_id=newcomer.member_id,
        userid=row.userid,
        name=row.name,
        title=row.title or "",
        mobile=row.mobile,
    )


async def _insert(uow: UnitOfWork, plan: Plan, chunk: Sequence[Newcomer], found: _Found) -> None:
    rows = [newcomer.row for newcomer in chunk]
    await uow.execute(
        store.ADD_MEMBERS,
        ids=[newcomer.member_id for newcomer in chunk],
        account_ids=[newcomer.account_id for newcomer in chunk],
        userids=[row.userid for row in rows],
        names=[row.name for row in rows],
        pinyins=[key.pinyin for key in found.keys],
        initials=[key.initials for key in found.keys],
        mobiles=[row.mobile for row in rows],
        emails=[row.email for row in rows],
        titles=[row.title or "" for row in rows],
        manager_ids=[plan.manager_ids.get(row.manager_userid or "") for row in rows],
        states=[newcomer.state.value for newcomer in chunk],
        at=uow.now(),
    )


async def _write_changes(uow: UnitOfWork, plan: Plan, progress: Progress, done: int, total: int) -> None:
    if not plan.changes:
        return
    chunks = list(_chunks(plan.changes, _CHUNK))
    searched = [[_searched_change(change) for change in chunk] for chunk in chunks]
    async for chunk, found in _each_with_terms(chunks, searched):
        await _update(uow, plan, chunk, found)
        await uow.execute(members.FORGET_TERMS, member_ids=[change.member.member_id for change in chunk])
        await _add_terms(uow, found)
        done += len(chunk)
        await progress(done, total)
    await _move(uow, plan)


def _searched_change(change: Change) -> _Searched:
    return _Searched(
        member_id=change.member.member_id,
        userid=change.row.userid,
        name=change.name,
        title=change.title,
        mobile=change.mobile,
        job_number=change.member.job_number,
    )


async def _update(uow: UnitOfWork, plan: Plan, chunk: Sequence[Change], found: _Found) -> None:
    await uow.execute(
        store.UPDATE_MEMBERS,
        ids=[change.member.member_id for change in chunk],
        account_ids=[change.account_id for change in chunk],
        names=[change.name for change in chunk],
        pinyins=[key.pinyin for key in found.keys],
        initials=[key.initials for key in found.keys],
        mobiles=[change.mobile for change in chunk],
        emails=[change.email for change in chunk],
        titles=[change.title for change in chunk],
        manager_ids=[
            plan.manager_ids.get(change.row.manager_userid or "", change.member.manager_id) for change in chunk
        ],
        states=[change.state.value for change in chunk],
        at=uow.now(),
    )


async def _move(uow: UnitOfWork, plan: Plan) -> None:
    """Put changed members into exactly the departments that the list names."""
    moved = [change for change in plan.changes if change.is_placed_anew]
    gone = [(change.member.member_id, department_id) for change in moved for department_id in change.gone]
    await uow.execute(
        store.REMOVE_PLACES, member_ids=[pair[0] for pair in gone], department_ids=[pair[1] for pair in gone]
    )
    elsewhere = [change for change in moved if change.department_ids[0] != change.member.main]
    await uow.execute(store.CLEAR_MAINS, member_ids=[change.member.member_id for change in elsewhere])
    places = await _Places.behind_the_last(uow, plan)
    for change in moved:
        places.add(change.member.member_id, change.came, main=change.department_ids[0])
    await places.write(uow)
    await uow.execute(
        store.SET_MAINS,
        member_ids=[change.member.member_id for change in elsewhere],
        department_ids=[change.department_ids[0] for change in elsewhere],
    )


class _Places:
    """Places in departments, each behind the last one."""

    def __init__(self, last: Counter[UUID]) -> None:
        self._last = last
        self._places: list[tuple[MemberId, UUID, bool, int]] = []

    @classmethod
    async def behind_the_last(cls, uow: UnitOfWork, plan: Plan) -> "_Places":
        people: list[Newcomer | Change] = [*plan.newcomers, *plan.changes]
        wanted = {department_id for person in people for department_id in person.department_ids}
        rows = await uow.rows(store.LAST_POSITIONS, department_ids=list(wanted))
        return cls(Counter({row["department_id"]: row["position"] for row in rows}))

    def add(self, member_id: MemberId, department_ids: Sequence[UUID], *, main: UUID) -> None:
        for department_id in department_ids:
            self._last[department_id] += 1
            place = (member_id, department_id, department_id == main, self._last[department_id])
            self._places.append(place)

    async def write(self, uow: UnitOfWork) -> None:
        for chunk in _chunks(self._places, 4 * _CHUNK):
            await uow.execute(
                members.ADD_PLACES,
                member_ids=[place[0] for place in chunk],
                department_ids=[place[1] for place in chunk],
                mains=[place[2] for place in chunk],
                positions=[place[3] for place in chunk],
            )


async def _add_terms(uow: UnitOfWork, found: _Found) -> None:
    await uow.execute(members.ADD_TERMS, kinds=found.kinds, terms=found.terms, member_ids=found.member_ids)


async def _each_with_terms(
    chunks: Sequence[Sequence[T]], searched: Sequence[Sequence[_Searched]]
) -> AsyncIterator[tuple[Sequence[T], _Found]]:
    """Each chunk with what its people are found by: worked out while the one before is written."""
    if not chunks:
        return
    loop = asyncio.get_running_loop()
    ahead = loop.run_in_executor(None, _found_by, searched[0])
    for number, chunk in enumerate(chunks, start=1):
        found = await ahead
        if number < len(chunks):
            ahead = loop.run_in_executor(None, _found_by, searched[number])
        yield chunk, found


# --- accounts and facts ----------------------------------------------------------------------------


async def _write_memberships(uow: UnitOfWork, plan: Plan) -> None:
    wanted = [
        identity.Membership(
            account_id=newcomer.account_id,
            org_id=uow.org_id,
            member_id=newcomer.member_id,
            userid=newcomer.row.userid,
            state=newcomer.state.value,
        )
        for newcomer in plan.newcomers
    ]
    wanted += [
        identity.Membership(
            account_id=change.account_id,
            org_id=uow.org_id,
            member_id=change.member.member_id,
            userid=change.row.userid,
            state=change.state.value,
        )
        for change in plan.changes
        if change.returns and change.account_id is not None
    ]
    for chunk in _chunks(wanted, _CHUNK):
        await identity.add_memberships(uow, chunk)
    for change in plan.changes:
        if change.returns and change.account_id is not None and {"mobile", "email"} & set(change.fields):
            await identity.change_logins(
                uow, change.account_id, org_id=uow.org_id, mobile=change.mobile, email=change.email
            )


def _tell(uow: UnitOfWork, actor: Actor, plan: Plan) -> None:
    by = actor.member_id
    joined = [newcomer.member_id for newcomer in plan.newcomers if newcomer.state is MemberState.ACTIVE]
    invited = [newcomer.member_id for newcomer in plan.newcomers if newcomer.state is MemberState.INVITED]
    for change in plan.changes:
        if change.returns:
            (joined if change.state is MemberState.ACTIVE else invited).append(change.member.member_id)
    for batch in _chunks(joined, BATCH):
        emit(uow, MembersJoined(member_ids=list(batch)), actor_id=by)
    for batch in _chunks(invited, BATCH):
        emit(uow, MembersInvited(member_ids=list(batch)), actor_id=by)
    for change in plan.changes:
        if not change.returns:
            emit(uow, MemberChanged(member_id=change.member.member_id, fields=list(change.fields)), actor_id=by)
    came: dict[UUID, list[MemberId]] = {}
    gone: dict[UUID, list[MemberId]] = {}
    for newcomer in plan.newcomers:
        if newcomer.state is MemberState.ACTIVE:
            for department_id in newcomer.department_ids:
                came.setdefault(department_id, []).append(newcomer.member_id)
    for change in plan.changes:
        if change.state in _PRESENT:
            for department_id in change.came:
                came.setdefault(department_id, []).append(change.member.member_id)
            for department_id in change.gone:
                gone.setdefault(department_id, []).append(change.member.member_id)
    for department_id in came.keys() | gone.keys():
        tell_places(uow, actor, department_id, joined=came.get(department_id, ()), left=gone.get(department_id, ()))


def _chunks(things: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(things), size):
        yield things[start : start + size]
