"""The manifest of `activity`."""

from pathlib import Path

from pegboard.kernel.module import Module
from pegboard.modules.activity import jobs
from pegboard.modules.activity.errors import ERRORS
from pegboard.modules.activity.handlers import HANDLERS
from pegboard.modules.activity.policy import KNOW, MANAGE, READ
from pegboard.modules.activity.routes import ROUTES

MODULE = Module(
    name="activity",
    folder=Path(__file__).parent,
    needs=("directory", "messaging", "ding"),
    routes=ROUTES,
    permissions=(KNOW, READ, MANAGE),
    handlers=HANDLERS,
    jobs=(jobs.FOLD, jobs.FOLD_EVERYWHERE),
    recurring=(jobs.SOMETIMES,),
    errors=ERRORS,
)
