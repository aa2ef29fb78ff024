"""A person who belongs to an organisation, and identity's routes under the kernel's real middleware."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

import pegboard.modules.identity
from pegboard.kernel.actor import Account, Actor
from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.http.application import http_application
from pegboard.kernel.http.gate import Gate
from pegboard.kernel.http.rates import RequestRates
from pegboard.kernel.http.signed_in import Authenticator, Credentials, SignedIn
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.ids import AccountId, MemberId, OrgId, uuid7
from pegboard.kernel.realtime.hub import Hub
from pegboard.modules.identity import api
from pegboard.modules.identity.module import MODULE
from pegboard.modules.identity.service.passwords import PasswordPool
from pegboard.modules.identity.service.token_cache import TokenCache
from pegboard.modules.identity.settings import IdentitySettings

PASSWORD = "correct horse battery"
# Hashing is as weak as it may be: the tests are about who may ask, not about what an answer costs.
FAST = IdentitySettings(argon2_memory_kib=8, argon2_iterations=1, hashing_queue=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can sign in."""

    account_id: AccountId
    org_id: OrgId
    member_id: MemberId
    userid: str
    org_code: str
    mobile: str
    email: str


class SecondsThatStand:
    """Seconds for the token cache, moved by the test."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> SecondsThatStand:
    return SecondsThatStand()


@pytest.fixture
def identity_settings() -> IdentitySettings:
    return FAST


@pytest.fixture
def wired(database: Database, identity_settings: IdentitySettings, seconds: SecondsThatStand) -> Iterator[Database]:
    """The database with identity's parts on its shelf."""
    parts = database.parts
    parts.put(IdentitySettings, identity_settings)
    pool = parts.put(PasswordPool, PasswordPool(identity_settings))
    parts.put(TokenCache, TokenCache(seconds=seconds))
    parts.put(Hub, Hub())
    yield database
    pool.close()


_numbers = iter(range(13_000_000_000, 13_999_999_999))


async def make_person(
    database: Database,
    *,
    org_id: OrgId | None = None,
    password: str | None = PASSWORD,
    state: api.MembershipState = "active",
) -> Person:
    """A new account with its first membership."""
    number, org = next(_numbers), org_id or OrgId(uuid7())
    member_id, userid = MemberId(uuid7()), f"u{number}"
    mobile, email, code = f"+86{number}", f"u{number}@example.com", f"code-{org.hex}"
    password_hash = await api.hash_password(database.parts, password) if password else None
    async with UnitOfWork(database) as uow:
        key = api.PersonKey(name="王小明", mobile=mobile, email=email, password_hash=password_hash)
        account_id = await api.create_account(uow, key)
        await api.set_org_code(uow, org, code)
        membership = api.Membership(account_id=account_id, org_id=org, member_id=member_id, userid=userid, state=state)
        assert await api.add_memberships(uow, [membership]) == []
    return Person(
        account_id=account_id,
        org_id=org,
        member_id=member_id,
        userid=userid,
        org_code=code,
        mobile=mobile,
        email=email,
    )


@pytest.fixture
async def person(wired: Database) -> Person:
    return await make_person(wired)


async def sign_in(
    database: Database,
    login: str,
    password: str = PASSWORD,
    *,
    org_code: str | None = None,
    ip: str = "",
    device_token: str | None = None,
) -> api.NewSession:
    """Sign in as a request does, in a unit of work that is rolled back when it is refused."""
    async with UnitOfWork(database) as uow:
        return await api.sign_in(
            uow, login=login, password=password, org_code=org_code, ip=ip, device_token=device_token
        )


class _ByMembership:
    """Whom a token speaks for, as `app` finds it, without the directory's powers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def authenticate(self, credentials: Credentials) -> SignedIn | None:
        holder = await api.session_of(self._database, credentials.token, wanted_org=credentials.wanted_org)
        if holder is None:
            return None
        account = Account(
            account_id=holder.account_id,
            session_id=holder.session_id,
            name=holder.name,
            language=holder.language,
            client_ip=credentials.client_ip,
        )
        place = holder.membership_in(credentials.wanted_org or holder.org_id)
        if place is None:
            return SignedIn(account=account, actor=None, csrf_token=holder.csrf_token)
        actor = Actor(
            org_id=place.org_id,
            member_id=place.member_id,
            userid=place.userid,
            name=holder.name,
            account_id=holder.account_id,
            session_id=holder.session_id,
        )
        return SignedIn(account=account, actor=actor, csrf_token=holder.csrf_token)


@pytest.fixture
def application(wired: Database) -> Gate:
    parts = wired.parts
    parts.put(Database, wired)
    parts.put(Catalogues, Catalogues([Path(pegboard.modules.identity.__file__).parent]))
    parts.put(RequestRates, RequestRates(0, 1))
    parts.put(Authenticator, _ByMembership(wired))
    return http_application(parts, MODULE.routes, permissions=MODULE.permissions)


@pytest.fixture
async def http(application: Gate) -> AsyncIterator[httpx.AsyncClient]:
    """A client without cookies of its own (each test says which it sends)."""
    transport: Any = httpx.ASGITransport(application)  # type: ignore[arg-type]  # httpx names ASGI's types otherwise
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8700/api/v1") as client:
        yield client
