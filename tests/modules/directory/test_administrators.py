"""Administrators: ranks, powers, scopes."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from pegboard.kernel.actor import Actor
from pegboard.kernel.errors import Forbidden, Invalid
from pegboard.kernel.ids import uuid7
from pegboard.modules.directory.errors import (
    AdministratorNotFound,
    DepartmentNotFound,
    OutranksYou,
    OutsideScope,
    OwnerStays,
    PowerNotHeld,
)
from pegboard.modules.directory.service import administrators as service
from pegboard.modules.directory.service import members
from pegboard.modules.directory.service.members import MemberChanges, NewMember
from pegboard.modules.directory.views import AdminKind
from tests.modules.directory.conftest import Company
from tests.modules.directory.test_departments import change as change_department

pytestmark = pytest.mark.anyio

MEMBERS, DEPARTMENTS = "directory.members.manage", "directory.departments.manage"


async def appoint(
    company: Company, by: Actor, userid: str, kind: AdminKind, powers: Sequence[str] = (), *places: UUID
) -> None:
    async with company.work() as uow:
        await service.appoint(uow, by, userid, kind=kind, powers=powers, department_ids=places)


@pytest.fixture
async def firm(company: Company) -> Company:
    """boss owns; chief is super; people li, wang."""
    for userid in ("chief", "li", "wang"):
        await company.member(userid)
    await company.appoint("chief", AdminKind.SUPER)
    return company


async def test_owner_and_super_hold_everything_everywhere(firm: Company) -> None:
    for userid, rank in (("boss", 3), ("chief", 2)):
        actor = await firm.actor(userid)
        assert actor.can("administrators.manage")
        assert actor.can(MEMBERS)
        assert (actor.subtrees, actor.rank) == (None, rank)
    li = await firm.actor("li")
    assert (li.powers, li.subtrees, li.rank) == (frozenset(), None, 0)


async def test_a_sub_administrator_holds_what_they_were_given(firm: Company) -> None:
    sales = await firm.department("Sales")
    li = await firm.appoint("li", AdminKind.SUB, [MEMBERS], sales)
    assert (li.powers, li.subtrees, li.rank) == (frozenset({MEMBERS}), frozenset({sales}), 1)
    async with firm.work() as uow:
        listed = await service.list_administrators(uow, li)
    assert [(found.userid, found.kind) for found in listed] == [
        ("boss", "owner"), ("chief", "super"), ("li", "sub"),
    ]  # fmt: skip
    assert [step.name for step in listed[-1].departments] == ["Sales"]
    with pytest.raises(Forbidden):
        async with firm.work() as uow:
            await service.list_administrators(uow, await firm.actor("wang"))


async def test_nobody_appoints_to_their_own_rank_or_above(firm: Company) -> None:
    boss, chief = await firm.actor("boss"), await firm.actor("chief")
    for kind in (AdminKind.SUPER, AdminKind.OWNER):
        with pytest.raises(OutranksYou):
            await appoint(firm, chief, "li", kind)
    with pytest.raises(OutranksYou):
        await appoint(firm, boss, "li", AdminKind.OWNER)
    await appoint(firm, boss, "li", AdminKind.SUPER)
    with pytest.raises(OutranksYou):
        await appoint(firm, chief, "li", AdminKind.SUB, [MEMBERS], firm.root)
    with pytest.raises(OwnerStays):
        await appoint(firm, chief, "boss", AdminKind.SUB, [MEMBERS], firm.root)
    with pytest.raises(OutranksYou):
        async with firm.work() as uow:
            await service.dismiss(uow, chief, "chief")


async def test_sub_administrators_appoint_nobody(firm: Company) -> None:
    sub = await firm.appoint("li", AdminKind.SUB, [MEMBERS], firm.root)
    with pytest.raises(Forbidden):
        await appoint(firm, sub, "wang", AdminKind.SUB, [MEMBERS], firm.root)
    with pytest.raises(PowerNotHeld):
        await appoint(firm, await firm.actor("boss"), "li", AdminKind.SUB, ["administrators.manage"], firm.root)


async def test_what_an_appointment_must_say(firm: Company) -> None:
    boss = await firm.actor("boss")
    sales = await firm.department("Sales")
    wrong: list[tuple[AdminKind, list[str], list[UUID]]] = [
        (AdminKind.SUB, [], [sales]),
        (AdminKind.SUB, [MEMBERS], []),
        (AdminKind.SUB, ["no.such.power"], [sales]),
        (AdminKind.SUB, ["audit.read"], [sales]),  # over the whole organisation, or not at all
        (AdminKind.SUPER, [MEMBERS], []),
    ]
    for kind, powers, places in wrong:
        with pytest.raises(Invalid):
            await appoint(firm, boss, "li", kind, powers, *places)
    with pytest.raises(DepartmentNotFound):
        await appoint(firm, boss, "li", AdminKind.SUB, [MEMBERS], uuid7())


async def test_an_auditor_reads_the_log_of_the_whole(firm: Company) -> None:
    auditor = await firm.appoint("li", AdminKind.SUB, ["audit.read"], firm.root)
    assert auditor.can("audit.read")
    assert auditor.subtrees is None
    assert not auditor.can(MEMBERS)


async def test_dismissed_is_without_powers_at_once(firm: Company) -> None:
    await firm.appoint("li", AdminKind.SUB, [MEMBERS], firm.root)
    async with firm.work() as uow:
        await service.dismiss(uow, firm.operator, "li")
    assert (await firm.actor("li")).powers == frozenset()
    with pytest.raises(AdministratorNotFound):
        async with firm.work() as uow:
            await service.dismiss(uow, firm.operator, "li")
    told = await firm.facts("administrator.changed")
    assert [fact["kind"] for fact in told] == ["super", "sub", None]


async def test_a_scope_without_departments_is_nowhere(firm: Company) -> None:
    sales = await firm.department("Sales")
    await firm.appoint("li", AdminKind.SUB, [MEMBERS], sales)
    async with firm.work() as uow:
        from pegboard.modules.directory.service.departments import delete_department

        await delete_department(uow, firm.operator, sales, 1)
    li = await firm.actor("li")
    assert li.subtrees == frozenset()
    with pytest.raises(OutsideScope):
        async with firm.work() as uow:
            await members.create_member(uow, li, NewMember(name="x"))


# --- what a sub-administrator may do --------------------------------------------------------------------------------


async def place(firm: Company, by: Actor, userid: str, *places: UUID) -> None:
    await edit(firm, by, userid, {"departments": list(places)})


async def edit(firm: Company, by: Actor, userid: str, changes: MemberChanges) -> None:
    revision = (await firm.detail(userid)).revision
    async with firm.work() as uow:
        await members.change_member(uow, by, userid, revision, changes)


async def test_only_inside(firm: Company) -> None:
    mine, other = await firm.department("Mine"), await firm.department("Other")
    below = await firm.department("Below", mine)
    for userid, places in (("in", [below]), ("out", [other]), ("both", [mine, other])):
        await firm.member(userid, "", *places)
    sub = await firm.appoint("li", AdminKind.SUB, [MEMBERS, DEPARTMENTS], mine)
    async with firm.work() as uow:
        await members.create_member(uow, sub, NewMember(name="new", department_ids=[below]))
    for places in ([], [other], [mine, other], [firm.root]):
        with pytest.raises(OutsideScope):
            async with firm.work() as uow:
                await members.create_member(uow, sub, NewMember(name="new", department_ids=places))
    await edit(firm, sub, "in", {"title": "x"})
    for userid in ("out", "both"):
        with pytest.raises(OutsideScope):
            await edit(firm, sub, userid, {"title": "x"})
        with pytest.raises(OutsideScope):
            async with firm.work() as uow:
                await members.suspend_member(uow, sub, userid)
    await place(firm, sub, "in", mine, below)
    await place(firm, sub, "both", other, below)
    refused = (("out", [mine]), ("out", [other, mine]), ("both", [below]), ("in", [mine, other]))
    for userid, places in refused:
        with pytest.raises(OutsideScope):
            await place(firm, sub, userid, *places)


async def test_moving_takes_rights_on_both_ends(firm: Company) -> None:
    mine, other = await firm.department("Mine"), await firm.department("Other")
    a, b = await firm.department("A", mine), await firm.department("B", mine)
    foreign = await firm.department("Foreign", other)
    sub = await firm.appoint("li", AdminKind.SUB, [DEPARTMENTS], mine)
    await change_department(firm, a, {"parent_id": b}, by=sub)
    for department_id, parent_id in ((a, other), (foreign, mine), (mine, other), (mine, firm.root)):
        before = await firm.see_department(department_id)
        if before.parent_id == parent_id:
            continue
        with pytest.raises(OutsideScope):
            await change_department(firm, department_id, {"parent_id": parent_id}, by=sub)
    await change_department(firm, mine, {"name": "Still mine"}, by=sub)
    for parent_id in (other, firm.root):
        with pytest.raises(OutsideScope):
            await firm.department("X", parent_id, by=sub)


async def test_deleting_takes_rights_on_the_parent(firm: Company) -> None:
    from pegboard.modules.directory.service.departments import delete_department

    mine = await firm.department("Mine")
    below = await firm.department("Below", mine)
    sub = await firm.appoint("li", AdminKind.SUB, [DEPARTMENTS], mine)
    async with firm.work() as uow:
        await delete_department(uow, sub, below, 1)
    with pytest.raises(OutsideScope):
        async with firm.work() as uow:
            await delete_department(uow, sub, mine, 1)


async def test_not_on_somebody_of_equal_or_higher_rank(firm: Company) -> None:
    mine = await firm.department("Mine")
    for userid in ("peer", "above", "below"):
        await firm.member(userid, "", mine)
    await firm.appoint("peer", AdminKind.SUB, [MEMBERS], mine)
    await firm.appoint("above", AdminKind.SUPER)
    sub = await firm.appoint("li", AdminKind.SUB, [MEMBERS], mine)
    await edit(firm, sub, "below", {"title": "x"})
    for userid in ("peer", "above", "li", "boss"):
        for changes in ({"title": "x"}, {"departments": [mine]}):
            with pytest.raises(OutranksYou):
                await edit(firm, sub, userid, changes)  # type: ignore[arg-type]  # one of two shapes


async def test_a_power_that_is_not_held(firm: Company) -> None:
    sub = await firm.appoint("li", AdminKind.SUB, [DEPARTMENTS], firm.root)
    with pytest.raises(Forbidden):
        await edit(firm, sub, "wang", {"title": "x"})
    with pytest.raises(Forbidden):
        await place(firm, sub, "wang", firm.root)
