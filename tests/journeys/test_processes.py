"""Several processes behave as one: what is said in one is heard in all, and the death of any loses nothing."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random  # noqa: TID251
from typing import Any, cast

import httpx
import pytest
import websockets

from tests.app.conftest import OWNER, Program, Served
from tests.journeys.writers import Writer, assert_kept, everything
from tests.support.live_server import PASSWORD, LiveServer, Person, Socket
from tests.support.polling import until
from tests.support.race import Client, fresh_picture

pytestmark = [pytest.mark.anyio, pytest.mark.soak]

ROUNDS = 25 if os.environ.get("PEGBOARD_SOAK") == "1" else 1
MESSAGES = 200 if ROUNDS == 1 else 2000
PEOPLE = ("mei", "p1", "p2", "p3")
DEATH_IS_NOTICED_WITHIN_S = 40
WEB = ("web-1", "web-2")


@dataclass(kw_only=True)
class Office:
    """A server of several processes, and people who work there."""

    served: Served
    people: dict[str, Person]

    async def group(self, *userids: str) -> str:
        """A group of these people, the first its owner; its id."""
        owner, *others = userids
        body = {"kind": "group", "name": "Group", "members": others}
        made = await self.people[owner].do("POST", "/conversations", body)
        conversation_id: str = made["id"]
        return conversation_id

    async def at(self, userid: str, process: str) -> Socket:
        """A device of this person whose socket is with this process."""
        async with asyncio.timeout(30):
            while True:
                socket = await self.people[userid].socket()
                if socket.hello["process"].endswith(f"/{process}"):
                    return socket
                await socket.close()

    def pid(self, name: str) -> int:
        """The process that has this name now (`nats`: the engine)."""
        children = Path(f"/proc/{self.served.process.pid}/task/{self.served.process.pid}/children").read_text().split()
        for pid in children:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if words[-2:-1] == [name.encode()] or (name == "nats" and words[0].endswith(b"/nats-server")):
                return int(pid)
        raise LookupError(name)

    async def kill(self, name: str) -> None:
        """kill -9, and wait until another one has its place."""
        before = self.pid(name)
        os.kill(before, signal.SIGKILL)

        def replaced() -> bool:
            try:
                return self.pid(name) != before
            except (LookupError, FileNotFoundError):
                return False

        await until(replaced, deadline_s=60)

    async def figure(self, name: str) -> dict[str, float]:
        """One figure of /metrics, by process."""
        async with httpx.AsyncClient(base_url=self.served.address, timeout=30, verify=False) as http:
            lines = (await http.get("/metrics")).text.splitlines()
        found = [line.removeprefix(name + '{process="').split('"} ') for line in lines if line.startswith(name + "{")]
        return {process: float(value) for process, value in found}

    async def all_up(self) -> None:
        """Every process answers."""

        async def up() -> bool:
            figures = await self.figure("pegboard_process_up")
            return figures == {"web-1": 1.0, "web-2": 1.0, "worker": 1.0}

        await until(up, deadline_s=60)


@pytest.fixture(scope="module")
def served(program: Program, port: int) -> Iterator[Served]:
    """Two web processes and a worker."""
    program.found()
    served = program.serve("--port", str(port), "--processes", "2")
    yield served
    if served.process.poll() is None:
        assert served.end() == 0


@pytest.fixture(scope="module")
async def tokens(served: Served) -> dict[str, str]:
    """Everybody's, made once."""
    async with httpx.AsyncClient(base_url=served.address, timeout=30, verify=False) as http:
        found = {"mei": await _sign_in(http, OWNER["--owner-login"], OWNER["--owner-password"])}
        for userid in PEOPLE[1:]:
            login = f"{userid}@example.com"
            body = {"userid": userid, "name": userid, "email": login, "departments": ["root"], "password": PASSWORD}
            bearer = {"authorization": f"Bearer {found['mei']}"}
            answer = await http.post("/api/v1/members", json=body, headers=bearer)
            assert answer.status_code == 201, answer.text
            found[userid] = await _sign_in(http, login, PASSWORD)
    return found


@pytest.fixture
async def office(served: Served, tokens: dict[str, str]) -> AsyncIterator[Office]:
    place, nobody = cast(LiveServer, _Place(served.address)), cast(Any, None)
    people = {
        userid: Person(server=place, userid=userid, member_id=nobody, token=token, org_id=nobody)
        for userid, token in tokens.items()
    }
    office = Office(served=served, people=people)
    await office.all_up()
    yield office
    for person in people.values():
        for socket in person.sockets:
            await socket.close()


class _Place:
    def __init__(self, url: str) -> None:
        self.url = url


async def _sign_in(http: httpx.AsyncClient, login: str, password: str) -> str:
    answer = await http.post("/api/v1/sessions", json={"login": login, "password": password})
    assert answer.status_code == 201, answer.text
    http.cookies.clear()
    token: str = answer.json()["token"]
    return token


# --- one server in several processes ---------------------------------------------------------------------------------


async def test_what_happens_in_one_process_is_heard_in_the_other(office: Office) -> None:
    group = await office.group("mei", "p1")
    here, there = await office.at("mei", "web-1"), await office.at("p1", "web-2")
    sent = await here.ask("message.send", conversation_id=group, kind="text", content={"text": "hello"})
    heard = await there.event("message.created", lambda event: event["message"]["seq"] == sent["seq"])
    assert heard["message"]["content"] == {"text": "hello"}

    # A cursor moved there is counted here, for the sender, and shown by the reader's other device here.
    second = await office.at("p1", "web-1")
    await there.ask("conversation.read", conversation_id=group, seq=sent["seq"])
    told = await here.event("receipts.changed", lambda event: event["conversation_id"] == group)
    assert {"seq": sent["seq"], "read": 1, "total": 1} in told["counts"]
    moved = await second.event("cursor.moved", lambda event: event["conversation_id"] == group)
    assert (moved["read_seq"], moved["unread"]) == (sent["seq"], 0)

    # A change, by HTTP in whichever process.
    body = {"content": {"text": "hello there"}, "rev": 0}
    await office.people["mei"].do("PATCH", f"/conversations/{group}/messages/{sent['seq']}", body)
    for socket in (here, there):
        changed = await socket.event("message.changed", lambda event: event["conversation_id"] == group)
        assert changed["message"]["content"] == {"text": "hello there"}


async def test_people_join_and_leave_in_every_process(office: Office) -> None:
    devices = {process: await office.at("p2", process) for process in WEB}
    owner = {process: await office.at("mei", process) for process in WEB}
    group = await office.group("mei", "p1")
    await office.people["mei"].do("POST", f"/conversations/{group}/members", {"userids": ["p2"]})
    for device in devices.values():
        joined = await device.event("conversation.joined", lambda event: event["conversation"]["id"] == group)
        assert joined["conversation"]["my_role"] == "member"
    for socket in owner.values():
        text = {"kind": "text", "content": {"text": f"to all, by {socket.hello['process']}"}}
        sent = await socket.ask("message.send", conversation_id=group, **text)
        for device in devices.values():
            await device.event("message.created", lambda event, seq=sent["seq"]: event["message"]["seq"] == seq)  # type: ignore[misc]  # a lambda with a default

    await office.people["mei"].do("DELETE", f"/conversations/{group}/members/p2")
    for device in devices.values():
        await device.event("conversation.left", lambda event: event["conversation_id"] == group)
    for socket in owner.values():
        secret = await socket.ask(
            "message.send", conversation_id=group, kind="text", content={"text": "among ourselves"}
        )
        for device in devices.values():
            await device.ask("ping")
            assert not [event for event in device.events if event.get("message", {}).get("id") == secret["id"]]


async def test_who_is_signed_out_in_one_process_is_out_in_all(office: Office) -> None:
    async with httpx.AsyncClient(base_url=office.served.address, timeout=30, verify=False) as http:
        token = await _sign_in(http, "p3@example.com", PASSWORD)
        devices = []
        for process in WEB:
            nobody: Any = None
            person = Person(
                server=office.people["p3"].server, userid="p3", member_id=nobody, token=token, org_id=nobody
            )
            office.people[f"p3 at {process}"] = person
            devices.append(await office.at(f"p3 at {process}", process))
        bearer = {"authorization": f"Bearer {token}"}
        assert (await http.delete("/api/v1/sessions/current", headers=bearer)).status_code in (200, 204)
        for device in devices:
            assert (await device.event("session.ended"))["reason"] == "signed_out"
            assert await device.closed() == 4401
        # No process remembers who it was: each of many connections is refused at once.
        for _ in range(16):
            async with httpx.AsyncClient(base_url=office.served.address, timeout=30, verify=False) as fresh:
                assert (await fresh.get("/api/v1/me", headers=bearer)).status_code == 401


async def test_a_new_name_is_shown_by_every_process_at_once(office: Office) -> None:
    sockets = [await office.at("mei", process) for process in WEB]
    member = await office.people["mei"].get("/members/p1")
    body = {"revision": member["revision"], "name": f"Peter {member['revision']}"}
    await office.people["mei"].do("PATCH", "/members/p1", body)
    for _ in range(16):
        assert (await office.people["mei"].get("/members/p1"))["name"] == body["name"]
    for socket in sockets:  # by way of the outbox, the worker and the bus
        await socket.event("member.changed", lambda event: event["name"] == body["name"])


async def test_clients_in_all_processes_hold_what_there_is(office: Office) -> None:
    """Everybody writes, changes and reads in both processes at once; in the end all hold the truth."""
    random = Random("processes")
    group = await office.group(*PEOPLE)
    clients = [Client(office.people[userid]) for userid in PEOPLE for _ in WEB]
    for client in clients:
        await _connect(client)
    writers = [(userid, await office.at(userid, process)) for userid in PEOPLE for process in WEB]
    sent: list[tuple[str, int]] = []

    async def write(userid: str, socket: Socket, number: int) -> None:
        for turn in range(number):
            text = {"kind": "text", "content": {"text": f"{userid} {turn}"}}
            answer = await socket.ask("message.send", conversation_id=group, **text)
            sent.append((userid, answer["seq"]))
            match random.randrange(6):
                case 0:
                    await socket.ask("conversation.read", conversation_id=group)
                case 1:
                    await office.people[userid].do(
                        "PUT", f"/conversations/{group}/messages/{answer['seq']}/reactions/👍"
                    )
                case 2:
                    body = {"content": {"text": f"{userid} {turn}, mended"}, "rev": 0}
                    await office.people[userid].ask("PATCH", f"/conversations/{group}/messages/{answer['seq']}", body)

    await asyncio.gather(*(write(userid, socket, MESSAGES // len(writers)) for userid, socket in writers))
    numbers = sorted(seq for _, seq in sent)
    assert numbers == list(range(numbers[0], numbers[0] + len(sent))), "a gap, or a number twice"
    for client in clients:
        await _holds_the_truth(client)


# --- deaths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("victim", ["web-1", "worker", "nats"])
async def test_a_death_loses_nothing(office: Office, victim: str) -> None:
    random = Random(victim)
    group = await office.group(*PEOPLE)
    clients = [Client(office.people[userid]) for userid in PEOPLE]
    for client in clients:
        await _connect(client)
    writers = [
        Writer(url=office.served.address, token=office.people[userid].token, name=f"{victim}-{number}-{userid}",
               conversation_id=group)
        for userid in PEOPLE for number in range(2)
    ]  # fmt: skip
    tasks = [asyncio.create_task(writer.run()) for writer in writers]
    try:
        for _ in range(ROUNDS):
            await _acknowledged(writers, random.randint(30, 200))
            await office.kill(victim)
            await _acknowledged(writers, 50)
        await _stop(writers, tasks)
        for client in clients:
            await _holds_the_truth(client)
        await _kept(office, group, writers)
        await office.all_up()
        await _is_heard_everywhere(office, group)
    finally:
        await _give_up(writers, tasks, clients)


async def test_an_engine_that_stands_still_is_caught_up_with(office: Office) -> None:
    """NATS is stopped under load for as long as nobody could overlook."""
    group = await office.group(*PEOPLE)
    clients = [Client(office.people[userid]) for userid in PEOPLE]
    for client in clients:
        await _connect(client)
    writers = [
        Writer(url=office.served.address, token=office.people[userid].token, name=f"still-{userid}",
               conversation_id=group)
        for userid in PEOPLE
    ]  # fmt: skip
    tasks = [asyncio.create_task(writer.run()) for writer in writers]
    before = await office.figure("pegboard_bus_gaps_total")
    try:
        engine = office.pid("nats")
        os.kill(engine, signal.SIGSTOP)
        await _acknowledged(writers, 200)
        if ROUNDS > 1:
            await asyncio.sleep(60)
        await until(lambda: _gone_or(office, engine), deadline_s=60)  # its keeper ends what does not answer
        await _acknowledged(writers, 50)
        await _stop(writers, tasks)
        for client in clients:
            await _holds_the_truth(client)
        await _kept(office, group, writers)
        after = await office.figure("pegboard_bus_gaps_total")
        assert all(after[process] > before[process] for process in WEB), "nobody noticed"
        await _is_heard_everywhere(office, group)
    finally:
        await _give_up(writers, tasks, clients)


def _gone_or(office: Office, engine: int) -> bool:
    try:
        return office.pid("nats") != engine
    except (LookupError, FileNotFoundError):
        return False


async def test_the_parent_takes_all_with_it(program: Program, tmp_path: Path) -> None:
    """kill -9 of the parent leaves no process, and nothing that hinders the next start."""
    other = Program(data=tmp_path / "data", environment=program.environment)
    served = other.serve("--processes", "2")
    office = Office(served=served, people={})
    pids = [office.pid(name) for name in (*WEB, "worker", "nats")]
    served.end(signal.SIGKILL)
    await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    port = served.address.rpartition(":")[2]
    again = other.serve("--processes", "2", "--port", port)
    assert again.get("/readyz").status_code == 200
    again.end(signal.SIGTERM)
    assert again.process.returncode == 0


# --- what tests share ------------------------------------------------------------------------------------------------


async def _acknowledged(writers: list[Writer], more: int) -> None:
    before = sum(len(writer.acknowledged) for writer in writers)
    await until(lambda: sum(len(writer.acknowledged) for writer in writers) >= before + more, deadline_s=120)


async def _stop(writers: list[Writer], tasks: list[asyncio.Task[None]]) -> None:
    for writer in writers:
        writer.stopped = True
    await asyncio.gather(*tasks)


async def _give_up(writers: list[Writer], tasks: list[asyncio.Task[None]], clients: list[Client]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for writer in writers:
        writer.hang_up()
    for client in clients:
        await client.disconnect()


async def _kept(office: Office, group: str, writers: list[Writer]) -> None:
    bearer = {"authorization": f"Bearer {office.people['mei'].token}"}
    async with httpx.AsyncClient(base_url=office.served.address, headers=bearer, timeout=30, verify=False) as http:
        assert_kept(writers, await everything(http, group))


async def _connect(client: Client) -> None:
    """An earlier test's death may still send people to catch up while they connect."""

    async def connects() -> bool:
        try:
            await client.connect()
        except (OSError, AssertionError, websockets.ConnectionClosed):
            return False
        return True

    await until(connects)


async def _holds_the_truth(client: Client) -> None:
    """Soon it does, by the rules for clients: who is closed connects anew."""

    async def does() -> bool:
        try:
            socket = client._socket
            if socket is None or socket.connection.close_code is not None:
                await client.reconnect()
            await client.ping()
            await client.settle()
        except (OSError, AssertionError, httpx.TransportError):
            await asyncio.sleep(0.2)
            return False
        return client.picture() == await fresh_picture(client.person)

    await until(does, deadline_s=DEATH_IS_NOTICED_WITHIN_S)


async def _is_heard_everywhere(office: Office, group: str) -> None:
    """The bus carries again: what is sent in each process comes to the other."""
    for userid, process, other in (("mei", *WEB), ("p1", *reversed(WEB))):

        async def comes(userid: str = userid, process: str = process, other: str = other) -> bool:
            sender, hearer = await office.at(userid, process), await office.at("p2", other)
            try:
                text = {"kind": "text", "content": {"text": "there?"}}
                sent = await sender.ask("message.send", conversation_id=group, **text)
                await asyncio.sleep(0.2)
                return any(event.get("message", {}).get("id") == sent["id"] for event in hearer.events)
            except (websockets.ConnectionClosed, ConnectionError):
                return False  # sent to catch up just now

        await until(comes, deadline_s=30)
