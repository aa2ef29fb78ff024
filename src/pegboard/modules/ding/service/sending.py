"""Sending: rows for its recipients, the clock, and the next one of a series. Also when its time has come."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.events import emit
from pegboard.kernel.ids import MemberId, uuid7
from pegboard.modules.ding.events import DingCancelled, DingSent
from pegboard.modules.ding.service import repeating, steps, targets, telling
from pegboard.modules.ding.service.bell import ring
from pegboard.modules.ding.store import clock, dings, recipients
from pegboard.modules.ding.views import NEAR_LANE, OUTSIDE_LANE, DingRow, RecipientRow


def about(ding: DingRow) -> targets.Place | None:
    """The message that it is about."""
    if ding.conversation_id is None or ding.message_seq is None:
        return None
    return ding.conversation_id, ding.message_seq


async def insert(uow: UnitOfWork, ding: DingRow, *, client_id: str | None) -> bool:
    """Store it; False if its client_id is known."""
    return bool(
        await uow.execute(
            dings.INSERT,
            id=ding.id,
            sender_id=ding.sender_id,
            client_id=client_id,
            content=ding.content,
            files=ding.files,
            conversation_id=ding.conversation_id,
            message_seq=ding.message_seq,
            steps=ding.steps,
            targets=ding.targets,
            pierces=ding.pierces,
            state=ding.state,
            send_at=ding.send_at,
            due_at=ding.send_at if ding.state == "scheduled" else None,
            fired_at=ding.fired_at,
            repeat=ding.repeat,
            series_at=ding.series_at,
            created_at=ding.created_at,
        )
    )


async def send_out(uow: UnitOfWork, ding: DingRow, people: Collection[MemberId]) -> None:
    """Have the first step done for these, now."""
    await add(uow, ding, people)
    emit(uow, DingSent(ding_id=ding.id, sender_id=ding.sender_id, people=len(people)), actor_id=ding.sender_id)


async def schedule(uow: UnitOfWork, ding: DingRow) -> None:
    """Have it sent when its time comes. Those who are named are shown to the sender already; departments and readers
    are looked up then.
    """
    members = [MemberId(member) for member in ding.targets.member_ids]
    await uow.rows(recipients.INSERT, ding_id=ding.id, member_ids=members, round=0, outside=False, due_at=None)
    await wake_at(uow, ding.send_at)
    await telling.tell_sender(uow, ding.id)
    telling.progress(uow, ding.id, members)


async def add(uow: UnitOfWork, ding: DingRow, people: Collection[MemberId]) -> list[MemberId]:
    """Recipients from here on; those who were none before."""
    outside = steps.is_outside(ding.steps, 0)
    now = uow.now()
    rows = await uow.rows(
        recipients.INSERT, ding_id=ding.id, member_ids=sorted(people), round=ding.round, outside=outside, due_at=now
    )
    await wake_at(uow, now, lane=OUTSIDE_LANE if outside else NEAR_LANE)
    return [MemberId(row["member_id"]) for row in rows]


async def wake_at(uow: UnitOfWork, due_at: datetime, *, lane: int = NEAR_LANE) -> None:
    """Something is due then; comes after the rows that say so (see store/clock.py)."""
    await uow.execute(clock.RAISE, lane=lane, due_at=due_at)
    ring(uow)


# --- when its time has come ------------------------------------------------------------------------------------------


async def fire(uow: UnitOfWork, ding: DingRow) -> None:
    """Send a scheduled DING, whose row is held; its departments and readers are looked up now."""
    sender = await targets.as_sender(uow, ding.sender_id)
    if sender is None:
        await cancel(uow, ding)
        return
    now = uow.now()
    people = await targets.people(uow, sender, ding.targets, about(ding))
    await uow.execute(dings.FIRED, id=ding.id, now=now)
    outside = steps.is_outside(ding.steps, 0)
    await uow.execute(recipients.START, ding_id=ding.id, outside=outside, due_at=now)
    await send_out(uow, ding, people)
    await schedule_next(uow, ding)
    await telling.tell_sender(uow, ding.id)
    telling.progress(uow, ding.id, people)


async def schedule_next(uow: UnitOfWork, ding: DingRow) -> None:
    """The next one of a series, in the transaction that sends this one: there is always exactly one that waits."""
    if ding.repeat is None:
        return
    next_at = repeating.after(ding.repeat, ding.series_at or ding.send_at, uow.now())
    following = replace(
        ding,
        id=uuid7(),
        state="scheduled",
        send_at=next_at,
        fired_at=None,
        reminded_at=None,
        round=0,
        created_at=uow.now(),
    )
    await insert(uow, following, client_id=None)
    await schedule(uow, following)


async def cancel(uow: UnitOfWork, ding: DingRow) -> None:
    """Nothing of it happens any more, for anybody; its row is held."""
    await uow.execute(dings.CANCEL, id=ding.id, now=uow.now())
    ended = await uow.rows(recipients.CANCEL, ding_id=ding.id)
    emit(uow, DingCancelled(ding_id=ding.id, sender_id=ding.sender_id))
    told = [row["member_id"] for row in ended if row["told_at"] is not None]
    rows = await uow.rows(recipients.AMONG, ding_id=ding.id, member_ids=told)
    await telling.tell_changed(uow, ding, [RecipientRow.of(row) for row in rows])
    await telling.tell_sender(uow, ding.id)
    telling.progress(uow, ding.id, [MemberId(row["member_id"]) for row in ended])
