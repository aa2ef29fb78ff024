"""Members: adding one, changing what stands in the directory about them, suspending and resuming."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypedDict
from uuid import UUID

import msgspec

from pegboard.kernel.actor import Actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.errors import RevisionMismatch, invalid
from pegboard.kernel.events import emit
from pegboard.kernel.files import attach
from pegboard.kernel.ids import AccountId, MemberId
from pegboard.kernel.names import clean_line, clean_name
from pegboard.kernel.realtime.live import hang_up
from pegboard.modules.directory import policy
from pegboard.modules.directory.errors import (
    DepartmentNotFound,
    LoginsDisagree,
    ManagerCycle,
    MemberNotFound,
    WrongState,
)
from pegboard.modules.directory.events import MemberChanged, MemberResumed, MemberSuspended
from pegboard.modules.directory.pinyin import search_keys
from pegboard.modules.directory.service.caches import forget
from pegboard.modules.directory.service.contacts import clean_email, clean_mobile, default_country
from pegboard.modules.directory.service.member_views import member_detail
from pegboard.modules.directory.service.new_members import (
    NewPerson,
    clean_userid,
    free_userid,
    insert_people,
    tell_places,
)
from pegboard.modules.directory.service.returning import former_member, return_member
from pegboard.modules.directory.store import departments
from pegboard.modules.directory.store import members as store
from pegboard.modules.directory.store.constraints import refusals_named
from pegboard.modules.directory.terms import terms_of
from pegboard.modules.directory.views import MemberDetail, MemberState
from pegboard.modules.identity import api as identity

LONGEST_TITLE = 64
LONGEST_JOB_NUMBER = 64
LONGEST_WORK_PLACE = 128
MOST_DEPARTMENTS = 50
_LARGEST_EXTENSION_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """Somebody to be added, as an administrator writes it. No userid: one is made. No departments: the root."""

    name: str
    userid: str | None = None
    mobile: str | None = None
    email: str | None = None
    title: str = ""
    job_number: str = ""
    work_place: str = ""
    hired_on: date | None = None
    department_ids: Sequence[UUID] = ()
    manager_userid: str | None = None
    password: str | None = None


class MemberChanges(TypedDict, total=False):
    """What is to be changed; what is not in it stays. The first of `departments` is the main one."""

    name: str
    mobile: str | None
    email: str | None
    title: str
    job_number: str
    avatar_file_id: UUID | None
    work_place: str
    hired_on: date | None
    departments: list[UUID]
    manager_userid: str | None
    hide_mobile: bool
    extension: dict[str, Any]


async def create_member(uow: UnitOfWork, actor: Actor, new: NewMember) -> MemberDetail:
    """Add somebody. With a password and no account of their own yet they are active at once, else invited.

    An account that exists already is never changed: its owner confirms the invitation. Somebody who left is, under
    their userid, the same member again, with the account they had. Raises `member.userid_taken`,
    `member.mobile_taken`, `member.email_taken`, `member.exists`, `member.logins_disagree`, `password.weak`.
    """
    department_ids = await _hold_departments(uow, new.department_ids)
    await policy.see_departments(uow, actor, department_ids)
    await policy.add_members(uow, actor, department_ids)
    person = await _clean(uow, new)
    manager_id = await _manager_id(uow, new.manager_userid)
    logins = (person.name, person.mobile, person.email)
    if new.userid and (back := await former_member(uow, person.userid, logins)) is not None:
        return await _return(uow, actor, back, person.placed_in(*department_ids), manager_id)
    match = await _account_for(uow, person, new.password)
    person = replace(
        person.placed_in(*department_ids),
        account_id=match.account_id,
        active=bool(new.password) and not match.existed,
    )
    (member_id,) = await insert_people(uow, actor, [person])
    if manager_id is not None:
        await uow.execute(store.SET_MANAGERS, ids=[member_id], manager_ids=[manager_id])
    return await member_detail(uow, actor, person.userid)


async def _return(uow: UnitOfWork, actor: Actor, back: Row, person: NewPerson, manager_id: UUID | None) -> MemberDetail:
    keys = search_keys(person.name)
    given = {
        "name": person.name,
        "mobile": person.mobile,
        "email": person.email,
        "title": person.title,
        "job_number": person.job_number,
        "work_place": person.work_place,
        "hired_on": person.hired_on,
        "manager_id": manager_id,
    }
    after = {field: back[field] for field in _COLUMNS}
    after |= {field: value for field, value in given.items() if value}
    after |= {"pinyin": keys.pinyin, "initials": keys.initials}
    with refusals_named():
        await uow.execute(store.UPDATE, id=back["id"], **after)
    await return_member(uow, actor, back, person.department_ids)
    await _follow(uow, back, after, [field for field in _COLUMNS if after[field] != back[field]])
    return await member_detail(uow, actor, person.userid)


async def _clean(uow: UnitOfWork, new: NewMember) -> NewPerson:
    return NewPerson(
        userid=clean_userid(new.userid) if new.userid else await free_userid(uow),
        name=clean_name(new.name),
        account_id=None,
        active=False,
        mobile=clean_mobile(new.mobile, await default_country(uow)),
        email=clean_email(new.email),
        title=clean_line(new.title, path="title", longest=LONGEST_TITLE),
        job_number=clean_line(new.job_number, path="job_number", longest=LONGEST_JOB_NUMBER),
        work_place=clean_line(new.work_place, path="work_place", longest=LONGEST_WORK_PLACE),
        hired_on=new.hired_on,
    )


async def _account_for(uow: UnitOfWork, person: NewPerson, password: str | None) -> identity.AccountMatch:
    password_hash = None
    if password:
        identity.check_password(password, person.name, person.userid, person.mobile, person.email)
        password_hash = await identity.hash_password(uow.parts, password)
    key = identity.PersonKey(name=person.name, mobile=person.mobile, email=person.email, password_hash=password_hash)
    (match,) = await identity.accounts_for(uow, [key])
    if match.account_id is None:
        raise LoginsDisagree
    return match


async def _hold_departments(uow: UnitOfWork, wanted: Sequence[UUID]) -> list[UUID]:
    """The departments, each once, or the root for none; they cannot be deleted until the commit."""
    ids = list(dict.fromkeys(wanted)) or [await uow.value(departments.ROOT)]
    if len(ids) > MOST_DEPARTMENTS:
        raise invalid("departments", "too_many", limit=MOST_DEPARTMENTS)
    if len(await uow.rows(departments.HOLD, ids=ids)) != len(ids):
        raise DepartmentNotFound
    return ids


async def _manager_id(uow: UnitOfWork, userid: str | None) -> UUID | None:
    if userid is None:
        return None
    manager_id: UUID | None = await uow.value(store.ID_OF, userid=userid)
    if manager_id is None:
        raise invalid("manager_userid", "not_found")
    return manager_id


# --- changing --------------------------------------------------------------------------------------------------------

_COLUMNS = (
    "name",
    "pinyin",
    "initials",
    "mobile",
    "email",
    "title",
    "job_number",
    "avatar_file_id",
    "work_place",
    "hired_on",
    "manager_id",
    "hide_mobile",
    "extension",
)
_SEARCHED = {"name", "title", "job_number", "mobile"}
_PERSONAL = {"name", "mobile", "email", "title", "job_number", "work_place", "extension", "hired_on"}


async def change_member(
    uow: UnitOfWork, actor: Actor, userid: str, revision: int, changes: MemberChanges
) -> MemberDetail:
    """Change what stands about a member. Everybody may change their own picture and whether their number is shown.

    Where mobile or email change and the account belongs to this organisation only, its logins change with them.
    Raises `revision.mismatch`, `member.manager_cycle`, and what `create_member` does.
    """
    if "manager_userid" in changes:
        # Two changes at once could make a circle, so whoever changes a line of managers holds the tree; and takes it
        # before any member, as an import does.
        await uow.execute(departments.LOCK_TREE)
    row = await _locked(uow, actor, userid)
    await _may_change(uow, actor, row, changes)
    if row["revision"] != revision:
        raise RevisionMismatch
    if row["state"] == MemberState.LEFT:
        raise WrongState(state=row["state"])
    after = await _merged(uow, row, changes)
    fields = [field for field in _COLUMNS if after[field] != row[field]]
    if "avatar_file_id" in fields and after["avatar_file_id"] is not None:
        await attach(uow, [after["avatar_file_id"]], owner_id=actor.me)
    if fields:
        with refusals_named():
            await uow.execute(store.UPDATE, id=row["id"], **after)
        await _follow(uow, row, after, fields)
    if "departments" in changes and await _change_places(uow, actor, row, changes["departments"]):
        if not fields:
            await uow.execute(store.TOUCH, id=row["id"])
        fields.append("departments")
    if fields:
        _tell_change(uow, actor, row, after, fields)
    return await member_detail(uow, actor, userid)


async def _locked(uow: UnitOfWork, actor: Actor, userid: str) -> Row:
    """The member's row, held until the commit, if the actor sees them."""
    row = await uow.one(store.LOCK, userid=userid)
    await policy.see_member(uow, actor, row["id"] if row else None)
    if row is None:
        raise MemberNotFound
    return row


async def _may_change(uow: UnitOfWork, actor: Actor, row: Row, changes: MemberChanges) -> None:
    if policy.edit_self(actor, row, changes.keys()):
        return
    if changes.keys() - {"departments"} or not changes:
        await policy.edit_member(uow, actor, row)
    # Where to they may be put is asked when the departments are known (`_change_places`).


async def _merged(uow: UnitOfWork, row: Row, changes: MemberChanges) -> dict[str, Any]:
    """The member's columns after the changes, every value clean."""
    after: dict[str, Any] = {field: row[field] for field in _COLUMNS}
    plain = ("avatar_file_id", "hired_on", "hide_mobile")
    after |= {field: value for field, value in changes.items() if field in plain}
    if "name" in changes:
        after["name"] = clean_name(changes["name"])
        keys = search_keys(after["name"])
        after |= {"pinyin": keys.pinyin, "initials": keys.initials}
    if "mobile" in changes:
        after["mobile"] = clean_mobile(changes["mobile"], await default_country(uow))
    if "email" in changes:
        after["email"] = clean_email(changes["email"])
    if "title" in changes:
        after["title"] = clean_line(changes["title"], path="title", longest=LONGEST_TITLE)
    if "job_number" in changes:
        after["job_number"] = clean_line(changes["job_number"], path="job_number", longest=LONGEST_JOB_NUMBER)
    if "work_place" in changes:
        after["work_place"] = clean_line(changes["work_place"], path="work_place", longest=LONGEST_WORK_PLACE)
    if "manager_userid" in changes:
        after["manager_id"] = await _new_manager(uow, row, changes["manager_userid"])
    if "extension" in changes:
        if len(msgspec.json.encode(changes["extension"])) > _LARGEST_EXTENSION_BYTES:
            raise invalid("extension", "too_large", limit=_LARGEST_EXTENSION_BYTES)
        after["extension"] = changes["extension"]
    return after


async def _new_manager(uow: UnitOfWork, row: Row, userid: str | None) -> UUID | None:
    manager_id = await _manager_id(uow, userid)
    if manager_id is not None and await uow.value(store.REPORTS_TO, from_id=manager_id, to_id=row["id"]):
        raise ManagerCycle
    return manager_id


async def _follow(uow: UnitOfWork, row: Row, after: dict[str, Any], fields: list[str]) -> None:
    """What goes along with the columns: search terms, and the account's logins."""
    if _SEARCHED & set(fields):
        await write_terms(uow, MemberId(row["id"]), row["userid"], after)
    if row["account_id"] is not None and {"mobile", "email"} & set(fields):
        await identity.change_logins(
            uow,
            AccountId(row["account_id"]),
            org_id=uow.org_id,
            mobile=after["mobile"],
            email=after["email"],
        )


async def write_terms(uow: UnitOfWork, member_id: MemberId, userid: str, columns: dict[str, Any]) -> None:
    """Replace what a member is found by."""
    terms = terms_of(
        name=columns["name"],
        userid=userid,
        title=columns["title"],
        job_number=columns["job_number"],
        mobile=columns["mobile"],
    )
    await uow.execute(store.FORGET_TERMS, member_ids=[member_id])
    await uow.execute(
        store.ADD_TERMS,
        kinds=[kind.value for kind, _ in terms],
        terms=[term for _, term in terms],
        member_ids=[member_id for _ in terms],
    )


async def _change_places(uow: UnitOfWork, actor: Actor, row: Row, wanted: Sequence[UUID]) -> bool:
    """Put them into exactly these departments, the first being the main one; whether anything changed."""
    member_id = MemberId(row["id"])
    if not wanted:
        raise invalid("departments", "required")
    after = await _hold_departments(uow, wanted)
    now = [place["department_id"] for place in await uow.rows(store.DEPARTMENTS_OF, member_id=member_id)]
    came, gone = [d for d in after if d not in now], [d for d in now if d not in after]
    await policy.see_departments(uow, actor, came)
    await policy.place_member(uow, actor, row, now, after)
    if not came and not gone and after[:1] == now[:1]:
        return False
    await uow.execute(store.CLEAR_MAIN, member_id=member_id)
    await uow.execute(store.REMOVE_PLACES, member_id=member_id, department_ids=gone)
    with refusals_named():
        await uow.execute(
            store.ADD_PLACES,
            member_ids=[member_id for _ in came],
            department_ids=came,
            mains=[False for _ in came],
            positions=[0 for _ in came],
        )
    await uow.execute(store.SET_MAIN, member_id=member_id, department_id=after[0])
    if row["state"] in (MemberState.ACTIVE, MemberState.SUSPENDED):
        for department_id in came:
            tell_places(uow, actor, department_id, joined=[member_id])
        for department_id in gone:
            tell_places(uow, actor, department_id, left=[member_id])
    record(
        uow,
        actor,
        action="member.placed",
        object_=f"member:{row['userid']}",
        detail={"before": [str(d) for d in now], "after": [str(d) for d in after]},
    )
    return True


def _tell_change(uow: UnitOfWork, actor: Actor, row: Row, after: dict[str, Any], fields: list[str]) -> None:
    forget(uow, MemberId(row["id"]))
    told = ["manager" if field == "manager_id" else field for field in fields]
    told = [field for field in told if field not in ("pinyin", "initials")]
    emit(uow, MemberChanged(member_id=row["id"], fields=told), actor_id=actor.member_id)
    columns = [field for field in fields if field in _COLUMNS and field not in ("pinyin", "initials")]
    if not columns:
        return
    before_after = {
        moment: {field: msgspec.to_builtins(source[field]) for field in columns}
        for moment, source in (("before", row), ("after", after))
    }
    record(
        uow,
        actor,
        action="member.changed",
        object_=f"member:{row['userid']}",
        detail={
            "fields": told,
            **{
                moment: {field: value for field, value in values.items() if field not in _PERSONAL}
                for moment, values in before_after.items()
            },
        },
        personal={
            moment: {field: value for field, value in values.items() if field in _PERSONAL}
            for moment, values in before_after.items()
        },
    )


# --- suspending ------------------------------------------------------------------------------------------------------


async def suspend_member(uow: UnitOfWork, actor: Actor, userid: str) -> MemberDetail:
    """An active member can act no more until they are resumed: their sessions here end at once."""
    row = await _locked(uow, actor, userid)
    await policy.suspend_member(uow, actor, row)
    await _set_state(uow, actor, row, MemberState.ACTIVE, MemberState.SUSPENDED)
    emit(uow, MemberSuspended(member_id=row["id"]), actor_id=actor.member_id)
    return await member_detail(uow, actor, userid)


async def resume_member(uow: UnitOfWork, actor: Actor, userid: str) -> MemberDetail:
    """A suspended member is active again."""
    row = await _locked(uow, actor, userid)
    await policy.suspend_member(uow, actor, row)
    await _set_state(uow, actor, row, MemberState.SUSPENDED, MemberState.ACTIVE)
    emit(uow, MemberResumed(member_id=row["id"]), actor_id=actor.member_id)
    return await member_detail(uow, actor, userid)


async def _set_state(uow: UnitOfWork, actor: Actor, row: Row, wanted: MemberState, state: MemberState) -> None:
    if row["state"] != wanted:
        raise WrongState(state=row["state"])
    member_id = MemberId(row["id"])
    await uow.execute(store.SET_STATE, id=member_id, state=state.value, at=uow.now())
    await identity.set_membership_states(uow, uow.org_id, [member_id], state.value)
    if state is MemberState.SUSPENDED:
        hang_up(uow, ("member", member_id), "suspended")
    forget(uow, member_id)
    record(
        uow,
        actor,
        action=f"member.{'suspended' if state is MemberState.SUSPENDED else 'resumed'}",
        object_=f"member:{row['userid']}",
    )
