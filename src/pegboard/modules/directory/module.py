"""The manifest of `directory`."""

from pathlib import Path

from pegboard.kernel.errors import PegboardError
from pegboard.kernel.module import Module
from pegboard.kernel.parts import Parts
from pegboard.modules.directory import errors
from pegboard.modules.directory.events import EVENTS
from pegboard.modules.directory.policy import PERMISSIONS
from pegboard.modules.directory.routes import ROUTES
from pegboard.modules.directory.service.actors import ActorCache
from pegboard.modules.directory.service.caches import PeopleCache


async def _start(parts: Parts) -> None:
    parts.put(ActorCache, ActorCache())
    parts.put(PeopleCache, PeopleCache())


MODULE = Module(
    name="directory",
    folder=Path(__file__).parent,
    needs=("identity",),
    routes=ROUTES,
    permissions=PERMISSIONS,
    events=EVENTS,
    errors=tuple(
        error
        for error in vars(errors).values()
        if isinstance(error, type)
        and issubclass(error, PegboardError)
        and error.__module__ == errors.__name__
    ),
    start=_start,
)
