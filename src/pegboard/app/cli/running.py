"""What administrative commands run in: settings, the engine (the server's, or one of their own), and all parts."""

import argparse
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar
from uuid import UUID

from pegboard.app.engine import engine
from pegboard.app.migrate import migrate
from pegboard.app.registry import MODULES
from pegboard.app.server import run
from pegboard.app.wiring import wired
from pegboard.kernel import logs
from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.ids import OrgId, uuid7
from pegboard.kernel.parts import Parts
from pegboard.kernel.settings import Settings, load
from pegboard.modules.directory import api as directory

T = TypeVar("T")


def settings_of(parsed: argparse.Namespace, **server: Any) -> Settings:
    """The settings under which this command runs; `server` are more options of the command line."""
    return load(
        parsed.config,
        os.environ,
        {module.name: module.settings for module in MODULES if module.settings is not None},
        overrides={"server": {"data": parsed.data, **server}},
    )


def with_parts(parsed: argparse.Namespace, work: Callable[[Parts], Awaitable[T]]) -> T:
    """Run `work` over the migrated database, beside a running server or alone."""
    settings = settings_of(parsed)
    logs.configure("warning", sys.stderr)
    result: list[T] = []

    async def main() -> None:
        async with engine(settings, role="command") as place:
            await migrate(place.owner_url)
            async with wired(settings, place.url) as parts:
                result.append(await work(parts))

    run(main())
    return result[0]


def unit(parts: Parts, *orgs: OrgId, system: bool = False) -> AbstractAsyncContextManager[UnitOfWork]:
    """The transaction of this command."""
    return UnitOfWork(parts[Database], orgs=orgs, request_id=f"cli-{uuid7().hex[-12:]}", system=system)


def org_of(text: str) -> OrgId:
    """The organisation's id; one that cannot be one is nobody's."""
    try:
        return OrgId(UUID(text))
    except ValueError:
        return OrgId(UUID(int=0))


async def existing(uow: UnitOfWork) -> directory.Organisation:
    """The organisation that the unit is in; raises `organisation.not_found`."""
    return await directory.organisation(uow)
