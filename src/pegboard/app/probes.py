"""For monitors: is the process alive, may it get requests, how is it doing."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
from litestar import Request, Response, get

from pegboard.app.migrate import head
from pegboard.app.processes.figures import Figures
from pegboard.kernel import metrics
from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.http.permissions import PUBLIC, requires
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.bus import Bus
from pegboard.kernel.settings import ServerSettings, Settings

WITHIN_S = 2.0
FREE_SHARE = 0.10
FREE_BYTES = 500 * 1024 * 1024

_REVISION = sql("SELECT version_num FROM schema_version")


class Alive(msgspec.Struct):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Check(msgspec.Struct, omit_defaults=True):
    """One condition; `detail` says in a word what is wrong, never an address or a name."""

    ok: bool
    detail: str = ""


class Readiness(msgspec.Struct):
    """Whether a load balancer should send requests here, and each condition of it."""

    status: Literal["ok", "unready"]
    checks: dict[str, Check]


@get("/livez", opt=requires(PUBLIC), tags=["operations"], operation_id="livez", summary="Alive?")
async def _livez() -> Alive:
    """The process runs and its loop turns. Looks at nothing else: a restart would not mend a database."""
    return Alive()


@get("/readyz", opt=requires(PUBLIC), tags=["operations"], operation_id="readyz", summary="Ready?")
async def _readyz(request: Request[Any, Any, Any]) -> Response[Readiness]:
    """503 unless the database answers, its schema is this version's, and the disk has room."""
    parts: Parts = request.app.state.parts
    checks = {
        "database": await _check(lambda: _database_answers(parts[Database])),
        "migrations": await _check(lambda: _schema_is_ours(parts[Database])),
        "disk": await _check(lambda: _disk_has_room(parts[Settings][ServerSettings].data)),
    }
    if Bus in parts:
        # Never a reason to take the process out: its clients are served, and catch up by themselves.
        checks["bus"] = Check(ok=True, detail=parts[Bus].state)
    ready = all(check.ok for check in checks.values())
    body = Readiness(status="ok" if ready else "unready", checks=checks)
    return Response(body, status_code=200 if ready else 503, headers={"cache-control": "no-store"})


@get(
    "/metrics",
    opt=requires(PUBLIC),
    tags=["operations"],
    operation_id="metrics",
    summary="Figures for Prometheus",
    media_type="text/plain",
)
async def _metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Counters and gauges of this process, as Prometheus reads them; of several, each with the label `process`."""
    parts: Parts = request.app.state.parts
    observe_pools(parts)
    body = await parts[Figures].render() if Figures in parts else metrics.render()
    return Response(body, headers={"content-type": metrics.CONTENT_TYPE})


def observe_pools(parts: Parts) -> None:
    """Set the gauges of the connections to PostgreSQL."""
    database = parts[Database]
    for role, pool in (("app", database.app), ("system", database.system)):
        metrics.observe_pool(role, size=pool.get_size(), idle=pool.get_idle_size())


async def _check(ask: Callable[[], Awaitable[str]]) -> Check:
    """`ask` answers with what is wrong, or the empty string."""
    started_s = time.monotonic()
    try:
        detail = await asyncio.wait_for(ask(), WITHIN_S)
    except TimeoutError:
        return Check(ok=False, detail=f"no answer within {WITHIN_S:g} s")
    except Exception as error:  # noqa: BLE001  # whatever it is, we are not ready, and say so
        return Check(ok=False, detail=f"{type(error).__name__} after {time.monotonic() - started_s:.1f} s")
    return Check(ok=not detail, detail=detail)


async def _database_answers(database: Database) -> str:
    async with UnitOfWork(database) as uow:
        await uow.value(sql("SELECT 1"))
    return ""


async def _schema_is_ours(database: Database) -> str:
    async with UnitOfWork(database, system=True) as uow:
        found = await uow.value(_REVISION)
    return "" if found == head() else f"the schema is at {found}, this program wants {head()}"


async def _disk_has_room(data: Path) -> str:
    usage = await asyncio.to_thread(shutil.disk_usage, data)
    if usage.free >= usage.total * FREE_SHARE or usage.free >= FREE_BYTES:
        return ""
    return f"{usage.free >> 20} MiB of {usage.total >> 20} MiB are free"


probe_routes = [_livez, _readyz, _metrics]
