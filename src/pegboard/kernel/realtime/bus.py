"""The bus between processes: what one commit released leaves as one message, and whoever misses one finds out.

A carrier (NATS core) takes messages from each process to the others, at most once. Every message carries its sender's
numbers, and a tick each second tells the latest ones again: a gap shows within a second. Nothing that was missed is
sent again, since PostgreSQL has it: the process forgets what it remembers, and its clients connect anew.

Three lanes: `WEB` is heard where there are sockets (nearly everything), `ALL` in workers too, `BELL` by workers only.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final, Protocol
from uuid import UUID, uuid4

import msgspec

from pegboard.kernel import metrics
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.hints import Hearing, Hint, Topic
from pegboard.kernel.realtime.ordering import Span
from pegboard.kernel.realtime.shared_hub import SharedHub, resync

_log = logging.getLogger(__name__)

TICK_S: Final = 1.0
LOST_AFTER_S: Final = 10.0
"""A process that is not heard for so long, and has not said goodbye, may have died with something untold."""
AWAY_AFTER_S: Final = 5.0
"""So long without a carrier, and clients are sent to catch up by themselves, again and again."""
AGAIN_AFTER_S: Final = 15.0
CLOSED_PER_S: Final = 500
_SUCCEEDED_AFTER_S: Final = 2.5
_RING_EVERY_S: Final = 0.04  # workers gather for as long anyway
_LEARNING_S: Final = 3.0
_NAP_S: Final = 0.1
_LATE_S: Final = 2.0
_ROOM_BYTES: Final = 1024
_ENTRY_BYTES: Final = 100


ALL: Final = "all"
WEB: Final = "web"
BELL: Final = "bell"


class Carrier(Protocol):
    """Takes messages to the other processes of the installation; any may be lost, none comes twice.

    What one process sends over `ALL` and `WEB` arrives in its order.
    """

    @property
    def is_connected(self) -> bool:
        """Whether messages come and go at this moment, as far as one knows."""
        ...

    @property
    def max_bytes(self) -> int:
        """The largest message that it takes."""
        ...

    async def start(self, lanes: Collection[str], heard: Callable[[bytes], None]) -> None:
        """Connect; afterwards others' messages of these lanes go to `heard`.

        Returns when nobody answers soon, too, and goes on trying.
        """
        ...

    async def send(self, lane: str, message: bytes) -> None:
        """To all others who hear the lane; dropped while there is no connection."""
        ...

    async def stop(self) -> None:
        """Send what waits, and end."""
        ...


class NoCarrier:
    """Several processes, and nobody who carries: clients are sent to catch up by themselves, again and again."""

    is_connected = False
    max_bytes = 1 << 20

    async def start(self, lanes: Collection[str], heard: Callable[[bytes], None]) -> None:
        """See `Carrier`."""
        del lanes, heard
        _log.warning("several processes and no NATS (server.nats_url): live events of other processes come late")

    async def send(self, lane: str, message: bytes) -> None:
        """See `Carrier`."""

    async def stop(self) -> None:
        """See `Carrier`."""


class _Published(msgspec.Struct, array_like=True, frozen=True, tag=0):
    topic: Topic
    span: tuple[int, int, int] | None
    frame: bytes


class _Told(msgspec.Struct, array_like=True, frozen=True, tag=1):
    hint: str
    content: bytes


class _Message(msgspec.Struct, array_like=True, frozen=True):
    sender: UUID
    name: str
    lane: str
    numbers: tuple[int, int]
    """How many messages with entries the sender has sent over ALL and WEB, this one included."""
    entries: list[_Published | _Told]
    leaves: bool = False


_encoder = msgspec.msgpack.Encoder(uuid_format="bytes")
_decoder = msgspec.msgpack.Decoder(_Message)


def _told(hint: Hint) -> _Told:
    return _Told(str(hint.__struct_config__.tag), _encoder.encode(hint))


class TopicLost(Hint, frozen=True, kw_only=True, tag="realtime.topic_lost"):
    """What was published to the topic is too large for the carrier."""

    topic: Topic


class _Peer:
    __slots__ = ("heard_s", "name", "numbers", "patience_s")

    def __init__(self, name: str, numbers: tuple[int, int], heard_s: float) -> None:
        self.name, self.numbers, self.heard_s = name, numbers, heard_s
        self.patience_s = LOST_AFTER_S


class Bus:
    """This process's place among the others (`kernel.realtime.hints.Others`). For the thread of one event loop.

    `name` is the same in a process that takes the place of one that died: the others learn of the death at once.
    """

    def __init__(self, name: str, carrier: Carrier, *, has_sockets: bool = True, works: bool = True) -> None:
        self.name = name
        self._lanes = [ALL, *([WEB] if has_sockets else []), *([BELL] if works else [])]
        self._carrier = carrier
        self._sender = uuid4()
        self._numbers = {ALL: 0, WEB: 0}
        self._entries: list[_Published | _Told] = []
        self._for_workers = False
        self._rung: set[Hint] = set()
        self._ring_s = 0.0
        self._wake = asyncio.Event()
        self._peers: dict[UUID, _Peer] = {}
        self._learning_until_s = math.inf  # until we have begun
        self._heard_by_name: dict[str, tuple[Hearing, msgspec.msgpack.Decoder[Any]]] = {}
        self._parts: Parts | None = None
        self._hub: SharedHub | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._resyncing: asyncio.Task[None] | None = None
        self._resync_again = False
        self._away_since_s: float | None = None
        self._away_round_s = 0.0

    # --- a life ------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Connect, and say that we are there."""
        await self._carrier.start(self._lanes, self._heard)
        self._learning_until_s = time.monotonic() + _LEARNING_S
        self._tasks = [
            asyncio.create_task(self._send_what_comes(), name="bus"),
            asyncio.create_task(self._tick(), name="bus tick"),
        ]

    def attach(self, hub: SharedHub, parts: Parts, hearings: Iterable[Hearing]) -> None:
        """From here on what others say reaches these sockets and these hearings."""
        for hearing in (*hearings, _TOPIC_LOST):
            name = str(hearing.hint.__struct_config__.tag)
            self._heard_by_name[name] = (hearing, msgspec.msgpack.Decoder(hearing.hint))
        self._hub, self._parts = hub, parts

    async def stop(self) -> None:
        """Send what waits, say goodbye, and end."""
        tasks = [*self._tasks, *([self._resyncing] if self._resyncing else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._send_all()
        await self._send(ALL, [], leaves=True)
        await self._carrier.stop()

    @property
    def state(self) -> str:
        """What is wrong with it, for the health page; empty when nothing is."""
        if self._away_since_s is None:
            return ""
        if isinstance(self._carrier, NoCarrier):
            return "no NATS (server.nats_url): live events of others are late"
        return f"without NATS for {time.monotonic() - self._away_since_s:.0f} s: live events of others are late"

    # --- what we say -------------------------------------------------------------------------------------------------

    def publish(self, topic: Any, frame: bytes, span: Span | None) -> None:
        """See `Others`."""
        if not (isinstance(topic, tuple) and len(topic) == 2):
            raise TypeError(f"not a topic that other processes know: {topic!r}")
        self._say(_Published(topic, span, frame))

    def tell(self, hint: Hint) -> None:
        """See `Others`."""
        self._for_workers |= hint.for_workers
        self._say(_told(hint))

    def ring(self, bell: Hint) -> None:
        """See `Others`."""
        if not self._rung:
            loop = asyncio.get_running_loop()
            self._ring_s = max(loop.time(), self._ring_s + _RING_EVERY_S)
            loop.call_at(self._ring_s, self._wake.set)
        self._rung.add(bell)

    def _say(self, entry: _Published | _Told) -> None:
        self._entries.append(entry)
        self._wake.set()

    async def _send_what_comes(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._send_all()

    async def _send_all(self) -> None:
        if self._rung and asyncio.get_running_loop().time() >= self._ring_s:
            bells, self._rung = self._rung, set()
            await self._send(BELL, [_told(bell) for bell in bells])
        entries, self._entries = self._entries, []
        lane, self._for_workers = ALL if self._for_workers else WEB, False
        limit = self._carrier.max_bytes - _ROOM_BYTES
        some: list[_Published | _Told] = []
        size = 0
        for said in entries:
            entry = said
            if isinstance(said, _Published) and len(said.frame) > limit - _ROOM_BYTES:
                entry = _told(TopicLost(topic=said.topic))
            entry_bytes = _ENTRY_BYTES + len(entry.frame if isinstance(entry, _Published) else entry.content)
            if some and size + entry_bytes > limit:
                await self._send(lane, some)
                some, size = [], 0
            some.append(entry)
            size += entry_bytes
        if some:
            await self._send(lane, some)

    async def _send(self, lane: str, entries: list[_Published | _Told], *, leaves: bool = False) -> None:
        if lane in self._numbers:
            self._numbers[lane] += bool(entries)
        numbers = (self._numbers[ALL], self._numbers[WEB])
        message = _Message(self._sender, self.name, lane, numbers, entries, leaves)
        try:
            await self._carrier.send(lane, _encoder.encode(message))
        except Exception as error:  # noqa: BLE001  # the others will see the gap
            _log.warning("bus: not sent: %s", type(error).__name__)
        metrics.BUS_SENT.inc()

    async def _tick(self) -> None:
        """Say each second where we are, and look after who is not heard any more."""
        due_s = time.monotonic()
        while True:
            await self._send(ALL, [])
            now_s = time.monotonic()
            self._look_at_carrier(now_s)
            # Whoever was held up for seconds has not read yet what came meanwhile.
            if now_s - due_s > _LATE_S or self._away_since_s is not None:
                for peer in self._peers.values():
                    peer.heard_s = now_s
            self._look_for_lost(now_s)
            due_s = now_s + TICK_S
            await asyncio.sleep(TICK_S)

    # --- what others say ---------------------------------------------------------------------------------------------

    def _heard(self, payload: bytes) -> None:
        try:
            message = _decoder.decode(payload)
        except msgspec.DecodeError:
            _log.warning("bus: a message that is none of ours")
            return
        if message.sender == self._sender:
            return
        metrics.BUS_HEARD.inc()
        if message.lane != BELL:
            self._count(message)
        if message.leaves:
            self._peers.pop(message.sender, None)
        for entry in message.entries:
            try:
                self._hear(entry)
            except Exception:  # noqa: BLE001  # one that cannot be heard must not cost the others
                _log.exception("bus: hearing")

    def _count(self, message: _Message) -> None:
        """Notice what was missed of this sender."""
        now_s = time.monotonic()
        peer = self._peers.get(message.sender)
        if peer is None:
            peer = self._meet(message, now_s)
        before, now = peer.numbers, message.numbers
        missed = now[0] - before[0] - (message.lane == ALL and bool(message.entries))
        if WEB in self._lanes:
            missed = max(missed, 0) + max(now[1] - before[1] - (message.lane == WEB and bool(message.entries)), 0)
        if missed > 0:
            self._missed(f"{missed} messages of {peer.name}")
        peer.heard_s, peer.patience_s = now_s, LOST_AFTER_S
        peer.numbers = (max(before[0], now[0]), max(before[1], now[1]))

    def _meet(self, message: _Message, now_s: float) -> _Peer:
        """Somebody new. What they said before is known here if they have begun after us."""
        for peer in self._peers.values():
            if peer.name == message.name:  # its successor: unless it is heard again at once, it has died
                peer.patience_s = min(peer.patience_s, _SUCCEEDED_AFTER_S)
        numbers = (0, 0)
        if now_s < self._learning_until_s:
            said = bool(message.entries)
            numbers = (message.numbers[0] - (said and message.lane == ALL),
                       message.numbers[1] - (said and message.lane == WEB))  # fmt: skip
        peer = self._peers[message.sender] = _Peer(message.name, numbers, now_s)
        return peer

    def _hear(self, entry: _Published | _Told) -> None:
        if self._hub is None or self._parts is None:
            return
        if isinstance(entry, _Published):
            self._hub.deliver(entry.topic, entry.frame, Span(*entry.span) if entry.span else None)
        elif (found := self._heard_by_name.get(entry.hint)) is not None:  # else: of a newer version
            hearing, decoder = found
            hearing.hear(self._parts, decoder.decode(entry.content))

    # --- what was missed ---------------------------------------------------------------------------------------------

    def _look_for_lost(self, now_s: float) -> None:
        for sender, peer in list(self._peers.items()):
            if now_s - peer.heard_s > peer.patience_s:
                del self._peers[sender]
                self._missed(f"{peer.name} died or is silent")

    def _look_at_carrier(self, now_s: float) -> None:
        connected = self._carrier.is_connected
        metrics.BUS_CONNECTED.set(connected)
        if connected:
            self._away_since_s = None
        elif self._away_since_s is None:
            self._away_since_s = now_s
            self._away_round_s = now_s + AWAY_AFTER_S
        elif now_s >= self._away_round_s:
            self._away_round_s = now_s + AGAIN_AFTER_S
            self._missed("no carrier")

    def _missed(self, what: str) -> None:
        """Something may be unknown here: forget what is remembered, and have the clients catch up."""
        metrics.BUS_GAPS.inc()
        _log.warning("bus: missed: %s", what)
        if self._hub is None or self._parts is None:
            return
        for hearing, _ in self._heard_by_name.values():
            if hearing.missed is not None:
                hearing.missed(self._parts)
        if self._resyncing is None or self._resyncing.done():
            self._resyncing = asyncio.create_task(self._resync(self._hub), name="bus resync")
        else:
            self._resync_again = True

    async def _resync(self, hub: SharedHub) -> None:
        """Close every socket, spread so that their greetings do not come all at once."""
        while True:
            await asyncio.sleep(TICK_S)  # what was missed of others shows within a tick: one round for all of it
            self._resync_again = False
            everybody = hub.everybody()
            at_once = max(1, int(CLOSED_PER_S * _NAP_S), len(everybody) // 600)
            for start in range(0, len(everybody), at_once):
                resync(everybody[start : start + at_once])
                await asyncio.sleep(_NAP_S)
            if not self._resync_again:
                return


def _topic_lost(parts: Parts, hint: TopicLost) -> None:
    resync(parts[SharedHub].subscribers(hint.topic))


_TOPIC_LOST = Hearing(hint=TopicLost, hear=_topic_lost)
