"""The lane of gateways. Claim, begin, call, write down: three short transactions, and none open while we wait.

1. *Claim*: the row's epoch grows, its due time becomes the end of a lease, and the attempt is written.
2. *Begin*, right before the call: nothing is begun for somebody who has acknowledged, or whose lease is over.
3. *Settle*: what came of it, and the next step. Under an old epoch nothing is written.

A worker that dies leaves the lease; whoever takes over tries under the same delivery id, which the other side (or the
name of the file) knows. One that was stopped and wakes finds by the monotonic clock that its lease is over.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from pegboard.kernel.db import Database, Row, UnitOfWork
from pegboard.kernel.egress import Egress
from pegboard.kernel.ids import MemberId, OrgId
from pegboard.kernel.parts import Parts
from pegboard.kernel.settings import ServerSettings, Settings
from pegboard.modules.ding.channels import Channel, Delivery, Outcome, channel_of, failed
from pegboard.modules.ding.measures import LATENESS, STEPS
from pegboard.modules.ding.service import policies, receipts, steps
from pegboard.modules.ding.service.bell import DingBell
from pegboard.modules.ding.service.near import report, rows_of, sift, tell_told, wake
from pegboard.modules.ding.settings import DingSettings
from pegboard.modules.ding.store import attempts, recipients
from pegboard.modules.ding.store.recipients import Place, write_back
from pegboard.modules.ding.views import DingRow, OutsideName, Policy, Step
from pegboard.modules.directory import api as directory

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One claimed delivery."""

    delivery: Delivery
    channel: Channel
    org_id: OrgId
    ding_id: UUID
    member_id: MemberId
    steps: list[Step]
    lease_epoch: int
    claimed_at_s: float


def delivery_id(place: Place) -> UUID:
    """Always the same for one person, round and step of a DING."""
    return uuid5(place.ding_id, f"{place.member_id} {place.round} {place.step}")


class Calls:
    """The calls of this process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._database = parts[Database]
        self._settings = parts[DingSettings]
        self._bell = parts[DingBell]
        self._tasks: set[asyncio.Task[None]] = set()
        self._by_org: Counter[OrgId] = Counter()
        self._stopping = False

    @property
    def full(self) -> bool:
        """Whether somebody who has something due has to wait for a call to end."""
        return bool(self._by_org) and (
            len(self._tasks) >= self._settings.calls_at_once or max(self._by_org.values()) >= self._most_of_one
        )

    @property
    def _most_of_one(self) -> int:
        return max(1, self._settings.calls_at_once // 2)

    async def stop(self) -> None:
        """Take nothing new; wait for what is under way as long as a call may take."""
        self._stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._settings.call_timeout_s + 1)

    async def batch(self, org_id: OrgId) -> tuple[int, int]:
        """Claim as much as there is room for, and begin to call."""
        room = min(
            self._settings.calls_at_once - len(self._tasks),
            self._most_of_one - self._by_org[org_id],
        )
        if room <= 0 or self._stopping:
            return 0, 0
        taken, calls = await self._claim(org_id, room)
        for call in calls:
            self._by_org[org_id] += 1
            task = asyncio.create_task(self._run(call), name=f"ding {call.delivery.channel}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return room, taken

    # --- claiming ------------------------------------------------------------------------------------------------

    async def _claim(self, org_id: OrgId, room: int) -> tuple[int, list[Call]]:
        claimed_at_s = time.monotonic()
        async with UnitOfWork(self._database, orgs=(org_id,)) as uow:
            now = uow.now()
            rows = await uow.rows(recipients.DUE_OUTSIDE, now=now, limit=room)
            if not rows:
                return 0, []
            places = [Place.of(row) for row in rows]
            late = [now - place.due_at for place in places if place.due_at is not None and not place.tries]
            by_id = await rows_of(uow, places)
            doable = await sift(uow, places, by_id, now)
            told = [(place, place.step) for place in doable if place.told_at is None]
            decided = await policies.current(uow)
            phones = await directory.mobiles(uow, {place.member_id for place in doable})
            refused = await _refused(uow, doable, by_id, decided, phones)
            going = []
            for place in doable:
                place.told_at = place.told_at or now  # the app shows it from the first step on, whatever that is
                if delivery_id(place) not in refused:
                    place.lease_epoch += 1
                    going.append(place)
            await _write_claims(uow, going, by_id, now)
            await _write_refused(uow, [place for place in doable if delivery_id(place) in refused], by_id, refused)
            calls = await self._calls(uow, going, by_id, decided, phones, claimed_at_s)
            for place in doable:
                if delivery_id(place) in refused:
                    steps.failed(place, by_id[place.ding_id].steps, now)
                else:
                    place.due_at = now + timedelta(seconds=self._settings.lease_s)
                    place.tries += 1
            await write_back(uow, places)
            await wake(uow, places)
            await tell_told(uow, by_id, told)
            report(uow, places)
            uow.after_commit(lambda: _measure(late))
        return len(rows), calls

    async def _calls(
        self,
        uow: UnitOfWork,
        going: Sequence[Place],
        by_id: Mapping[UUID, DingRow],
        decided: Policy,
        phones: Mapping[MemberId, str],
        claimed_at_s: float,
    ) -> list[Call]:
        people = await directory.people(
            uow, {by_id[place.ding_id].sender_id for place in going} | {place.member_id for place in going}
        )
        calls = []
        for place in going:
            ding = by_id[place.ding_id]
            channel = _channel_of(ding, place)
            adapter = decided.adapters.of(channel)
            if adapter is None:
                continue  # it would have been refused
            sender = people[ding.sender_id].name
            number = delivery_id(place)
            delivery = Delivery(
                delivery_id=number,
                org_id=uow.org_id,
                ding_id=ding.id,
                channel=channel,
                phone=phones[place.member_id],
                text=f"{sender}: {ding.content}",
                sender=sender,
                name=people[place.member_id].name,
                receipt_url=receipts.address(self._parts, uow.org_id, number),
            )
            calls.append(
                Call(
                    delivery=delivery,
                    channel=channel_of(
                        adapter,
                        egress=self._parts[Egress],
                        folder=_folder(self._parts),
                        timeout_s=self._settings.call_timeout_s,
                    ),
                    org_id=uow.org_id,
                    ding_id=ding.id,
                    member_id=place.member_id,
                    steps=ding.steps,
                    lease_epoch=place.lease_epoch,
                    claimed_at_s=claimed_at_s,
                )
            )
        return calls

    # --- one call ------------------------------------------------------------------------------------------------

    async def _run(self, call: Call) -> None:
        try:
            if await self._begin(call):
                await self._settle(call, await self._ask(call))
        except Exception:  # noqa: BLE001  # the lease will end, and somebody takes over
            _log.exception("ding: a call was not brought to its end")
        finally:
            self._by_org[call.org_id] -= 1
            if not self._by_org[call.org_id]:
                del self._by_org[call.org_id]
            asyncio.get_running_loop().call_soon(self._bell.ring)  # when this task has made room

    def _has_time(self, call: Call) -> bool:
        """Whether the lease outlasts the call. Time goes on for a process that is stopped."""
        return time.monotonic() - call.claimed_at_s < self._settings.lease_s - self._settings.call_timeout_s

    async def _begin(self, call: Call) -> bool:
        """Whether it may begin: still theirs to be told, and still ours to tell."""
        if not self._has_time(call):
            return False
        async with UnitOfWork(self._database, orgs=(call.org_id,)) as uow:
            if await self._held(uow, call) is None:
                return False
            await uow.execute(attempts.BEGUN, delivery_id=call.delivery.delivery_id, lease_epoch=call.lease_epoch)
        return self._has_time(call)

    async def _ask(self, call: Call) -> Outcome:
        try:
            async with asyncio.timeout(self._settings.call_timeout_s):
                return await call.channel.deliver(call.delivery)
        except TimeoutError:
            return failed("timeout")
        except Exception:  # noqa: BLE001  # a boundary: whatever a channel does, the next step comes
            _log.exception("ding: a channel broke")
            return failed("error")

    async def _settle(self, call: Call, outcome: Outcome) -> None:
        """Write down what came of it, and go on to the next step: unless somebody else has it by now."""
        async with UnitOfWork(self._database, orgs=(call.org_id,)) as uow:
            now = uow.now()
            row = await self._held(uow, call)
            written = await uow.execute(
                attempts.ENDED,
                delivery_id=call.delivery.delivery_id,
                lease_epoch=call.lease_epoch,
                state=("delivered" if outcome.delivered else "accepted") if outcome.accepted else "failed",
                code=outcome.code,
                reference=outcome.reference,
                now=now,
            )
            counted = "refused" if not written else "accepted" if outcome.accepted else "failed"
            uow.after_commit(STEPS.labels(call.delivery.channel, counted).inc)
            if row is None:  # acknowledged, cancelled, reminded, or taken over
                return
            place = Place.of(row)
            if outcome.accepted:
                if outcome.delivered and place.state in ("pending", "undelivered"):
                    place.state, place.delivered_at = "delivered", place.delivered_at or now
                steps.done(place, call.steps, now, timedelta(seconds=self._settings.settle_after_s))
            else:
                steps.failed(place, call.steps, now)
            await write_back(uow, [place])
            await wake(uow, [place])
            report(uow, [place])

    async def _held(self, uow: UnitOfWork, call: Call) -> Row | None:
        return await uow.one(
            recipients.HOLD_CLAIMED, ding_id=call.ding_id, member_id=call.member_id, lease_epoch=call.lease_epoch
        )


def _measure(late: Sequence[timedelta]) -> None:
    for each in late:
        LATENESS.observe(each.total_seconds())


def _channel_of(ding: DingRow, place: Place) -> OutsideName:
    channel = ding.steps[place.step].channel
    assert channel != "app"  # noqa: S101  # those are in the other lane
    return channel


def _folder(parts: Parts) -> Path:
    return parts[DingSettings].outbox or parts[Settings][ServerSettings].data / "ding"


async def _refused(
    uow: UnitOfWork,
    places: Sequence[Place],
    by_id: Mapping[UUID, DingRow],
    decided: Policy,
    phones: Mapping[MemberId, str],
) -> dict[UUID, str]:
    """Deliveries that are not even tried, and why."""
    refused: dict[UUID, str] = {}
    counting: dict[OutsideName, list[UUID]] = {}
    for place in places:
        channel = _channel_of(by_id[place.ding_id], place)
        if decided.adapters.of(channel) is None:
            refused[delivery_id(place)] = "no_adapter"
        elif place.member_id not in phones:
            refused[delivery_id(place)] = "no_number"
        elif place.tries >= steps.MOST_TRIES:
            refused[delivery_id(place)] = "gave_up"
        elif not place.tries:  # a second try is the same message
            counting.setdefault(channel, []).append(delivery_id(place))
    if counting:
        day, _ = await policies.today(uow)
        for channel, wanted in sorted(counting.items()):
            most = decided.sms_a_day if channel == "sms" else decided.phone_a_day
            taken = await policies.take(uow, day, channel, policies.NOBODY, wanted=len(wanted), most=most)
            refused |= dict.fromkeys(wanted[taken:], "budget")
    return refused


def _columns(places: Sequence[Place], by_id: Mapping[UUID, DingRow]) -> dict[str, Any]:
    return {
        "delivery_ids": [delivery_id(place) for place in places],
        "ding_ids": [place.ding_id for place in places],
        "member_ids": [place.member_id for place in places],
        "rounds": [place.round for place in places],
        "steps": [place.step for place in places],
        "channels": [_channel_of(by_id[place.ding_id], place) for place in places],
    }


async def _write_claims(uow: UnitOfWork, places: Sequence[Place], by_id: Mapping[UUID, DingRow], now: datetime) -> None:
    if places:
        epochs = [place.lease_epoch for place in places]
        await uow.execute(attempts.CLAIM, **_columns(places, by_id), lease_epochs=epochs, now=now)


async def _write_refused(
    uow: UnitOfWork, places: Sequence[Place], by_id: Mapping[UUID, DingRow], refused: Mapping[UUID, str]
) -> None:
    if places:
        codes = [refused[delivery_id(place)] for place in places]
        await uow.execute(attempts.FAILED, **_columns(places, by_id), codes=codes, now=uow.now())
