"""Does what is due, in every process that works: any number of these share a database.

PostgreSQL decides who does what: a row lock while a step is done here, a lease with an epoch while a gateway is called.
What is done here (the app's steps, scheduled DINGs, last looks) and what gateways do are two lanes, so that a gateway
that hangs holds up nobody else; and every organisation gets one batch in its turn.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from pegboard.kernel.db import Database, Statement, UnitOfWork
from pegboard.kernel.ids import OrgId
from pegboard.kernel.parts import Parts
from pegboard.modules.ding.service import calling, near
from pegboard.modules.ding.service.bell import DingBell, Listener
from pegboard.modules.ding.settings import DingSettings
from pegboard.modules.ding.store import clock
from pegboard.modules.ding.views import NEAR_LANE, OUTSIDE_LANE

_log = logging.getLogger(__name__)

ORGS_AT_ONCE = 50
GATHER_S = 0.05
"""What comes due within this time is done together, unless somebody rings. Where everything due is in another's hands,
it is looked for again after as long.
"""

Batch = Callable[[OrgId], Awaitable[tuple[int, int]]]
"""One batch of an organisation: how many it could have taken, how many it took."""


class Scheduler:
    """One of these in every process that works."""

    def __init__(self, parts: Parts) -> None:
        self._database = parts[Database]
        self._settings = parts[DingSettings]
        self._bell = parts[DingBell]
        self._calls = calling.Calls(parts)
        self._near = near.NearSteps(parts)
        self._stopping = False

    async def run(self) -> None:
        """Work until stopped or cancelled; an outage of the database is waited out."""
        async with asyncio.TaskGroup() as lanes:
            lanes.create_task(self._keep(NEAR_LANE, clock.SET_NEAR, self._near.batch))
            lanes.create_task(self._keep(OUTSIDE_LANE, clock.SET_OUTSIDE, self._calls.batch))

    async def stop(self) -> None:
        """Begin nothing new, and let the calls that are under way end."""
        self._stopping = True
        self._bell.ring()
        await self._calls.stop()

    async def _keep(self, lane: int, set_clock: Statement, batch: Batch) -> None:
        bell = self._bell.listener()
        while not self._stopping:
            try:
                await self._look(lane, set_clock, batch, bell)
            except Exception:  # noqa: BLE001  # the loop outlives whatever befalls the database
                _log.exception("ding: will look again")
                await asyncio.sleep(self._settings.poll_s)

    async def _look(self, lane: int, set_clock: Statement, batch: Batch, bell: Listener) -> None:
        """One round through the organisations that have something due; then wait for the next."""
        bell.silence()
        async with UnitOfWork(self._database, system=True) as uow:
            due = [
                OrgId(row["org_id"])
                for row in await uow.rows(clock.DUE_ORGS, lane=lane, now=uow.now(), limit=ORGS_AT_ONCE)
            ]
        left = 0
        for org_id in due:
            able, taken = await batch(org_id)
            if taken < able:  # that was all of it; a batch that is full, or had no room, leaves the clock as it is
                await self._set_clock(org_id, lane, set_clock)
            else:
                left += able > 0
        if left:
            return
        await bell.wait(await self._pause_s(lane))

    async def _set_clock(self, org_id: OrgId, lane: int, statement: Statement) -> None:
        async with UnitOfWork(self._database, orgs=(org_id,)) as uow:
            await uow.execute(clock.NOT_DURABLY)
            if await uow.one(clock.HOLD, lane=lane) is not None:
                await uow.execute(statement)

    async def _pause_s(self, lane: int) -> float:
        """Until the next thing is due, at most until the next look."""
        async with UnitOfWork(self._database, system=True) as uow:
            next_at: datetime | None = await uow.value(clock.NEXT, lane=lane)
            now = uow.now()
        if next_at is None:
            return self._settings.poll_s
        wait_s = max((next_at - now).total_seconds(), GATHER_S)
        if self._calls.full and lane == OUTSIDE_LANE:
            wait_s = self._settings.poll_s  # whoever ends a call rings
        return min(self._settings.poll_s, wait_s)
