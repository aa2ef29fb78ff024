"""Writing and reading the audit log."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from pegboard.kernel.actor import Account, operator_actor, system_actor
from pegboard.kernel.audit import EntryFilter, entries, erase_personal, record, verify
from pegboard.kernel.clock import MovableClock
from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.ids import NO_ORG, AccountId, OrgId, uuid7
from tests.kernel.audit.people import person

pytestmark = pytest.mark.anyio


async def test_a_deed_stands_in_the_log_with_who_when_and_what(
    database: Database, org_id: OrgId, clock: MovableClock
) -> None:
    actor = person(org_id)
    async with UnitOfWork(database, orgs=[org_id], request_id="request-1") as uow:
        before = clock.now()
        record(
            uow,
            actor,
            action="member.created",
            object_="member:E1",
            detail={"departments": ["HQ"], "state": {"before": None, "after": "active"}},
            personal={"name": "王小明", "mobile": "0912"},
        )
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        (entry,) = await entries(uow)
    assert entry.seq == 1
    assert before <= entry.at <= clock.now()
    assert (entry.actor_kind, entry.actor_id) == ("person", actor.member_id)
    assert (entry.actor_name, entry.actor_ip) == ("Ann", "192.0.2.7")
    assert (entry.action, entry.object, entry.request_id) == ("member.created", "member:E1", "request-1")
    assert entry.detail == {"departments": ["HQ"], "state": {"before": None, "after": "active"}}
    assert entry.personal == {"name": "王小明", "mobile": "0912"}


async def test_a_deed_that_is_undone_is_not_in_the_log(database: Database, org_id: OrgId) -> None:
    uow = UnitOfWork(database, orgs=[org_id])
    await uow.value(sql("SELECT 1"))
    record(uow, person(org_id), action="member.created", object_="member:E1")
    await uow.rollback()
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        assert await entries(uow) == []


async def test_system_operator_account_and_nobody_can_act(database: Database, org_id: OrgId) -> None:
    account = Account(
        account_id=AccountId(uuid7()), session_id=uuid7(), name="Bo", language="en", client_ip="192.0.2.1"
    )
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        record(uow, system_actor(org_id), action="a", object_="o")
        record(uow, operator_actor(org_id), action="b", object_="o", on_behalf_of=account.account_id)
        record(uow, account, action="c", object_="o", org_id=org_id)
        record(uow, None, action="d", object_="o", org_id=org_id, client_ip="192.0.2.9")
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        found = await entries(uow)
    assert [(entry.action, entry.actor_kind, entry.actor_id, entry.actor_ip) for entry in reversed(found)] == [
        ("a", "system", None, ""),
        ("b", "operator", None, ""),
        ("c", "account", account.account_id, "192.0.2.1"),
        ("d", "nobody", None, "192.0.2.9"),
    ]
    assert found[2].on_behalf_of == account.account_id


async def test_deeds_outside_organisations_have_a_chain_of_their_own(fresh_database: Database) -> None:
    account = Account(account_id=AccountId(uuid7()), session_id=uuid7(), name="Bo", language="en")
    org_id = OrgId(uuid7())
    async with UnitOfWork(fresh_database, orgs=[org_id]) as uow:
        record(uow, account, action="session.opened", object_="account:1")
        record(uow, person(org_id), action="member.created", object_="member:E1")
        # After the audit has been written, the unit is in its own organisation again.
        uow.before_commit(_check_orgs)
    for each, action in ((NO_ORG, "session.opened"), (org_id, "member.created")):
        async with UnitOfWork(fresh_database, orgs=[each]) as uow:
            assert [(entry.seq, entry.action) for entry in await entries(uow)] == [(1, action)]
            assert (await verify(uow)).ok


async def _check_orgs(uow: UnitOfWork) -> None:
    inside = await uow.value(sql("SELECT current_setting('app.orgs')"))
    assert inside == ",".join(map(str, uow.orgs))


async def test_no_organisation_sees_anothers_log(database: Database, org_id: OrgId) -> None:
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        record(uow, person(org_id), action="member.created", object_="member:E1")
    for orgs in ([OrgId(uuid7())], []):
        async with UnitOfWork(database, orgs=orgs) as uow:
            for table in ("audit_log", "audit_personal", "audit_heads"):
                found = await uow.value(sql(f"SELECT count(*) FROM {table} WHERE org_id = '{org_id}'"))
                assert found == 0


async def test_twenty_writers_at_once_make_one_chain(database: Database, org_id: OrgId) -> None:
    async def write(number: int) -> None:
        for turn in range(5):
            async with UnitOfWork(database, orgs=[org_id]) as uow:
                record(uow, person(org_id), action="a", object_=f"writer:{number}")
                if turn % 2:
                    record(uow, person(org_id), action="b", object_=f"writer:{number}")

    await asyncio.gather(*(write(number) for number in range(20)))
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        verification = await verify(uow)
    assert (verification.ok, verification.rows) == (True, 140)


async def test_units_that_write_to_two_chains_do_not_wait_for_each_other(database: Database) -> None:
    orgs = [OrgId(uuid7()), OrgId(uuid7())]

    async def write(order: list[OrgId]) -> None:
        async with UnitOfWork(database) as uow:
            for org_id in order:
                record(uow, person(org_id), action="a", object_="o")

    await asyncio.gather(*(write(orgs if number % 2 else orgs[::-1]) for number in range(20)))
    for org_id in orgs:
        async with UnitOfWork(database, orgs=[org_id]) as uow:
            assert (await verify(uow)).rows == 20


async def test_filters_and_pages(database: Database, org_id: OrgId, clock: MovableClock) -> None:
    people = [person(org_id), person(org_id)]
    middle = None
    for number in range(6):
        async with UnitOfWork(database, orgs=[org_id]) as uow:
            record(uow, people[number % 2], action=f"a.{number % 3}", object_=f"o:{number}")
        if number == 2:
            clock.offset += timedelta(hours=1)
            middle = clock.now()
    async with UnitOfWork(database, orgs=[org_id]) as uow:

        async def seqs(wanted: EntryFilter, **how: Any) -> list[int]:
            return [entry.seq for entry in await entries(uow, wanted, **how)]

        assert await seqs(EntryFilter()) == [6, 5, 4, 3, 2, 1]
        assert await seqs(EntryFilter(), limit=2) == [6, 5]
        assert await seqs(EntryFilter(), limit=2, before_seq=5) == [4, 3]
        assert await seqs(EntryFilter(action="a.1")) == [5, 2]
        assert await seqs(EntryFilter(actor_id=people[0].member_id)) == [5, 3, 1]
        assert await seqs(EntryFilter(object="o:3")) == [4]
        assert await seqs(EntryFilter(after=middle)) == [6, 5, 4]
        assert await seqs(EntryFilter(before=middle, action="a.1")) == [2]


async def test_what_json_cannot_carry_safely_is_made_safe(database: Database, org_id: OrgId) -> None:
    identity = uuid7()
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        record(
            uow,
            person(org_id),
            action="a",
            object_="o",
            detail={
                "big": 1 << 80,
                "fraction": 0.1,
                "id": identity,
                "nul": "a\0b",
                "half": "a\ud800b",
                "pair": "\ud83d\ude00",
                "emoji\U0001f600": [True, None, ("x", {"\ue000": 1, "\U0001f600": 2})],
                "at": uow.now(),
            },
        )
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        (entry,) = await entries(uow)
        assert (await verify(uow)).ok
    assert entry.detail["big"] == str(1 << 80)
    assert entry.detail["fraction"] == "0.1"
    assert UUID(entry.detail["id"]) == identity
    assert (entry.detail["nul"], entry.detail["half"]) == ("a\ufffdb", "a\ufffdb")
    assert entry.detail["pair"] == "\U0001f600"


async def test_erasing_a_person_keeps_the_chain_whole(database: Database, org_id: OrgId) -> None:
    leaver, admin = person(org_id), person(org_id)
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        record(uow, leaver, action="a", object_="o", personal={"mobile": "0912"})
        record(uow, admin, action="b", object_="member:E9", personal={"mobile": "0912"})
        record(uow, admin, action="c", object_="o")
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        assert await erase_personal(uow, admin, person_id=leaver.me, object_="member:E9") == 2
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        verification = await verify(uow)
        found = await entries(uow)
    assert (verification.ok, verification.rows, verification.erased) == (True, 4, 2)
    assert [entry.actor_name for entry in found] == ["Ann", "Ann", "", ""]
    assert found[0].action == "audit.personal_erased"
    assert found[-1].actor_id == leaver.member_id


# --- the guards of the tables -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET action = 'x'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "UPDATE audit_personal SET data = '{}'",
        "TRUNCATE audit_personal",
        "DELETE FROM audit_heads",
        "TRUNCATE audit_heads",
        "UPDATE audit_heads SET seq = 0",
    ],
)
async def test_neither_the_application_nor_the_owner_can_rewrite_it(
    database: Database, owner: "asyncpg.Connection[Any]", org_id: OrgId, statement: str
) -> None:
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        record(uow, person(org_id), action="a", object_="o")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with UnitOfWork(database, orgs=[org_id]) as uow:
            await uow.execute(sql(statement))
    async with owner.transaction():
        await owner.execute("SELECT set_config('app.orgs', $1, true)", str(org_id))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with owner.transaction():
                await owner.execute(statement)
