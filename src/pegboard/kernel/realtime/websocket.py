"""The server's side of RFC 6455 as a protocol class for uvicorn's `ws=`, without ASGI between.

An idle client costs one small object: no task, no queue and no timer of its own. All connections of a loop
share one flusher (what is queued for a connection within a turn of the loop leaves in one write) and one
sweep (pings and deadlines).
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol

from pegboard.kernel.realtime.frames import PING, close_frame, pong
from pegboard.kernel.realtime.handshake import MAX_REQUEST_BYTES, Handshake, Refusal, read_request

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the compiled wheel
    from websockets.utils import apply_mask

log = logging.getLogger(__name__)

NORMAL = 1000
PROTOCOL_ERROR = 1002
UNSUPPORTED = 1003
NO_CODE = 1005
"""Told to `on_close` when the peer closed without a code; never sent (§7.4.1)."""
LOST = 1006
"""Told to `on_close` when the connection ended without a close frame; never sent."""
NOT_UTF8 = 1007
TOO_BIG = 1009
SERVER_ERROR = 1011
RESTART = 1012
RESYNC = 4409
"""The client reads too slowly: it shall connect again and catch up from what is stored."""

_SENDABLE: Final = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})

# States. Only an open connection hands messages to its handler, and writes.
_HANDSHAKE: Final = 0
_OPEN: Final = 1
_CLOSING: Final = 2  # our close frame is out: frames are read on, until the peer's close
_DRAINING: Final = 3  # nothing more is read; only what was written still leaves
_CLOSED: Final = 4


class Handler(Protocol):
    """Hears what happens on one connection, always from the event loop; nothing here may wait.

    An exception is logged and closes the connection with 1011.
    """

    def on_open(self, connection: "Connection") -> None:
        """The client is accepted; the first call."""

    def on_text(self, connection: "Connection", payload: bytes) -> None:
        """One whole text message: valid UTF-8, at most `connection.message_limit` bytes."""

    def on_close(self, connection: "Connection", code: int) -> None:
        """The last call, exactly once, as soon as no further message can come.

        After `connection.close()` it comes in a later turn of the loop, so that one may close while going
        through a collection that `on_close` changes.
        """


class Endpoint(Protocol):
    """Decides who may open a WebSocket at one path."""

    def accept(self, handshake: Handshake) -> Handler | Refusal:
        """Take the client, or refuse it with plain HTTP. Do not keep the handshake: it holds all headers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a connection may take. Times are counted in sweeps, so they are exact to `sweep_s`."""

    message_bytes: int = 1 << 20
    """The default of `Connection.message_limit`."""
    buffer_bytes: int = 4 << 20
    """With more than this waiting for a slow reader it is closed with 4409."""
    ping_after_s: float = 30
    """A connection that was silent for so long is pinged."""
    pong_within_s: float = 30
    """Any byte counts as an answer."""
    close_within_s: float = 5
    """The peer's time to answer a close frame (and to open, when the handshake comes in pieces)."""
    sweep_s: float = 1


class Connection(asyncio.Protocol):
    """One WebSocket. Made by uvicorn, used by handlers; every method is for the thread of the event loop.

    On a connection that is not open any more every method does nothing.
    """

    __slots__ = (
        "_buffer",
        "_deadline",
        "_due",
        "_handler",
        "_heard",
        "_message",
        "_need",
        "_paused",
        "_peers",
        "_pending",
        "_state",
        "_transport",
        "message_limit",
    )

    _endpoints: ClassVar[Mapping[str, Endpoint]] = {}
    _limits: ClassVar[Limits] = Limits()
    _pump: ClassVar["_Pump"]

    _transport: asyncio.Transport
    message_limit: int
    """The largest message taken from this client, in bytes; the handler may change it at any time."""

    def __init__(
        self,
        config: object,
        server_state: Any,  # uvicorn.server.ServerState; only its set of connections is used
        app_state: object = None,
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._peers: set[Any] = server_state.connections
        self._handler: Handler | None = None
        self._state = _HANDSHAKE
        self._paused = False
        # Bytes that are not a whole frame yet, and how many are needed before another look is worth it.
        self._buffer: bytearray | None = None
        self._need = 0
        # The beginning of a fragmented message.
        self._message: bytearray | None = None
        # One frame, or a list of frames, that the flusher will write.
        self._pending: bytes | list[bytes] | None = None
        # The sweep of the last sign of life; negative: of the ping that is unanswered.
        self._heard = 0
        # The sweep that looks at this connection next; 0: none.
        self._due = 0
        self._deadline: tuple[int, int, str] | None = None
        self.message_limit = self._limits.message_bytes

    # ------------------------------------------------------------------------------------------- for handlers

    @property
    def is_open(self) -> bool:
        """Whether messages can still be sent and received."""
        return self._state == _OPEN

    @property
    def unsent_bytes(self) -> int:
        """What the peer's slowness keeps waiting in this process."""
        return self._transport.get_write_buffer_size() if self._state != _CLOSED else 0

    def send_soon(self, frame: bytes) -> None:
        """Write an encoded frame at the end of this turn of the loop, with all others of the turn."""
        pending = self._pending
        if pending is None:
            self._pending = frame
            self._pump.wants_flush(self)
        elif isinstance(pending, list):
            pending.append(frame)
        else:
            self._pending = [pending, frame]

    def write(self, data: bytes) -> None:
        """Write encoded frames now, after those that `send_soon` still holds."""
        if self._pending is not None:
            self._flush()
        self._write(data)

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Say goodbye after all that was sent; abort if the peer does not answer in time.

        The handler hears `on_close` with this code.
        """
        if self._state == _HANDSHAKE:
            self._transport.close()
        if self._state != _OPEN:
            return
        if self._pending is not None:
            self._flush()
        if self._state == _OPEN:  # the flush may have found the peer too slow, and closed
            self._say_goodbye(_CLOSING, code, reason)
            self._pump.call_soon(self._tell, code)

    def close_after(self, seconds: float, code: int, reason: str = "") -> None:
        """Close when `seconds` have passed, unless `forget_deadline` comes first; the latest call counts."""
        if self._state == _OPEN:
            due = self._pump.tick_in(seconds)
            self._deadline = (due, code, reason)
            self._pump.look_at(self, due)

    def forget_deadline(self) -> None:
        """Take back `close_after`."""
        self._deadline = None

    # ------------------------------------------------------------------------------- for uvicorn and the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's TCP and TLS transports are no subclasses of asyncio.Transport, only shaped like it.
        self._transport = transport  # type: ignore[assignment]
        self._peers.add(self)
        self._pump.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._peers.discard(self)
        self._state = _CLOSED
        self._buffer = self._message = self._pending = self._deadline = None
        self._pump.leave()
        self._tell(LOST)

    def shutdown(self) -> None:
        """The server stops (uvicorn calls this)."""
        self.close(RESTART, "server restarts")

    def pause_writing(self) -> None:
        self._paused = True
        if self.unsent_bytes > self._limits.buffer_bytes:
            # Not here: the transport is in the middle of a write.
            self._pump.call_soon(self._write, b"")

    def resume_writing(self) -> None:
        self._paused = False

    def data_received(self, data: bytes) -> None:
        if self._state >= _DRAINING:
            return
        buffer = self._buffer
        if buffer is not None:
            buffer += data
            if len(buffer) < self._need:
                self._heard = self._pump.tick
                return
            data = bytes(buffer)
            self._buffer = None
        if self._state == _HANDSHAKE:
            data = self._shake_hands(data)
        else:
            self._heard = self._pump.tick
        if self._state in {_OPEN, _CLOSING} and data:
            used = self._read_frames(data)
            if used < len(data) and self._state < _DRAINING:
                self._buffer = bytearray(data[used:])

    # ---------------------------------------------------------------------------------------------- handshake

    def _shake_hands(self, data: bytes) -> bytes:
        """Answer the request if it is whole; what follows it."""
        head, end, rest = data.partition(b"\r\n\r\n")
        if len(head) > MAX_REQUEST_BYTES:
            self._refuse(Refusal(status=431, code="request.too_large", message="The request is too long."))
            return b""
        if not end:
            self._buffer, self._need = bytearray(data), 0
            return b""
        peer = self._transport.get_extra_info("peername")
        client = (str(peer[0]), int(peer[1])) if isinstance(peer, tuple | list) else None
        scheme = "wss" if self._transport.get_extra_info("sslcontext") else "ws"
        match read_request(head, client, scheme):
            case Refusal() as refusal:
                self._refuse(refusal)
            case handshake, acceptance:
                self._accept(handshake, acceptance)
        return rest

    def _accept(self, handshake: Handshake, acceptance: bytes) -> None:
        endpoint = self._endpoints.get(handshake.path)
        if endpoint is None:
            self._refuse(Refusal(status=404, code="not_found", message="There is nothing at this address."))
            return
        try:
            answer = endpoint.accept(handshake)
        except Exception:
            # Whatever an endpoint raises is our fault, not the client's.
            log.exception("endpoint failed to accept")
            answer = Refusal(status=500, code="internal", message="Something went wrong on our side.")
        if isinstance(answer, Refusal):
            self._refuse(answer)
            return
        self._state = _OPEN
        self._handler = answer
        self._transport.write(acceptance)
        self._heard = self._pump.tick
        self._pump.look_at(self, self._pump.tick_in(self._limits.ping_after_s))
        try:
            answer.on_open(self)
        except Exception:
            log.exception("realtime handler failed")
            self.close(SERVER_ERROR, "internal error")

    def _refuse(self, refusal: Refusal) -> None:
        self._state = _DRAINING
        self._transport.write(refusal.encode())
        self._transport.close()

    # ------------------------------------------------------------------------------------------------ reading

    def _read_frames(self, data: bytes) -> int:
        """Handle every whole frame in `data`; how many bytes that were. Sets `_need` for what is left.

        A head is judged before its payload has come: a frame that will be refused is never stored.
        """
        at, size = 0, len(data)
        answer: bytes | None = None
        while size - at >= 2:
            first, length = data[at], data[at + 1] - 0x80
            # Nearly every frame is a whole text message; everything else is judged with care.
            if (first != 0x81 or self._message is not None or length < 0) and not self._judge(first, length):
                return size
            start = at + 6
            if length > 125:
                start += 2 if length == 126 else 8
                if size < start - 4:
                    self._need = start - at
                    break
                length = int.from_bytes(data[at + 2 : start - 4], "big")
            if length > 125 and not self._fits(length):
                return size
            end = start + length
            if size < end:
                self._need = end - at
                break
            payload = apply_mask(data[start:end], data[start - 4 : start]) if length else b""
            if first & 0x08:
                if first == 0x89:
                    # Only the last ping of many is answered (§5.5.3), so that a flood of them is cheap.
                    answer = payload
                elif first == 0x88:
                    self._on_close_frame(payload)
                    return size
            elif first == 0x81:
                self._deliver(payload)
            elif not self._on_fragment(first, payload):
                return size
            at = end
            if self._state >= _DRAINING:
                return size
        else:
            self._need = 2
        if answer is not None:
            self.write(pong(answer))
        return at

    def _judge(self, first: int, length: int) -> bool:
        """Whether a frame may begin like this, at this point of the conversation (§5.2 to §5.5)."""
        if length < 0:
            return self._fail(PROTOCOL_ERROR, "frame is not masked")
        if first & 0x70:
            return self._fail(PROTOCOL_ERROR, "reserved bits are set")
        opcode = first & 0x0F
        if opcode >= 0x8:
            if opcode > 0xA:
                return self._fail(PROTOCOL_ERROR, "unknown opcode")
            if first < 0x80 or length > 125:
                return self._fail(PROTOCOL_ERROR, "control frame is fragmented or too long")
        elif opcode == 0x2:
            return self._fail(UNSUPPORTED, "only text is understood")
        elif opcode > 0x2:
            return self._fail(PROTOCOL_ERROR, "unknown opcode")
        elif (opcode == 0) != (self._message is not None):
            return self._fail(PROTOCOL_ERROR, "fragments out of order")
        return True

    def _fits(self, length: int) -> bool:
        """Whether a data frame of this length keeps the message within its limit."""
        if length >> 63:
            return self._fail(PROTOCOL_ERROR, "length has its highest bit set")
        if length + (len(self._message) if self._message else 0) > self.message_limit:
            return self._fail(TOO_BIG, "message is too big")
        return True

    def _on_fragment(self, first: int, payload: bytes) -> bool:
        message = self._message
        if message is None:
            self._message = bytearray(payload)
            return True
        if len(message) + len(payload) > self.message_limit:
            return self._fail(TOO_BIG, "message is too big")
        message += payload
        if first & 0x80:
            self._message = None
            self._deliver(bytes(message))
        return True

    def _deliver(self, payload: bytes) -> None:
        if len(payload) > self.message_limit:
            self._fail(TOO_BIG, "message is too big")
            return
        if not payload.isascii():
            try:
                payload.decode()
            except UnicodeDecodeError:
                self._fail(NOT_UTF8, "text is not UTF-8")
                return
        if self._state == _OPEN and self._handler is not None:
            try:
                self._handler.on_text(self, payload)
            except Exception:
                log.exception("realtime handler failed")
                self.close(SERVER_ERROR, "internal error")

    def _on_close_frame(self, payload: bytes) -> None:
        if self._state == _CLOSING:
            self._end()
            return
        code = int.from_bytes(payload[:2], "big") if payload else NO_CODE
        if payload and (len(payload) == 1 or not (code in _SENDABLE or 3000 <= code < 5000)):
            self._fail(PROTOCOL_ERROR, "close frame is malformed")
            return
        try:
            payload[2:].decode()
        except UnicodeDecodeError:
            self._fail(NOT_UTF8, "reason is not UTF-8")
            return
        # Echo the code; what else was queued the peer does not want any more.
        self._pending = None
        self._write(close_frame(code if payload else None))
        self._end()
        self._tell(code)

    # ------------------------------------------------------------------------------------------------ writing

    def _flush(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            self._write(b"".join(pending) if isinstance(pending, list) else pending)

    def _write(self, data: bytes) -> None:
        if self._state != _OPEN:
            return
        if self._paused and self.unsent_bytes + len(data) > self._limits.buffer_bytes:
            self._say_goodbye(_CLOSING, RESYNC, "resync")
            self._pump.call_soon(self._tell, RESYNC)
        else:
            self._transport.write(data)

    # ------------------------------------------------------------------------------------------------- ending

    def _say_goodbye(self, state: int, code: int, reason: str) -> None:
        """Send the close frame behind all that is written; the sweep aborts if the peer is too slow."""
        self._state = state
        self._pending = self._message = self._deadline = None
        self._transport.write(close_frame(code, reason))
        self._pump.look_at(self, self._pump.tick_in(self._limits.close_within_s))

    def _fail(self, code: int, reason: str) -> bool:
        """The peer broke the protocol, what it sends from now on has no meaning (§7.1.7). Always False.

        The socket stays open for reading a little, and what comes is thrown away: closing it with unread
        bytes would reset the connection, and the peer might never see why.
        """
        if self._state == _OPEN:
            self._flush()
        if self._state == _OPEN:
            self._say_goodbye(_DRAINING, code, reason)
            if self._transport.can_write_eof():
                self._transport.write_eof()
            self._tell(code)
        elif self._state == _CLOSING:
            self._end()
        return False

    def _end(self) -> None:
        """Both sides have said goodbye: the server closes first (§7.1.1), once all is written."""
        self._state = _DRAINING
        self._pump.look_at(self, self._pump.tick_in(self._limits.close_within_s))
        self._transport.close()

    def _tell(self, code: int) -> None:
        handler, self._handler = self._handler, None
        if handler is not None:
            try:
                handler.on_close(self, code)
            except Exception:
                log.exception("realtime handler failed to close")

    def _on_due(self, tick: int) -> None:
        """The sweep's look at this connection."""
        if self._state == _CLOSED:
            return
        if self._state != _OPEN:
            self._transport.abort()
            return
        if self._deadline is not None and self._deadline[0] <= tick:
            _, code, reason = self._deadline
            self.close(code, reason)
            return
        if self._heard >= 0 and self._pump.ticks(self._limits.ping_after_s) + self._heard <= tick:
            self._heard = -tick
            self.write(PING)
        if self._heard >= 0:
            due = self._pump.ticks(self._limits.ping_after_s) + self._heard
        else:
            due = self._pump.ticks(self._limits.pong_within_s) - self._heard
        if due <= tick:
            self.close(SERVER_ERROR, "no answer to ping")
            return
        self._pump.look_at(self, min(due, self._deadline[0]) if self._deadline else due)


class _Pump:
    """What all connections of one protocol class share: the flusher and the sweep."""

    def __init__(self, limits: Limits) -> None:
        self.tick = 1
        self._limits = limits
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._population = 0
        self._dirty: list[Connection] = []
        # The connections to look at, by sweep. One that was moved forward stays in its old list, too:
        # only where its own `_due` agrees is it looked at.
        self._due: dict[int, list[Connection]] = {}

    def enter(self, connection: Connection) -> None:
        """A connection begins its life."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            # The first connection, or the class serves a new loop after its old one ended.
            self._loop, self._timer, self._population = loop, None, 0
            self._dirty, self._due = [], {}
        self._population += 1
        if self._timer is None:
            self._timer = loop.call_later(self._limits.sweep_s, self._sweep)
        self.look_at(connection, self.tick_in(self._limits.close_within_s))

    def leave(self) -> None:
        """A connection is gone; the last one stops the sweep."""
        self._population -= 1
        if self._population == 0 and self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._due = {}

    def call_soon(self, callback: Any, argument: object) -> None:
        """The loop's."""
        asyncio.get_running_loop().call_soon(callback, argument)

    def ticks(self, seconds: float) -> int:
        """How many sweeps a time is, rounded up."""
        return max(1, -int(-seconds // self._limits.sweep_s))

    def tick_in(self, seconds: float) -> int:
        """The sweep after `seconds`."""
        return self.tick + self.ticks(seconds)

    def look_at(self, connection: Connection, tick: int) -> None:
        """Have the connection looked at in that sweep, if it would not be earlier anyway."""
        if connection._due == 0 or tick < connection._due:
            connection._due = tick
            self._due.setdefault(tick, []).append(connection)

    def wants_flush(self, connection: Connection) -> None:
        """Write what the connection has pending, at the end of this turn."""
        self._dirty.append(connection)
        if len(self._dirty) == 1:
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, []
        for connection in dirty:
            try:
                connection._flush()
            except Exception:
                # One broken transport must not cost the others their frames.
                log.exception("write failed")

    def _sweep(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._limits.sweep_s, self._sweep)
        self.tick += 1
        for connection in self._due.pop(self.tick, ()):
            if connection._due == self.tick:
                connection._due = 0
                connection._on_due(self.tick)


def websocket_protocol(endpoints: Mapping[str, Endpoint], limits: Limits | None = None) -> type[asyncio.Protocol]:
    """A protocol class for `uvicorn.Config(ws=…)` that serves exactly these paths (percent-decoded).

    A class serves one event loop at a time; processes that share a port make one each.
    """
    chosen = limits or Limits()

    class Bound(Connection):
        __slots__ = ()
        _endpoints = endpoints
        _limits = chosen
        _pump = _Pump(chosen)

    return Bound
