"""The manifest of `messaging`."""

from pathlib import Path

from pegboard.kernel.egress import Egress
from pegboard.kernel.module import Module
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.live import Greeting
from pegboard.kernel.settings import Settings
from pegboard.modules.messaging import jobs
from pegboard.modules.messaging.commands import COMMANDS
from pegboard.modules.messaging.errors import ERRORS
from pegboard.modules.messaging.events import EVENTS
from pegboard.modules.messaging.handlers import HANDLERS
from pegboard.modules.messaging.live import LIVE_EVENTS
from pegboard.modules.messaging.routes import ROUTES, USE_MESSAGING
from pegboard.modules.messaging.search_routes import SEARCH_ROUTES
from pegboard.modules.messaging.service import conversations, membership, publishing
from pegboard.modules.messaging.service.previews import Previewer
from pegboard.modules.messaging.service.sending import Messenger
from pegboard.modules.messaging.settings import MessagingSettings


async def _start(parts: Parts) -> None:
    settings = parts.put(MessagingSettings, parts[Settings][MessagingSettings])
    parts.put(Previewer, Previewer(parts[Egress], settings))
    parts.put(Messenger, Messenger(parts, settings)).start()


async def _stop(parts: Parts) -> None:
    await parts[Messenger].stop()


MODULE = Module(
    name="messaging",
    folder=Path(__file__).parent,
    needs=("attention", "directory"),
    routes=(*ROUTES, *SEARCH_ROUTES),
    permissions=(USE_MESSAGING,),
    events=EVENTS,
    handlers=HANDLERS,
    jobs=(jobs.INDEX_WORDS, jobs.PREVIEW_LINKS, jobs.FORGET_READ_TIMES, jobs.FORGET_READ_TIMES_EVERYWHERE),
    recurring=(jobs.EVERY_DAY,),
    commands=COMMANDS,
    live_events=LIVE_EVENTS,
    greeting=Greeting(topics=conversations.heard_topics, state=conversations.heads),
    hearings=(publishing.MOVED, *membership.HEARINGS),
    errors=ERRORS,
    settings=MessagingSettings,
    start=_start,
    stop=_stop,
)
