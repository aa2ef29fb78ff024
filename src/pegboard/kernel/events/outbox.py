"""Facts are written beside the change that they report, in the same transaction."""

from collections.abc import Callable
from typing import Any

from pegboard.kernel.db.database import encode_json
from pegboard.kernel.db.statements import sql
from pegboard.kernel.db.work import UnitOfWork
from pegboard.kernel.events.event import Event
from pegboard.kernel.ids import MemberId, OrgId, uuid7

ADD_FACTS = sql("""
    INSERT INTO outbox (event_id, org_id, name, payload, actor_id, at)
    SELECT * FROM unnest(CAST(:event_ids AS uuid[]), CAST(:org_ids AS uuid[]), CAST(:names AS text[]),
                         CAST(CAST(:payloads AS text[]) AS jsonb[]), CAST(:actor_ids AS uuid[]),
                         CAST(:ats AS timestamptz[]))
""")
_KEY = object()


def emit(uow: UnitOfWork, event: Event, *, actor_id: MemberId | None = None, org_id: OrgId | None = None) -> None:
    """Tell the fact once the unit of work has come true. Order within the unit is kept."""
    waiting: list[dict[str, Any]] | None = uow.gathered.get(_KEY)
    if waiting is None:
        waiting = uow.gathered[_KEY] = []
        uow.before_commit(_write)
    waiting.append(
        {
            "event_id": uuid7(),
            "org_id": org_id or uow.org_id,
            "name": event.name,
            "payload": event,
            "actor_id": actor_id,
            "at": uow.now(),
        }
    )


class OutboxBell:
    """Wakes this process's relay. The relay shelves it; without one (a command line) another process looks soon."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self.ring = ring


async def _write(uow: UnitOfWork) -> None:
    waiting: list[dict[str, Any]] = uow.gathered.pop(_KEY)
    if OutboxBell in uow.parts:
        uow.after_commit(uow.parts[OutboxBell].ring)
    await uow.execute(
        ADD_FACTS,
        event_ids=[row["event_id"] for row in waiting],
        org_ids=[row["org_id"] for row in waiting],
        names=[row["name"] for row in waiting],
        payloads=[encode_json(row["payload"]) for row in waiting],
        actor_ids=[row["actor_id"] for row in waiting],
        ats=[row["at"] for row in waiting],
    )
