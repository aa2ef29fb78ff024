"""Finding people: by what, in which order, in pages, and what is not found."""

import pytest

from pegboard.kernel.errors import Invalid
from pegboard.modules.directory.service import members
from pegboard.modules.directory.service.organisations import OrganisationChange, change_organisation
from pegboard.modules.directory.service.search import MemberFilter, MemberPage, list_members, search
from pegboard.modules.directory.terms import Kind, terms_of, words_of
from pegboard.modules.directory.views import AdminKind, MemberState, OrganisationSettings
from tests.modules.directory.conftest import Company
from tests.modules.directory.test_departments import change as change_department

pytestmark = pytest.mark.anyio


async def find(company: Company, query: str, *, by: str = "boss") -> list[str]:
    async with company.work() as uow:
        return [person.userid for person in await search(uow, await company.actor(by), query, 50)]


async def pages(company: Company, wanted: MemberFilter, *, limit: int, by: str = "boss") -> list[list[str]]:
    """All pages, as userids."""
    actor = await company.actor(by)
    found: list[list[str]] = []
    after = None
    while not found or after is not None:
        async with company.work() as uow:
            page: MemberPage = await list_members(uow, actor, wanted, limit=limit, after=after)
        found.append([item.person.userid for item in page.items])
        after = page.next
    return found


@pytest.fixture
async def staff(company: Company) -> Company:
    await company.member("E1", "王小明", title="高級工程師", mobile="+8613900001234")
    await company.member("E2", "王明", title="經理")
    await company.member("E3", "張曉明")
    await company.member("E4", "John O'Neil", title="Sales Manager")
    await company.member("E5", "100% Zhang")
    await company.member("E6", "單田芳")
    await company.member("left-over", "محمد علي")
    return company


@pytest.mark.parametrize(
    ("query", "userids"),
    [
        ("王小", ["E1"]),  # two characters
        ("小明", ["E1"]),
        ("明", ["E1", "E2", "E3"]),
        ("王", ["E1", "E2"]),
        ("wangxiaoming", ["E1"]),
        ("WangXiao", ["E1"]),
        ("xiaoming", ["E1", "E3"]),
        ("wxm", ["E1"]),
        ("xm", ["E1", "E3"]),
        ("shantianfang", ["E6"]),  # the surname's reading
        ("工程", ["E1"]),
        ("manager", ["E4"]),
        ("john", ["E4"]),
        ("o'neil", ["E4"]),
        ("ONEIL john", ["E4"]),
        ("'", []),
        ("%", ["E5"]),
        ("_", []),
        ("\\", []),
        ("100%", ["E5"]),
        ("E1", ["E1"]),
        ("e1", ["E1"]),
        ("王 工程", ["E1"]),
        ("王 經理", ["E2"]),
        ("王 john", []),
        ("علي", ["left-over"]),
        ("1234", ["E1"]),  # the end of a number
        ("13900001234", ["E1"]),
        ("+86 139 0000", ["E1"]),
        ("王 1234", ["E1"]),
        ("張 1234", []),
        ("", []),
        ("   ", []),
        ("\U0010ffff", []),
    ],
)
async def test_what_finds_whom(staff: Company, query: str, userids: list[str]) -> None:
    assert await find(staff, query) == userids


async def test_full_width_and_case_do_not_count(staff: Company) -> None:
    assert await find(staff, "ＪＯＨＮ") == ["E4"]


async def test_numbers_are_found_by_permission(staff: Company) -> None:
    sales = await staff.department("Sales")
    await staff.member("S1", "李四", sales, mobile="+8613911112222")
    await staff.member("near")
    await staff.appoint("near", AdminKind.SUB, ["directory.members.manage"], sales)
    for query in ("13911112222", "2222", "1391111"):
        assert await find(staff, query) == ["S1"]
        assert await find(staff, query, by="near") == ["S1"]
        assert await find(staff, query, by="E2") == []
    assert await find(staff, "1234", by="near") == []
    async with staff.work() as uow:
        settings = OrganisationSettings(show_mobiles=True)
        await change_organisation(uow, staff.operator, OrganisationChange(revision=1, settings=settings))
    assert await find(staff, "1234", by="E2") == ["E1"]
    async with staff.work() as uow:
        await members.change_member(uow, staff.operator, "E1", 1, {"hide_mobile": True})
    assert await find(staff, "1234", by="E2") == []


async def test_a_new_name_is_found_and_the_old_one_is_not(staff: Company) -> None:
    async with staff.work() as uow:
        await members.change_member(uow, staff.operator, "E1", 1, {"name": "趙大", "mobile": "13922223333"})
    assert await find(staff, "趙") == ["E1"]
    assert await find(staff, "小明") == []
    assert await find(staff, "3333") == ["E1"]
    assert await find(staff, "1234") == []


async def test_hidden_people_are_not_found(staff: Company) -> None:
    secret = await staff.department("Secret")
    await staff.member("spy", "王密", secret)
    await change_department(staff, secret, {"hidden": True})
    assert await find(staff, "王密", by="E2") == []
    assert await find(staff, "王密", by="spy") == ["spy"]
    assert await find(staff, "王密") == ["spy"]


async def test_finds_come_in_pages_and_nobody_twice(company: Company) -> None:
    for number in range(25):
        # Everybody has the word in several terms: name, pinyin, the middle of the name.
        await company.member(f"u{number:02}", f"明{number}明", title="明")
    wanted = MemberFilter(query="明")
    found = await pages(company, wanted, limit=4)
    flat = [userid for page in found for userid in page]
    assert sorted(flat) == [f"u{number:02}" for number in range(25)]
    assert [len(page) for page in found] == [4] * 6 + [1]


async def test_lists_come_in_pages(staff: Company) -> None:
    sales = await staff.department("Sales")
    below = await staff.department("Team", sales)
    await staff.member("S1", "Zoe", sales)
    await staff.member("S2", "Adam", below, sales)
    await staff.member("S3", "Mia", below, active=False)
    everybody = [userid for page in await pages(staff, MemberFilter(), limit=3) for userid in page]
    assert len(everybody) == len(set(everybody)) == 11
    assert everybody.index("S2") < everybody.index("S3") < everybody.index("S1"), "by pinyin"
    tree = MemberFilter(department_id=sales, recursive=True)
    assert await pages(staff, tree, limit=2) == [["S2", "S3"], ["S1"]]
    assert await pages(staff, MemberFilter(department_id=sales), limit=1) == [["S1"], ["S2"]]
    assert await pages(staff, MemberFilter(state=MemberState.INVITED), limit=9) == [["S3"]]
    assert await pages(staff, MemberFilter(query="a", department_id=below), limit=9) == [["S2", "S3"]]
    assert await pages(staff, MemberFilter(query="zoe", department_id=below), limit=9) == [[]]


async def test_a_large_subtree_lists_as_a_small_one(staff: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    sales = await staff.department("Sales")
    below = await staff.department("Team", sales)
    for userid, places in (("S1", [sales]), ("S2", [below, sales]), ("S3", [below])):
        await staff.member(userid, "", *places)
    tree = MemberFilter(department_id=sales, recursive=True)
    small = await pages(staff, tree, limit=2)
    monkeypatch.setattr("pegboard.modules.directory.service.search._LARGE_SUBTREE", 0)
    assert await pages(staff, tree, limit=2) == small == [["S1", "S2"], ["S3"]]
    assert len(await pages(staff, MemberFilter(department_id=staff.root, recursive=True), limit=100)) == 1


async def test_a_query_has_an_end(staff: Company) -> None:
    for query in ("x" * 101, "a b c d e f g h i"):
        with pytest.raises(Invalid):
            await find(staff, query)


def test_terms() -> None:
    terms = terms_of(name="王小明", userid="E1", title="經理", mobile="+8613900001234")
    assert {term for kind, term in terms if kind is Kind.WHOLE} == {"王小明", "wangxiaoming", "wxm", "e1", "經理"}
    assert {term for kind, term in terms if kind is Kind.PART} == {"小明", "明", "xiaoming", "ming", "xm", "理"}
    assert {term for kind, term in terms if kind is Kind.MOBILE} == {"8613900001234", "13900001234"}
    assert {term for kind, term in terms if kind is Kind.MOBILE_END} == {"4321000093168"}


def test_a_joiner_begins_nothing() -> None:
    parts = {term for kind, term in terms_of(name="👩‍👩‍👧", userid="x") if kind is Kind.PART}
    assert all(not term.startswith("\u200d") for term in parts)


def test_words() -> None:
    assert [(word.prefix, word.number) for word in words_of("a  李 139-0000 bcd")] == [
        ("139-0000", "1390000"), ("bcd", None), ("a", None), ("李", None),
    ]  # fmt: skip
    assert [(word.prefix, word.number) for word in words_of("+86 139 (0000)")] == [("+86139(0000)", "861390000")]
    assert words_of("  ") == []
