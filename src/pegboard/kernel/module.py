"""The manifest: what a module says of itself, so that `app` can wire it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pegboard.kernel.errors import PegboardError
from pegboard.kernel.events import AnyHandler, Event
from pegboard.kernel.http.permissions import Permission
from pegboard.kernel.jobs import Job, Recurring
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.commands import Command
from pegboard.kernel.realtime.hints import Hearing
from pegboard.kernel.realtime.live import Greeting, LiveEvent


class Worker(Protocol):
    """Runs beside relay and jobs, in every process that works; any number of them share a database."""

    async def run(self) -> None:
        """Work until stopped or cancelled."""

    async def stop(self) -> None:
        """Begin nothing new, and end what is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """Everything a module offers. `app/registry.py` holds the list of all; order is that of the map, low to high.

    `start` puts the module's own parts on the shelf before anything is served; `stop` ends them.
    """

    name: str
    folder: Path
    needs: Sequence[str] = ()
    routes: Sequence[Any] = ()
    permissions: Sequence[Permission] = ()
    events: Sequence[type[Event]] = ()
    handlers: Sequence[AnyHandler] = ()
    jobs: Sequence[Job] = ()
    recurring: Sequence[Recurring] = ()
    commands: Sequence[Command] = ()
    live_events: Sequence[type[LiveEvent]] = ()
    greeting: Greeting | None = None
    workers: Sequence[Callable[[Parts], Worker]] = ()
    hearings: Sequence[Hearing] = ()
    errors: Sequence[type[PegboardError]] = ()
    settings: type[Any] | None = None
    start: Callable[[Parts], Awaitable[None]] | None = None
    stop: Callable[[Parts], Awaitable[None]] | None = None
