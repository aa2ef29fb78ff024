"""Founding an organisation, and its settings."""

import pytest

from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.errors import Forbidden, Invalid, RevisionMismatch, Unauthenticated
from pegboard.modules.directory.service.organisations import (
    OrganisationChange,
    change_organisation,
    create_organisation,
    organisation,
)
from pegboard.modules.directory.views import AdminKind, OrganisationSettings
from pegboard.modules.identity import api as identity
from tests.modules.directory.conftest import PASSWORD, Company, found

pytestmark = pytest.mark.anyio


async def test_a_new_organisation_has_a_root_and_an_owner(company: Company) -> None:
    boss = await company.detail("boss")
    assert boss.admin is AdminKind.OWNER
    assert boss.state == "active"
    assert [place.name for place in boss.departments] == ["Pegboard & Co"]
    root = await company.see_department(company.root)
    assert (root.parent_id, root.member_count, root.child_count) == (None, 1, 0)
    names = [
        fact["name"] for fact in await company.facts("organisation.created", "department.created", "member.joined")
    ]
    assert names == ["department.created", "member.joined", "organisation.created"]
    assert len(company.created.corp_id) == 10


async def test_the_owner_signs_in_with_userid_and_code(company: Company) -> None:
    async with UnitOfWork(company.database) as uow:
        session = await identity.sign_in(uow, login="boss", password=PASSWORD, org_code=company.created.corp_id)
    holder = await identity.session_of(company.database, session.token)
    assert holder is not None
    assert holder.org_id == company.org_id


async def test_an_existing_account_owns_another_organisation_only_by_its_password(database: Database) -> None:
    first = await found(database)
    email = (await first.detail("boss")).email
    assert email is not None

    async def second(password: str) -> None:
        async with UnitOfWork(database) as uow:
            await create_organisation(
                uow,
                name="Second",
                owner_name="Boss",
                owner_userid="boss",
                owner_login=email,
                owner_password=password,
            )

    with pytest.raises(Unauthenticated):
        await second("not the password of it")
    await second(PASSWORD)


async def test_settings_change_by_revision(company: Company) -> None:
    boss = await company.actor("boss")
    settings = OrganisationSettings(read_lists="off", show_mobiles=True)
    async with company.work() as uow:
        changed = await change_organisation(
            uow, boss, OrganisationChange(revision=1, name="Renamed", settings=settings)
        )
    assert (changed.name, changed.settings, changed.revision) == ("Renamed", settings, 2)
    with pytest.raises(RevisionMismatch):
        async with company.work() as uow:
            await change_organisation(uow, boss, OrganisationChange(revision=1, name="Again"))
    async with company.work() as uow:
        assert (await organisation(uow)).name == "Renamed"


@pytest.mark.parametrize(
    "change",
    [
        OrganisationChange(revision=1, default_country="XX"),
        OrganisationChange(revision=1, time_zone="Mars/Phobos"),
        OrganisationChange(revision=1, name="\u202e"),
    ],
)
async def test_settings_that_are_none_are_refused(company: Company, change: OrganisationChange) -> None:
    boss = await company.actor("boss")
    with pytest.raises(Invalid):
        async with company.work() as uow:
            await change_organisation(uow, boss, change)


async def test_members_do_not_change_settings(company: Company) -> None:
    await company.member("li")
    with pytest.raises(Forbidden):
        async with company.work() as uow:
            await change_organisation(uow, await company.actor("li"), OrganisationChange(revision=1, name="Mine"))
