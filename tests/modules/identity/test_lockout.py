"""Who may have a password looked at, and when."""

import asyncio
from datetime import timedelta

import pytest

from pegboard.kernel.clock import MovableClock
from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.errors import PegboardError
from pegboard.kernel.ids import OrgId, uuid7
from pegboard.kernel.jobs import JobRunner
from pegboard.modules.identity import api
from pegboard.modules.identity.errors import SignInBusy, SignInLocked, WrongCredentials
from pegboard.modules.identity.module import MODULE
from pegboard.modules.identity.service.lockout import network_of
from pegboard.modules.identity.service.passwords import PasswordPool
from pegboard.modules.identity.settings import IdentitySettings
from tests.modules.identity.conftest import FAST, PASSWORD, Person, make_person, sign_in

pytestmark = pytest.mark.anyio

_WAITS_S = [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]


async def _guess(database: Database, login: str, **where: str | None) -> PegboardError:
    with pytest.raises(PegboardError) as refusal:
        await sign_in(database, login, "wrong guess", **where)  # type: ignore[arg-type]  # only texts are given
    return refusal.value


async def _guesses(database: Database, login: str, count: int) -> list[str]:
    return [(await _guess(database, login)).code for _ in range(count)]


async def test_waits_double_after_five_failures_up_to_a_quarter_of_an_hour(
    wired: Database, person: Person, clock: MovableClock
) -> None:
    assert await _guesses(wired, person.mobile, 5) == ["session.wrong_credentials"] * 5
    for wait_s in _WAITS_S:
        locked = await _guess(wired, person.mobile)
        assert isinstance(locked, SignInLocked)
        assert locked.retry_after_s == pytest.approx(wait_s, abs=3)
        clock.offset += timedelta(seconds=wait_s + 1)
        assert isinstance(await _guess(wired, person.mobile), WrongCredentials)


async def test_the_right_password_waits_too_and_then_ends_the_waiting(
    wired: Database, person: Person, clock: MovableClock
) -> None:
    await _guesses(wired, person.mobile, 5)
    with pytest.raises(SignInLocked):
        await sign_in(wired, person.mobile)
    clock.offset += timedelta(seconds=6)
    await sign_in(wired, person.mobile)
    assert await _guesses(wired, person.email, 5) == ["session.wrong_credentials"] * 5


async def test_mobile_email_and_userid_are_one_count(wired: Database, person: Person) -> None:
    await _guesses(wired, person.mobile, 2)
    await _guesses(wired, person.email, 2)
    await _guess(wired, person.userid, org_code=person.org_code)
    assert isinstance(await _guess(wired, person.mobile), SignInLocked)


async def test_a_login_that_nobody_has_is_locked_like_one_that_somebody_has(wired: Database) -> None:
    codes = await _guesses(wired, f"{uuid7()}@nowhere.example", 6)
    assert codes == ["session.wrong_credentials"] * 5 + ["session.locked"]


async def test_at_most_a_hundred_guesses_a_day_are_evaluated(
    wired: Database, person: Person, clock: MovableClock
) -> None:
    known = await sign_in(wired, person.mobile)
    clock.offset += timedelta(days=1)  # a whole day lies ahead
    clock.offset -= timedelta(seconds=(clock.now().hour * 60 + clock.now().minute) * 60)
    pool = _Counting(FAST)
    wired.parts.put(PasswordPool, pool)
    for device in (None, known.device_token):
        for _ in range(110):
            clock.offset += timedelta(seconds=1)
            # An attacker with all patience: whoever waits long enough is at the count of the day alone.
            async with UnitOfWork(wired) as uow:
                await uow.execute(sql("UPDATE sign_in_guards SET blocked_until = NULL"))
            await _guess(wired, person.mobile, device_token=device)
    assert isinstance(await _guess(wired, person.mobile), SignInLocked)
    assert pool.looked_at == FAST.failures_per_day + FAST.failures_per_day_known == 100
    clock.offset += timedelta(days=1)
    await sign_in(wired, person.mobile)


class _Counting(PasswordPool):
    """Counts the passwords that were looked at."""

    def __init__(self, settings: IdentitySettings) -> None:
        super().__init__(settings)
        self.looked_at = 0

    async def verify(self, password_hash: str | None, password: str) -> bool:
        self.looked_at += 1
        return await super().verify(password_hash, password)


async def test_fifty_guesses_at_once_are_five_evaluated_ones(wired: Database, person: Person) -> None:
    pool = _Counting(FAST)
    wired.parts.put(PasswordPool, pool)
    refusals = await asyncio.gather(*(_guess(wired, person.mobile) for _ in range(50)))
    codes = [refusal.code for refusal in refusals]
    assert pool.looked_at == codes.count("session.wrong_credentials") == FAST.free_failures
    assert codes.count("session.locked") == 45


async def test_a_known_device_is_not_locked_out_by_others(wired: Database, person: Person) -> None:
    known = await sign_in(wired, person.mobile)
    await _guesses(wired, person.mobile, 6)
    with pytest.raises(SignInLocked):
        await sign_in(wired, person.mobile)
    with pytest.raises(SignInLocked):  # a made-up device is a stranger's
        await sign_in(wired, person.mobile, device_token="x" * 43)
    again = await sign_in(wired, person.mobile, device_token=known.device_token)
    assert again.device_token == known.device_token


async def test_a_known_device_has_a_lock_of_its_own(wired: Database, person: Person) -> None:
    known = await sign_in(wired, person.mobile)
    for _ in range(5):
        await _guess(wired, person.mobile, device_token=known.device_token)
    locked = await _guess(wired, person.mobile, device_token=known.device_token)
    assert isinstance(locked, SignInLocked)
    await sign_in(wired, person.mobile)  # from anywhere else


async def test_a_device_known_to_somebody_else_is_a_strangers(wired: Database, person: Person) -> None:
    other = await make_person(wired)
    theirs = await sign_in(wired, other.mobile)
    await _guesses(wired, person.mobile, 5)
    with pytest.raises(SignInLocked):
        await sign_in(wired, person.mobile, device_token=theirs.device_token)
    await sign_in(wired, other.mobile, device_token=theirs.device_token)


async def test_a_planted_device_secret_is_replaced(wired: Database, person: Person) -> None:
    session = await sign_in(wired, person.mobile, device_token="A" * 43)
    assert session.device_token != "A" * 43


async def test_one_address_may_not_try_everybody(wired: Database) -> None:
    wired.parts.put(
        IdentitySettings,
        IdentitySettings(argon2_memory_kib=8, argon2_iterations=1, failures_per_hour_address=10),
    )
    ip = "2001:db8:5::1"
    logins = [f"{uuid7()}@nowhere.example" for _ in range(11)]
    codes = [(await _guess(wired, login, ip=ip)).code for login in logins]
    assert codes == ["session.wrong_credentials"] * 10 + ["session.locked"]
    neighbour = await _guess(wired, logins[0], ip="2001:db8:5::ffff")  # the same household
    assert isinstance(neighbour, SignInLocked)
    assert isinstance(await _guess(wired, logins[0], ip="2001:db8:6::1"), WrongCredentials)


async def test_success_does_not_use_the_address_up(wired: Database, person: Person) -> None:
    wired.parts.put(
        IdentitySettings,
        IdentitySettings(argon2_memory_kib=8, argon2_iterations=1, failures_per_hour_address=3),
    )
    for _ in range(5):
        await sign_in(wired, person.mobile, ip="192.0.2.7")


async def test_a_failure_counts_though_the_request_is_rolled_back(wired: Database, person: Person) -> None:
    uow = UnitOfWork(wired)
    with pytest.raises(WrongCredentials):
        await api.sign_in(uow, login=person.mobile, password="wrong guess")
    await uow.rollback()
    async with UnitOfWork(wired) as look:
        failures = await look.value(
            sql("SELECT failures FROM sign_in_guards WHERE key = :key"), key=f"account:{person.account_id}"
        )
    assert failures == 1


async def test_too_many_at_once_are_asked_to_come_back_and_nothing_is_counted(wired: Database, person: Person) -> None:
    settings = IdentitySettings(
        argon2_memory_kib=8, argon2_iterations=1, hashing_threads=1, hashing_queue=1, free_failures=100
    )
    wired.parts.put(IdentitySettings, settings)
    pool = wired.parts.put(PasswordPool, PasswordPool(settings))
    refusals = await asyncio.gather(*(_guess(wired, person.mobile) for _ in range(10)))
    busy = [refusal for refusal in refusals if isinstance(refusal, SignInBusy)]
    assert len(busy) == 8
    assert all(refusal.status == 429 and refusal.retry_after_s for refusal in busy)
    async with UnitOfWork(wired) as uow:
        guesses = await uow.value(
            sql("SELECT guesses FROM sign_in_guards WHERE key = :key"), key=f"account:{person.account_id}"
        )
    assert guesses == 2
    await sign_in(wired, person.mobile)
    pool.close()


async def test_lockout_stands_in_the_log_of_the_organisation(wired: Database, person: Person) -> None:
    await sign_in(wired, person.mobile)
    await _guesses(wired, person.mobile, 7)
    runner = JobRunner(wired, MODULE.jobs)
    while await runner.run_due():
        pass
    assert await _log_of(wired, person.org_id) == ["session.started", "session.locked"]


async def _log_of(database: Database, org_id: OrgId) -> list[str]:
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        rows = await uow.rows(sql("SELECT action FROM audit_log WHERE org_id = :org_id ORDER BY seq"))
    return [row["action"] for row in rows]


async def test_proving_an_account_is_under_the_same_lock(wired: Database, person: Person) -> None:
    assert await api.prove_account(wired, login=person.mobile, password=PASSWORD) == person.account_id
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            await api.prove_account(wired, login=person.mobile, password="wrong guess")
    with pytest.raises(SignInLocked):
        await api.prove_account(wired, login=person.mobile, password=PASSWORD)
    with pytest.raises(SignInLocked):
        await sign_in(wired, person.mobile)


def test_addresses_are_counted_as_households() -> None:
    assert network_of("192.0.2.7") == network_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert network_of("2001:db8::1") == network_of("2001:db8::2") == "2001:db8::/64"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("testclient") == "testclient"
