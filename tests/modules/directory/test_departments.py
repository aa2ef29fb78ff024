"""Departments: the tree and its closure, order, leaders, sight."""

from collections import defaultdict
from collections.abc import Sequence
from random import Random  # noqa: TID251  # seeded: the same moves at every run
from uuid import UUID

import pytest

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import sql
from pegboard.kernel.errors import Invalid, RevisionMismatch
from pegboard.kernel.ids import uuid7
from pegboard.modules.directory.errors import (
    DepartmentCycle,
    DepartmentNameTaken,
    DepartmentNotEmpty,
    DepartmentNotFound,
    DepartmentTooDeep,
    RootStays,
)
from pegboard.modules.directory.models import MAX_DEPTH
from pegboard.modules.directory.service import departments as service
from pegboard.modules.directory.service.departments import DepartmentChanges
from pegboard.modules.directory.service.people import department_members
from pegboard.modules.directory.views import Department, DepartmentId
from tests.modules.directory.conftest import Company

pytestmark = pytest.mark.anyio

_PAIRS = sql("SELECT ancestor_id, descendant_id, depth FROM department_ancestors WHERE org_id = :org_id")
_PARENTS = sql("SELECT id, parent_id FROM departments WHERE org_id = :org_id")


async def change(
    company: Company, department_id: UUID, changes: DepartmentChanges, *, by: Actor | None = None, revision: int = 0
) -> Department:
    """Change it at its present revision, unless one is given."""
    revision = revision or (await company.see_department(department_id)).revision
    async with company.work() as uow:
        changed, _ = await service.change_department(uow, by or company.operator, department_id, revision, changes)
    return changed


async def names_below(company: Company, parent_id: UUID, *, by: Actor | None = None) -> list[str]:
    async with company.work() as uow:
        page = await service.children(uow, by or company.operator, parent_id, limit=100, after=None)
    return [department.name for department in page.items]


async def assert_closure_is_the_tree(company: Company) -> None:
    """Compare the closure with what walking up the parents says."""
    async with company.work() as uow:
        parents = {row["id"]: row["parent_id"] for row in await uow.rows(_PARENTS)}
        pairs = {(row["ancestor_id"], row["descendant_id"], row["depth"]) for row in await uow.rows(_PAIRS)}
    walked = set()
    for department_id in parents:
        above, depth = department_id, 0
        while above is not None:
            walked.add((above, department_id, depth))
            above, depth = parents[above], depth + 1
    assert pairs == walked


async def test_children_stand_in_their_order(company: Company) -> None:
    first = await company.department("Sales")
    await company.department("Production")
    assert await names_below(company, company.root) == ["Sales", "Production"]
    await change(company, first, {"position": 9})
    assert await names_below(company, company.root) == ["Production", "Sales"]


async def test_children_come_in_pages(company: Company) -> None:
    for number in range(5):
        await company.department(f"D{number}")
    async with company.work() as uow:
        page = await service.children(uow, company.operator, company.root, limit=3, after=None)
        last = page.items[-1]
        rest = await service.children(
            uow, company.operator, company.root, limit=3, after=(last.position, last.department_id)
        )
    assert [d.name for d in (*page.items, *rest.items)] == ["D0", "D1", "D2", "D3", "D4"]
    assert (page.more, rest.more) == (True, False)


async def test_two_children_of_one_parent_have_two_names(company: Company) -> None:
    sales = await company.department("Sales")
    await company.department("Sales", sales)
    with pytest.raises(DepartmentNameTaken):
        await company.department("Sales")
    other = await company.department("Other")
    with pytest.raises(DepartmentNameTaken):
        await change(company, other, {"name": "Sales"})


@pytest.mark.parametrize("name", ["", "   ", "\u200d\u200b", "a\u202eb", "a\nb", "x" * 65])
async def test_names_that_are_none(company: Company, name: str) -> None:
    with pytest.raises(Invalid):
        await company.department(name)


async def test_moving_takes_the_subtree_along(company: Company) -> None:
    a = await company.department("A")
    b = await company.department("B")
    c = await company.department("C", a)
    d = await company.department("D", c)
    await company.member("li", "", d)
    await change(company, c, {"parent_id": b})
    await assert_closure_is_the_tree(company)
    async with company.work() as uow:
        detail, path = await service.department_detail(uow, company.operator, d)
    assert [step.name for step in path] == ["Pegboard & Co", "B", "C", "D"]
    assert (detail.member_count, (await company.see_department(a)).member_count) == (1, 0)
    (moved,) = await company.facts("department.moved")
    assert (moved["from_parent_id"], moved["to_parent_id"]) == (str(a), str(b))


async def test_no_department_stands_below_itself(company: Company) -> None:
    a = await company.department("A")
    b = await company.department("B", a)
    for below in (a, b):
        with pytest.raises(DepartmentCycle):
            await change(company, a, {"parent_id": below})
    with pytest.raises(RootStays):
        await change(company, company.root, {"parent_id": b})


async def test_the_tree_ends_at_its_deepest_level(company: Company) -> None:
    chain = [company.root]
    while len(chain) <= MAX_DEPTH:
        chain.append(await company.department("down", chain[-1]))
    with pytest.raises(DepartmentTooDeep):
        await company.department("down", chain[-1])
    pair = await company.department("pair")
    await company.department("below", pair)
    with pytest.raises(DepartmentTooDeep):
        await change(company, pair, {"parent_id": chain[-2]})
    await change(company, pair, {"parent_id": chain[-3]})
    await assert_closure_is_the_tree(company)


async def test_only_empty_departments_are_deleted(company: Company) -> None:
    a = await company.department("A")
    b = await company.department("B", a)
    await company.member("li", "", a)
    with pytest.raises(DepartmentNotEmpty) as refusal:
        await delete(company, a)
    assert refusal.value.params == {"members": 1, "children": 1}
    await delete(company, b)
    with pytest.raises(DepartmentNotFound):
        await company.see_department(b)
    with pytest.raises(RootStays):
        await delete(company, company.root)
    await assert_closure_is_the_tree(company)


async def delete(company: Company, department_id: UUID) -> None:
    revision = (await company.see_department(department_id)).revision
    async with company.work() as uow:
        await service.delete_department(uow, company.operator, department_id, revision)


async def test_a_change_names_the_revision_it_saw(company: Company) -> None:
    a = await company.department("A")
    await change(company, a, {"name": "AA"}, revision=1)
    with pytest.raises(RevisionMismatch):
        await change(company, a, {"name": "AAA"}, revision=1)
    with pytest.raises(RevisionMismatch):
        async with company.work() as uow:
            await service.delete_department(uow, company.operator, a, 1)


async def test_leaders_in_their_order(company: Company) -> None:
    a = await company.department("A")
    for userid in ("li", "wang"):
        await company.member(userid, "", a)
    changed = await change(company, a, {"leaders": ["wang", "li"]})
    assert [leader.userid for leader in changed.leaders] == ["wang", "li"]
    assert (await company.detail("li")).departments[0].leader
    with pytest.raises(Invalid):
        await change(company, a, {"leaders": ["nobody"]})


async def test_members_of_a_subtree_count_once(company: Company) -> None:
    a = await company.department("A")
    b = await company.department("B", a)
    li = await company.member("li", "", a, b)
    await company.member("wang", "", b, active=False)
    assert (await company.see_department(a)).member_count == 2
    async with company.work() as uow:
        assert await department_members(uow, a, recursive=True) == [li]
        assert await department_members(uow, b) == [li]


async def test_unknown_departments(company: Company) -> None:
    with pytest.raises(DepartmentNotFound):
        await company.department("A", uuid7())
    async with company.work() as uow:
        for text in ("none", str(uuid7())):
            with pytest.raises(DepartmentNotFound):
                await service.department_detail(uow, company.operator, await service.resolve(uow, text))
        assert await service.resolve(uow, "root") == company.root


async def test_another_organisations_departments_do_not_exist(company: Company) -> None:
    from tests.modules.directory.conftest import found

    other = await found(company.database, "Other")
    theirs = await other.department("Theirs")
    with pytest.raises(DepartmentNotFound):
        await company.department("Mine", theirs)
    mine = await company.department("Mine")
    with pytest.raises(DepartmentNotFound):
        await change(company, mine, {"parent_id": theirs})


@pytest.mark.parametrize("seed", range(3))
async def test_random_moves_leave_the_closure_true(company: Company, seed: int) -> None:
    rng = Random(seed)
    made: list[DepartmentId] = [company.root]
    done: dict[str, int] = defaultdict(int)
    for step in range(60):
        what = rng.choice(("make", "make", "move", "move", "delete"))
        one, other = rng.choice(made), rng.choice(made)
        try:
            if what == "make":
                made.append(await company.department(f"d{step}", one))
            elif what == "move":
                await change(company, one, {"parent_id": other})
            else:
                await delete(company, one)
                made.remove(one)
            done[what] += 1
        except (DepartmentCycle, DepartmentTooDeep, RootStays, DepartmentNotEmpty):
            pass
    await assert_closure_is_the_tree(company)
    assert min(done[what] for what in ("make", "move", "delete")) > 0


# --- hidden and restricted ------------------------------------------------------------------------------------------


async def see(company: Company, userid: str, department_ids: Sequence[UUID]) -> list[bool]:
    """Which of the departments the member sees."""
    actor = await company.actor(userid)
    seen = []
    for department_id in department_ids:
        try:
            await company.see_department(department_id, by=actor)
            seen.append(True)
        except DepartmentNotFound:
            seen.append(False)
    return seen


async def test_a_hidden_department_exists_only_for_its_own(company: Company) -> None:
    secret = await company.department("Secret")
    below = await company.department("Below", secret)
    await company.member("spy", "", below)
    await company.member("li")
    await change(company, secret, {"hidden": True})
    assert await see(company, "li", [secret, below]) == [False, False]
    assert await see(company, "spy", [secret, below]) == [True, True]
    assert await names_below(company, company.root, by=await company.actor("li")) == []
    assert await see(company, "boss", [secret, below]) == [True, True]


async def test_restricted_people_see_their_own_and_the_listed(company: Company) -> None:
    outside, office, shop, shop_below = [await company.department(name) for name in ("Out", "Office", "Shop", "Team")]
    await change(company, shop_below, {"parent_id": shop})
    await company.member("seller", "", shop_below)
    await change(company, shop, {"restricted": "listed", "visible": [office]})
    assert await see(company, "seller", [outside, office, shop, shop_below]) == [False, True, True, True]
    assert await see(company, "seller", [company.root]) == [True], "the way down to what they see"
    assert await names_below(company, company.root, by=await company.actor("seller")) == ["Office", "Shop"]
    await change(company, shop, {"restricted": "self"})
    assert await see(company, "seller", [outside, office, shop]) == [False, False, False]
    await change(company, shop, {"restricted": "no"})
    assert await see(company, "seller", [outside, office, shop]) == [True, True, True]


async def test_somebody_in_two_departments_sees_what_either_lets_them_see(company: Company) -> None:
    closed, open_, third = [await company.department(name) for name in ("Closed", "Open", "Third")]
    await company.member("li", "", closed, open_)
    await change(company, closed, {"restricted": "self"})
    assert await see(company, "li", [third]) == [True]
