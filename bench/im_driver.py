"""Pegboard for the chat comparison: a driver of the harness whose folder `BENCH_HOME` names.

    BENCH_HOME/compare.py --driver bench/im_driver.py --driver ejabberd --driver prosody --rounds 3
    BENCH_HOME/crash.py --driver bench/im_driver.py --kills 20

It starts its own server (with the embedded PostgreSQL) when none is up, and leaves it up. Everything is on that users
get: rights, audit, unread counts, the outbox; only the rate limits are off. People sign in with a personal token.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

if "BENCH_HOME" in os.environ:
    sys.path.append(os.environ["BENCH_HOME"])

import orjson
import peers
import procfs
from driver import Driver, ReadList, Session, Stored
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

ROOT = Path(__file__).resolve().parent.parent
PEGBOARD = os.environ.get("BENCH_PEGBOARD", str(ROOT / ".venv" / "bin" / "pegboard"))
HOME = peers.HOME / "pegboard"
PROCESSES = int(os.environ.get("BENCH_PROCESSES", "1"))
PORT = int(os.environ.get("BENCH_PORT", "15290"))
API = f"http://127.0.0.1:{PORT}/api/v1"
ANSWER_TIMEOUT_S = 60
AT_ONCE = 1000  # people in one request
OWNER = "bench-owner"
NO_RATE_LIMITS = {
    "PEGBOARD_MESSAGING__MESSAGES_PER_PERSON": "0",
    "PEGBOARD_MESSAGING__MESSAGES_PER_CONVERSATION": "0",
    "PEGBOARD_LIMITS__REQUESTS_PER_S": "0",
    "PEGBOARD_LIMITS__FRAMES_PER_S": "0",
}
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class PegboardSession(Session, WSListener):  # type: ignore[misc,unused-ignore]  # as Drv
    """One WebSocket at /api/v1/realtime."""

    def __init__(self, user: str, conversation_id: str) -> None:
        self.user, self.conversation_id = user, conversation_id
        self._asked = 0
        self._sent = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._own: dict[int, str] = {}
        self._open = False
        self._greeted = asyncio.get_running_loop().create_future()
        self._head = b'","kind":"text","content":{"text":"'
        self._device = os.urandom(6).hex()

    # --- what arrives ------------------------------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport, self._open = transport, True

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._open = False
        for future in [self._greeted, *self._answers.values()]:
            if not future.done():
                future.set_exception(ConnectionError("the server closed the connection"))
                future.exception()  # seen: nobody has to wait for it

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.PING:
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
        elif frame.msg_type == WSMsgType.TEXT:
            self._on_text(frame.get_payload_as_bytes())

    def _on_text(self, payload: bytes) -> None:
        if payload.startswith(b'{"events":[{"type":"message.created"'):  # the hot path: no JSON parser
            start = payload.find(b'"text":"')
            while start >= 0:
                end = payload.find(b'"', start + 8)
                self.on_message(payload[start + 8 : end])
                start = payload.find(b'"text":"', end)
            return
        for event in orjson.loads(payload)["events"]:
            self._on_event(event)

    def _on_event(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "reply":
                future = self._answers.pop(event["id"])
                if not future.done():
                    if "ok" in event:
                        future.set_result(event["ok"])
                    else:
                        future.set_exception(RuntimeError(event["error"]["code"]))
            case "receipts.changed":
                for count in event["counts"]:
                    if msg_id := self._own.get(count["seq"]):
                        self.on_read_count(msg_id, count["read"])
            case "hello":
                self._greeted.set_result(event)

    # --- what is asked -----------------------------------------------------------------------------------------------

    def _write(self, payload: bytes) -> asyncio.Future[Any]:
        if not self._open:
            raise ConnectionError("not connected")
        answer = self._answers[self._asked] = asyncio.get_running_loop().create_future()
        self._transport.send(WSMsgType.TEXT, payload)
        return answer

    async def ask(self, do: str, **params: object) -> Any:
        """The server's answer to a command."""
        self._asked += 1
        command = orjson.dumps({"id": self._asked, "do": do, **params})
        return await asyncio.wait_for(self._write(command), ANSWER_TIMEOUT_S)

    async def authenticate(self, token: str) -> None:
        """Sign in; returns when the server has said hello."""
        await self.ask("authenticate", token=token)
        await self._greeted

    async def send(self, body: bytes) -> str:
        self._asked += 1
        self._sent += 1
        stored = await self._write(
            b'{"id":%d,"do":"message.send","conversation_id":"%s","client_id":"%s-%d","kind":"text",'
            b'"content":{"text":"%s"}}'
            % (self._asked, self.conversation_id.encode(), self._device.encode(), self._sent, body)
        )
        msg_id = f"{stored['id']}:{stored['seq']}"
        self._own[stored["seq"]] = msg_id
        return msg_id

    async def mark_read(self, msg_id: str) -> None:
        await self.ask("conversation.read", conversation_id=self.conversation_id, seq=int(msg_id.rpartition(":")[2]))

    async def read_list(self, msg_id: str) -> ReadList:
        seq = int(msg_id.rpartition(":")[2])
        answer = await self.ask("readers", conversation_id=self.conversation_id, seq=seq)
        names = [frozenset(each["userid"] for each in answer[side]) for side in ("read", "unread")]
        return ReadList(*names)

    async def close(self) -> None:
        if self._open:
            self._transport.disconnect()


class Drv(Driver):  # type: ignore[misc,unused-ignore]  # the harness is typed only where it is at hand
    """Pegboard and its PostgreSQL: one process, or with BENCH_PROCESSES=2 two, a worker, NATS and their parent."""

    name = "pegboard" if PROCESSES == 1 else f"pegboard-{PROCESSES}"
    durable = "row committed in PostgreSQL, synchronous_commit and fsync on"

    def __init__(self) -> None:
        self._state: dict[str, Any] = {"groups": {}, "tokens": {}}

    # --- processes ---

    def pids(self) -> list[int]:
        """The server's processes, and its database's backends and WAL writer (as the peers' are counted)."""
        family = procfs.family(self._pid())
        return [*self.main_pids(), *procfs.postgres_backends(_postmaster(family), "pegboard")]

    def main_pids(self) -> list[int]:
        family = procfs.family(self._pid())
        database = set(procfs.family(_postmaster(family)))
        return [pid for pid in family if pid not in database]

    def _pid(self) -> int:
        return int((HOME / "pid").read_text())

    def _is_up(self) -> bool:
        try:
            return procfs.alive(self._pid()) and _get("/me") in (200, 401)
        except OSError:
            return False

    async def start(self) -> None:
        """Start the server; returns once it answers."""
        HOME.mkdir(parents=True, exist_ok=True)
        with (HOME / "log").open("ab") as log:
            process = subprocess.Popen(
                [PEGBOARD, "serve", "--data", str(HOME / "data"), "--port", str(PORT), "--processes", str(PROCESSES)],
                env=os.environ | NO_RATE_LIMITS,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        (HOME / "pid").write_text(str(process.pid))
        deadline = time.monotonic() + 60
        while not self._is_up():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start: see {HOME / 'log'}")
            await asyncio.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL for the server and every process of its PostgreSQL."""
        pids = procfs.family(self._pid())
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            os.waitpid(pids[0], 0)
        except ChildProcessError:
            pass
        while any(map(procfs.alive, pids)):
            time.sleep(0.01)

    # --- people and groups ---

    async def open(self) -> None:
        if not self._is_up():
            await self.start()
        state = HOME / "state.json"
        if state.exists():
            self._state = json.loads(state.read_text())
        if "org_id" not in self._state:
            made = _command(
                *("org", "create", "--name", "Bench", "--owner-name", "Owner", "--owner-userid", OWNER),
                *("--owner-login", "owner@bench.example", "--owner-password", "correct-horse-bench"),
            )
            self._state["org_id"] = made["org_id"]
            self._save()

    def _save(self) -> None:
        (HOME / "state.json").write_text(json.dumps(self._state))

    async def setup(self, users: list[str], group: str) -> None:
        self._make_people([user for user in users if user not in self._state["tokens"]])
        if group not in self._state["groups"]:
            owner = self._state["tokens"][users[0]]
            made = _post(owner, "/conversations", {"kind": "group", "name": group, "members": users[1:AT_ONCE]})
            for some in _slices(users[AT_ONCE:], AT_ONCE):
                _post(owner, f"/conversations/{made['id']}/members", {"userids": some})
            self._state["groups"][group] = made["id"]
            self._save()

    def _make_people(self, users: list[str]) -> None:
        if not users:
            return
        staff = HOME / "staff.csv"
        staff.write_text("userid,name,departments\n" + "".join(f"{user},{user},Bench\n" for user in users))
        _command("org", "import", str(staff), "--org", self._state["org_id"])
        for some in _slices(users, AT_ONCE):
            self._state["tokens"] |= _tokens(self._state["org_id"], some)
        self._save()

    # --- devices ---

    async def connect(self, user: str, group: str) -> PegboardSession:
        conversation_id = self._state["groups"][group]
        url = f"ws://127.0.0.1:{PORT}/api/v1/realtime"
        session: PegboardSession
        _, session = await ws_connect(lambda: PegboardSession(user, conversation_id), url, enable_auto_pong=False)
        await session.authenticate(self._state["tokens"][user])
        return session

    async def position(self, session: PegboardSession) -> int:
        answer = await session.ask("conversation.read", conversation_id=session.conversation_id)
        return int(answer["read_seq"])

    async def catch_up(self, user: str, group: str, since: int | None) -> list[Stored]:
        session = await self.connect(user, group)
        found: list[Stored] = []
        after: int | None = since or 0
        while after is not None:
            page = await session.ask("messages.after", conversation_id=session.conversation_id, seq=after)
            found += [
                Stored(f"{item['id']}:{item['seq']}", item["content"]["text"].encode(), item["seq"])
                for item in page["items"]
                if item["kind"] == "text"
            ]
            after = page["next_seq"]
        await session.close()
        return found


def _tokens(org_id: str, users: list[str]) -> dict[str, str]:
    named = [word for user in users for word in ("--userid", user)]
    made = _command("token", "create", "--org", org_id, *named)
    if "token" in made:
        return {users[0]: made["token"]}
    return {each["userid"]: each["token"] for each in made["tokens"]}


def _command(*words: str) -> Any:
    done = subprocess.run(
        [PEGBOARD, *words, "--data", str(HOME / "data"), "--json"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"pegboard {words[0]} {words[1]}: {done.stdout[:500]} {done.stderr[-500:]}")
    return json.loads(done.stdout)


def _post(token: str, path: str, body: object) -> Any:
    request = urllib.request.Request(
        API + path,
        data=json.dumps(body).encode(),
        headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
    )
    with _NO_PROXY.open(request, timeout=60) as answer:
        return json.load(answer)


def _get(path: str) -> int:
    try:
        with _NO_PROXY.open(API + path, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _slices(users: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(users), size):
        yield users[start : start + size]


def _postmaster(family: Iterable[int]) -> int:
    """The PostgreSQL among a server's processes."""
    for pid in family:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"/postgres") and b"-D" in words:
            return pid
    raise RuntimeError("the server's PostgreSQL is not there")
