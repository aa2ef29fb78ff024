"""The manifest of `directory`."""

from pathlib import Path

from pegboard.kernel.errors import PegboardError
from pegboard.kernel.module import Module
from pegboard.kernel.parts import Parts
from pegboard.modules.directory import errors
from pegboard.modules.directory.events import EVENTS
from pegboard.modules.directory.handlers import HANDLERS
from pegboard.modules.directory.jobs import JOBS
from pegboard.modules.directory.live import LIVE_EVENTS
from pegboard.modules.directory.policy import PERMISSIONS
from pegboard.modules.directory.routes import ROUTES
from pegboard.modules.directory.service.caches import CHANGED, put_caches
from pegboard.modules.directory.service.joining import InvitationRates


async def _start(parts: Parts) -> None:
    put_caches(parts)
    # A whole class may sit behind one address; nobody guesses 128 bits.
    parts.put(InvitationRates, InvitationRates(rate=1, burst=60))


MODULE = Module(
    name="directory",
    folder=Path(__file__).parent,
    needs=("identity",),
    routes=ROUTES,
    permissions=PERMISSIONS,
    events=EVENTS,
    handlers=HANDLERS,
    jobs=JOBS,
    live_events=LIVE_EVENTS,
    hearings=(CHANGED,),
    errors=tuple(
        error
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, PegboardError) and error.__module__ == errors.__name__
    ),
    start=_start,
)
