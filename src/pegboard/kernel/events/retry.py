"""A handler that failed gets its fact again as a job, so that it holds up nobody."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from pegboard.kernel.db.database import Database
from pegboard.kernel.db.work import Row, UnitOfWork
from pegboard.kernel.events.relay import AnyHandler, Relay
from pegboard.kernel.ids import OrgId
from pegboard.kernel.jobs import Job, JobContext, enqueue

JOB = "events.handle"


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    handler: str
    event_id: UUID
    org_id: UUID
    name: str
    payload: dict[str, Any]
    actor_id: UUID | None
    at: datetime


class HandlerRetries:
    """Wire it so: `retries = HandlerRetries(database)`, `relay = Relay(database, handlers,
    retries.retry_later)`, and give `retries.job(relay, handlers)` to the job runner.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def retry_later(self, handler: AnyHandler, row: Row) -> None:
        """Enqueue the call. The relay's mark keeps it from happening twice, should the relay die right
        after.
        """
        told = _Told(
            handler=handler.name,
            **{name: row[name] for name in ("event_id", "org_id", "name", "payload", "actor_id", "at")},
        )
        async with UnitOfWork(self._database, system=True) as uow:
            await enqueue(uow, JOB, told, org_id=OrgId(told.org_id), key=f"{told.handler} {told.event_id}")

    def job(self, relay: Relay, handlers: Sequence[AnyHandler]) -> Job:
        """The job that calls the handler again."""
        by_name = {(handler.name, handler.event.name): handler for handler in handlers}

        async def handle(uow: UnitOfWork, told: _Told, context: JobContext) -> None:
            del uow, context  # the relay opens its own unit of work, with the mark in it
            handler = by_name.get((told.handler, told.name))
            if handler is not None:  # a handler that a later version has given up has nothing left to do
                await relay.tell(handler, [msgspec.structs.asdict(told)])

        return Job(name=JOB, run=handle, payload=_Told)
