"""The bus over a carrier that loses, doubles and reorders at will; and that nobody has to wait for what is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime import bus as bus_module
from pegboard.kernel.realtime.bus import ALL, BELL, WEB, Bus
from pegboard.kernel.realtime.hints import Hearing, Hint
from pegboard.kernel.realtime.ordering import Span
from pegboard.kernel.realtime.shared_hub import SharedHub
from tests.support.polling import until

pytestmark = pytest.mark.anyio

CONVERSATION = ("conversation", UUID(int=1))


class Said(Hint, frozen=True, kw_only=True, tag="test.said"):
    """For processes with sockets."""

    word: str


class Changed(Hint, frozen=True, kw_only=True, tag="test.changed"):
    """For workers too."""

    for_workers = True
    ids: list[UUID]


class Rung(Hint, frozen=True, kw_only=True, tag="test.rung"):
    """A bell."""


class Wire:
    """What all carriers of a test send through. `lost` swallows; `max_bytes` is small where a test says so."""

    def __init__(self) -> None:
        self.ends: list[End] = []
        self.sent: list[tuple[str, bytes]] = []
        self.lost = False
        self.max_bytes = 1 << 20


class End:
    """One process's carrier."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.is_connected = True

    @property
    def max_bytes(self) -> int:
        return self.wire.max_bytes

    async def start(self, lanes: Collection[str], heard: Callable[[bytes], None]) -> None:
        self.lanes, self.heard = lanes, heard
        self.wire.ends.append(self)

    async def send(self, lane: str, message: bytes) -> None:
        assert len(message) <= self.max_bytes
        self.wire.sent.append((lane, message))
        if self.is_connected and not self.wire.lost:
            for end in self.wire.ends:
                if end is not self and end.is_connected and lane in end.lanes:
                    end.heard(message)

    async def stop(self) -> None:
        self.wire.ends.remove(self)


class Listener:
    """A subscriber that keeps what it is sent."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def send_soon(self, frame: bytes) -> None:
        self.frames.append(frame)


class Process:
    """A bus with a hub, hearings that keep what they hear, and a count of what was missed."""

    def __init__(self, wire: Wire, name: str, **lanes: bool) -> None:
        self.end = End(wire)
        self.bus = Bus(name, self.end, **lanes)
        self.hub = SharedHub(self.bus)
        self.heard: list[Any] = []
        self.missed = 0
        self.listener = Listener()
        self.hub.subscribe(self.listener, CONVERSATION)
        parts = Parts()
        parts.put(SharedHub, self.hub)
        hearings = [
            Hearing(hint=kind, hear=lambda parts, hint: self.heard.append(hint), missed=self._missed if first else None)
            for first, kind in ((True, Said), (False, Changed), (False, Rung))
        ]
        self.bus.attach(self.hub, parts, hearings)

    def _missed(self, parts: Parts) -> None:
        self.missed += 1

    def dies(self) -> None:
        """Without a word."""
        for task in self.bus._tasks:
            task.cancel()
        self.end.wire.ends.remove(self.end)


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("TICK_S", 0.02), ("LOST_AFTER_S", 0.6), ("_SUCCEEDED_AFTER_S", 0.1), ("_LEARNING_S", 0.0),
                          ("AWAY_AFTER_S", 0.1), ("AGAIN_AFTER_S", 0.1), ("_LATE_S", 0.5)):  # fmt: skip
        monkeypatch.setattr(bus_module, name, seconds)


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Any]]:
    wire = Wire()
    started: list[Process] = []

    async def start(name: str, **lanes: bool) -> Process:
        process = Process(wire, name, **lanes)
        await process.bus.start()
        started.append(process)
        await asyncio.sleep(0.1)  # they know one another
        return process

    yield start
    for process in started:
        if process.end in wire.ends:
            await process.bus.stop()


async def test_frames_and_hints_arrive_in_their_order(start: Any) -> None:
    one, other = await start("one"), await start("other")
    one.hub.publish(CONVERSATION, b"1", span=Span(1, 1))
    one.bus.tell(Said(word="between"))
    one.hub.publish(CONVERSATION, b"2", span=Span(2, 2))
    one.hub.publish(CONVERSATION, b"without a place")
    await until(lambda: len(other.listener.frames) == 3)
    assert other.listener.frames == one.listener.frames == [b"1", b"2", b"without a place"]
    assert other.heard == [Said(word="between")]
    assert one.heard == []
    assert len([message for lane, message in one.end.wire.sent if lane == WEB]) == 1, "one turn, one message"


async def test_a_worker_hears_only_what_is_for_it(start: Any) -> None:
    web, worker = await start("web", works=False), await start("worker", has_sockets=False)
    another = await start("another", works=False)
    web.hub.publish(CONVERSATION, b"1", span=Span(1, 1))
    web.bus.tell(Said(word="for sockets"))
    await until(lambda: another.heard)
    web.bus.tell(Changed(ids=[UUID(int=7)]))
    for _ in range(5):
        web.bus.ring(Rung())
    await until(lambda: len(worker.heard) == 2 and len(another.heard) == 2)
    assert sorted(type(hint).__name__ for hint in worker.heard) == ["Changed", "Rung"]
    assert worker.listener.frames == []
    assert another.heard == [Said(word="for sockets"), Changed(ids=[UUID(int=7)])]
    assert (web.missed, worker.missed, another.missed) == (0, 0, 0), "what is for others is no gap"


async def test_whoever_missed_something_finds_out_though_nothing_more_is_said(start: Any) -> None:
    one, other, worker = await start("one"), await start("other"), await start("worker", has_sockets=False)
    one.end.wire.lost = True
    one.hub.publish(CONVERSATION, b"1", span=Span(1, 1))
    await until(lambda: one.listener.frames)
    await asyncio.sleep(0.05)
    one.end.wire.lost = False
    await until(lambda: other.missed == 1)
    assert (one.missed, worker.missed) == (0, 0), "it was nothing for workers"
    one.hub.publish(CONVERSATION, b"2", span=Span(2, 2))
    await until(lambda: b"2" in other.listener.frames)
    assert other.missed == 1


async def test_what_comes_twice_or_late_is_no_gap(start: Any) -> None:
    one, other = await start("one"), await start("other")
    one.hub.publish(CONVERSATION, b"1", span=Span(1, 1))
    await until(lambda: other.listener.frames)
    for _, message in list(one.end.wire.sent):
        other.end.heard(message)
    assert other.missed == 0


async def test_a_death_is_noticed(start: Any) -> None:
    one, other = await start("one"), await start("other")
    one.dies()
    await until(lambda: other.missed == 1)


async def test_a_death_is_noticed_sooner_when_a_successor_comes(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_module, "LOST_AFTER_S", 1000.0)
    one, other = await start("one"), await start("other")
    one.dies()
    successor = await start("one")
    await until(lambda: other.missed == 1)
    assert successor.missed == 0


async def test_two_of_one_name_do_not_take_each_other_for_dead(start: Any) -> None:
    await start("one")
    await start("one")
    other = await start("other")
    await asyncio.sleep(0.5)
    assert other.missed == 0


async def test_a_goodbye_is_no_death(start: Any) -> None:
    one, other = await start("one"), await start("other")
    one.hub.publish(CONVERSATION, b"last", span=Span(1, 1))
    await one.bus.stop()
    assert other.listener.frames == [b"last"]
    await asyncio.sleep(1)
    assert other.missed == 0


async def test_who_begins_later_has_missed_nothing(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await start("one")
    for number in range(1, 4):
        one.hub.publish(CONVERSATION, b"%d" % number, span=Span(number, number))
        await asyncio.sleep(0.01)
    monkeypatch.setattr(bus_module, "_LEARNING_S", 5.0)
    late = await start("late")
    one.hub.publish(CONVERSATION, b"4", span=Span(4, 4))
    await until(lambda: late.listener.frames == [b"4"])
    assert late.missed == 0


async def test_without_a_carrier_everybody_is_sent_to_catch_up_again_and_again(start: Any) -> None:
    one = await start("one")
    assert one.bus.state == ""
    one.end.is_connected = False
    await until(lambda: one.missed >= 3)
    assert "without NATS" in one.bus.state
    one.end.is_connected = True
    await until(lambda: one.bus.state == "")


async def test_what_is_too_large_for_the_carrier_is_split_or_caught_up_with(start: Any) -> None:
    one, other = await start("one"), await start("other")
    one.end.wire.max_bytes = 10_000
    frames = [bytes([number]) * 4000 for number in range(5)]
    for number, frame in enumerate(frames, 1):
        one.hub.publish(CONVERSATION, frame, span=Span(number, number))
    await until(lambda: other.listener.frames == frames)
    one.hub.publish(CONVERSATION, b"x" * 20_000, span=Span(6, 6))
    one.bus.tell(Said(word="afterwards"))
    await until(lambda: other.heard)
    assert other.listener.frames == frames
    assert other.missed == 0, "one topic catches up, not all"


async def test_strange_messages_harm_nobody(start: Any) -> None:
    one = await start("one")
    for strange in (b"", b"\xc1", msgspec.msgpack.encode(["no"]), b"\x95" + b"\xff" * 40):
        one.end.heard(strange)
    stranger = [uuid4().bytes, "new", WEB, [0, 1], [[1, "of.a.newer.version", b"\x80"], [1, "test.said", b"\xc1"]]]
    one.end.heard(msgspec.msgpack.encode(stranger))
    assert one.heard == []


async def test_bells_are_rung_without_numbers(start: Any) -> None:
    web, worker = await start("web", works=False), await start("worker", has_sockets=False)
    web.bus.ring(Rung())
    await until(lambda: worker.heard == [Rung()])
    assert [lane for lane, _ in web.end.wire.sent if lane != ALL] == [BELL]


def test_a_topic_that_others_could_not_know_is_an_error() -> None:
    hub = Process(Wire(), "one").hub
    with pytest.raises(TypeError, match="not a topic"):
        hub.publish("mine", b"")
