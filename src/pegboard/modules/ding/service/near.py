"""The lane of what the process does itself: scheduled DINGs, steps in the app, the last look behind all steps."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.ids import MemberId, OrgId
from pegboard.kernel.parts import Parts
from pegboard.modules.attention import api as attention
from pegboard.modules.ding.measures import LATENESS, STEPS
from pegboard.modules.ding.service import sending, steps, telling
from pegboard.modules.ding.settings import DingSettings
from pegboard.modules.ding.store import dings, recipients
from pegboard.modules.ding.store.recipients import Place, write_back
from pegboard.modules.ding.views import NEAR_LANE, OUTSIDE_LANE, DingRow
from pegboard.modules.directory import api as directory
from pegboard.modules.directory.api import MemberState

DINGS_AT_ONCE = 5


class NearSteps:
    """State and live event come true in one transaction: whatever dies, a step is done once or will be done."""

    def __init__(self, parts: Parts) -> None:
        self._database = parts[Database]
        self._settings = parts[DingSettings]

    async def batch(self, org_id: OrgId) -> tuple[int, int]:
        """One batch of an organisation."""
        fired = await self._fire(org_id)
        taken = await self._step(org_id)
        if fired == DINGS_AT_ONCE:
            return fired + taken, fired + taken
        return self._settings.batch, taken

    async def _fire(self, org_id: OrgId) -> int:
        """Send what was scheduled for now; how many."""
        async with UnitOfWork(self._database, orgs=(org_id,)) as uow:
            rows = await uow.rows(dings.DUE, now=uow.now(), limit=DINGS_AT_ONCE)
            for row in rows:
                await sending.fire(uow, DingRow.of(row))
        return len(rows)

    async def _step(self, org_id: OrgId) -> int:
        """Do the steps that are due; how many recipients that were."""
        async with UnitOfWork(self._database, orgs=(org_id,)) as uow:
            now = uow.now()
            rows = await uow.rows(recipients.DUE_NEAR, now=now, limit=self._settings.batch)
            if not rows:
                return 0
            places = [Place.of(row) for row in rows]
            due = [place.due_at for place in places if place.due_at is not None]
            by_id = await rows_of(uow, places)
            doable = await sift(uow, places, by_id, now)
            told = [(place, place.step) for place in doable]
            for place in doable:
                place.told_at = place.told_at or now
                steps.done(place, by_id[place.ding_id].steps, now, timedelta(seconds=self._settings.settle_after_s))
            await write_back(uow, places)
            await wake(uow, [place for place in places if place.outside])
            await tell_told(uow, by_id, told)
            report(uow, places)
            uow.after_commit(lambda: _measure(self._database.clock.now(), due, len(doable)))
        return len(rows)


def _measure(now: datetime, due: Sequence[datetime], steps_done: int) -> None:
    for due_at in due:
        LATENESS.observe((now - due_at).total_seconds())
    STEPS.labels("app", "done").inc(steps_done)


async def rows_of(uow: UnitOfWork, places: Collection[Place]) -> dict[UUID, DingRow]:
    """The DINGs of these recipients."""
    ids = {place.ding_id for place in places}
    return {row["id"]: DingRow.of(row) for row in await uow.rows(dings.FIND_MANY, ids=list(ids))}


async def sift(uow: UnitOfWork, places: Sequence[Place], by_id: Mapping[UUID, DingRow], now: datetime) -> list[Place]:
    """Those whose step is to be done now. The others are put where they belong: ended, settled, or held until their
    quiet hours are over.
    """
    people = await directory.people(uow, {place.member_id for place in places})
    quiet = await attention.may_disturb(
        uow, {place.member_id for place in places if not by_id[place.ding_id].pierces}, "ding", now
    )
    doable = []
    for place in places:
        ding, person = by_id[place.ding_id], people.get(place.member_id)
        place.outside = steps.is_outside(ding.steps, place.step)
        if person is None or person.state is MemberState.LEFT:
            steps.end(place, "cancelled")
        elif place.step >= len(ding.steps):
            steps.settled(place)
        elif person.state is not MemberState.ACTIVE:
            place.told_at = place.told_at or now  # should they come back, it is there
            steps.end(place, "undelivered" if place.state == "pending" else place.state)
        elif not ding.pierces and (until := quiet.get(place.member_id)) is not None:
            place.due_at = until
        else:
            doable.append(place)
    return doable


async def wake(uow: UnitOfWork, places: Collection[Place]) -> None:
    """Both lanes learn when they are needed."""
    for lane in (NEAR_LANE, OUTSIDE_LANE):
        due = [place.due_at for place in places if place.due_at is not None and place.outside == (lane == OUTSIDE_LANE)]
        if due:
            await sending.wake_at(uow, min(due), lane=lane)


async def tell_told(uow: UnitOfWork, by_id: Mapping[UUID, DingRow], told: Sequence[tuple[Place, int]]) -> None:
    """The devices of those for whom a step was just done, with what was written back."""
    rows = {place.ding_id: by_id[place.ding_id] for place, _ in told}
    await telling.tell_received(uow, rows, [(place.shown(), step) for place, step in told])


def report(uow: UnitOfWork, places: Sequence[Place]) -> None:
    """To the senders, what they see of it."""
    changed: dict[UUID, list[MemberId]] = {}
    for place in places:
        if place.changed:
            changed.setdefault(place.ding_id, []).append(place.member_id)
    for ding_id, members in changed.items():
        telling.progress(uow, ding_id, members)
