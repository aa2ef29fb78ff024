"""Members: adding, changing, placing, suspending; what others see of them."""

import secrets
from typing import Any
from uuid import UUID

import pytest

from pegboard.kernel import audit
from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.errors import Conflict, Forbidden, Invalid, RevisionMismatch, Unauthenticated
from pegboard.kernel.files import FileNotFound
from pegboard.kernel.ids import uuid7
from pegboard.modules.directory.errors import (
    DepartmentNotFound,
    EmailTaken,
    LoginsDisagree,
    ManagerCycle,
    MemberExists,
    MemberNotFound,
    MobileTaken,
    OwnerStays,
    UseridTaken,
    WrongState,
)
from pegboard.modules.directory.service import members as service
from pegboard.modules.directory.service import people
from pegboard.modules.directory.service.members import MemberChanges, NewMember
from pegboard.modules.directory.service.organisations import OrganisationChange, change_organisation
from pegboard.modules.directory.views import AdminKind, MemberDetail, OrganisationSettings
from pegboard.modules.identity import api as identity
from tests.modules.directory.conftest import PASSWORD, Company, found

pytestmark = pytest.mark.anyio


def a_mobile() -> str:
    return f"139{secrets.randbelow(10**8):08d}"


async def create(company: Company, new: NewMember, *, by: Actor | None = None) -> MemberDetail:
    async with company.work() as uow:
        return await service.create_member(uow, by or company.operator, new)


async def change(
    company: Company, userid: str, changes: MemberChanges, *, by: Actor | None = None, revision: int = 0
) -> MemberDetail:
    revision = revision or (await company.detail(userid)).revision
    async with company.work() as uow:
        return await service.change_member(uow, by or company.operator, userid, revision, changes)


async def sign_in(company: Company, userid: str, password: str = PASSWORD) -> identity.NewSession:
    async with UnitOfWork(company.database) as uow:
        return await identity.sign_in(uow, login=userid, password=password, org_code=company.created.corp_id)


# --- adding ---------------------------------------------------------------------------------------------------------


async def test_somebody_with_a_password_is_active_and_signs_in(company: Company) -> None:
    sales = await company.department("Sales")
    made = await create(
        company,
        NewMember(
            name="王小明",
            userid="E1",
            mobile="139 0000 1234",
            title="經理",
            department_ids=[sales],
            manager_userid="boss",
            password=PASSWORD,
        ),
    )
    assert (made.state, made.mobile, made.pinyin, made.manager_name) == (
        "active", "+8613900001234", "wangxiaoming", "Boss",
    )  # fmt: skip
    assert [(place.name, place.main) for place in made.departments] == [("Sales", True)]
    assert (await sign_in(company, "E1")).org_id == company.org_id
    facts = await company.facts("member.joined", "department.members_changed")
    assert [fact["name"] for fact in facts[-2:]] == ["member.joined", "department.members_changed"]
    assert facts[-1]["joined"] == [str(made.member_id)]


async def test_somebody_without_a_password_is_invited(company: Company) -> None:
    made = await create(company, NewMember(name="Li", mobile=a_mobile()))
    assert made.state == "invited"
    assert len(made.userid) == 10, "a userid is made"
    assert [place.department_id for place in made.departments] == [company.root]
    async with company.work() as uow:
        assert made.member_id not in await people.all_active_members(uow)
    (fact,) = await company.facts("member.invited")
    assert fact["member_id"] == str(made.member_id)


async def test_an_existing_account_is_invited_and_keeps_its_password(company: Company) -> None:
    mobile = a_mobile()
    await create(company, NewMember(name="Li", userid="li", mobile=mobile, password=PASSWORD))
    other = await found(company.database, "Other")
    made = await create(other, NewMember(name="Li", userid="li2", mobile=mobile, password="another one entirely"))
    assert made.state == "invited"
    await sign_in(company, "li")
    with pytest.raises(Unauthenticated):
        await sign_in(company, "li", "another one entirely")


async def test_userid_mobile_and_email_are_unique(company: Company) -> None:
    mobile, email = a_mobile(), f"{secrets.token_hex(6)}@example.com"
    await company.member("li", mobile=f"+86{mobile}")
    await create(company, NewMember(name="Wang", userid="wang", email=email.upper()))
    refusals: list[tuple[NewMember, type[Conflict]]] = [
        (NewMember(name="X", userid="li"), UseridTaken),
        (NewMember(name="X", userid="x", mobile=mobile), MobileTaken),
        (NewMember(name="X", userid="x", email=email), MemberExists),  # it is the same account
    ]
    for new, refusal in refusals:
        with pytest.raises(refusal):
            await create(company, new)
    await company.member("zhao")
    with pytest.raises(EmailTaken):
        await change(company, "zhao", {"email": email})


async def test_one_account_is_one_member(company: Company) -> None:
    mobile = a_mobile()
    await create(company, NewMember(name="Li", userid="li", mobile=mobile, password=PASSWORD))
    async with company.work() as uow:
        account = (await company.detail("li")).account_id
        assert account is not None
        email = f"{secrets.token_hex(6)}@example.com"
        other = await identity.create_account(uow, identity.PersonKey(name="X", email=email))
    assert other != account
    with pytest.raises(LoginsDisagree):
        await create(company, NewMember(name="X", userid="x", mobile=mobile, email=email))
    await change(company, "li", {"mobile": None})
    async with company.work() as uow:
        view = await identity.account_of(uow, account)
    assert view.mobile is None, "the login goes along while the account belongs here only"


async def test_the_same_account_twice(company: Company) -> None:
    mobile, second = a_mobile(), a_mobile()
    await create(company, NewMember(name="Li", userid="li", mobile=mobile, password=PASSWORD))
    other = await found(company.database, "Other")
    await create(other, NewMember(name="Li", userid="li", mobile=mobile))
    await change(company, "li", {"mobile": second})  # here only: the account belongs to two organisations now
    with pytest.raises(MemberExists):
        await create(company, NewMember(name="Li again", userid="li3", mobile=mobile))


@pytest.mark.parametrize(
    ("new", "path", "code"),
    [
        (NewMember(name="\u2066x"), "name", "invalid"),
        (NewMember(name="\u200d"), "name", "blank"),
        (NewMember(name="x" * 65), "name", "too_long"),
        (NewMember(name="x", userid="a b"), "userid", "invalid"),
        (NewMember(name="x", userid="王"), "userid", "invalid"),
        (NewMember(name="x", userid="x" * 65), "userid", "too_long"),
        (NewMember(name="x", mobile="12"), "mobile", "invalid"),
        (NewMember(name="x", email="no"), "email", "invalid"),
        (NewMember(name="x", title="a\tb"), "title", "invalid"),
        (NewMember(name="x", manager_userid="nobody"), "manager_userid", "not_found"),
        (NewMember(name="x", password="12345678"), "password", ""),
    ],
)
async def test_what_is_refused(company: Company, new: NewMember, path: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        await create(company, new)
    assert [field.path for field in refusal.value.fields] == [path]
    assert not code or refusal.value.fields[0].code == code


@pytest.mark.parametrize("name", ["👩‍👩‍👧 家", "محمد بن سلمان", "Nguyễn Thị", "می‌خواهم", "𠮷野家"])
async def test_joiners_and_letters_from_right_to_left_are_welcome(company: Company, name: str) -> None:
    assert (await create(company, NewMember(name=name, userid="x"))).name == name


async def test_unknown_departments(company: Company) -> None:
    with pytest.raises(DepartmentNotFound):
        await create(company, NewMember(name="x", department_ids=[uuid7()]))


# --- changing -------------------------------------------------------------------------------------------------------


async def test_a_change_is_told_and_audited(company: Company) -> None:
    member_id = await company.member("li", "李明", title="經理")
    changed = await change(company, "li", {"name": "李小明", "title": "總監", "hired_on": None})
    assert (changed.name, changed.pinyin, changed.title, changed.revision) == ("李小明", "lixiaoming", "總監", 2)
    (fact,) = await company.facts("member.changed")
    assert fact == {"name": "member.changed", "member_id": str(member_id), "fields": ["name", "title"]}
    async with company.work() as uow:
        (entry, *_) = await audit.entries(uow)
    assert (entry.action, entry.object, entry.actor_kind) == ("member.changed", "member:li", "operator")
    assert entry.personal == {
        "before": {"name": "李明", "title": "經理"},
        "after": {"name": "李小明", "title": "總監"},
    }
    with pytest.raises(RevisionMismatch):
        await change(company, "li", {"title": ""}, revision=1)


async def test_nothing_changed_is_nothing_told(company: Company) -> None:
    await company.member("li", "李明")
    assert (await change(company, "li", {"name": "李明", "departments": [company.root]})).revision == 1
    assert await company.facts("member.changed") == []


async def test_departments_and_the_main_one(company: Company) -> None:
    a, b, c = [await company.department(name) for name in "ABC"]
    li = await company.member("li", "", a, b)

    def places(detail: MemberDetail) -> list[tuple[str, bool]]:
        return [(place.name, place.main) for place in detail.departments]

    assert places(await change(company, "li", {"departments": [c, b]})) == [("C", True), ("B", False)]
    told = await company.facts("department.members_changed")
    assert {(f["department_id"], *f["joined"]) for f in told[-2:]} == {(str(c), str(li)), (str(a),)}  # type: ignore[misc]  # facts are JSON
    assert places(await change(company, "li", {"departments": [b, c]})) == [("B", True), ("C", False)]
    with pytest.raises(Invalid):
        await change(company, "li", {"departments": []})


async def test_managers_do_not_go_round(company: Company) -> None:
    for userid in ("a", "b", "c"):
        await company.member(userid)
    await change(company, "a", {"manager_userid": "b"})
    await change(company, "b", {"manager_userid": "c"})
    for userid, manager in (("c", "a"), ("c", "c")):
        with pytest.raises(ManagerCycle):
            await change(company, userid, {"manager_userid": manager})
    assert (await change(company, "a", {"manager_userid": None})).manager_userid is None
    await change(company, "c", {"manager_userid": "a"})


async def test_extension_fields_have_a_size(company: Company) -> None:
    await company.member("li")
    assert (await change(company, "li", {"extension": {"desk": 4}})).extension == {"desk": 4}
    with pytest.raises(Invalid):
        await change(company, "li", {"extension": {"x": "x" * 20_000}})


async def test_everybody_changes_their_own_picture_and_no_more(company: Company) -> None:
    await company.member("li")
    await company.member("wang")
    li = await company.actor("li")
    changed = await change(company, "li", {"hide_mobile": True}, by=li)
    assert changed.hide_mobile
    for userid, changes in (("li", {"title": "CEO"}), ("wang", {"hide_mobile": True})):
        with pytest.raises(Forbidden):
            await change(company, userid, changes, by=li)  # type: ignore[arg-type]  # one of two shapes


# --- suspending -----------------------------------------------------------------------------------------------------


async def test_a_suspended_member_can_do_nothing_until_resumed(company: Company) -> None:
    await create(company, NewMember(name="Li", userid="li", password=PASSWORD))
    session = await sign_in(company, "li")
    async with company.work() as uow:
        assert (await service.suspend_member(uow, company.operator, "li")).state == "suspended"
    assert await identity.session_of(company.database, session.token) is None
    with pytest.raises(Unauthenticated):
        await sign_in(company, "li")
    with pytest.raises(WrongState):
        async with company.work() as uow:
            await service.suspend_member(uow, company.operator, "li")
    async with company.work() as uow:
        await service.resume_member(uow, company.operator, "li")
    await sign_in(company, "li")
    told = [fact["name"] for fact in await company.facts("member.suspended", "member.resumed")]
    assert told == ["member.suspended", "member.resumed"]


async def test_the_owner_stays(company: Company) -> None:
    with pytest.raises(OwnerStays):
        async with company.work() as uow:
            await service.suspend_member(uow, company.operator, "boss")


# --- sight ----------------------------------------------------------------------------------------------------------


async def test_numbers_are_shown_by_permission(company: Company) -> None:
    sales = await company.department("Sales")
    await company.member("li", "", sales, mobile=f"+86{a_mobile()}")
    for userid in ("wang", "near", "far"):
        await company.member(userid)
    await company.appoint("near", AdminKind.SUB, ["directory.members.manage"], sales)
    elsewhere = await company.department("Elsewhere")
    await company.appoint("far", AdminKind.SUB, ["directory.members.manage"], elsewhere)

    async def sees(userid: str) -> bool:
        return (await company.detail("li", by=await company.actor(userid))).mobile is not None

    assert [await sees(userid) for userid in ("li", "boss", "near", "far", "wang")] == [
        True, True, True, False, False,
    ]  # fmt: skip
    async with company.work() as uow:
        settings = OrganisationSettings(show_mobiles=True)
        await change_organisation(uow, company.operator, OrganisationChange(revision=1, settings=settings))
    assert await sees("wang")
    await change(company, "li", {"hide_mobile": True})
    assert [await sees(userid) for userid in ("li", "near", "wang")] == [True, True, False]


async def test_unknown_and_hidden_members_are_the_same(company: Company) -> None:
    secret = await company.department("Secret")
    await company.member("spy", "", secret)
    await company.member("li")
    from tests.modules.directory.test_departments import change as change_department

    await change_department(company, secret, {"hidden": True})
    li = await company.actor("li")
    for userid in ("spy", "nobody", "' OR 1=1 --", "%"):
        with pytest.raises(MemberNotFound) as refusal:
            await company.detail(userid, by=li)
        assert refusal.value.params == {}


# --- who is who -----------------------------------------------------------------------------------------------------


async def test_people_are_remembered_until_they_change(company: Company) -> None:
    li = await company.member("li", "李明")
    async with company.work() as uow:
        assert (await people.people(uow, [li, *await ids_of_nobody()]))[li].name == "李明"
    async with company.work() as uow:
        revision = (await company.detail("li")).revision
        await service.change_member(uow, company.operator, "li", revision, {"name": "李四"})
        assert (await people.people(uow, [li]))[li].name == "李四", "one sees one's own changes"
    async with company.work() as uow:
        assert (await people.people(uow, [li]))[li].name == "李四"


async def test_what_was_rolled_back_is_not_remembered(company: Company) -> None:
    li = await company.member("li", "李明")

    class Undone(Exception):
        pass

    async def undo() -> None:
        async with company.work() as uow:
            await service.change_member(uow, company.operator, "li", 1, {"name": "李四"})
            assert (await people.people(uow, [li]))[li].name == "李四"
            raise Undone

    with pytest.raises(Undone):
        await undo()
    async with company.work() as uow:
        assert (await people.people(uow, [li]))[li].name == "李明"


async def ids_of_nobody() -> list[Any]:
    return [UUID(int=1)]


async def test_by_userids(company: Company) -> None:
    await company.member("li")
    await company.member("guest", active=False)
    async with company.work() as uow:
        assert set(await people.by_userids(uow, ["li", "guest", "nobody"])) == {"li"}
        assert set(await people.by_userids(uow, ["li", "guest"], active_only=False)) == {"li", "guest"}


async def test_a_picture_is_a_file_of_ones_own(company: Company) -> None:
    await company.member("li")
    with pytest.raises(FileNotFound):
        await change(company, "li", {"avatar_file_id": uuid7()}, by=await company.actor("li"))
