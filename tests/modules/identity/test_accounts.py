"""Accounts found, made and left alone."""

import pytest

from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.errors import Invalid
from pegboard.kernel.ids import AccountId, MemberId, OrgId, uuid7
from pegboard.modules.identity import api
from pegboard.modules.identity.errors import (
    AccountNotFound,
    LoginTaken,
    MembershipNotFound,
    WrongCredentials,
)
from tests.modules.identity.conftest import PASSWORD, Person, make_person, sign_in

pytestmark = pytest.mark.anyio


async def test_an_import_never_gives_an_existing_account_a_password(wired: Database, person: Person) -> None:
    stolen = await api.hash_password(wired.parts, "the importer's choice")
    before = await _stored(wired, person.account_id)
    keys = [
        api.PersonKey(name="假冒者", mobile=person.mobile, password_hash=stolen),
        api.PersonKey(name="假冒者", email=person.email.upper(), password_hash=stolen),
        api.PersonKey(name="假冒者", mobile="+8613800000000", email=person.email, password_hash=stolen),
    ]
    async with UnitOfWork(wired) as uow:
        matches = await api.accounts_for(uow, keys)
    assert matches == [api.AccountMatch(account_id=person.account_id, existed=True)] * 3
    assert await _stored(wired, person.account_id) == before
    with pytest.raises(WrongCredentials):
        await sign_in(wired, person.mobile, "the importer's choice")
    await sign_in(wired, person.mobile)


async def test_not_even_one_that_has_none(wired: Database) -> None:
    invited = await make_person(wired, password=None, state="invited")
    stolen = await api.hash_password(wired.parts, "the importer's choice")
    async with UnitOfWork(wired) as uow:
        await api.accounts_for(uow, [api.PersonKey(name="x", mobile=invited.mobile, password_hash=stolen)])
    with pytest.raises(WrongCredentials):
        await sign_in(wired, invited.mobile, "the importer's choice")
    async with UnitOfWork(wired) as uow:
        assert await api.set_first_password(uow, invited.account_id, await api.hash_password(wired.parts, PASSWORD))
        assert not await api.set_first_password(uow, invited.account_id, stolen)
    await sign_in(wired, invited.mobile)


async def _stored(database: Database, account_id: AccountId) -> object:
    async with UnitOfWork(database) as uow:
        return await uow.one(sql("SELECT * FROM accounts WHERE id = :id"), id=account_id)


async def test_new_people_get_accounts_and_can_sign_in(wired: Database) -> None:
    password_hash = await api.hash_password(wired.parts, PASSWORD)
    keys = [
        api.PersonKey(name="甲", mobile="+886912345678", password_hash=password_hash, language="zh-TW"),
        api.PersonKey(name="乙", email="Yi@Example.COM", password_hash=password_hash),
        api.PersonKey(name="丙", password_hash=password_hash),
        api.PersonKey(name="丁", password_hash=password_hash),
    ]
    async with UnitOfWork(wired) as uow:
        matches = await api.accounts_for(uow, keys)
        views = await api.accounts_of(uow, [match.account_id for match in matches if match.account_id])
    assert [match.existed for match in matches] == [False] * 4
    assert [views[match.account_id].name for match in matches if match.account_id] == list("甲乙丙丁")
    assert (await sign_in(wired, "0912-345-678")).account_id == matches[0].account_id
    assert (await sign_in(wired, "yi@example.com ")).account_id == matches[1].account_id


async def test_conflicts_and_repetitions_are_told(wired: Database, person: Person) -> None:
    other = await make_person(wired)
    keys = [
        api.PersonKey(name="both", mobile=person.mobile, email=other.email),
        api.PersonKey(name="first", mobile="+85291234567", email="first@example.com"),
        api.PersonKey(name="same mobile", mobile="+85291234567"),
        api.PersonKey(name="same email", email="FIRST@example.com"),
    ]
    async with UnitOfWork(wired) as uow:
        both, first, same_mobile, same_email = await api.accounts_for(uow, keys)
    assert both == api.AccountMatch(account_id=None, existed=True)
    assert not first.existed
    assert same_mobile == same_email == api.AccountMatch(account_id=first.account_id, existed=True)


async def test_thousands_in_few_statements(wired: Database) -> None:
    org_id = OrgId(uuid7())
    keys = [
        api.PersonKey(name=f"n{number}", mobile=f"+8615{number:09}", email=f"{number}@many.example")
        for number in range(20_000)
    ]
    uow = _CountingWork(wired)
    async with uow:
        matches = await api.accounts_for(uow, keys)
        rows = [
            api.Membership(
                account_id=match.account_id,
                org_id=org_id,
                member_id=MemberId(uuid7()),
                userid=f"E{number}",
                state="active",
            )
            for number, match in enumerate(matches)
            if match.account_id
        ]
        assert await api.add_memberships(uow, rows) == []
    assert len({match.account_id for match in matches}) == 20_000
    assert uow.statements == 3
    async with UnitOfWork(wired) as again:
        found = await api.accounts_for(again, keys)
        assert [match.account_id for match in found] == [match.account_id for match in matches]
        assert all(match.existed for match in found)
        members = [row.member_id for row in rows[:15_000]]
        assert len(await api.set_membership_states(again, org_id, members, "left")) == 15_000


class _CountingWork(UnitOfWork):
    statements = 0

    async def rows(self, *args, **kwargs):  # type: ignore[no-untyped-def]  # passes everything on
        self.statements += 1
        return await super().rows(*args, **kwargs)


async def test_create_account_refuses_a_login_that_is_taken(wired: Database, person: Person) -> None:
    async with UnitOfWork(wired) as uow:
        with pytest.raises(LoginTaken):
            await api.create_account(uow, api.PersonKey(name="x", mobile=person.mobile))
        assert await api.find_account(uow, email=person.email.upper()) == person.account_id
        assert await api.find_account(uow, mobile="+10000000") is None
        with pytest.raises(AccountNotFound):
            await api.account_of(uow, AccountId(uuid7()))


async def test_language_is_one_of_ours(wired: Database, person: Person) -> None:
    async with UnitOfWork(wired) as uow:
        assert (await api.change_language(uow, person.account_id, "zh-CN")).language == "zh-CN"
        with pytest.raises(Invalid):
            await api.change_language(uow, person.account_id, "tlh")


async def test_an_organisation_changes_only_logins_of_its_own_people(wired: Database, person: Person) -> None:
    async def change(mobile: str) -> bool:
        async with UnitOfWork(wired) as uow:
            return await api.change_logins(
                uow, person.account_id, org_id=person.org_id, mobile=mobile, email=person.email
            )

    other = await make_person(wired)
    assert await change("+8613700000001")
    with pytest.raises(LoginTaken):
        await change(other.mobile)
    await sign_in(wired, "13700000001")
    async with UnitOfWork(wired) as uow:
        await api.add_memberships(uow, [_membership(person.account_id, OrgId(uuid7()), "invited")])
    assert not await change("+8613700000002")


async def test_a_stranger_organisation_changes_nobodys_login(wired: Database, person: Person) -> None:
    async with UnitOfWork(wired) as uow:
        assert not await api.change_logins(uow, person.account_id, org_id=OrgId(uuid7()), mobile=None, email=None)


def _membership(account_id: AccountId, org_id: OrgId, state: api.MembershipState) -> api.Membership:
    return api.Membership(
        account_id=account_id,
        org_id=org_id,
        member_id=MemberId(uuid7()),
        userid=uuid7().hex,
        state=state,
    )


async def test_memberships_begin_once_and_anew_after_leaving(wired: Database, person: Person) -> None:
    org_id = OrgId(uuid7())
    first = _membership(person.account_id, org_id, "active")
    async with UnitOfWork(wired) as uow:
        assert await api.add_memberships(uow, [first, first]) == [person.account_id]
        again = _membership(person.account_id, org_id, "active")
        assert await api.add_memberships(uow, [again]) == [person.account_id]
        await api.set_membership_states(uow, org_id, [first.member_id], "left")
        assert [place.org_id for place in await api.memberships_of(uow, person.account_id)] == [person.org_id]
        assert await api.add_memberships(uow, [again]) == []
        assert again in await api.memberships_of(uow, person.account_id)


async def test_a_userid_that_was_left_is_free(wired: Database, person: Person) -> None:
    other = await make_person(wired)
    async with UnitOfWork(wired) as uow:
        await api.set_membership_states(uow, person.org_id, [person.member_id], "left")
        successor = api.Membership(
            account_id=other.account_id,
            org_id=person.org_id,
            member_id=MemberId(uuid7()),
            userid=person.userid,
            state="active",
        )
        await api.add_memberships(uow, [successor])
    assert (await sign_in(wired, person.userid, org_code=person.org_code)).account_id == other.account_id


async def test_confirming_takes_an_invitation(wired: Database, person: Person) -> None:
    async with UnitOfWork(wired) as uow:
        active = await api.confirm_membership(uow, person.account_id, person.org_id)
        assert active.state == "active"
        with pytest.raises(MembershipNotFound):
            await api.confirm_membership(uow, person.account_id, OrgId(uuid7()))
        await api.set_membership_states(uow, person.org_id, [person.member_id], "suspended")
        with pytest.raises(MembershipNotFound):
            await api.confirm_membership(uow, person.account_id, person.org_id)


async def test_userid_and_code_change(wired: Database, person: Person) -> None:
    async with UnitOfWork(wired) as uow:
        await api.change_userid(uow, person.org_id, person.member_id, "boss")
        await api.set_org_code(uow, person.org_id, "ACME-釘")
    session = await sign_in(wired, " boss ", org_code="acme-釘")
    assert session.account_id == person.account_id
    for login, code in ((person.userid, "acme-釘"), ("boss", person.org_code), ("boss", None)):
        with pytest.raises(WrongCredentials):
            await sign_in(wired, login, org_code=code)
    async with UnitOfWork(wired) as uow:
        with pytest.raises(MembershipNotFound):
            await api.change_userid(uow, person.org_id, MemberId(uuid7()), "nobody")
