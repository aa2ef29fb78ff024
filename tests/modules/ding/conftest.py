"""A server whose gateways may be on this machine, and who does what on it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pegboard.kernel.db import Database, UnitOfWork, sql
from tests.support.live_server import Company, LiveServer, Person, running
from tests.support.polling import until
from tests.support.postgres import TestServer

CALL_TIMEOUT_S = 1.0
LIMIT = 20
APP_NOW = [{"channel": "app", "after_seconds": 0}]
SMS_NOW = [{"channel": "sms", "after_seconds": 0}]


@pytest.fixture(scope="module")
def outbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the file-writing adapter writes."""
    return tmp_path_factory.mktemp("outbox")


@pytest.fixture(scope="module")
def server(
    postgres: TestServer, database_url: str, outbox: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """One server for the tests of a file."""
    with running(
        database_url,
        tmp_path_factory.mktemp("data"),
        server={"allow_egress": ("127.0.0.0/8",), "public_url": "http://pegboard.example"},
        ding={"call_timeout_s": CALL_TIMEOUT_S, "lease_s": 4.0, "outbox": outbox, "recipients_limit": LIMIT},
    ) as live:
        yield live


@pytest.fixture(autouse=True)
def todays_clock(server: LiveServer) -> Iterator[None]:
    """A test that moves the clock moves it for itself."""
    yield
    server.clock.offset = timedelta()


async def send(sender: Person, content: str = "come at once", /, **more: Any) -> str:
    """A new DING; its id."""
    made = await sender.do("POST", "/dings", {"content": content, **more})
    ding_id: str = made["id"]
    return ding_id


async def received(person: Person, **query: Any) -> list[Any]:
    """What somebody has received."""
    items: list[Any] = (await person.get("/dings", box="received", **query))["items"]
    return items


async def has(person: Person, ding_id: str, **query: Any) -> bool:
    """Whether it is in somebody's list."""
    return ding_id in [ding["id"] for ding in await received(person, **query)]


async def comes(person: Person, ding_id: str) -> None:
    """Wait until somebody has it."""

    async def there() -> bool:
        return await has(person, ding_id)

    await until(there)


async def states(sender: Person, ding_id: str) -> dict[str, str]:
    """The state of every recipient."""
    return {each["userid"]: each["state"] for each in (await sender.get(f"/dings/{ding_id}"))["recipients"]}


async def becomes(sender: Person, ding_id: str, **wanted: str) -> None:
    """Wait until these recipients are in these states."""

    async def so() -> bool:
        found = await states(sender, ding_id)
        return all(found.get(userid) == state for userid, state in wanted.items())

    await until(so)


async def rows(company: Company, query: str, **params: Any) -> list[Any]:
    """What the database holds of the company."""

    async def ask() -> list[Any]:
        async with UnitOfWork(company.server.parts[Database], orgs=(company.org_id,)) as uow:
            return [dict(row) for row in await uow.rows(sql(query), **params)]

    found: list[Any] = await company.server.acall(ask)
    return found


async def give_numbers(company: Company, *userids: str) -> None:
    """Mobile numbers, to which SMS go."""
    for number, userid in enumerate(userids):
        revision = (await company["Ann"].get(f"/members/{userid}"))["revision"]
        body = {"revision": revision, "mobile": f"+8613{company.org_id.int % 10**7:07d}{number:02d}"}
        await company["Ann"].do("PATCH", f"/members/{userid}", body)


async def decide(company: Company, **changes: Any) -> Any:
    """Change the company's policy."""
    revision = (await company["Ann"].get("/ding-policy"))["revision"]
    return await company["Ann"].do("PATCH", "/ding-policy", {"revision": revision, **changes})


def written(outbox: Path, company: Company, channel: str = "sms") -> list[dict[str, Any]]:
    """What the file-writing adapter has written for the company."""
    folder = outbox / str(company.org_id) / channel
    return [msgspec.json.decode(file.read_bytes()) for file in sorted(folder.glob("*.json"))]


# --- a gateway -------------------------------------------------------------------------------------------------------

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nsent"


@dataclass
class Gateway:
    """An SMS gateway on this machine that answers as it is told to."""

    port: int = 0
    answer: bytes = OK
    hangs: bool = False
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def adapter(self) -> dict[str, Any]:
        """For the policy."""
        return {"kind": "http", "url": f"http://127.0.0.1:{self.port}/send"}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.asked.append((first, headers, body))
            if self.hangs:
                await reader.read()  # until the other side gives up
            else:
                writer.write(self.answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    """A gateway that says yes to everything, until the test wants otherwise."""
    found = Gateway()
    listening = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = listening.sockets[0].getsockname()[1]
    yield found
    listening.close()
