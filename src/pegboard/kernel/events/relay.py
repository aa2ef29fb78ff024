"""Hands facts from the outbox to the handlers that asked for them.

At least once, in the order of the outbox as far as one relay goes; each call of a handler is a transaction of its
own, in the facts' organisation, with the marks that it has seen these events: its effect happens exactly once.
A handler that fails does not hold up the others: its call becomes a job, retried and at last shown as a dead letter.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

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
_MARK = sql("""
    INSERT INTO handled_events (handler, event_id, at)
    SELECT :handler, event_id, :at FROM unnest(CAST(:event_ids AS uuid[])) AS event_id
    ON CONFLICT DO NOTHING RETURNING event_id
""")
_FORGET = sql("DELETE FROM handled_events WHERE at < :before")


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """`handle(uow, fact)` is called for every `event`; `name` is its stable identity in the marks and dead letters."""

    name: str
    event: type[Event]
    handle: Callable[[UnitOfWork, Fact], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchHandler:
    """As `Handler`, for work that is cheaper together: `handle(uow, facts)` gets what one look at the outbox found of
    one organisation, in order.
    """

    name: str
    event: type[Event]
    handle: Callable[[UnitOfWork, Sequence[Fact]], Awaitable[None]]


AnyHandler = Handler | BatchHandler
Retry = Callable[[AnyHandler, "Row"], Awaitable[None]]


class Relay:
    """One loop in a worker. `wake` makes it look at once; otherwise it looks every second."""

    def __init__(self, database: Database, handlers: Sequence[AnyHandler], retry_later: Retry) -> None:
        self._database = database
        self._retry_later = retry_later
        self._wake = asyncio.Event()
        database.parts.put(OutboxBell, OutboxBell(self._wake.set))
        self._one_by_one = _by_event(handler for handler in handlers if isinstance(handler, Handler))
        self._together = _by_event(handler for handler in handlers if isinstance(handler, BatchHandler))

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
                for handler in self._one_by_one.get(row["name"], ()):
                    await self._tell(handler, [row])
            for (name, _), of_one_org in _by_name_and_org(rows).items():
                for together in self._together.get(name, ()):
                    await self._tell(together, of_one_org)
            if rows:
                await uow.execute(_DONE, positions=[row["position"] for row in rows])
        OUTBOX_TOLD.inc(len(rows))
        OUTBOX_LAG.set((uow.now() - rows[0]["at"]).total_seconds() if rows else 0.0)
        return len(rows)

    async def _tell(self, handler: AnyHandler, rows: Sequence[Row]) -> None:
        try:
            await self.tell(handler, rows)
        except Exception:  # noqa: BLE001  # a boundary: it becomes a job
            _log.exception("handler %s failed on %d events: each becomes a job", handler.name, len(rows))
            for row in rows:
                await self._retry_later(handler, row)

    async def tell(self, handler: AnyHandler, rows: Sequence[Any]) -> None:
        """Run one handler for outbox rows of one organisation (a `Handler` for one row), for each once ever."""
        facts = [
            Fact(
                event_id=row["event_id"],
                org_id=row["org_id"],
                at=row["at"],
                actor_id=row["actor_id"],
                event=msgspec.convert(row["payload"], handler.event),
            )
            for row in rows
        ]
        orgs = () if facts[0].org_id == NO_ORG else (OrgId(facts[0].org_id),)
        async with UnitOfWork(self._database, orgs=orgs) as uow:
            marked = await uow.rows(
                _MARK, handler=handler.name, event_ids=[fact.event_id for fact in facts], at=uow.now()
            )
            fresh = {row["event_id"] for row in marked}
            facts = [fact for fact in facts if fact.event_id in fresh]
            if not facts:
                return
            if isinstance(handler, BatchHandler):
                await handler.handle(uow, facts)
            else:
                [fact] = facts
                await handler.handle(uow, fact)

    async def forget_old_marks(self) -> int:
        """Drop the marks of events that nobody will tell again; how many."""
        async with UnitOfWork(self._database, system=True) as uow:
            return await uow.execute(_FORGET, before=uow.now() - _MARKS_KEPT)


_AHandler = TypeVar("_AHandler", Handler, BatchHandler)


def _by_event(handlers: Iterable[_AHandler]) -> Mapping[str, Sequence[_AHandler]]:
    found: dict[str, list[_AHandler]] = defaultdict(list)
    for handler in handlers:
        found[handler.event.name].append(handler)
    return dict(found)


def _by_name_and_org(rows: Sequence[Row]) -> Mapping[tuple[str, OrgId], Sequence[Row]]:
    found: dict[tuple[str, OrgId], list[Row]] = defaultdict(list)
    for row in rows:
        found[row["name"], row["org_id"]].append(row)
    return found
