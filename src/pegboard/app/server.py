"""`pegboard serve`: engines, parts, sockets and workers of one process, from start to a clean stop."""

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from pegboard.app.asgi import API, create_app, create_probes
from pegboard.app.engine import engine
from pegboard.app.gateway import Gateway
from pegboard.app.migrate import migrate
from pegboard.app.registry import MODULES, gather
from pegboard.app.wiring import joined, make_hub, make_workers, wired
from pegboard.kernel.bells import put_far_bells
from pegboard.kernel.errors import Conflict
from pegboard.kernel.http.protocol import http_protocol
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.bus import Bus
from pegboard.kernel.realtime.websocket import websocket_protocol
from pegboard.kernel.settings import ServerSettings, Settings

_log = logging.getLogger(__name__)


class AddressUnusable(Conflict):
    """Somebody listens there already, or the machine has no such address."""

    code = "serve.address_unusable"


class Server(uvicorn.Server):
    """uvicorn, telling when it can answer, and leaving what comes after a signal to us.

    uvicorn would raise the signal again once it has stopped, which would end the process before the engines have.
    """

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGTERM or SIGINT; the second time at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @property
    def port(self) -> int:
        """The port that it listens at, also where any free one was wanted."""
        found: int = self.servers[0].sockets[0].getsockname()[1]
        return found

    async def startup(self, sockets: Any = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()


async def serve(settings: Settings, announce: Callable[[Parts], Coroutine[Any, Any, None]] | None = None) -> None:
    """Serve until SIGTERM or SIGINT. `announce` runs once all is wired, before the first request is taken."""
    allow_many_connections()
    _end_cleanly_at(signal.SIGTERM)
    wanted = settings[ServerSettings]
    if wanted.processes > 1:
        from pegboard.app.processes.parent import serve_together

        await serve_together(settings, announce)
        return
    with contextlib.closing(bind(wanted)) as listening:
        async with engine(settings, role="serve") as place:
            await migrate(place.owner_url)
            name = f"{socket.gethostname()}:{wanted.port or os.getpid()}"
            async with joined(settings, name) as bus, wired(settings, place.url) as parts, working(parts, bus):
                if announce is not None:
                    await announce(parts)
                server = make_server(settings, parts, lambda: _say_ready(settings, server))
                await server.serve(sockets=[listening])


@asynccontextmanager
async def working(parts: Parts, bus: Bus | None = None) -> AsyncIterator[None]:
    """What runs beside the sockets: relay and job runner, unless this process takes requests only."""
    make_hub(parts, bus)
    if bus is not None and parts[Settings][ServerSettings].role == "web":
        put_far_bells(parts)
        yield
        return
    relay, runner = make_workers(parts)
    workers = [make(parts) for make in gather(lambda module: module.workers)]
    tasks = [asyncio.create_task(relay.run(), name="relay"), asyncio.create_task(runner.run(), name="jobs")]
    tasks += [asyncio.create_task(worker.run(), name=type(worker).__name__) for worker in workers]
    try:
        yield
    finally:
        await asyncio.gather(runner.stop(), *(worker.stop() for worker in workers))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def make_server(settings: Settings, parts: Parts, on_ready: Callable[[], None]) -> "Server":
    """uvicorn with the HTTP application and the realtime gateway; `on_ready` is called when it can answer."""
    server = settings[ServerSettings]
    gateway = Gateway(
        parts,
        gather(lambda module: module.commands),
        [module.greeting for module in MODULES if module.greeting is not None],
    )
    works_only = server.role == "worker"  # monitors ask it too, nobody else
    config = uvicorn.Config(
        create_probes(parts) if works_only else create_app(parts),
        host=server.host,
        port=server.port,
        http=http_protocol(parts[Catalogues]),
        ws=websocket_protocol({} if works_only else {f"{API}/realtime": gateway}),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=4096,
        timeout_keep_alive=65,  # longer than the 60 s of usual proxies: the one in front should be the first to close
        timeout_graceful_shutdown=10,
        ssl_certfile=server.tls_cert,
        ssl_keyfile=server.tls_key,
        proxy_headers=bool(server.trusted_proxies),  # else nobody's X-Forwarded-For is believed
        forwarded_allow_ips=list(server.trusted_proxies),
    )
    return Server(config, on_ready)


def _say_ready(settings: Settings, server: "Server") -> None:
    settle()
    print(f"pegboard is ready at {address(settings[ServerSettings], server.port)}", flush=True)


def settle() -> None:
    """All is loaded: what lives as long as the process need not be looked at again."""
    gc.collect()
    gc.freeze()


def address(wanted: ServerSettings, port: int) -> str:
    """Where it can be reached."""
    scheme = "https" if wanted.tls_cert else "http"
    host = f"[{wanted.host}]" if ":" in wanted.host else wanted.host
    return f"{scheme}://{host}:{port}"


def bind(server: ServerSettings, *, port: int | None = None, shared: bool = False) -> socket.socket:
    """Take the address before anything else is started, so that a second server is refused at once.

    `shared`: the processes of one server take it together, and the kernel divides what comes among them.
    """
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((server.host, server.port if port is None else port))
    except OSError as error:
        listening.close()
        raise AddressUnusable(host=server.host, port=server.port, reason=error.strerror or str(error)) from error
    return listening


def _end_cleanly_at(number: signal.Signals) -> None:
    """Before there is a server to be stopped, a signal cancels the start, and what has begun is ended in order."""
    task = asyncio.current_task()
    if task is not None and threading.current_thread() is threading.main_thread():
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def allow_many_connections() -> None:
    """As many open files as the system lets us have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop where there is one."""
    factory = None
    if sys.platform != "win32":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)
