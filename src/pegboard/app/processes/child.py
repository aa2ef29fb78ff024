"""`python -m pegboard.app.processes.child NAME`: one web process or the worker of a server with several."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from functools import partial

import msgspec

from pegboard.app.probes import observe_pools
from pegboard.app.processes.figures import Figures
from pegboard.app.processes.plan import READY, Plan, is_worker, read
from pegboard.app.server import allow_many_connections, make_server, run, settle, working
from pegboard.app.wiring import joined, wired
from pegboard.kernel import logs, metrics
from pegboard.kernel.settings import ServerSettings


def main() -> None:
    """Read the plan, and do it until SIGTERM."""
    # Ctrl-C is the parent's to hear: it ends us in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    plan = msgspec.json.decode(sys.stdin.buffer.readline(), type=Plan)
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    with contextlib.suppress(asyncio.CancelledError):  # asked to end before it was up
        run(_serve(plan))


def _end_with_parent() -> None:
    """Without the parent there is no database and nobody to end us. What is acknowledged is committed."""
    os.read(0, 1)  # not through `sys.stdin`, which would be locked when we end in order
    os._exit(1)


async def _serve(plan: Plan) -> None:
    settings = read(plan)
    logs.configure(settings[ServerSettings].log_level, sys.stderr, process=plan.name)
    allow_many_connections()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # it runs in one
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    async with (
        joined(settings, f"{plan.server}/{plan.name}") as bus,
        wired(settings, settings[ServerSettings].database_url) as parts,
        working(parts, bus),
        Figures(plan.name, plan.figures) as figures,
    ):
        parts.put(Figures, figures)
        metrics.before_render(partial(observe_pools, parts))
        if is_worker(settings):
            loop.add_signal_handler(signal.SIGTERM, ended.set)
            _say_ready(plan)
            await ended.wait()
        else:
            assert plan.listening is not None  # noqa: S101  # the parent gives each web process one
            server = make_server(settings, parts, lambda: _say_ready(plan))
            await server.serve(sockets=[socket.socket(fileno=plan.listening)])


def _say_ready(plan: Plan) -> None:
    settle()
    os.write(plan.ready, READY)
    os.close(plan.ready)


if __name__ == "__main__":
    main()
