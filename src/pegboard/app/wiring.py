"""Puts the process's parts together: what `serve`, the command line and the tests share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pegboard.app.authentication import TokenAuthenticator
from pegboard.app.catalogues import all_texts
from pegboard.app.registry import MODULES, gather
from pegboard.kernel.clock import Clock
from pegboard.kernel.db import Database
from pegboard.kernel.events import Relay
from pegboard.kernel.events.retry import HandlerRetries
from pegboard.kernel.files import FileStore, file_jobs, open_store
from pegboard.kernel.http.rates import RequestRates
from pegboard.kernel.http.signed_in import Authenticator
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.jobs import JobRunner
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.hub import Hub
from pegboard.kernel.settings import LimitsSettings, ServerSettings, Settings
from pegboard.modules.directory.api import Powers


@asynccontextmanager
async def wired(settings: Settings, database_url: str, *, clock: Clock | None = None) -> AsyncIterator[Parts]:
    """Every part but the listening ones, over a database that is migrated; closed again at the end."""
    parts = Parts()
    parts.put(Settings, settings)
    parts.put(Catalogues, all_texts())
    database = parts.put(
        Database, Database(database_url, pool_size=settings[ServerSettings].database_pool, clock=clock, parts=parts)
    )
    limits = settings[LimitsSettings]
    parts.put(RequestRates, RequestRates(limits.requests_per_s, limits.requests_burst))
    parts.put(Authenticator, TokenAuthenticator(database))
    parts.put(FileStore, open_store(settings))
    parts.put(Powers, Powers(gather(lambda module: module.permissions)))
    await database.open()
    try:
        for module in MODULES:
            if module.start is not None:
                await module.start(parts)
        yield parts
    finally:
        for module in reversed(MODULES):
            if module.stop is not None:
                await module.stop(parts)
        await database.close()


def make_hub(parts: Parts) -> Hub:
    """The hub of a process that has sockets; without one, live events go nowhere."""
    return parts.put(Hub, Hub())


def make_workers(parts: Parts) -> tuple[Relay, JobRunner]:
    """The relay with every module's handlers; the runner with every module's jobs and the retries of handlers."""
    database = parts[Database]
    handlers = gather(lambda module: module.handlers)
    retries = HandlerRetries(database)
    relay = parts.put(Relay, Relay(database, handlers, retries.retry_later))
    jobs, recurring = gather(lambda module: module.jobs), gather(lambda module: module.recurring)
    runner = JobRunner(
        database,
        [*jobs, *file_jobs.jobs, retries.job(relay, handlers)],
        [*recurring, *file_jobs.recurring],
    )
    return relay, runner
