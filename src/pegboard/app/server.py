"""`pegboard serve`: engines, parts, sockets and workers of one process, from start to a clean stop."""

import asyncio
import contextlib
import gc
import logging
import resource
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import uvicorn

from pegboard.app.asgi import API, create_app
from pegboard.app.engine import engine
from pegboard.app.gateway import Gateway
from pegboard.app.migrate import migrate
from pegboard.app.registry import MODULES, gather
from pegboard.app.wiring import make_hub, make_workers, wired
from pegboard.kernel.http.protocol import http_protocol
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.websocket import websocket_protocol
from pegboard.kernel.settings import ServerSettings, Settings

_log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """uvicorn, saying one line when it can answer. uvicorn's own signal handling stops it."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: Any = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()


async def serve(settings: Settings, announce: Callable[[Parts], Coroutine[Any, Any, None]] | None = None) -> None:
    """Serve until SIGTERM or SIGINT. `announce` runs once all is wired, before the first request is taken."""
    _allow_many_connections()
    async with engine(settings, role="serve") as place:
        await migrate(place.owner_url)
        async with wired(settings, place.url) as parts, working(parts):
            if announce is not None:
                await announce(parts)
            await make_server(settings, parts, partial(_say_ready, settings)).serve()


@asynccontextmanager
async def working(parts: Parts) -> AsyncIterator[None]:
    """The relay and the job runner beside the sockets."""
    make_hub(parts)
    relay, runner = make_workers(parts)
    tasks = [asyncio.create_task(relay.run(), name="relay"), asyncio.create_task(runner.run(), name="jobs")]
    try:
        yield
    finally:
        await runner.stop()
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
    config = uvicorn.Config(
        create_app(parts),
        host=server.host,
        port=server.port,
        http=http_protocol(parts[Catalogues]),
        ws=websocket_protocol({f"{API}/realtime": gateway}),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=4096,
        timeout_graceful_shutdown=10,
        ssl_certfile=server.tls_cert,
        ssl_keyfile=server.tls_key,
        forwarded_allow_ips=server.trusted_proxies or None,
    )
    return Server(config, on_ready)


def _say_ready(settings: Settings) -> None:
    gc.collect()
    gc.freeze()  # what lives as long as the process need not be looked at again
    server = settings[ServerSettings]
    scheme = "https" if server.tls_cert else "http"
    print(f"pegboard is ready at {scheme}://{server.host}:{server.port}", flush=True)


def _allow_many_connections() -> None:
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
