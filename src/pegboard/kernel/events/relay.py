"""Hands facts from the outbox to the handlers that asked for them.

At least once, in the order of the outbox as far as one relay goes; each handler runs in a transaction of its
own, in the fact's organisation, with the mark that it has seen this event: its effect happens exactly once.
A handler that fails does not hold up the others: its call becomes a job, retried and at last shown as a dead letter.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from pegboard.kernel.db.database import Database
from pegboard.kernel.db.statements import sql
from pegboard.kernel.db.work import Row, UnitOfWork
from pegboard.kernel.events.event import Event, Fact
from pegboard.kernel.events.outbox import OutboxBell
from pegboard.kernel.ids import NO_ORG, OrgId
from pegboard.kernel.metrics import OUTBOX_LAG, OUTBOX_TOLD

_log = logging.getLogger(__name__)

_BATCH = 500
_POLL_S = 1.0
_GATHER_S = 0.05  # what happens within this time is told together: under load that is a few transactions a second
_MARKS_KEPT = timedelta(days=7)

# After a crash facts may come again: the handlers' marks, which are durable, see to it that they have no effect.
_NOT_DURABLY = sql("SET LOCAL synchronous_commit = off")
_NEXT = sql("SELECT * FROM outbox ORDER BY position LIMIT :batch FOR UPDATE SKIP LOCKED")
_DONE = sql("DELETE FROM outbox WHERE position = ANY(CAST(:positions AS bigint[]))")
_MARK = sql(
    "INSERT INTO handled_events (handler, event_id, at) VALUES (:handler, :event_id, :at) ON CONFLICT DO NOTHING"
)
_FORGET = sql("DELETE FROM handled_events WHERE at < :before")


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """`handle(uow, fact)` is called for every `event`; `name` is its stable identity in the marks and dead letters."""

    name: str
    event: type[Event]
    handle: Callable[[UnitOfWork, Fact], Awaitable[None]]


Retry = Callable[[Handler, "Row"], Awaitable[None]]


class Relay:
    """One loop in a worker. `wake` makes it look at once; otherwise it looks every second."""

    def __init__(self, database: Database, handlers: Sequence[Handler], retry_later: Retry) -> None:
        self._database = database
        self._retry_later = retry_later
        self._wake = asyncio.Event()
        database.parts.put(OutboxBell, OutboxBell(self._wake.set))
        self._handlers: Mapping[str, list[Handler]] = _by_event(handlers)

    def wake(self) -> None:
        """There is something in the outbox."""
        self._wake.set()

    async def run(self) -> None:
        """Relay until cancelled; an outage of the database is waited out."""
        while True:
            try:
                while await self.relay_some() == _BATCH:
                    pass
            except Exception:  # noqa: BLE001  # an outage is waited out
                _log.exception("relay: will try again")
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), _POLL_S)
                await asyncio.sleep(_GATHER_S)
            except TimeoutError:
                pass

    async def relay_some(self) -> int:
        """Tell the next batch; how many facts it had."""
        async with UnitOfWork(self._database, system=True) as uow:
            await uow.execute(_NOT_DURABLY)
            rows = await uow.rows(_NEXT, batch=_BATCH)
            for row in rows:
                for handler in self._handlers.get(row["name"], ()):
                    await self._tell(handler, row)
            if rows:
                await uow.execute(_DONE, positions=[row["position"] for row in rows])
        OUTBOX_TOLD.inc(len(rows))
        OUTBOX_LAG.set((uow.now() - rows[0]["at"]).total_seconds() if rows else 0.0)
        return len(rows)

    async def _tell(self, handler: Handler, row: Row) -> None:
        try:
            await self.tell(handler, row)
        except Exception:  # noqa: BLE001  # a boundary: it becomes a job
            _log.exception("handler %s failed on event %s: becomes a job", handler.name, row["event_id"])
            await self._retry_later(handler, row)

    async def tell(self, handler: Handler, row: Any) -> None:
        """Run one handler for one outbox row, once ever."""
        fact = Fact(
            event_id=row["event_id"],
            org_id=row["org_id"],
            at=row["at"],
            actor_id=row["actor_id"],
            event=msgspec.convert(row["payload"], handler.event),
        )
        orgs = () if fact.org_id == NO_ORG else (OrgId(fact.org_id),)
        async with UnitOfWork(self._database, orgs=orgs) as uow:
            if await uow.execute(_MARK, handler=handler.name, event_id=fact.event_id, at=uow.now()):
                await handler.handle(uow, fact)

    async def forget_old_marks(self) -> int:
        """Drop the marks of events that nobody will tell again; how many."""
        async with UnitOfWork(self._database, system=True) as uow:
            return await uow.execute(_FORGET, before=uow.now() - _MARKS_KEPT)


def _by_event(handlers: Sequence[Handler]) -> dict[str, list[Handler]]:
    found: dict[str, list[Handler]] = {}
    for handler in handlers:
        found.setdefault(handler.event.name, []).append(handler)
    return found
