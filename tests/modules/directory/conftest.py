"""A company on a real database, and ways to act in it."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

import pegboard.modules.directory
import pegboard.modules.identity
from pegboard.app.authentication import TokenAuthenticator
from pegboard.kernel.actor import Actor, operator_actor
from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.http.application import http_application
from pegboard.kernel.http.gate import Gate
from pegboard.kernel.http.rates import RequestRates
from pegboard.kernel.http.signed_in import Authenticator
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.ids import AccountId, MemberId, OrgId
from pegboard.modules.directory.module import MODULE
from pegboard.modules.directory.service import administrators, departments, people
from pegboard.modules.directory.service.actors import ActorCache, read_actor
from pegboard.modules.directory.service.caches import CountCache, PeopleCache
from pegboard.modules.directory.service.member_views import member_detail
from pegboard.modules.directory.service.new_members import NewPerson, insert_people
from pegboard.modules.directory.service.organisations import create_organisation
from pegboard.modules.directory.views import (
    AdminKind,
    CreatedOrganisation,
    Department,
    DepartmentId,
    MemberDetail,
    Person,
)
from pegboard.modules.identity import api as identity
from pegboard.modules.identity.module import MODULE as IDENTITY
from pegboard.modules.identity.service.passwords import PasswordPool
from pegboard.modules.identity.settings import IdentitySettings

PASSWORD = "correct horse battery staple"
_FACTS = sql("SELECT name, payload FROM outbox WHERE org_id = :org_id ORDER BY position")


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """An organisation with an owner. Every call is a unit of work of its own, by the operator unless said otherwise."""

    database: Database
    created: CreatedOrganisation

    @property
    def org_id(self) -> OrgId:
        return self.created.org_id

    @property
    def root(self) -> DepartmentId:
        return self.created.root_department_id

    @property
    def operator(self) -> Actor:
        return operator_actor(self.org_id)

    @asynccontextmanager
    async def work(self) -> AsyncIterator[UnitOfWork]:
        async with UnitOfWork(self.database, orgs=(self.org_id,)) as uow:
            yield uow

    async def actor(self, userid: str) -> Actor:
        """The member as an actor, read now."""
        async with self.work() as uow:
            found = await people.by_userids(uow, [userid])
            actor = await read_actor(uow, found[userid].member_id)
        assert actor is not None
        return actor

    async def department(self, name: str, below: UUID | None = None, *, by: Actor | None = None) -> DepartmentId:
        async with self.work() as uow:
            made, _ = await departments.create_department(
                uow, by or self.operator, name=name, parent_id=below or self.root
            )
        return made.department_id

    async def member(
        self,
        userid: str,
        name: str = "",
        *places: UUID,
        title: str = "",
        mobile: str | None = None,
        active: bool = True,
        account_id: AccountId | None = None,
    ) -> MemberId:
        """A member, without an account unless one is given: most of what is tested here asks for none."""
        person = NewPerson(
            userid=userid,
            name=name or userid,
            account_id=account_id,
            active=active,
            department_ids=places or (self.root,),
            title=title,
            mobile=mobile,
        )
        async with self.work() as uow:
            (member_id,) = await insert_people(uow, self.operator, [person])
        return member_id

    async def account(self) -> AccountId:
        """A new account."""
        email = f"{secrets.token_hex(8)}@example.com"
        async with UnitOfWork(self.database) as uow:
            return await identity.create_account(uow, identity.PersonKey(name="Somebody", email=email))

    async def token(self, userid: str) -> str:
        """A session of this member, who has an account."""
        account_id = (await self.detail(userid)).account_id
        assert account_id is not None
        async with UnitOfWork(self.database) as uow:
            return (await identity.start_session(uow, account_id)).token

    async def appoint(self, userid: str, kind: AdminKind, powers: Sequence[str] = (), *places: UUID) -> Actor:
        async with self.work() as uow:
            await administrators.appoint(uow, self.operator, userid, kind=kind, powers=powers, department_ids=places)
        return await self.actor(userid)

    async def detail(self, userid: str, *, by: Actor | None = None) -> MemberDetail:
        async with self.work() as uow:
            return await member_detail(uow, by or self.operator, userid)

    async def see_department(self, department_id: UUID, *, by: Actor | None = None) -> Department:
        async with self.work() as uow:
            found, _ = await departments.department_detail(uow, by or self.operator, department_id)
        return found

    async def person(self, userid: str) -> Person:
        async with self.work() as uow:
            return (await people.by_userids(uow, [userid], active_only=False))[userid]

    async def facts(self, *names: str) -> list[dict[str, object]]:
        """What was told so far, of these names."""
        async with UnitOfWork(self.database, system=True) as uow:
            rows = await uow.rows(_FACTS, org_id=self.org_id)
        return [{"name": row["name"], **row["payload"]} for row in rows if row["name"] in names]


# Hashing is as weak as it may be: what a password costs to guess is identity's own test.
_FAST = IdentitySettings(argon2_memory_kib=8, argon2_iterations=1, hashing_queue=200)


def wire(database: Database) -> None:
    """Put the parts on the shelf that a running application has there."""
    parts = database.parts
    if ActorCache not in parts:
        parts.put(ActorCache, ActorCache())
        parts.put(CountCache, CountCache())
        parts.put(PeopleCache, PeopleCache())
        parts.put(IdentitySettings, _FAST)
        parts.put(PasswordPool, PasswordPool(_FAST))


async def found(database: Database, name: str = "Pegboard & Co") -> Company:
    """A new company with an owner `boss`."""
    wire(database)
    async with UnitOfWork(database) as uow:
        created = await create_organisation(
            uow,
            name=name,
            owner_name="Boss",
            owner_userid="boss",
            owner_login=f"boss-{secrets.token_hex(6)}@example.com",
            owner_password=PASSWORD,
        )
    return Company(database=database, created=created)


@pytest.fixture
async def company(database: Database) -> AsyncIterator[Company]:
    yield await found(database)
    database.parts[PasswordPool].close()


# --- over HTTP ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who calls the API by bearer token, in one organisation."""

    http: httpx.AsyncClient
    headers: dict[str, str]

    async def __call__(self, method: str, path: str, *, status: int = 200, **options: Any) -> Any:
        """The answer's JSON; fails unless the status is as expected."""
        headers = self.headers | options.pop("headers", {})
        answer = await self.http.request(method, path, headers=headers, **options)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str, status: int, **options: Any) -> str:
        """The code of the refusal."""
        answer = await self(method, path, status=status, **options)
        code: str = answer["error"]["code"]
        return code


@pytest.fixture
def application(database: Database) -> Gate:
    """Routes of identity and directory under the kernel's real middleware."""
    parts = database.parts
    parts.put(Database, database)
    folders = [Path(module.__file__ or "").parent for module in (pegboard.modules.directory, pegboard.modules.identity)]
    parts.put(Catalogues, Catalogues(folders))
    parts.put(RequestRates, RequestRates(0, 1))
    parts.put(Authenticator, TokenAuthenticator(database))
    routes = [*IDENTITY.routes, *MODULE.routes]
    return http_application(parts, routes, permissions=[*IDENTITY.permissions, *MODULE.permissions])


@pytest.fixture
async def http(application: Gate) -> AsyncIterator[httpx.AsyncClient]:
    transport: Any = httpx.ASGITransport(application)  # type: ignore[arg-type]  # httpx names ASGI's types otherwise
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8700/api/v1") as client:
        yield client


@pytest.fixture
async def boss(company: Company, http: httpx.AsyncClient) -> Caller:
    """The owner."""
    return await caller(company, http, "boss")


async def caller(company: Company, http: httpx.AsyncClient, userid: str) -> Caller:
    """A member with an account."""
    headers = {"authorization": f"Bearer {await company.token(userid)}", "pegboard-org": str(company.org_id)}
    return Caller(http=http, headers=headers)
