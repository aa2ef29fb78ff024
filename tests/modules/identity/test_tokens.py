"""Whose a token is: every request and every socket asks."""

from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from pegboard.kernel.clock import MovableClock
from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.ids import AccountId, MemberId, OrgId, uuid7
from pegboard.kernel.realtime.hub import Hub
from pegboard.modules.identity import api
from pegboard.modules.identity.errors import TokenNotFound, TooManyTokens, WrongCredentials
from pegboard.modules.identity.service.forgetting import forget_old
from pegboard.modules.identity.service.token_cache import TokenCache
from pegboard.modules.identity.service.tokens import hash_of, revoke_personal_token
from pegboard.modules.identity.settings import IdentitySettings
from pegboard.modules.identity.views import TokenHolder
from tests.modules.identity.conftest import FAST, Person, SecondsThatStand, make_person, sign_in

pytestmark = pytest.mark.anyio


async def _join(database: Database, person: Person, state: api.MembershipState = "active") -> OrgId:
    """Another organisation of the same account."""
    org_id = OrgId(uuid7())
    membership = api.Membership(
        account_id=person.account_id,
        org_id=org_id,
        member_id=MemberId(uuid7()),
        userid=person.userid,
        state=state,
    )
    async with UnitOfWork(database) as uow:
        await api.add_memberships(uow, [membership])
    return org_id


async def _holder(database: Database, token: str, wanted_org: OrgId | None = None) -> TokenHolder:
    holder = await api.session_of(database, token, wanted_org=wanted_org)
    assert holder is not None
    return holder


async def test_a_session_is_its_persons_in_all_their_organisations(wired: Database, person: Person) -> None:
    other = await _join(wired, person)
    invited = await _join(wired, person, "invited")
    session = await sign_in(wired, person.mobile)
    holder = await _holder(wired, session.token)
    assert (holder.account_id, holder.session_id, holder.kind) == (
        person.account_id,
        session.session_id,
        "session",
    )
    assert holder.csrf_token == session.csrf_token
    assert holder.org_id == session.org_id == person.org_id
    assert [place.org_id for place in holder.memberships] == [person.org_id, other, invited]
    found = holder.membership_in(other)
    assert found is not None
    assert found.userid == person.userid
    assert holder.membership_in(invited) is None
    assert holder.membership_in(OrgId(uuid7())) is None


async def test_the_organisation_that_was_wanted_is_the_next_default(wired: Database, person: Person) -> None:
    other = await _join(wired, person)
    session = await sign_in(wired, person.mobile)
    assert (await _holder(wired, session.token)).org_id == person.org_id
    assert (await _holder(wired, session.token, other)).org_id == other
    assert (await _holder(wired, session.token)).org_id == other
    wired.parts[TokenCache].forget_sessions([session.session_id])
    assert (await _holder(wired, session.token)).org_id == other
    assert (await sign_in(wired, person.mobile)).org_id == other
    assert (await sign_in(wired, person.mobile, org_code=person.org_code)).org_id == person.org_id
    stranger = OrgId(uuid7())
    assert (await _holder(wired, session.token, stranger)).org_id == other


@pytest.mark.parametrize(
    "token",
    ["", "pbs_", "pbs_" + "a" * 43, "pbt_" + "a" * 43, "x" * 47, "pbs_" + "ä" * 43, "pbs_" + "a" * 42 + "\0"],
)
async def test_nobodys_tokens(wired: Database, token: str) -> None:
    assert await api.session_of(wired, token) is None


async def test_only_hashes_are_stored(wired: Database, person: Person, owner: "asyncpg.Connection[Any]") -> None:
    session = await sign_in(wired, person.mobile)
    async with UnitOfWork(wired) as uow:
        made = await api.create_personal_token(uow, person.account_id, person.org_id, person.member_id, "x")
    for table in ("sessions", "personal_tokens", "known_devices", "outbox"):
        stored = await owner.fetchval(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
        for secret in (session.token, session.device_token, made.token):
            assert secret[4:] not in stored, table


async def test_unused_for_thirty_days_or_older_than_a_hundred_and_eighty(
    wired: Database, person: Person, clock: MovableClock, seconds: SecondsThatStand
) -> None:
    used, unused = await sign_in(wired, person.mobile), await sign_in(wired, person.mobile)
    for _ in range(8):
        clock.offset += timedelta(days=22)
        seconds.now += 100
        await _holder(wired, used.token)
        seconds.now += 100
    assert await api.session_of(wired, unused.token) is None
    await _holder(wired, used.token)
    clock.offset += timedelta(days=5)  # 181 days after its beginning
    seconds.now += 100
    assert await api.session_of(wired, used.token) is None


async def test_expired_sessions_are_forgotten_and_told(wired: Database, person: Person, clock: MovableClock) -> None:
    session = await sign_in(wired, person.mobile)
    clock.offset += timedelta(days=31)
    async with UnitOfWork(wired, system=True) as uow:
        assert await forget_old(uow) >= 1
        rows = await uow.rows(sql("SELECT id FROM sessions WHERE id = :id"), id=session.session_id)
        assert rows == []
    async with UnitOfWork(wired, system=True) as uow:
        facts = await uow.rows(sql("SELECT payload FROM outbox WHERE name = 'session.ended'"))
        assert await uow.value(sql("SELECT count(*) FROM sign_in_guards")) == 0
    ended = [row["payload"] for row in facts]
    assert {
        "session_id": str(session.session_id),
        "account_id": str(person.account_id),
        "reason": "expired",
    } in ended


async def test_last_use_is_written_once_a_minute(
    wired: Database, person: Person, clock: MovableClock, seconds: SecondsThatStand
) -> None:
    session = await sign_in(wired, person.mobile)
    last_used = sql("SELECT last_used_at FROM sessions WHERE id = :id")

    async def use_after(passed: timedelta) -> object:
        clock.offset += passed
        seconds.now += 6
        await _holder(wired, session.token)
        async with UnitOfWork(wired) as uow:
            return await uow.value(last_used, id=session.session_id)

    begun = await use_after(timedelta())
    assert await use_after(timedelta(seconds=50)) == begun
    assert await use_after(timedelta(seconds=20)) != begun


async def test_answers_are_remembered_for_five_seconds(
    wired: Database, person: Person, seconds: SecondsThatStand, owner: "asyncpg.Connection[Any]"
) -> None:
    session = await sign_in(wired, person.mobile)
    holder = await _holder(wired, session.token)
    await owner.execute("DELETE FROM sessions WHERE id = $1", session.session_id)  # by another process
    assert await api.session_of(wired, session.token) is holder
    seconds.now += 5
    assert await api.session_of(wired, session.token) is None


async def test_ending_is_at_once_and_closes_sockets(wired: Database, person: Person) -> None:
    session, kept = await sign_in(wired, person.mobile), await sign_in(wired, person.mobile)
    await _holder(wired, session.token)
    await _holder(wired, kept.token)
    socket = _Socket()
    wired.parts[Hub].subscribe(socket, ("session", session.session_id))
    async with UnitOfWork(wired) as uow:
        ended = await api.end_sessions(uow, [person.account_id], except_session=kept.session_id)
        assert ended == 1
        assert socket.reasons == []  # not before it is true
    assert await api.session_of(wired, session.token) is None
    assert socket.reasons == ["revoked"]
    await _holder(wired, kept.token)


class _Socket:
    """Hears what is published."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def send_soon(self, frame: bytes) -> None:
        (event,) = msgspec.json.decode(frame[frame.index(b"{") :])["events"]
        assert event["type"] == "session.ended"
        self.reasons.append(event["reason"])


async def test_a_personal_token_is_bound_to_one_organisation(wired: Database, person: Person) -> None:
    other = await _join(wired, person)
    async with UnitOfWork(wired) as uow:
        made = await api.create_personal_token(uow, person.account_id, person.org_id, person.member_id, "build")
    assert made.token.startswith("pbt_")
    assert len(made.token) == 47
    holder = await _holder(wired, made.token, other)
    assert (holder.kind, holder.org_id, holder.csrf_token) == ("personal", person.org_id, "")
    assert [place.org_id for place in holder.memberships] == [person.org_id]
    with pytest.raises(TokenNotFound):
        async with UnitOfWork(wired) as uow:
            await revoke_personal_token(uow, AccountId(uuid7()), made.token_id)
    async with UnitOfWork(wired) as uow:
        await revoke_personal_token(uow, person.account_id, made.token_id)
    assert await api.session_of(wired, made.token) is None


async def test_personal_tokens_are_limited(wired: Database, person: Person) -> None:
    wired.parts.put(IdentitySettings, msgspec.structs.replace(FAST, personal_tokens_per_account=2))
    async with UnitOfWork(wired) as uow:
        for name in ("one", "two"):
            await api.create_personal_token(uow, person.account_id, person.org_id, person.member_id, name)
        with pytest.raises(TooManyTokens):
            await api.create_personal_token(uow, person.account_id, person.org_id, person.member_id, "three")


@pytest.mark.parametrize("state", ["suspended", "left"])
async def test_whoever_leaves_their_only_organisation_is_signed_out(
    wired: Database, person: Person, state: api.MembershipState
) -> None:
    session = await sign_in(wired, person.mobile)
    async with UnitOfWork(wired) as uow:
        made = await api.create_personal_token(uow, person.account_id, person.org_id, person.member_id, "x")
    await _holder(wired, session.token)
    await _holder(wired, made.token)
    sockets = _Socket(), _Socket()
    wired.parts[Hub].subscribe(sockets[0], ("session", session.session_id))
    wired.parts[Hub].subscribe(sockets[1], ("session", made.token_id))
    async with UnitOfWork(wired) as uow:
        accounts = await api.set_membership_states(uow, person.org_id, [person.member_id], state)
        assert accounts == [person.account_id]
    assert await api.session_of(wired, session.token) is None
    assert await api.session_of(wired, made.token) is None
    assert sockets[0].reasons == sockets[1].reasons == ["membership_ended"]
    with pytest.raises(WrongCredentials):
        await sign_in(wired, person.mobile)
    async with UnitOfWork(wired) as uow:
        await api.set_membership_states(uow, person.org_id, [person.member_id], "active")
    await sign_in(wired, person.mobile)


async def test_whoever_leaves_one_of_two_goes_on_in_the_other(wired: Database, person: Person) -> None:
    other = await _join(wired, person)
    here, there = await sign_in(wired, person.mobile), await sign_in(wired, person.mobile)
    await _holder(wired, here.token)
    await _holder(wired, there.token, other)
    async with UnitOfWork(wired) as uow:
        await api.set_membership_states(uow, person.org_id, [person.member_id], "left")
    assert await api.session_of(wired, here.token) is None
    holder = await _holder(wired, there.token)
    assert holder.membership_in(person.org_id) is None
    assert holder.org_id == other


async def test_a_new_membership_counts_at_once(wired: Database, person: Person) -> None:
    session = await sign_in(wired, person.mobile)
    await _holder(wired, session.token)
    other = await _join(wired, person, "invited")
    assert (await _holder(wired, session.token)).membership_in(other) is None
    async with UnitOfWork(wired) as uow:
        confirmed = await api.confirm_membership(uow, person.account_id, other)
    assert confirmed.state == "active"
    assert (await _holder(wired, session.token)).membership_in(other) == confirmed


def _entry(number: int, account_id: AccountId) -> tuple[bytes, TokenHolder]:
    holder = TokenHolder(
        account_id=account_id,
        session_id=uuid7(),
        kind="session",
        name="",
        language="en",
        csrf_token="",
        org_id=None,
        memberships=(),
    )
    return hash_of(str(number)), holder


def test_the_cache_is_bounded_and_forgets_the_oldest_first() -> None:
    seconds = SecondsThatStand()
    cache = TokenCache(max_age_s=5, max_entries=3, seconds=seconds)
    account_id = AccountId(uuid7())
    entries = [_entry(number, account_id) for number in range(4)]
    for token_hash, holder in entries:
        cache.put(token_hash, holder)
    assert len(cache) == 3
    assert [cache.get(token_hash) is not None for token_hash, _ in entries] == [False, True, True, True]
    cache.forget_sessions([entries[1][1].session_id])
    assert cache.get(entries[1][0]) is None
    seconds.now += 5
    cache.put(*_entry(9, AccountId(uuid7())))
    assert len(cache) == 1  # what is too old went with it
    cache.put(*entries[0])
    cache.put(*entries[2])
    cache.forget_accounts([account_id, AccountId(uuid7())])
    assert len(cache) == 1


async def test_a_second_answer_asks_the_database_nothing(wired: Database, person: Person) -> None:
    session = await sign_in(wired, person.mobile)
    holder = await _holder(wired, session.token)
    pool, wired.app = wired.app, None  # type: ignore[assignment]  # there is no database for a moment
    try:
        assert await api.session_of(wired, session.token) is holder
    finally:
        wired.app = pool


async def test_the_lookup_is_one_indexed_query(
    wired: Database, person: Person, owner: "asyncpg.Connection[Any]"
) -> None:
    from pegboard.modules.identity import store

    await make_person(wired)
    await owner.execute("SET enable_seqscan = off")  # tables of tests are small enough to be read whole
    for statement in (store.SESSION_HOLDER, store.TOKEN_HOLDER):
        arguments = statement.arguments(
            {"token_hash": b"x", "now": wired.clock.now(), "unused_since": wired.clock.now()}
        )
        plan = await owner.fetch(f"EXPLAIN {statement.sql}", *arguments)
        text = "\n".join(row[0] for row in plan)
        assert "Seq Scan" not in text
        assert "token_hash" in text
