"""kill -9 of the server, and of its PostgreSQL, at any moment under load: nothing acknowledged is lost or doubled."""

import asyncio
import os
import signal
import time
from random import Random  # noqa: TID251
from typing import Any, cast

import httpx
import pytest

from tests.app.conftest import OWNER, Program, Served
from tests.journeys.writers import GIVE_UP_S, Writer, assert_kept, everything
from tests.support.live_server import PASSWORD, LiveServer, Person
from tests.support.polling import until
from tests.support.race import Client, fresh_picture

pytestmark = [pytest.mark.anyio, pytest.mark.soak]

ROUNDS = 50 if os.environ.get("PEGBOARD_SOAK") == "1" else 3
PEOPLE = 4
WRITERS = 20


async def _sign_in(http: httpx.AsyncClient, login: str, password: str) -> str:
    answer = await http.post("/api/v1/sessions", json={"login": login, "password": password})
    assert answer.status_code == 201, answer.text
    http.cookies.clear()
    token: str = answer.json()["token"]
    return token


async def _company(http: httpx.AsyncClient) -> tuple[list[str], str]:
    """Tokens of some people, the owner's first, and a group of them."""
    tokens = [await _sign_in(http, OWNER["--owner-login"], OWNER["--owner-password"])]
    http.headers["authorization"] = f"Bearer {tokens[0]}"
    for number in range(1, PEOPLE):
        login = f"p{number}@example.com"
        body = {"userid": f"p{number}", "name": f"P{number}", "email": login, "departments": ["root"]}
        answer = await http.post("/api/v1/members", json=body | {"password": PASSWORD})
        assert answer.status_code == 201, answer.text
        tokens.append(await _sign_in(http, login, PASSWORD))
    group = {"kind": "group", "name": "Crash", "members": [f"p{number}" for number in range(1, PEOPLE)]}
    answer = await http.post("/api/v1/conversations", json=group)
    assert answer.status_code == 201, answer.text
    return tokens, answer.json()["id"]


@pytest.mark.parametrize("victim", ["server", "postgres"])
async def test_nothing_acknowledged_is_lost_or_doubled(
    program: Program, port: int, victim: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    random = Random(victim)
    program = Program(data=tmp_path_factory.mktemp("crash") / "data", environment=program.environment)
    program.found()
    served = program.serve("--port", str(port))
    async with httpx.AsyncClient(base_url=served.address, timeout=30, verify=False) as http:
        tokens, group = await _company(http)
        writers = [
            Writer(url=served.address, token=tokens[number % PEOPLE], name=f"w{number}", conversation_id=group)
            for number in range(WRITERS)
        ]
        tasks = [asyncio.create_task(writer.run()) for writer in writers]
        reader = _reader(served, tokens[0])
        await reader.connect()
        try:
            for _ in range(ROUNDS):
                await _acknowledged(writers, random.randint(30, 300))
                served = await _kill(program, served, victim, port)
                await _acknowledged(writers, 50)
                await reader.reconnect()
            for writer in writers:
                writer.stopped = True
            await asyncio.gather(*tasks)
            items = await everything(http, group)
            assert_kept(writers, items)
            assert sum(writer.sent_again for writer in writers) >= ROUNDS, "nobody was interrupted"
            await reader.ping()
            await reader.settle()
            assert reader.picture() == await fresh_picture(reader.person)
            assert sorted(reader.held[group].messages) == [item["seq"] for item in items]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await reader.disconnect()
            for writer in writers:
                await writer.close()
            if served.process.poll() is None:
                served.end(signal.SIGTERM)


async def _acknowledged(writers: list[Writer], more: int) -> None:
    """Wait for so many acknowledgements more."""
    before = sum(len(writer.acknowledged) for writer in writers)
    await until(lambda: sum(len(writer.acknowledged) for writer in writers) >= before + more, deadline_s=2 * GIVE_UP_S)


async def _kill(program: Program, served: Served, victim: str, port: int) -> Served:
    """Kill it, and see that it is ready again; the server that runs then."""
    started = time.monotonic()
    if victim == "server":
        await asyncio.to_thread(served.end, signal.SIGKILL)
        served = await asyncio.to_thread(program.serve, "--port", str(port))
    else:
        os.kill(served.engine_pid(program.data), signal.SIGKILL)
    async with httpx.AsyncClient(base_url=served.address, timeout=30, verify=False) as http:

        async def ready() -> bool:
            return (await http.get("/readyz")).status_code == 200

        await until(ready, deadline_s=GIVE_UP_S)
    print(f"{victim}: ready again after {time.monotonic() - started:.1f} s")  # it promises 10 s
    return served


def _reader(served: Served, token: str) -> Client:
    """A client that holds everything, and is cut off again and again."""
    place = cast(LiveServer, _Place(served.address))
    nobody: Any = None
    return Client(Person(server=place, userid="mei", member_id=nobody, token=token, org_id=nobody))


class _Place:
    """All that a client needs of a server."""

    def __init__(self, url: str) -> None:
        self.url = url
