"""Passwords: what is hashed, and what is weak."""

import asyncio

import msgspec
import pytest

from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.modules.identity import api
from pegboard.modules.identity.errors import SignInBusy, WeakPassword, WrongCredentials
from pegboard.modules.identity.service.passwords import PasswordPool, common_passwords
from pegboard.modules.identity.settings import IdentitySettings
from tests.modules.identity.conftest import FAST, PASSWORD, Person, make_person, sign_in

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "12345678",
        "87654321",
        "abcdefghij",
        "qwertyuiop",
        "password",
        "Password123!",
        "P@ssw0rd",
        "iloveyou1",
        "aaaaaaaaaa",
        "abababababab",
        "xyzxyzxyzxyz",
        "ｐａｓｓｗｏｒｄ",
        "woaini1314",
        "wangxiaoming",
        "wangxiaoming1",
        "13912345678",
        "8613912345678",
        "ming@example.com",
    ],
)
def test_weak(password: str) -> None:
    words = ("WangXiaoMing", "+8613912345678", "ming@example.com", None)
    assert api.is_weak_password(password, *words)
    with pytest.raises(WeakPassword) as refusal:
        api.check_password(password, *words, path="new")
    assert [(field.path, field.code) for field in refusal.value.fields] == [("new", "password.weak")]


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "Tr0ub4dor&3x",
        "釘板釘板很好用的密碼",
        "k8#mQ2!x",
        "ming likes to cycle",
        "🔑🐎🔋📎 staple",
    ],
)
def test_not_weak(password: str) -> None:
    assert not api.is_weak_password(password, "Ming", "+8613912345678", "ming@example.com")


def test_a_password_longer_than_a_kibibyte_is_refused() -> None:
    with pytest.raises(WeakPassword) as refusal:
        api.check_password("釘板" * 180)
    assert refusal.value.fields[0].code == "too_long"


def test_the_list_of_common_ones_is_folded_and_long() -> None:
    common = common_passwords()
    assert len(common) > 200
    assert all(word == word.casefold() for word in common)


@pytest.mark.parametrize(
    "password",
    ["pass\0word\0x", "🔑🐎🔋📎" * 8, "x" * 1024, "釘" * 341, " leading and trailing ", "مرور\u200fكلمة"],
)
async def test_odd_passwords_open_their_account(wired: Database, password: str) -> None:
    person = await make_person(wired, password=password)
    await sign_in(wired, person.mobile, password)
    for other in (password[:-1], password + "x", password.replace("\0", "")[:-1] + "?"):
        with pytest.raises(WrongCredentials):
            await sign_in(wired, person.mobile, other)


async def test_one_over_the_limit_is_nobodys(wired: Database) -> None:
    for password in ("x" * 1025, "釘" * 342):
        with pytest.raises(WeakPassword):
            await api.hash_password(wired.parts, password)
        person = await make_person(wired, password=password[:-1])
        with pytest.raises(WrongCredentials):
            await sign_in(wired, person.mobile, password)
        await sign_in(wired, person.mobile, password[:-1])


async def test_the_same_characters_from_another_keyboard(wired: Database) -> None:
    person = await make_person(wired, password="café ｆｕｌｌ")
    await sign_in(wired, person.mobile, "cafe\u0301 full")


async def test_hashes_are_argon2id_with_the_floor_of_the_specification() -> None:
    pool = PasswordPool(IdentitySettings())
    found = await pool.hash(PASSWORD)
    assert found.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await pool.hash(PASSWORD) != found
    assert await pool.verify(found, PASSWORD)
    assert not await pool.verify(found, PASSWORD + ".")
    assert not await pool.verify("not a hash", PASSWORD)
    assert not await pool.verify(None, "nobody has this password")
    pool.close()


async def test_the_pool_sheds_what_it_has_no_room_for(wired: Database) -> None:
    pool = wired.parts.put(PasswordPool, PasswordPool(IdentitySettings(hashing_threads=1, hashing_queue=2)))
    answers = await asyncio.gather(
        *(api.hash_password(wired.parts, PASSWORD) for _ in range(8)), return_exceptions=True
    )
    busy = [answer for answer in answers if isinstance(answer, SignInBusy)]
    assert len(busy) == 5
    assert busy[0].status == 429
    assert busy[0].retry_after_s
    assert await api.hash_password(wired.parts, PASSWORD)  # there is room again
    assert len(await api.hash_passwords(wired.parts, [PASSWORD] * 4)) == 4
    pool.close()


async def test_a_password_is_hashed_anew_when_the_parameters_rise(wired: Database, person: Person) -> None:
    stored = sql("SELECT password_hash FROM accounts WHERE id = :id")
    better = msgspec.structs.replace(FAST, argon2_iterations=2)
    wired.parts.put(IdentitySettings, better)
    pool = wired.parts.put(PasswordPool, PasswordPool(better))
    await sign_in(wired, person.mobile)
    async with UnitOfWork(wired) as uow:
        assert "t=2," in await uow.value(stored, id=person.account_id)
    await sign_in(wired, person.mobile)
    pool.close()
