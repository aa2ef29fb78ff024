"""The parent: binds the port, keeps PostgreSQL and NATS, and starts its children again when they die."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from pegboard.app.engine import engine
from pegboard.app.migrate import migrate
from pegboard.app.processes.plan import READY, Plan, written
from pegboard.app.server import address, bind
from pegboard.app.wiring import wired
from pegboard.kernel.errors import Unavailable
from pegboard.kernel.files.links import link_key
from pegboard.kernel.nats import EmbeddedNats
from pegboard.kernel.parts import Parts
from pegboard.kernel.postgres.launcher import ChildProcess
from pegboard.kernel.settings import ServerSettings, Settings

_log = logging.getLogger(__name__)

READY_WITHIN_S: Final = 60.0
WEB_ENDS_WITHIN_S: Final = 20.0
WORKER_ENDS_WITHIN_S: Final = 30.0
LONGEST_PAUSE_S: Final = 30.0
HEALTHY_AFTER_S: Final = 60.0

Announce = Callable[[Parts], Coroutine[Any, Any, None]]


class ProcessNotStarted(Unavailable):
    """One of several processes ended before it could answer."""

    code = "serve.process_not_started"


async def serve_together(settings: Settings, announce: Announce | None = None) -> None:
    """Serve with several processes until SIGTERM or SIGINT."""
    wanted = settings[ServerSettings]
    with _listening(wanted) as sockets, tempfile.TemporaryDirectory(prefix="pegboard-") as figures:
        async with engine(settings, role="serve", connections=_connections(wanted)) as place:
            await migrate(place.owner_url)
            async with wired(settings, place.url) as parts:
                link_key(parts)  # the children shall find the key, not make one each
                if announce is not None:
                    await announce(parts)
            async with _nats(wanted) as nats_url:
                children = [
                    Child(
                        Plan(
                            name=name,
                            server=f"{socket.gethostname()}:{sockets[0].getsockname()[1]}",
                            settings=written(
                                settings, role=role, database_url=place.url, nats_url=nats_url, processes=1
                            ),
                            listening=listening.fileno() if listening is not None else None,
                            ready=-1,
                            figures=figures,
                        )
                    )
                    for name, role, listening in _parts_to_play(wanted, sockets)
                ]
                await _keep(children, lambda: _say_ready(wanted, sockets))


def _parts_to_play(
    wanted: ServerSettings, sockets: Sequence[socket.socket]
) -> Iterator[tuple[str, str, socket.socket | None]]:
    """(name, role, socket) of each child."""
    for number in range(1, wanted.processes + 1):
        if wanted.role == "worker":
            yield f"worker-{number}", "worker", None
        else:
            yield f"web-{number}", "web", sockets[number - 1]
    if wanted.role == "all":
        yield "worker", "worker", None


def _connections(wanted: ServerSettings) -> int:
    """How many connections to PostgreSQL all processes may open: two pools, and the one who commits messages."""
    return (wanted.processes + 1) * (wanted.database_pool + 6) + 20


@contextmanager
def _listening(wanted: ServerSettings) -> Iterator[list[socket.socket]]:
    """A socket for each web process, all at one port: the kernel divides the connections among them.

    They stay with the parent, so connections that wait for a process that dies wait for its successor.
    """
    with contextlib.ExitStack() as opened:
        # Alone first: others who listen there with a shared socket of theirs would not hinder us otherwise.
        first = bind(wanted)
        port = first.getsockname()[1]
        first.close()
        shares = sys.platform == "linux"
        sockets = [opened.enter_context(contextlib.closing(bind(wanted, port=port, shared=shares)))]
        for _ in range(1, wanted.processes):
            sockets.append(
                opened.enter_context(contextlib.closing(bind(wanted, port=port, shared=True) if shares else sockets[0]))
            )
        yield sockets


@asynccontextmanager
async def _nats(wanted: ServerSettings) -> AsyncIterator[str]:
    """The address of the NATS that the children meet in: an external one, or our own."""
    if wanted.nats_url:
        yield wanted.nats_url
        return
    nats = EmbeddedNats(wanted.data)
    try:
        yield await nats.start()
    finally:
        await nats.stop()


def _say_ready(wanted: ServerSettings, sockets: Sequence[socket.socket]) -> None:
    print(f"pegboard is ready at {address(wanted, sockets[0].getsockname()[1])}", flush=True)


async def _keep(children: Sequence["Child"], on_ready: Callable[[], None]) -> None:
    """Start all, keep them running until a signal comes, and end them in order: requests first, then work."""
    loop = asyncio.get_running_loop()
    stop, at_once = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        (at_once if stop.is_set() else stop).set()

    keepers: list[asyncio.Task[None]] = []
    try:
        async with asyncio.TaskGroup() as starting:
            for child in children:
                starting.create_task(child.start())
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, on_signal)
        keepers = [asyncio.create_task(child.keep(), name=child.name) for child in children]
        on_ready()
        await stop.wait()
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    finally:
        for child in children:
            child.stopping = True
        hurry = asyncio.create_task(_kill_when(at_once, children))
        for role, within_s in (("web", WEB_ENDS_WITHIN_S), ("worker", WORKER_ENDS_WITHIN_S)):
            await asyncio.gather(*(child.end(within_s) for child in children if child.role == role))
        for task in (hurry, *keepers):
            task.cancel()
        await asyncio.gather(hurry, *keepers, return_exceptions=True)


async def _kill_when(at_once: asyncio.Event, children: Sequence["Child"]) -> None:
    await at_once.wait()
    for child in children:
        child.kill()


@dataclass(slots=True)
class Child:
    """One process in its place; when it dies, another one takes it, under the same name."""

    plan: Plan
    stopping: bool = False
    _process: "ChildProcess | None" = None
    _standard_input: "subprocess.Popen[bytes] | None" = None
    _ready_at_s: float = 0.0

    @property
    def name(self) -> str:
        """Its name."""
        return self.plan.name

    @property
    def role(self) -> str:
        """`web` or `worker`."""
        role: str = self.plan.settings["server"]["role"]
        return role

    async def start(self) -> None:
        """Start it; returns when it can answer. Raises `ProcessNotStarted`."""
        answer = await asyncio.wait_for(asyncio.to_thread(_read_all, self._launch()), READY_WITHIN_S)
        assert self._process is not None  # noqa: S101  # launched
        if answer != READY:
            await self._process.ends_within(WEB_ENDS_WITHIN_S)
            raise ProcessNotStarted(name=self.name, exit_code=self._process.exit_code)
        self._ready_at_s = time.monotonic()
        _log.info("process started", extra={"process_name": self.name, "pid": self._process.pid})

    def _launch(self) -> int:
        """Start it and give it its plan; the descriptor that it will say `READY` to."""
        reader, writer = os.pipe()
        try:
            passed = [writer, *([self.plan.listening] if self.plan.listening is not None else [])]
            popen = subprocess.Popen(
                [sys.executable, "-m", "pegboard.app.processes.child", self.name],
                stdin=subprocess.PIPE,
                pass_fds=passed,
                start_new_session=True,
            )
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        self._process, self._standard_input = ChildProcess(popen), popen
        assert popen.stdin is not None  # noqa: S101  # it was asked for
        with contextlib.suppress(BrokenPipeError):
            popen.stdin.write(msgspec.json.encode(msgspec.structs.replace(self.plan, ready=writer)) + b"\n")
            popen.stdin.flush()
        return reader

    async def keep(self) -> None:
        """Start another one each time that it ends."""
        pause_s = 0.0
        while self._process is not None:
            code = await self._process.wait()
            self._close_input()
            if self.stopping:
                return
            _log.error("process ended, starting it again", extra={"process_name": self.name, "exit_code": code})
            if time.monotonic() - self._ready_at_s > HEALTHY_AFTER_S:
                pause_s = 0.0
            await asyncio.sleep(pause_s)
            pause_s = min(LONGEST_PAUSE_S, 2 * pause_s or 0.5)
            try:
                await self.start()
            except (ProcessNotStarted, TimeoutError, OSError) as error:
                _log.error("process not started", exc_info=error, extra={"process_name": self.name})
                self.kill()

    async def end(self, within_s: float) -> None:
        """Ask it to end, and wait; not for ever."""
        if self._process is None:
            return
        self._process.send(signal.SIGTERM)
        if not await self._process.ends_within(within_s):
            _log.warning("process does not end", extra={"process_name": self.name})
            self.kill()
            await self._process.wait()
        self._close_input()

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.send(signal.SIGKILL)

    def _close_input(self) -> None:
        if self._standard_input is not None and self._standard_input.stdin is not None:
            with contextlib.suppress(OSError):
                self._standard_input.stdin.close()


def _read_all(reader: int) -> bytes:
    with open(reader, "rb") as pipe:
        return pipe.read()
