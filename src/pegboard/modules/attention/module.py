"""The manifest of `attention`."""

from pathlib import Path

from pegboard.kernel.module import Module
from pegboard.modules.attention.errors import ERRORS
from pegboard.modules.attention.handlers import HANDLERS
from pegboard.modules.attention.live import LIVE_EVENTS
from pegboard.modules.attention.policy import MANAGE_FOLDERS, OWN_ATTENTION
from pegboard.modules.attention.routes import ROUTES

MODULE = Module(
    name="attention",
    folder=Path(__file__).parent,
    needs=("directory",),
    routes=ROUTES,
    permissions=(OWN_ATTENTION, MANAGE_FOLDERS),
    handlers=HANDLERS,
    live_events=LIVE_EVENTS,
    errors=ERRORS,
)
