"""A small cluster: web processes and a worker of their own, over one external PostgreSQL and one NATS."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from pegboard.kernel.db.database import as_role
from pegboard.kernel.nats import EmbeddedNats
from tests.app.conftest import OWNER, Program, Served
from tests.support.live_server import PASSWORD, LiveServer, Person
from tests.support.postgres import TestServer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncIterator[str]:
    engine = EmbeddedNats(tmp_path)
    yield await engine.start()
    await engine.stop()


@pytest.fixture
def empty_database(postgres: TestServer) -> Iterator[str]:
    """What an operator gives us: a database of our own, with nothing in it."""
    url = postgres.create_database(template="template0")
    yield as_role(url, "pegboard_owner")
    postgres.drop_database(url)


@pytest.fixture
def cluster(program: Program, empty_database: str, nats: str, tmp_path: Path) -> Iterator[Program]:
    """How each of its programs is started."""
    place = {
        "PEGBOARD_DATABASE_URL": empty_database,
        "PEGBOARD_NATS_URL": nats,
        "PEGBOARD_SECRET_KEY": "the same for all of them, and long enough",
    }
    cluster = Program(data=tmp_path / "data", environment=program.environment | place)
    yield cluster
    for served in cluster.started:
        if served.process.poll() is None:
            served.end()


class _Place:
    def __init__(self, url: str) -> None:
        self.url = url


def _person(served: Served, token: str) -> Person:
    nobody: Any = None
    return Person(
        server=cast(LiveServer, _Place(served.address)), userid="mei", member_id=nobody, token=token, org_id=nobody
    )


async def test_web_and_worker_on_their_own(cluster: Program) -> None:
    one, other, worker = await asyncio.gather(
        *(asyncio.to_thread(cluster.serve, "--role", role) for role in ("web", "web", "worker"))
    )
    await asyncio.to_thread(cluster.found)
    async with httpx.AsyncClient(base_url=one.address, timeout=30, verify=False) as http:
        credentials = {"login": OWNER["--owner-login"], "password": OWNER["--owner-password"]}
        token = (await http.post("/api/v1/sessions", json=credentials)).json()["token"]
    here, there = _person(one, token), _person(other, token)
    sender, hearer = await here.socket(), await there.socket()
    assert sender.hello["process"] != hearer.hello["process"]

    # A fact of one process, told by the worker, to the sockets of both.
    new = {"userid": "wang", "name": "Wang", "email": "wang@example.com", "departments": ["root"], "password": PASSWORD}
    await here.do("POST", "/members", new)
    for socket in (sender, hearer):
        await socket.event("member.changed", lambda event: event["name"] == "Wang")

    group = await here.do("POST", "/conversations", {"kind": "group", "name": "Cluster", "members": ["wang"]})
    text = {"kind": "text", "content": {"text": "across"}}
    sent = await sender.ask("message.send", conversation_id=group["id"], **text)
    await hearer.event("message.created", lambda event: event["message"]["id"] == sent["id"])

    assert worker.get("/readyz").json()["checks"]["bus"] == {"ok": True}
    assert "pegboard_outbox_told_total" in worker.get("/metrics").text
    assert worker.get("/api/v1/me").status_code == 404
    for socket in (sender, hearer):
        await socket.close()
    for served in (worker, one, other):
        assert served.end() == 0


async def test_a_role_without_nats_says_what_is_missing(cluster: Program) -> None:
    del cluster.environment["PEGBOARD_NATS_URL"]
    served = await asyncio.to_thread(cluster.serve, "--role", "web")
    assert "no NATS" in served.get("/readyz").json()["checks"]["bus"]["detail"]
    assert served.get("/readyz").status_code == 200
    assert "server.nats_url" in served.log.read_text()
    assert served.end() == 0
