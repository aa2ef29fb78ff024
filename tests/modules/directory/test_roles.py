"""Roles."""

import pytest

from pegboard.kernel.errors import Invalid, RevisionMismatch
from pegboard.kernel.ids import uuid7
from pegboard.modules.directory.errors import MemberNotFound, OutsideScope, RoleNameTaken, RoleNotFound
from pegboard.modules.directory.service import roles
from pegboard.modules.directory.views import AdminKind, Role
from tests.modules.directory.conftest import Company

pytestmark = pytest.mark.anyio


async def create(company: Company, name: str, group: str = "") -> Role:
    async with company.work() as uow:
        return await roles.create_role(uow, company.operator, name=name, group=group)


async def test_a_role_is_made_changed_and_deleted(company: Company) -> None:
    role = await create(company, "Cashier", "Money")
    with pytest.raises(RoleNameTaken):
        await create(company, "Cashier", "Money")
    await create(company, "Cashier")
    async with company.work() as uow:
        changed = await roles.change_role(uow, company.operator, role.role_id, name="Treasurer", group=None, revision=1)
    assert (changed.name, changed.group, changed.revision) == ("Treasurer", "Money", 2)
    with pytest.raises(RevisionMismatch):
        async with company.work() as uow:
            await roles.change_role(uow, company.operator, role.role_id, name="X", group=None, revision=1)
    async with company.work() as uow:
        await roles.delete_role(uow, company.operator, role.role_id)
    with pytest.raises(RoleNotFound):
        async with company.work() as uow:
            await roles.delete_role(uow, company.operator, role.role_id)
    async with company.work() as uow:
        assert [(role.group, role.name) for role in await roles.list_roles(uow)] == [("", "Cashier")]
    told = await company.facts("role.created", "role.changed", "role.deleted")
    assert [fact["name"] for fact in told] == ["role.created", "role.created", "role.changed", "role.deleted"]


async def test_who_has_a_role(company: Company) -> None:
    role = await create(company, "Cashier")
    li = await company.member("li")
    for _ in range(2):
        async with company.work() as uow:
            await roles.give_role(uow, company.operator, role.role_id, "li")
    assert [found.name for found in (await company.detail("li")).roles] == ["Cashier"]
    for _ in range(2):
        async with company.work() as uow:
            await roles.take_role(uow, company.operator, role.role_id, "li")
    assert (await company.detail("li")).roles == ()
    told = await company.facts("role.members_changed")
    assert [(fact["joined"], fact["left"]) for fact in told] == [([str(li)], []), ([], [str(li)])]


async def test_unknown_roles_and_members(company: Company) -> None:
    role = await create(company, "Cashier")
    for role_id, userid, refusal in ((uuid7(), "boss", RoleNotFound), (role.role_id, "nobody", MemberNotFound)):
        with pytest.raises(refusal):
            async with company.work() as uow:
                await roles.give_role(uow, company.operator, role_id, userid)
    with pytest.raises(Invalid):
        await create(company, "  ")


async def test_sub_administrators_give_roles_within_their_departments(company: Company) -> None:
    role = await create(company, "Cashier")
    sales = await company.department("Sales")
    await company.member("inside", "", sales)
    await company.member("outside")
    await company.member("between", "", sales, company.root)
    await company.member("sub")
    sub = await company.appoint("sub", AdminKind.SUB, ["directory.roles.manage"], sales)
    async with company.work() as uow:
        await roles.give_role(uow, sub, role.role_id, "inside")
    for userid in ("outside", "between"):
        with pytest.raises(OutsideScope):
            async with company.work() as uow:
                await roles.give_role(uow, sub, role.role_id, userid)
    with pytest.raises(OutsideScope):
        async with company.work() as uow:
            await roles.create_role(uow, sub, name="Mine", group="")
