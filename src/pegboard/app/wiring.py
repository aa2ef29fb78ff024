"""Puts the process's parts together: what `serve`, the command line and the tests share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pegboard.app.authentication import TokenAuthenticator
from pegboard.app.catalogues import all_texts
from pegboard.app.registry import MODULES, gather
from pegboard.kernel.bells import BELLS
from pegboard.kernel.clock import Clock
from pegboard.kernel.db import Database
from pegboard.kernel.egress import Egress
from pegboard.kernel.events import Relay
from pegboard.kernel.events.retry import HandlerRetries
from pegboard.kernel.files import FileStore, file_jobs, open_store
from pegboard.kernel.http.rates import RequestRates
from pegboard.kernel.http.signed_in import Authenticator
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.jobs import JobRunner
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.bus import Bus, Carrier, NoCarrier
from pegboard.kernel.realtime.hints import Others
from pegboard.kernel.realtime.hub import Hub
from pegboard.kernel.realtime.live import HEARINGS
from pegboard.kernel.realtime.shared_hub import SharedHub
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
    egress = parts.put(Egress, Egress(settings[ServerSettings].allow_egress))
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
        egress.close()
        await database.close()


def make_hub(parts: Parts, bus: Bus | None = None) -> Hub:
    """The hub of a process that serves; without one, live events go nowhere. With a bus, other processes hear them."""
    if bus is None:
        return parts.put(Hub, Hub())
    parts.put(Others, bus)
    parts.put(Bus, bus)
    hub = parts.put(SharedHub, SharedHub(bus))
    works = parts[Settings][ServerSettings].role != "web"
    bus.attach(hub, parts, [*HEARINGS, *(BELLS if works else ()), *gather(lambda module: module.hearings)])
    return parts.put(Hub, hub)


@asynccontextmanager
async def joined(settings: Settings, name: str) -> AsyncIterator[Bus | None]:
    """This process's place among the others, for as long as the block lasts; None where there are no others."""
    server = settings[ServerSettings]
    if not server.nats_url and server.role == "all":
        yield None
        return
    if server.nats_url:
        from pegboard.kernel.nats.carrier import NatsCarrier

        carrier: Carrier = NatsCarrier(server.nats_url.split(","), subject=server.nats_subject, name=f"pegboard {name}")
    else:
        carrier = NoCarrier()
    bus = Bus(name, carrier, has_sockets=server.role != "worker", works=server.role != "web")
    await bus.start()
    try:
        yield bus
    finally:
        await bus.stop()


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
