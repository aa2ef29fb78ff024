"""Read state against a model: whatever people do, lists, counts and events say what a few lines of Python say too.

A reply that stands in its thread only is read by the cursor of that thread, or the one of all threads at once;
everything else by the cursor of the main line. It counts for those who were in the conversation at its seq.
"""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from random import Random  # noqa: TID251
from typing import Any

import pytest

from tests.support.live_server import Company, LiveServer, Person, Socket, found_company, running
from tests.support.postgres import TestServer
from tests.support.race import quiet

pytestmark = pytest.mark.anyio

PEOPLE = ("Ann", "Bob", "Cleo", "Dan", "Eve")
_SOAK = os.environ.get("PEGBOARD_SOAK") == "1"
SEEDS = range(200 if _SOAK else 4)
STEPS = 60


@pytest.fixture
def anyio_backend() -> str:
    """One event loop is enough: what is random here is not the loop."""
    return "asyncio"


@pytest.fixture(scope="module")
def server(postgres: TestServer, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[LiveServer]":
    """A server that counts readers without pausing: after each step the counts are waited for."""
    with running(database_url, tmp_path_factory.mktemp("data"), messaging={"receipts_every_s": 0.001}) as live:
        yield live


# --- the model -------------------------------------------------------------------------------------------------------


@dataclass
class Cursors:
    """How far somebody has read: the main line, all threads at once, and each thread by its root."""

    main: int = 0
    threads: int = 0
    thread: dict[int, int] = field(default_factory=dict)

    def passed(self, message: "Said") -> bool:
        if message.thread_only:
            return max(self.threads, self.thread.get(message.root or 0, 0)) >= message.seq
        return self.main >= message.seq

    def copy(self) -> "Cursors":
        return Cursors(self.main, self.threads, dict(self.thread))


@dataclass
class Stretch:
    """A time in the conversation; `kept`: how far was read of it, where that cannot become more."""

    joined: int
    left: int | None = None
    kept: Cursors | None = None


@dataclass
class Said:
    """A message; the system's has no sender."""

    seq: int
    sender: str | None
    root: int | None = None
    also_in_main: bool = False

    @property
    def thread_only(self) -> bool:
        return self.root is not None and not self.also_in_main


@dataclass
class Model:
    """Who has read what, by the rules alone."""

    hidden_history: bool
    said: list[Said] = field(default_factory=list)
    cursors: dict[str, Cursors] = field(default_factory=dict)
    stretches: dict[str, list[Stretch]] = field(default_factory=dict)

    @property
    def head(self) -> int:
        return len(self.said)

    def present(self) -> list[str]:
        return sorted(name for name, stretches in self.stretches.items() if stretches[-1].left is None)

    def first_seq(self, name: str) -> int:
        return self.stretches[name][-1].joined if self.hidden_history else 1

    def say(self, sender: str | None, reply_to: int | None = None, *, also_in_main: bool = False) -> Said:
        root = None if reply_to is None else (self.said[reply_to - 1].root or reply_to)
        message = Said(self.head + 1, sender, root, also_in_main)
        in_main = max((each.seq for each in self.said if not each.thread_only), default=0)
        self.said.append(message)
        if sender is not None and self.cursors[sender].main >= in_main:  # own words are read with all the others
            self.cursors[sender].main = message.seq
        return message

    def join(self, name: str) -> None:
        joined = self.say(None).seq
        if name not in self.stretches:
            self.cursors[name] = Cursors(joined - 1, joined - 1)
        elif self.hidden_history:
            for stretch in self.stretches[name]:
                stretch.kept = stretch.kept or self.cursors[name].copy()
        self.stretches.setdefault(name, []).append(Stretch(joined))

    def leave(self, name: str) -> None:
        self.stretches[name][-1].left = self.say(None).seq

    def read(self, name: str, seq: int | None) -> None:
        cursors = self.cursors[name]
        cursors.main = max(cursors.main, min(seq or self.head, self.head))
        if seq is None:
            cursors.threads = max([cursors.threads, *(each.seq for each in self.said if each.root is not None)])
        elif seq <= self.head and self.said[seq - 1].thread_only:
            self.read_thread(name, self.said[seq - 1].root or 0, seq)

    def read_thread(self, name: str, root: int, seq: int) -> None:
        if replies := [each.seq for each in self.said if each.root == root]:
            thread = self.cursors[name].thread
            thread[root] = max(thread.get(root, 0), min(seq, max(replies)))

    def lists(self, message: Said) -> tuple[set[str], set[str]]:
        """(have read, have not) of those for whom the message counts."""
        read: set[str] = set()
        unread: set[str] = set()
        for name, stretches in self.stretches.items():
            for stretch in stretches:
                there = stretch.joined <= message.seq and (stretch.left is None or message.seq < stretch.left)
                if there and name != message.sender:
                    (read if (stretch.kept or self.cursors[name]).passed(message) else unread).add(name)
        return read, unread

    def counts(self) -> dict[int, tuple[int, int]]:
        found = {}
        for message in self.said:
            read, unread = self.lists(message)
            if message.sender is not None:
                found[message.seq] = (len(read), len(read) + len(unread))
        return found

    def unread_in(self, name: str, root: int) -> int:
        cursors = self.cursors[name]
        above = max(cursors.threads, cursors.thread.get(root, 0), self.stretches[name][-1].joined - 1)
        return sum(
            each.root == root
            and each.seq > above
            and each.sender != name
            and not (each.also_in_main and each.seq <= cursors.main)
            for each in self.said
        )


# --- the world -------------------------------------------------------------------------------------------------------


@dataclass
class World:
    """A company in which a random hand does things, on the server and on the model."""

    company: Company
    group: str
    model: Model
    random: Random
    sockets: dict[str, Socket] = field(default_factory=dict)
    heard: int = 0

    @property
    def path(self) -> str:
        return f"/conversations/{self.group}"

    async def step(self) -> None:
        verbs = (self._say, self._say, self._reply, self._reply, self._reply, self._read, self._read,
                 self._read_all, self._read_thread, self._read_thread, self._leave, self._join, self._join)  # fmt: skip
        before = self.model.counts()
        for socket in self.sockets.values():
            socket.events.clear()
        await self.random.choice(verbs)(self.random.choice(self.model.present()))
        await quiet(self.company.server)
        await self._check_events(before)

    async def _say(self, name: str) -> None:
        sent = await self.company[name].send(self.group, "so")
        assert self.model.say(name).seq == sent["seq"]

    async def _reply(self, name: str) -> None:
        # Few roots, so that threads grow.
        first, head = self.model.first_seq(name), self.model.head
        to = self.random.choice([first, min(first + 2, head), self.random.randint(first, head)])
        also_in_main = self.random.random() < 0.3
        sent = await self.company[name].send(self.group, "re", reply_to=to, also_in_main=also_in_main)
        assert self.model.say(name, to, also_in_main=also_in_main).seq == sent["seq"]

    async def _read(self, name: str) -> None:
        replies = [each.seq for each in self.model.said if each.thread_only] or [1]
        any_seq = self.random.randint(1, self.model.head + 1)
        seq = self.random.choice([any_seq, self.random.choice(replies), replies[-1]])
        self.model.read(name, seq)
        await self._moved(name, seq)

    async def _read_all(self, name: str) -> None:
        self.model.read(name, None)
        await self._moved(name, None)

    async def _moved(self, name: str, seq: int | None) -> None:
        body = {} if seq is None else {"seq": seq}
        if self.random.random() < 0.5:
            answer = await self.company[name].do("POST", f"{self.path}/read", body)
        else:
            answer = await self.sockets[name].ask("conversation.read", conversation_id=self.group, **body)
        cursors = self.model.cursors[name]
        assert answer == {"read_seq": cursors.main, "threads_read_seq": cursors.threads}

    async def _read_thread(self, name: str) -> None:
        seen = [each for each in self.model.said if each.seq >= self.model.first_seq(name)]
        root = self.random.choice([each.root or each.seq for each in seen])
        seq = self.random.choice([self.random.randint(1, self.model.head + 1), self.model.head])
        self.model.read_thread(name, root, seq)
        answer = await self.company[name].do("POST", f"{self.path}/threads/{root}/read", {"seq": seq})
        assert answer["unread"] == self.model.unread_in(name, root)

    async def _leave(self, name: str) -> None:
        if name != "Ann":
            await self.company[name].do("POST", f"{self.path}/leave")
            self.model.leave(name)

    async def _join(self, name: str) -> None:
        if away := sorted(set(PEOPLE) - set(self.model.present())):
            wanted = self.random.choice(away)
            await self.company["Ann"].do("POST", f"{self.path}/members", {"userids": [wanted]})
            self.model.join(wanted)

    # --- what must hold ----------------------------------------------------------------------------------------------

    async def _check_events(self, before: dict[int, tuple[int, int]]) -> None:
        """Whoever is there is told each new count of readers of their messages, and nothing that is wrong."""
        after = self.model.counts()
        for name, socket in self.sockets.items():
            await socket.ask("ping")
            told = {
                count["seq"]: (count["read"], count["total"])
                for event in socket.events
                if event["type"] == "receipts.changed"
                for count in event["counts"]
            }
            assert told == {seq: after[seq] for seq in told}, name
            mine = {each.seq for each in self.model.said if each.sender == name}
            assert told.keys() <= mine
            assert {seq for seq in mine & before.keys() if before[seq][0] != after[seq][0]} <= told.keys()

    async def check(self) -> None:
        """Pages, lists and threads say what the model says."""
        counts = self.model.counts()
        for name in self.model.present():
            person, first = self.company[name], self.model.first_seq(name)
            shown = (await person.get(f"{self.path}/messages", after_seq=0, limit=1000))["items"]
            assert [each["seq"] for each in shown] == list(range(first, self.model.head + 1))
            assert {
                each["seq"]: (each["receipts"]["read"], each["receipts"]["total"]) for each in shown if each["receipts"]
            } == {seq: count for seq, count in counts.items() if seq >= first}
            main = (await person.get(f"{self.path}/messages", after_seq=0, limit=1000, line="main"))["items"]
            assert [each["seq"] for each in main] == [
                each.seq for each in self.model.said if each.seq >= first and not each.thread_only
            ]
            for each in shown:
                await self._check_thread(person, each)
        ann_sees = self.model.said[self.model.first_seq("Ann") - 1 :]
        for message in self.random.sample(ann_sees, min(8, len(ann_sees))):
            found = await self.company["Ann"].get(f"{self.path}/messages/{message.seq}/readers")
            read, unread = self.model.lists(message)
            assert {each["userid"] for each in found["read"]} == read, message
            assert {each["userid"] for each in found["unread"]} == unread, message
            assert found["total"] == len(read) + len(unread)
            assert all(each["read_at"] for each in found["read"])

    async def _check_thread(self, person: Person, shown: dict[str, Any]) -> None:
        replies = [each for each in self.model.said if each.root == shown["seq"]]
        if not replies:
            assert shown["thread"] is None
            return
        first = list(dict.fromkeys(each.sender for each in replies))[:3]
        assert shown["thread"]["replies"] == len(replies)
        assert shown["thread"]["last_seq"] == replies[-1].seq
        assert [each["userid"] for each in shown["thread"]["people"]] == first
        state = await person.get(f"{self.path}/threads/{shown['seq']}")
        assert state["unread"] == self.model.unread_in(person.userid, shown["seq"])


@pytest.fixture
async def company(server: LiveServer) -> AsyncIterator[Company]:
    """Five people."""
    company = await found_company(server, *PEOPLE)
    yield company
    for person in company.people.values():
        for socket in person.sockets:
            await socket.close()


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEEDS)
async def test_who_has_read_what(company: Company, seed: int) -> None:
    random = Random(seed)
    hidden = seed % 2 == 1
    rules: dict[str, Any] = {"history_for_new": False} if hidden else {}
    group = await company.group("Ann", "Bob", "Cleo", **rules)
    model = Model(hidden)
    seq = model.say(None).seq  # they joined
    for name in ("Ann", "Bob", "Cleo"):
        model.cursors[name], model.stretches[name] = Cursors(), [Stretch(seq)]
    if hidden:
        model.say(None)  # the rule was changed
    world = World(company, group, model, random)
    for name in PEOPLE:
        world.sockets[name] = await company[name].socket()
    for number in range(STEPS):
        await world.step()
        if number % 10 == 9:
            await world.check()
