"""The bus over NATS core: one subject that every process of the installation hears."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Sequence
from typing import Final

import nats.aio.client
import nats.errors
from nats.aio.msg import Msg

from pegboard.kernel.realtime.bus import ALL, BELL, WEB

_log = logging.getLogger(__name__)

START_WITHIN_S: Final = 5.0
_PING_S: Final = 3
_AGAIN_S: Final = 0.25
_PENDING_BYTES: Final = 64 << 20


class NatsCarrier:
    """See `kernel.realtime.bus.Carrier`. `servers` are addresses of one NATS cluster, with credentials."""

    def __init__(self, servers: Sequence[str], *, subject: str, name: str = "pegboard") -> None:
        self._servers = list(servers)
        self._subjects = {ALL: f"{subject}.live.all", WEB: f"{subject}.live.web", BELL: f"{subject}.bell"}
        self._live = f"{subject}.live.*"
        self._name = name
        self._client = nats.aio.client.Client()
        self._connecting: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def is_connected(self) -> bool:
        """See `Carrier`."""
        return self._client.is_connected

    @property
    def max_bytes(self) -> int:
        """See `Carrier`."""
        return self._client.max_payload or 1 << 20

    async def start(self, lanes: Collection[str], heard: Callable[[bytes], None]) -> None:
        """See `Carrier`. Returns after some seconds without a server, too: it is tried again until there is one."""
        self._connecting = asyncio.create_task(self._connect(lanes, heard), name="nats connect")
        done, _ = await asyncio.wait({self._connecting}, timeout=START_WITHIN_S)
        if done:
            await self._connecting
        else:
            _log.warning("nats: no server answers; trying on")

    async def _connect(self, lanes: Collection[str], heard: Callable[[bytes], None]) -> None:
        async def deliver(message: Msg) -> None:
            heard(message.data)

        await self._client.connect(
            servers=self._servers,
            name=self._name,
            no_echo=True,
            max_reconnect_attempts=-1,
            reconnect_time_wait=_AGAIN_S,  # type: ignore[arg-type]  # it is slept for, so any number will do
            connect_timeout=2,
            ping_interval=_PING_S,
            max_outstanding_pings=2,
            # What is written while nobody takes it would come too late anyway: the others notice the gap.
            pending_size=_PENDING_BYTES,
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnected,
            reconnected_cb=self._on_reconnected,
        )
        # One subscription for both lanes, or their order would be lost here.
        both = WEB in lanes
        for subject in ([self._live] if both else [self._subjects[ALL]]) + [self._subjects[BELL]] * (BELL in lanes):
            await self._client.subscribe(subject, cb=deliver)
        await self._client.flush()

    async def send(self, lane: str, message: bytes) -> None:
        """See `Carrier`."""
        if self._client.is_connected:
            await self._client.publish(self._subjects[lane], message)

    async def stop(self) -> None:
        """See `Carrier`."""
        self._stopping = True
        if self._connecting is not None and not self._connecting.done():
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        with contextlib.suppress(nats.errors.Error, OSError, TimeoutError):
            if self._client.is_connected:
                await self._client.flush(2)
            await self._client.close()

    async def _on_error(self, error: Exception) -> None:
        _log.debug("nats: %s", type(error).__name__)

    async def _on_disconnected(self) -> None:
        if not self._stopping:
            _log.warning("nats: disconnected")

    async def _on_reconnected(self) -> None:
        _log.info("nats: connected again")
