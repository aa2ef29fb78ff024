"""Importing a staff list: what is stored, what is refused, what is told."""

import asyncio
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from pegboard.kernel.actor import Account
from pegboard.kernel.db import UnitOfWork, sql
from pegboard.kernel.errors import Forbidden, PegboardError
from pegboard.kernel.ids import OrgId, uuid7
from pegboard.modules.directory.api import import_staff_list
from pegboard.modules.directory.errors import ImportUnreadable, OrganisationNotFound
from pegboard.modules.directory.events import BATCH
from pegboard.modules.directory.policy import IMPORT, INVITE
from pegboard.modules.directory.service import departments, joining, leaving, search
from pegboard.modules.directory.service.new_members import NewPerson, insert_people
from pegboard.modules.directory.views import AdminKind, ImportResult
from pegboard.modules.identity import api as identity
from tests.modules.directory.conftest import PASSWORD, found
from tests.modules.directory.joining.conftest import Office
from tests.modules.directory.joining.lists import crowd, staff_list
from tests.support.polling import until

pytestmark = pytest.mark.anyio

DATA = Path(__file__).parents[3] / "data"
_DETAIL = sql("SELECT detail FROM audit_log WHERE org_id = :org_id AND action = 'members.imported' ORDER BY seq")
_WAITING = sql("""
    SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE datname = current_database() AND NOT granted
""")
_PLACES = sql("""
    SELECT m.userid FROM member_departments p JOIN members m ON m.org_id = :org_id AND m.id = p.member_id
    WHERE p.org_id = :org_id AND p.department_id = :department_id ORDER BY p.position, m.id
""")


def wrong(result: ImportResult) -> list[tuple[int, str, str]]:
    return [(error.row, error.column, error.code) for error in result.errors]


async def _department(office: Office, *path: str) -> Any:
    """The department at the end of this path."""
    company = office.company
    found = company.root
    for name in path:
        async with company.work() as uow:
            page = await departments.children(uow, company.operator, found, limit=200, after=None)
        found = next(child.department_id for child in page.items if child.name == name)
    return found


# --- what is stored ---------------------------------------------------------------------------------------------------


async def test_people_stand_in_the_directory(office: Office, mobile: str, email: str) -> None:
    result = await office.take(
        {
            "userid": "li",
            "name": "李明",
            "departments": "HQ/Sales; HQ/Board",
            "manager_userid": "wang",
            "title": "經理",
        },
        {"userid": "wang", "name": "王芳", "mobile": mobile.removeprefix("+86"), "email": email.upper()},
    )
    assert (result.refused, result.members, result.departments, result.created) == (False, 2, 3, 2)
    li, wang = await office.company.detail("li"), await office.company.detail("wang")
    assert [(place.path, place.main) for place in li.departments] == [
        (("HQ", "Sales"), True),
        (("HQ", "Board"), False),
    ]
    assert (li.name, li.title, li.manager_userid, li.state) == ("李明", "經理", "wang", "active")
    assert (wang.mobile, wang.email, wang.manager_userid) == (mobile, email, None)
    async with office.company.work() as uow:
        hits = [await search.search(uow, office.company.operator, query, 10) for query in ("limi", "芳", "經")]
    assert [[person.userid for person in hit] for hit in hits] == [["li"], ["wang"], ["li"]]


async def test_the_order_of_the_list_is_the_order_in_the_department(office: Office) -> None:
    people = crowd(40, departments=["HQ"])
    await office.take(*people)
    await office.take(*crowd(3, prefix="later", departments=["HQ"]))
    async with office.company.work() as uow:
        rows = await uow.rows(_PLACES, department_id=await _department(office, "HQ"))
    later = ["later0", "later1", "later2"]
    assert [row["userid"] for row in rows] == [person["userid"] for person in people] + later


async def test_passwords_of_the_list_open_the_new_accounts(office: Office, mobile: str) -> None:
    await office.take({"userid": "li", "password": "x y z"}, {"userid": "wang", "mobile": mobile, "password": "abc"})
    assert (await office.sign_in(mobile, "abc")).org_id == office.company.org_id
    session = await office.sign_in("li", "x y z", org_code=office.company.created.corp_id)
    assert session.org_id == office.company.org_id


async def test_what_is_told(office: Office) -> None:
    await office.take(*crowd(BATCH + 500))
    joined: list[Any] = await office.company.facts("members.joined")
    assert [len(fact["member_ids"]) for fact in joined] == [BATCH, 500]
    created = await office.company.facts("department.created")
    assert {fact["department_name"] for fact in created[1:]} == {"HQ", "Plant", "Sales"}
    changed: list[Any] = await office.company.facts("department.members_changed")
    assert sum(len(fact["joined"]) for fact in changed) == 1 + BATCH + 500
    assert all(len(fact["joined"]) <= BATCH for fact in changed)
    async with office.company.work() as uow:
        (record,) = await uow.rows(_DETAIL)
    assert (record["detail"]["created"], record["detail"]["departments_created"]) == (BATCH + 500, 3)
    assert len(record["detail"]["sha256"]) == 64


async def test_the_same_list_again_changes_and_tells_nothing(office: Office, mobile: str) -> None:
    people = [*crowd(30), {"userid": "li", "mobile": mobile, "title": "Boss", "departments": "HQ;Lab/A"}]
    first = await office.take(*people)
    before, told = await office.counts(), await office.told()
    revision = (await office.company.detail("li")).revision
    again = await office.take(*people)
    assert (again.members, again.departments, again.created, again.changed) == (31, first.departments, 0, 0)
    assert (await office.counts(), await office.told()) == (before, told)
    assert (await office.company.detail("li")).revision == revision


async def test_a_row_of_a_member_changes_the_member(office: Office) -> None:
    await office.take({"userid": "li", "title": "Clerk", "departments": "A;B"}, {"userid": "wang"}, {"userid": "zhao"})
    before = await office.company.detail("li")
    told = len(await office.told())
    result = await office.take(
        {"userid": "li", "title": "Chief", "departments": "B;C", "manager_userid": "wang"}, {"userid": "wang"}
    )
    assert (result.created, result.changed) == (0, 1)
    li = await office.company.detail("li")
    assert (li.member_id, li.title, li.manager_userid) == (before.member_id, "Chief", "wang")
    assert [(place.name, place.main) for place in li.departments] == [("B", True), ("C", False)]
    assert (await office.told())[told:] == ["department.created", "member.changed", *2 * ["department.members_changed"]]
    (changed,) = await office.company.facts("member.changed")
    assert changed["fields"] == ["title", "manager", "departments"]
    async with office.company.work() as uow:
        assert [p.userid for p in await search.search(uow, office.company.operator, "chief", 10)] == ["li"]
        assert await search.search(uow, office.company.operator, "clerk", 10) == []


async def test_what_a_row_leaves_empty_stays(office: Office, mobile: str, email: str) -> None:
    await office.take(
        {"userid": "li", "title": "Clerk", "mobile": mobile, "email": email, "manager_userid": "wang"},
        {"userid": "wang"},
    )
    assert (await office.take({"userid": "li"})).changed == 0
    li = await office.company.detail("li")
    assert (li.title, li.mobile, li.email, li.manager_userid) == ("Clerk", mobile, email, "wang")


async def test_a_changed_mobile_is_what_they_sign_in_with(office: Office, mobile: str) -> None:
    await office.take({"userid": "li", "mobile": mobile, "password": PASSWORD})
    other = "+8613611112222"
    await office.take({"userid": "li", "mobile": other})
    assert (await office.sign_in(other)).org_id == office.company.org_id
    with pytest.raises(PegboardError, match="wrong_credentials"):
        await office.sign_in(mobile)


async def test_departments_are_found_however_their_names_are_composed(office: Office) -> None:
    await office.take({"userid": "a", "departments": "Café/Zoë"})
    decomposed = unicodedata.normalize("NFD", "Café/Zoë")
    result = await office.take({"userid": "b", "departments": decomposed})
    assert result.departments == 2
    assert await office.company.facts("department.created") == (await office.company.facts("department.created"))[:3]


async def test_twenty_levels_of_departments(office: Office) -> None:
    path = "/".join(f"d{level}" for level in range(20))
    assert (await office.take({"userid": "deep", "departments": path})).departments == 20
    assert len((await office.company.detail("deep")).departments[0].path) == 20


# --- what is refused --------------------------------------------------------------------------------------------------


async def test_the_broken_list_has_exactly_the_expected_errors_and_nothing_is_stored(office: Office) -> None:
    before, told = await office.counts(), await office.told()
    result = await office.take_file((DATA / "staff-broken.csv").read_bytes(), "staff-broken.csv")
    expected = json.loads((DATA / "staff-broken.expected.json").read_text())["errors"]
    assert [{"row": e.row, "column": e.column, "code": e.code} for e in result.errors] == expected
    assert (result.refused, result.members, result.departments) == (True, 0, 0)
    assert (await office.counts(), await office.told()) == (before, told)


async def test_the_good_rows_of_the_broken_list(office: Office) -> None:
    data = (DATA / "staff-broken.csv").read_bytes()
    result = await office.take_file(data, "staff-broken.csv", skip_errors=True)
    assert (result.refused, result.members, len(result.errors)) == (False, 60 - 17, 17)
    assert (await office.counts())["members"] == 1 + 60 - 17


async def test_who_has_a_left_out_manager_is_stored_without_one(office: Office) -> None:
    result = await office.take(
        {"userid": "li", "manager_userid": "wang"}, {"userid": "wang", "mobile": "no number"}, skip_errors=True
    )
    assert wrong(result) == [(2, "manager_userid", "not_found"), (3, "mobile", "invalid")]
    assert (await office.company.detail("li")).manager_userid is None


async def test_a_dry_run_finds_errors_and_stores_nothing(office: Office, mobile: str) -> None:
    before = await office.counts()
    result = await office.take({"userid": "li", "mobile": mobile}, {"userid": "wang"}, dry_run=True)
    assert (result.dry_run, result.members, result.departments, result.created) == (True, 2, 1, 2)
    bad = await office.take({"userid": "li", "mobile": mobile}, {"userid": "li"}, dry_run=True)
    assert wrong(bad) == [(3, "userid", "duplicate")]
    assert await office.counts() == before


async def test_messages_are_in_the_asker_s_language(office: Office) -> None:
    result = await office.take({"userid": "li", "mobile": "abc"}, language="zh-TW")
    assert [error.message for error in result.errors] == ["「abc」不是有效的電話號碼"]
    with pytest.raises(ImportUnreadable) as refusal:
        await office.take_file(b"a,b\n1,2\n", language="zh-CN")
    assert "第一行必须是列名" in str(refusal.value.params["reason"])


async def test_a_name_that_nobody_sees(office: Office) -> None:
    result = await office.take({"userid": "li", "name": "\u200b\u200d"}, {"userid": "wang", "departments": "HQ/\u200b"})
    assert wrong(result) == [(2, "name", "invalid"), (3, "departments", "invalid")]


async def test_an_organisation_that_is_none(office: Office) -> None:
    with pytest.raises(OrganisationNotFound):
        await import_staff_list(office.company.database, OrgId(uuid7()), staff_list({"userid": "li"}), "a.csv")


async def test_only_with_the_power(office: Office) -> None:
    await office.take({"userid": "li"})
    with pytest.raises(Forbidden):
        await office.take({"userid": "wang"}, actor=await office.company.actor("li"))


async def test_a_sub_administrator_stays_inside_their_departments(office: Office) -> None:
    await office.take(
        {"userid": "sub", "departments": "North"},
        {"userid": "far", "departments": "South"},
        {"userid": "both", "departments": "North;South"},
    )
    north = await _department(office, "North")
    sub = await office.company.appoint("sub", AdminKind.SUB, [IMPORT.name, INVITE.name], north)
    result = await office.take(
        {"userid": "new", "departments": "North/Shop"},
        {"userid": "out", "departments": "South/Shop"},
        {"userid": "half", "departments": "North;East"},
        {"userid": "far", "departments": "North"},
        {"userid": "both", "departments": "North;South"},
        {"userid": "boss", "name": "Nobody", "departments": "North"},
        actor=sub,
    )
    assert wrong(result) == [
        (3, "departments", "invalid"),
        (4, "departments", "invalid"),
        (5, "userid", "invalid"),
        (6, "departments", "invalid"),
        (7, "userid", "invalid"),
    ]
    result = await office.take({"userid": "new", "departments": "North/Shop"}, actor=sub)
    assert (result.refused, result.members) == (False, 1)


async def test_nobody_changes_who_outranks_them_but_themselves(office: Office) -> None:
    await office.take({"userid": "ann"}, {"userid": "bob"})
    ann = await office.company.appoint("ann", AdminKind.SUPER)
    await office.company.appoint("bob", AdminKind.SUPER)
    result = await office.take({"userid": "bob", "title": "X"}, {"userid": "ann", "title": "Y"}, actor=ann)
    assert wrong(result) == [(2, "userid", "invalid")]
    unchanged = await office.take({"userid": "bob"}, {"userid": "ann", "title": "Y"}, actor=ann)
    assert (unchanged.refused, unchanged.changed) == (False, 1)


# --- accounts that exist ----------------------------------------------------------------------------------------------


async def test_who_has_an_account_is_invited_and_confirms(office: Office, mobile: str) -> None:
    account_id = await office.account(mobile=mobile)
    result = await office.take({"userid": "li", "mobile": mobile, "password": "not theirs"}, {"userid": "wang"})
    assert (result.members, result.created, result.invited) == (2, 2, 1)
    li = await office.company.detail("li")
    assert (li.state, li.account_id) == ("invited", account_id)
    assert len(await office.company.facts("members.invited")) == 1
    with pytest.raises(PegboardError, match="wrong_credentials"):
        await office.sign_in(mobile, "not theirs")
    assert (await office.sign_in(mobile)).org_id is None
    (place,) = await _places(office, account_id)
    assert place.state == "invited"


async def _places(office: Office, account_id: Any) -> list[identity.Membership]:
    async with office.company.work() as uow:
        return await identity.memberships_of(uow, account_id)


async def test_mobile_and_email_of_two_people(office: Office, mobile: str, email: str) -> None:
    await office.account(mobile=mobile)
    await office.account(email=email)
    result = await office.take({"userid": "li", "mobile": mobile, "email": email})
    assert wrong(result) == [(2, "email", "duplicate")]


async def test_two_rows_of_one_person(office: Office, mobile: str, email: str) -> None:
    await office.account(mobile=mobile, email=email)
    result = await office.take({"userid": "li", "mobile": mobile}, {"userid": "wang", "email": email})
    assert wrong(result) == [(3, "email", "duplicate")]
    assert "row 2" in result.errors[0].message


async def test_a_member_under_another_userid(office: Office, mobile: str, email: str) -> None:
    """Their number stands in their account only, so the list itself does not show it."""
    await office.account(mobile=mobile, email=email)
    await office.take({"userid": "li", "email": email})
    result = await office.take({"userid": "wang", "mobile": mobile})
    assert wrong(result) == [(2, "mobile", "duplicate")]
    assert "li" in result.errors[0].message


async def test_another_organisation_s_member(office: Office, mobile: str) -> None:
    elsewhere = Office(company=await found(office.company.database, "Elsewhere"))
    await elsewhere.take({"userid": "e7", "mobile": mobile, "password": PASSWORD, "name": "李明"})
    result = await office.take({"userid": "li", "mobile": mobile, "name": "Lee"})
    assert result.invited == 1
    assert (await elsewhere.company.detail("e7")).name == "李明"
    assert (await office.sign_in(mobile)).org_id == elsewhere.company.org_id


# --- coming back ------------------------------------------------------------------------------------------------------


async def _leave(office: Office, userid: str) -> None:
    async with office.company.work() as uow:
        await leaving.leave(uow, office.company.operator, userid)


async def test_who_left_is_the_same_member_again(office: Office, mobile: str) -> None:
    await office.take({"userid": "li", "name": "李明", "mobile": mobile, "password": PASSWORD})
    before = await office.company.detail("li")
    await _leave(office, "li")
    result = await office.take({"userid": "li", "name": "李小明", "mobile": mobile, "departments": "Lab"})
    assert (result.created, result.changed) == (0, 1)
    after = await office.company.detail("li")
    assert (after.member_id, after.account_id) == (before.member_id, before.account_id)
    assert (after.state, after.name, after.left_at) == ("active", "李小明", None)
    assert [place.name for place in after.departments] == ["Lab"]
    assert (await office.sign_in(mobile)).org_id == office.company.org_id
    assert (await office.company.facts("members.joined"))[-1]["member_ids"] == [str(before.member_id)]


async def test_the_userid_of_somebody_who_left_is_nobody_else_s(office: Office, mobile: str) -> None:
    await office.take({"userid": "li", "name": "李明", "mobile": mobile})
    await _leave(office, "li")
    result = await office.take({"userid": "li", "name": "Somebody Else"})
    assert wrong(result) == [(2, "userid", "duplicate")]


async def test_who_left_comes_back_under_their_own_userid(office: Office, mobile: str) -> None:
    await office.take({"userid": "li", "name": "李明", "mobile": mobile})
    await _leave(office, "li")
    result = await office.take({"userid": "li2", "name": "李明", "mobile": mobile})
    assert wrong(result) == [(2, "mobile", "duplicate")]
    assert "li" in result.errors[0].message


# --- at the same time -------------------------------------------------------------------------------------------------


async def test_two_imports_at_once_are_one_after_the_other(office: Office) -> None:
    people = crowd(300)
    both = await asyncio.gather(office.take(*people), office.take(*people[100:], *crowd(50, prefix="x")))
    assert sum(result.created for result in both) == 350
    assert sum(result.changed for result in both) == 0
    assert (await office.counts())["members"] == 351
    assert len(await office.company.facts("department.created")) == 1 + 3


async def _somebody_waits(office: Office) -> bool:
    async with UnitOfWork(office.company.database, system=True) as uow:
        return bool(await uow.value(_WAITING))


async def test_the_second_import_sees_what_the_first_has_done(office: Office) -> None:
    """Each list is right in itself; together they would make two people managers of one another."""
    await office.take({"userid": "ann"}, {"userid": "bob"})
    second: list[asyncio.Task[ImportResult]] = []

    async def start_the_second(done: int, total: int) -> None:
        if not second:
            second.append(asyncio.create_task(office.take({"userid": "bob", "manager_userid": "ann"})))
            await until(lambda: _somebody_waits(office))

    first = await office.take({"userid": "ann", "manager_userid": "bob"}, progress=start_the_second)
    assert (first.refused, first.changed) == (False, 1)
    assert wrong(await second[0]) == [(2, "manager_userid", "cycle")]


async def test_somebody_is_added_while_the_list_is_stored(office: Office) -> None:
    """Their row collides with ours: looked at again, it is a change of a member."""
    company = office.company
    async with company.work() as uow:
        person = NewPerson(userid="li", name="李明", account_id=None, active=True, department_ids=(company.root,))
        (member_id,) = await insert_people(uow, company.operator, [person])
        task = asyncio.create_task(office.take({"userid": "li", "name": "李明"}, {"userid": "wang"}))
        await until(lambda: _somebody_waits(office))
    result = await task
    assert (result.created, result.changed) == (1, 1)
    assert (await company.detail("li")).member_id == member_id


async def test_progress_counts_rows(office: Office) -> None:
    seen: list[tuple[int, int]] = []

    async def show(done: int, total: int) -> None:
        seen.append((done, total))

    await office.take(*crowd(20), progress=show)
    await office.take(*crowd(20), {"userid": "new"}, progress=show)
    assert seen == [(0, 20), (20, 20), (0, 21), (21, 21)]


async def test_invited_people_join_when_they_confirm(office: Office, mobile: str) -> None:
    account_id = await office.account(mobile=mobile)
    await office.take({"userid": "li", "mobile": mobile})
    session = await office.sign_in(mobile)
    account = Account(account_id=account_id, session_id=session.session_id, name="Li", language="en")
    for _ in range(2):  # twice is once
        async with office.company.work() as uow:
            await joining.confirm_membership(uow, account, office.company.org_id)
    li = await office.company.detail("li")
    assert li.state == "active"
    assert [fact["member_id"] for fact in await office.company.facts("member.joined")][1:] == [str(li.member_id)]
