"""The whole server in a thread of the test process: real sockets, real PostgreSQL, and a clock that can be moved."""

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import websockets

from pegboard.app.registry import MODULES
from pegboard.app.server import Server, make_server, working
from pegboard.app.wiring import wired
from pegboard.kernel.actor import operator_actor
from pegboard.kernel.clock import MovableClock
from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.ids import OrgId
from pegboard.kernel.parts import Parts
from pegboard.kernel.settings import load
from pegboard.modules.directory import api as directory
from pegboard.modules.directory.service.new_members import NewPerson, insert_people
from pegboard.modules.identity import api as identity
from tests.support.postgres import TestServer

PASSWORD = "correct horse battery"
# Rates are tested by themselves; hashing is as weak as it may be.
OVERRIDES: dict[str, dict[str, Any]] = {
    "messaging": {"messages_per_person": 0.0, "messages_per_conversation": 0.0},
    "limits": {"requests_per_s": 0.0, "frames_per_s": 0.0},
    "identity": {"argon2_memory_kib": 8, "argon2_iterations": 1},
}


@dataclass(kw_only=True)
class LiveServer:
    """A running server. `parts` belong to its thread: use `call` to run something there."""

    url: str
    database_url: str
    parts: Parts
    clock: MovableClock
    loop: asyncio.AbstractEventLoop

    def call(self, work: Callable[[], Any]) -> Any:
        """Run a coroutine function in the server's loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work(), self.loop).result(30)

    async def acall(self, work: Callable[[], Any]) -> Any:
        """The same, without blocking the test's loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work(), self.loop))


@contextmanager
def running(database_url: str, data: Path, **overrides: dict[str, Any]) -> Iterator[LiveServer]:
    """A server on this database and a free port, until the block ends."""
    sections = {module.name: module.settings for module in MODULES if module.settings is not None}
    wanted = {name: OVERRIDES.get(name, {}) | overrides.get(name, {}) for name in OVERRIDES.keys() | overrides.keys()}
    wanted["server"] = {"port": 0, "data": data, "database_url": database_url} | wanted.get("server", {})
    settings = load(None, {}, sections, overrides=wanted)
    started: threading.Event = threading.Event()
    found: dict[str, Any] = {}
    clock = MovableClock()

    async def serve() -> None:
        async with wired(settings, database_url, clock=clock) as parts, working(parts):
            server = make_server(settings, parts, started.set)
            found.update(server=server, parts=parts, loop=asyncio.get_running_loop())
            await server.serve()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            found["error"] = error
            raise
        finally:
            started.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(30), "the server did not start"
    if "error" in found:
        raise found["error"]
    server: Server = found["server"]
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield LiveServer(
            url=f"http://127.0.0.1:{port}",
            database_url=database_url,
            parts=found["parts"],
            clock=clock,
            loop=found["loop"],
        )
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive(), "the server did not stop"


@pytest.fixture(scope="module")
def server(postgres: TestServer, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server for the tests of a file; each test makes its own company in it."""
    with running(database_url, tmp_path_factory.mktemp("data")) as live:
        yield live


# --- people ----------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Person:
    """A member with a token, who speaks HTTP and opens sockets."""

    server: LiveServer
    userid: str
    member_id: Any
    token: str
    org_id: OrgId
    sockets: list["Socket"] = field(default_factory=list)

    @property
    def http(self) -> httpx.AsyncClient:
        """A client that is this person, below /api/v1."""
        return httpx.AsyncClient(
            base_url=f"{self.server.url}/api/v1",
            headers={"authorization": f"Bearer {self.token}"},
            timeout=30,
            verify=False,  # there is no TLS, and reading all certificates takes longer than the request
        )

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """One request."""
        async with self.http as client:
            return await client.request(method, path, json=body, **options)

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON of a GET that has to succeed."""
        answer = await self.ask("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def do(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a request that has to succeed."""
        answer = await self.ask(method, path, body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def send(self, conversation_id: str, text: str, **more: Any) -> Any:
        """Send a text; {id, seq, sent_at}."""
        body = {"kind": "text", "content": {"text": text}, **more}
        return await self.do("POST", f"/conversations/{conversation_id}/messages", body)

    async def socket(self) -> "Socket":
        """A device that is signed in, and has been greeted."""
        connection = await websockets.connect(
            f"{self.server.url.replace('http', 'ws')}/api/v1/realtime", compression=None, proxy=None, max_size=None
        )
        socket = Socket(connection)
        self.sockets.append(socket)
        await socket.ask("authenticate", token=self.token)
        socket.hello = await socket.event("hello")
        return socket


class Socket:
    """One WebSocket: commands and their answers, and the events that came besides."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection
        self.events: list[dict[str, Any]] = []
        self.hello: dict[str, Any] = {}
        self._asked = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._came = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for frame in self.connection:
                for event in msgspec.json.decode(frame)["events"]:
                    if event["type"] == "reply":
                        self._answers.pop(event["id"]).set_result(event)
                    else:
                        self.events.append(event)
                self._came.set()
        except websockets.ConnectionClosed:
            pass
        finally:
            self._came.set()
            for future in self._answers.values():
                if not future.done():
                    future.set_exception(ConnectionError(f"closed: {self.connection.close_code}"))
                    future.exception()  # seen: nobody waits for the answer to a command that could not be sent

    async def reply(self, do: str, **params: Any) -> dict[str, Any]:
        """The answer to a command, be it `ok` or `error`."""
        self._asked += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[self._asked] = future
        await self.connection.send(msgspec.json.encode({"id": self._asked, "do": do, **params}).decode())
        return await asyncio.wait_for(future, 20)

    async def ask(self, do: str, **params: Any) -> Any:
        """The `ok` of a command that has to succeed."""
        answer = await self.reply(do, **params)
        assert "ok" in answer, answer
        return answer["ok"]

    async def event(self, type_: str, where: Callable[[dict[str, Any]], bool] = lambda event: True) -> dict[str, Any]:
        """The first event of this type (and like this) that came or comes within 10 s."""
        async with asyncio.timeout(10):
            while True:
                self._came.clear()
                for event in self.events:
                    if event["type"] == type_ and where(event):
                        return event
                await self._came.wait()

    async def closed(self) -> int | None:
        """Wait until the server has closed; with which code."""
        async with asyncio.timeout(15):
            await self.connection.wait_closed()
        return self.connection.close_code

    async def close(self) -> None:
        """Go away."""
        await self.connection.close()
        await self._reader


@dataclass(kw_only=True)
class Company:
    """An organisation with people in it."""

    server: LiveServer
    org_id: OrgId
    corp_id: str
    people: dict[str, Person]

    def __getitem__(self, userid: str) -> Person:
        return self.people[userid]

    async def group(self, *userids: str, name: str = "Group", **more: Any) -> str:
        """A group of these people, the first its owner; its id."""
        owner, *others = userids
        made = await self[owner].do("POST", "/conversations", {"kind": "group", "name": name, "members": others})
        conversation_id: str = made["id"]
        if more:
            await self[owner].do(
                "PATCH", f"/conversations/{conversation_id}", {"revision": made["revision"], "rules": more}
            )
        return conversation_id


async def found_company(server: LiveServer, *userids: str, name: str = "Company") -> Company:
    """A new organisation of these people, the first its owner; all can sign in, and have a token."""

    async def make() -> Company:
        database = server.parts[Database]
        async with UnitOfWork(database) as uow:
            made = await directory.create_organisation(
                uow,
                name=name,
                owner_name=userids[0],
                owner_userid=userids[0],
                owner_login=f"{secrets.token_hex(8)}@example.com",
                owner_password=PASSWORD,
            )
        async with UnitOfWork(database, orgs=(made.org_id,)) as uow:
            people = []
            for userid in userids[1:]:
                key = identity.PersonKey(name=userid, mobile=None, email=None, password_hash=None)
                account_id = await identity.create_account(uow, key)
                people.append(
                    NewPerson(
                        userid=userid,
                        name=userid,
                        account_id=account_id,
                        active=True,
                        department_ids=(made.root_department_id,),
                    )
                )
            await insert_people(uow, operator_actor(made.org_id), people)
            rows = await uow.rows(sql("SELECT id, account_id, userid FROM members WHERE org_id = :org_id"))
            tokens = {
                row["userid"]: (
                    row["id"],
                    (
                        await identity.create_personal_token(
                            uow, account_id=row["account_id"], org_id=made.org_id, member_id=row["id"], name="test"
                        )
                    ).token,
                )
                for row in rows
            }
        found = {
            userid: Person(server=server, userid=userid, member_id=member, token=token, org_id=made.org_id)
            for userid, (member, token) in tokens.items()
        }
        return Company(server=server, org_id=made.org_id, corp_id=made.corp_id, people=found)

    company: Company = await server.acall(make)
    return company


@pytest.fixture
async def company(server: LiveServer) -> AsyncIterator[Company]:
    """Ann (the owner), Bob, Cleo and Dan."""
    company = await found_company(server, "Ann", "Bob", "Cleo", "Dan")
    yield company
    for person in company.people.values():
        for socket in person.sockets:
            await socket.close()
