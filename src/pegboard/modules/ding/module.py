"""The manifest of `ding`."""

from pathlib import Path

from pegboard.kernel.module import Module
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.live import Greeting
from pegboard.kernel.settings import Settings
from pegboard.modules.ding.errors import ERRORS
from pegboard.modules.ding.events import EVENTS
from pegboard.modules.ding.handlers import HANDLERS
from pegboard.modules.ding.live import LIVE_EVENTS
from pegboard.modules.ding.policy import MANAGE, USE
from pegboard.modules.ding.routes import ROUTES
from pegboard.modules.ding.service import reading
from pegboard.modules.ding.service.bell import HEARINGS, DingBell
from pegboard.modules.ding.service.scheduler import Scheduler
from pegboard.modules.ding.service.telling import Progress
from pegboard.modules.ding.settings import DingSettings


async def _start(parts: Parts) -> None:
    settings = parts.put(DingSettings, parts[Settings][DingSettings])
    parts.put(DingBell, DingBell())
    parts.put(Progress, Progress(parts, settings))


async def _stop(parts: Parts) -> None:
    await parts[Progress].stop()


MODULE = Module(
    name="ding",
    folder=Path(__file__).parent,
    needs=("directory", "attention", "messaging"),
    routes=ROUTES,
    permissions=(USE, MANAGE),
    events=EVENTS,
    handlers=HANDLERS,
    live_events=LIVE_EVENTS,
    greeting=Greeting(topics=reading.heard_topics, state=reading.greeting),
    errors=ERRORS,
    settings=DingSettings,
    start=_start,
    stop=_stop,
    workers=(Scheduler,),
    hearings=HEARINGS,
)
