"""Many at once, and one that is slow (§9): bounded here, at their full counts under `make soak`."""

import asyncio
import base64
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any

import asyncpg
import pytest

from tests.modules.messaging.refusals import text
from tests.support.live_server import Company, Person
from tests.support.polling import until

pytestmark = pytest.mark.anyio

_SOAK = os.environ.get("PEGBOARD_SOAK") == "1"


def _counts(usual: int, full: int) -> list[object]:
    """The usual count for every run, the full one for the soak."""
    skipped = pytest.mark.skipif(not _SOAK, reason="the full count is for `make soak`")
    return [usual, pytest.param(full, marks=[pytest.mark.soak, skipped])]


def _in_parts(userids: Sequence[str], size: int = 1000) -> Iterator[Sequence[str]]:
    for start in range(0, len(userids), size):
        yield userids[start : start + size]


# --- a great import --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("people", _counts(1_500, 19_998))  # with Ann and Bob as many as a group may have
async def test_all_hands_group_while_the_directory_import_adds_many_members(
    found: Callable[..., Awaitable[Company]], superuser: "asyncpg.Connection[asyncpg.Record]", people: int
) -> None:
    company = await found("Ann", "Bob")
    ann, bob = company["Ann"], company["Bob"]

    async def everyone() -> str | None:
        items = (await ann.get("/conversations"))["items"]
        return next((each["id"] for each in items if each["kind"] == "all" and each["member_count"] == 2), None)

    async def is_there() -> bool:
        return await everyone() is not None

    await until(is_there)
    group = await everyone()
    assert group is not None
    listening = await bob.socket()

    rows = "".join(f"u{n},Name {n},Company,correct horse {n}\n" for n in range(people))
    async with ann.http as client:
        content = {"file": ("staff.csv", f"userid,name,departments,password\n{rows}".encode(), "text/csv")}
        begun = await client.post("/imports", files=content)
        assert begun.status_code == 202, begun.text
        sent: list[int] = []
        state = begun.json()
        deadline = asyncio.timeout(30 + people / 50)
        async with deadline:
            while state["state"] in {"queued", "running"}:
                sent.append((await ann.send(group, f"m{len(sent)}", mentions=["all"]))["seq"])
                state = (await client.get(f"/imports/{state['id']}")).json()
    assert (state["state"], state["members"], state["errors"]) == ("done", people, [])

    async def all_in() -> bool:
        return bool((await ann.get(f"/conversations/{group}"))["member_count"] == people + 2)

    await until(all_in, deadline_s=30 + people / 50)
    last = (await ann.send(group, "welcome"))["seq"]

    # Everybody is in it once, everybody was announced once, and nothing got lost or lost its place between.
    rows_in = await superuser.fetch(
        "SELECT member_id, joined_seq FROM participants WHERE conversation_id = $1 AND left_seq IS NULL", group
    )
    assert len(rows_in) == people + 2
    told = await superuser.fetch(
        "SELECT seq, kind, content::jsonb ->> 'event' AS event, (content::jsonb ->> 'count')::int AS count"
        " FROM messages WHERE conversation_id = $1 ORDER BY seq",
        group,
    )
    assert [row["seq"] for row in told] == list(range(1, last + 1))
    joined = {row["seq"]: row["count"] for row in told if row["event"] == "joined"}
    assert sum(joined.values()) == people + 2
    for seq, count in joined.items():
        assert sum(row["joined_seq"] == seq for row in rows_in) == count
    assert [row["seq"] for row in told if row["kind"] == "text"] == [*sent, last]
    await listening.event("message.created", lambda event: event["message"]["seq"] == last)
    heard = [event["message"]["seq"] for event in listening.events if event["type"] == "message.created"]
    assert heard == sorted(set(heard))
    assert heard[-1] - heard[0] == len(heard) - 1
    readers = await ann.get(f"/conversations/{group}/messages/{last}/readers")
    assert readers["total"] == people + 1

    # Only named people speak at the top level; everyone replies, and a reply's readers are counted as exactly.
    path = f"/conversations/{group}/messages"
    assert (await bob.ask("POST", path, text("me too"))).status_code == 403
    reply = (await bob.send(group, "thank you", reply_to=last))["seq"]
    await ann.do("POST", f"/conversations/{group}/threads/{last}/read", {"seq": reply})
    counted = await listening.event("receipts.changed", lambda event: event["counts"][-1]["seq"] == reply)
    assert counted["counts"] == [{"seq": reply, "read": 1, "total": people + 1}]
    assert (await bob.get(f"{path}/{reply}/readers"))["total"] == people + 1


# --- a great group ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("people", _counts(300, 5_000))
async def test_a_large_group_where_all_open_at_once(found: Callable[..., Awaitable[Company]], people: int) -> None:
    names = [f"p{n}" for n in range(people)]
    company = await found("Ann", *names)
    ann = company["Ann"]
    group = (await ann.do("POST", "/conversations", {"kind": "group", "name": "Large", "members": names[:1000]}))["id"]
    for part in _in_parts(names[1000:]):
        await ann.do("POST", f"/conversations/{group}/members", {"userids": list(part)})
    first = (await ann.send(group, "good morning"))["seq"]
    writing = await ann.socket()

    # All of them are played by one thread, which has to keep each handshake within its time.
    hands = asyncio.Semaphore(50)

    async def open_and_read(person: Person) -> None:
        async with hands:
            device = await person.socket()
        [head] = [head for head in device.hello["heads"] if head["conversation_id"] == group]
        assert head["unread"] == 1
        answer = await device.ask("messages.after", conversation_id=group, seq=head["read_seq"])
        assert answer["items"][-1]["seq"] == first
        assert (await device.ask("conversation.read", conversation_id=group, seq=first))["read_seq"] == first

    async with asyncio.timeout(20 + people / 20):
        await asyncio.gather(*(open_and_read(company[name]) for name in names))
        all_read = {"seq": first, "read": people, "total": people}
        await writing.event("receipts.changed", lambda event: all_read in event["counts"])
        # One message to all of them, and the answers of all of them.
        second = (await ann.send(group, "how are you?"))["seq"]
        devices = [company[name].sockets[0] for name in names]

        async def answer(number: int) -> None:
            device = devices[number]
            await device.event("message.created", lambda event: event["message"]["seq"] == second)
            if number < 50:
                await device.ask("message.send", conversation_id=group, **text("fine", client_id="c1"))

        await asyncio.gather(*map(answer, range(people)))
        for device in devices[-20:]:
            await device.event("message.created", lambda event: event["message"]["seq"] == second + 50)
            heard = [event["message"]["seq"] for event in device.events if event["type"] == "message.created"]
            assert heard == list(range(second, second + 51))
    readers = await ann.get(f"/conversations/{group}/messages/{first}/readers")
    assert (len(readers["read"]), readers["total"]) == (min(people, 1000), people)


# --- one that is slow ------------------------------------------------------------------------------------------------


class _SlowReader:
    """A WebSocket that takes one byte after the other."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.setblocking(False)

    async def open(self) -> None:
        """Shake hands and authenticate; from then on nothing is read but by `sip` and `rest`."""
        loop = asyncio.get_running_loop()
        host, port = self._person.server.url.removeprefix("http://").split(":")
        await loop.sock_connect(self._socket, (host, int(port)))
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        await loop.sock_sendall(
            self._socket,
            f"GET /api/v1/realtime HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            f"sec-websocket-key: {key}\r\nsec-websocket-version: 13\r\n\r\n".encode(),
        )
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += await loop.sock_recv(self._socket, 1)
        assert answer.startswith(b"HTTP/1.1 101")
        command = b'{"id":1,"do":"authenticate","token":"%s"}' % self._person.token.encode()
        # Masked with zeros, which leaves it as it is.
        await loop.sock_sendall(self._socket, bytes((0x81, 0x80 | len(command), 0, 0, 0, 0)) + command)
        await self.sip()

    async def sip(self) -> None:
        """One byte."""
        await asyncio.get_running_loop().sock_recv(self._socket, 1)

    async def rest(self) -> bytes:
        """All that is left, to the end of the connection or of the last frame."""
        loop, found = asyncio.get_running_loop(), b""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        try:
            while chunk := await asyncio.wait_for(loop.sock_recv(self._socket, 1 << 20), 2):
                found += chunk
        except (TimeoutError, ConnectionError):
            pass
        return found

    def close(self) -> None:
        """Go away."""
        self._socket.close()


def _is_at(seq: int, event: dict[str, Any]) -> bool:
    return bool(event["message"]["seq"] == seq)


async def test_a_socket_that_reads_1_byte_a_second_is_closed_and_others_unaffected(company: Company) -> None:
    ann, bob, cleo = company["Ann"], company["Bob"], company["Cleo"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    slow, quick = _SlowReader(cleo), await bob.socket()
    await slow.open()
    line = "𠮷" * 20_000
    sent = 0
    try:
        async with ann.http as client, asyncio.timeout(60):
            for _ in range(16):
                answers = await asyncio.gather(
                    *(client.post(f"/conversations/{conversation}/messages", json=text(line)) for _ in range(10))
                )
                assert {answer.status_code for answer in answers} == {201}
                sent += len(answers)
                # The quick one has them all before the next ten come.
                await quick.event("message.created", partial(_is_at, 1 + sent))
                await slow.sip()
        rest = await slow.rest()
    finally:
        slow.close()
    assert len(rest) < sent * len(line.encode()), "everything was kept for the slow one"
    assert rest.endswith(b"\x88\x08" + (4409).to_bytes(2, "big") + b"resync")
    heard = [event["message"]["seq"] for event in quick.events if event["type"] == "message.created"]
    assert heard == list(range(2, 2 + sent))

    # It connects again and catches up.
    again = await cleo.socket()
    after = await again.ask("messages.after", conversation_id=conversation, seq=0)
    assert [item["seq"] for item in after["items"]] == list(range(1, 2 + sent))
