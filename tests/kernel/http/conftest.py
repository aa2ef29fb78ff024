"""A small application on the kernel's HTTP layer: its routes do what the tests need, its people have fixed tokens."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import httpx
import msgspec
import pytest
from litestar import Response, delete, get, post
from litestar.params import Parameter

from pegboard.kernel.actor import Account, Actor
from pegboard.kernel.audit import Entry, entries, record
from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.errors import Conflict
from pegboard.kernel.http.application import http_application
from pegboard.kernel.http.cursors import Page, decode_cursor, page_of
from pegboard.kernel.http.gate import Gate
from pegboard.kernel.http.permissions import ACCOUNT, MEMBER, PUBLIC, Permission, requires
from pegboard.kernel.http.rates import RequestRates
from pegboard.kernel.http.signed_in import Authenticator, Credentials, SignedIn
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.ids import AccountId, MemberId, OrgId, uuid7
from pegboard.kernel.parts import Parts

KEEP_THINGS = Permission(name="things.keep", level="power", scope="organisation")
CSRF = "the page's own token"


class NewThing(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=8)]
    count: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    inside: list[Any] | dict[str, Any] | None = None


class Thing(msgspec.Struct):
    id: UUID
    name: str


@post("/things", opt=requires(MEMBER))
async def make(uow: UnitOfWork, actor: Actor, data: NewThing) -> Thing:
    thing = Thing(uuid7(), data.name)
    record(uow, actor, action="thing.made", object_=f"thing:{thing.id}")
    return thing


@get("/things", opt=requires(MEMBER))
async def things(
    limit: Annotated[int, Parameter(ge=1, le=200)] = 50, cursor: str | None = None, name: str = ""
) -> Page[int]:
    position = decode_cursor(cursor, int)
    start = position[0] + 1 if position else 0
    return page_of(list(range(start, min(start + limit + 1, 10))), limit, lambda item: (item,))


@get("/things/{thing_id:uuid}", opt=requires(MEMBER))
async def thing(thing_id: UUID) -> Thing:
    return Thing(thing_id, "thing")


@delete("/things/{thing_id:uuid}", opt=requires(KEEP_THINGS))
async def discard(thing_id: UUID) -> None:
    pass


@post("/refusals", opt=requires(MEMBER))
async def refuse(uow: UnitOfWork, actor: Actor) -> None:
    record(uow, actor, action="thing.refused", object_="thing:0")
    await uow.execute(sql("SELECT 1"))
    raise Conflict


@post("/crashes", opt=requires(MEMBER))
async def crash(uow: UnitOfWork) -> None:
    await uow.execute(sql("SELECT 1"))
    raise RuntimeError("a secret of ours")


@post("/broken-commits", opt=requires(MEMBER))
async def break_commit(uow: UnitOfWork, actor: Actor) -> Thing:
    """The server ends the connection right before the commit."""
    record(uow, actor, action="thing.lost", object_="thing:0")

    async def end_connection(uow: UnitOfWork) -> None:
        pid = await uow.value(sql("SELECT pg_backend_pid()"))
        connection = await uow.connection()
        uow.parts[Terminations].pids.append(pid)
        await connection.execute("SELECT 1")
        await uow.parts[Terminations].run(pid)

    uow.before_commit(end_connection)
    return Thing(uuid7(), "never")


@post("/accounts", opt=requires(ACCOUNT))
async def account_level(uow: UnitOfWork, account: Account) -> dict[str, str]:
    record(uow, account, action="account.touched", object_=f"account:{account.account_id}", org_id=None)
    return {"name": account.name, "once": uuid7().hex}


@get("/public", opt=requires(PUBLIC))
async def public(signed_in: SignedIn | None) -> dict[str, bool]:
    return {"known": signed_in is not None}


@post("/secrets", opt=requires(MEMBER, secret_answer=True))
async def secret(data: NewThing) -> dict[str, str]:
    return {"once": uuid7().hex}


@get("/cookies", opt=requires(PUBLIC))
async def own_headers() -> Response[None]:
    return Response(None, headers={"x-frame-options": "SAMEORIGIN"})


class Terminations:
    """Ends connections under the superuser."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pids: list[int] = []

    async def run(self, pid: int) -> None:
        import asyncpg

        superuser = await asyncpg.connect(self.url)
        await superuser.execute("SELECT pg_terminate_backend($1)", pid)
        await superuser.close()


@dataclass(slots=True, kw_only=True)
class People:
    """The authenticator: whoever is in `by_token`."""

    by_token: dict[str, SignedIn]
    asked: list[Credentials]

    async def authenticate(self, credentials: Credentials) -> SignedIn | None:
        self.asked.append(credentials)
        return self.by_token.get(credentials.token)

    def add(self, token: str, org_id: OrgId | None, *, powers: frozenset[str] = frozenset()) -> SignedIn:
        account = Account(account_id=AccountId(uuid7()), session_id=uuid7(), name=token, language="en")
        actor = None
        if org_id is not None:
            actor = Actor(
                org_id=org_id, member_id=MemberId(uuid7()), userid=token, name=token,
                account_id=account.account_id, session_id=account.session_id, powers=powers,
            )  # fmt: skip
        self.by_token[token] = SignedIn(account=account, actor=actor, csrf_token=CSRF)
        return self.by_token[token]


@pytest.fixture
def parts(database: Database) -> Parts:
    parts = database.parts
    parts.put(Database, database)
    parts.put(Catalogues, Catalogues())
    parts.put(RequestRates, RequestRates(0, 1))
    parts.put(Terminations, Terminations(database.url))
    return parts


@pytest.fixture
def people(parts: Parts, org_id: OrgId) -> People:
    people = People(by_token={}, asked=[])
    people.add("mei", org_id)
    people.add("admin", org_id, powers=frozenset({KEEP_THINGS.name}))
    people.add("nowhere", None)
    parts.put(Authenticator, people)
    return people


ROUTES = (
    make, things, thing, discard, refuse, crash, break_commit, account_level, public, secret, own_headers
)  # fmt: skip


@pytest.fixture
def application(parts: Parts, people: People) -> Gate:
    return http_application(parts, ROUTES, permissions=[KEEP_THINGS])


@pytest.fixture
async def http(application: Gate) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in as `mei` by bearer token."""
    transport: Any = httpx.ASGITransport(application)  # type: ignore[arg-type]  # httpx types scopes as plain dicts
    async with httpx.AsyncClient(
        transport=transport, base_url="http://pegboard.test/api/v1", headers={"authorization": "Bearer mei"}
    ) as client:
        yield client


async def deeds(database: Database, org_id: OrgId) -> list[Entry]:
    """What the audit log has of the organisation: the effect that the routes leave."""
    async with UnitOfWork(database, orgs=(org_id,)) as uow:
        return await entries(uow)
