"""What changes is told to those who are connected: at once to recipients, together to senders."""

import asyncio
import logging
from collections.abc import Collection, Hashable, Mapping, Sequence
from functools import partial
from uuid import UUID

from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.ids import MemberId, OrgId
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.hub import Hub
from pegboard.kernel.realtime.live import tell
from pegboard.modules.ding.live import DingChanged, DingProgress, DingReceived
from pegboard.modules.ding.service import rendering
from pegboard.modules.ding.settings import DingSettings
from pegboard.modules.ding.store import dings, recipients
from pegboard.modules.ding.views import DingRow, RecipientRow

_log = logging.getLogger(__name__)


def member_topic(member_id: MemberId) -> Hashable:
    """What all devices of one member hear."""
    return ("member", member_id)


async def tell_received(
    uow: UnitOfWork, rows: Mapping[UUID, DingRow], told: Collection[tuple[RecipientRow, int]]
) -> None:
    """A step in the app, for each of these."""
    if Hub not in uow.parts or not told:
        return
    shown = await rendering.received(uow, list(rows.values()), [(own.ding_id, own) for own, _ in told])
    for own, step in told:
        tell(uow, member_topic(own.member_id), DingReceived(ding=shown[own.ding_id, own.member_id], step=step))


async def tell_changed(uow: UnitOfWork, row: DingRow, own: Sequence[RecipientRow]) -> None:
    """To the devices of recipients who have seen it."""
    if Hub not in uow.parts or not own:
        return
    shown = await rendering.received(uow, [row], [(row.id, each) for each in own])
    for each in own:
        ding = shown[row.id, each.member_id]
        tell(uow, member_topic(each.member_id), DingChanged(id=row.id, state=ding.state, ding=ding))


async def tell_sender(uow: UnitOfWork, ding_id: UUID) -> None:
    """To the sender's own devices: it is new, or otherwise than it was."""
    if Hub not in uow.parts:
        return
    row = await uow.one(dings.FIND, id=ding_id)
    if row is not None:
        [ding] = await rendering.sent(uow, [DingRow.of(row)])
        tell(uow, member_topic(row["sender_id"]), DingChanged(id=ding.id, state=ding.state, ding=ding))


def progress(uow: UnitOfWork, ding_id: UUID, member_ids: Collection[MemberId]) -> None:
    """These recipients have changed: the sender is told once it is true, with what else changes meanwhile."""
    if Progress in uow.parts and Hub in uow.parts and member_ids:
        uow.after_commit(partial(uow.parts[Progress].changed, uow.org_id, ding_id, tuple(member_ids)))


class Progress:
    """A part: reports to senders, for each DING at most every `progress_every_s`."""

    def __init__(self, parts: Parts, settings: DingSettings) -> None:
        self._parts = parts
        self._every_s = settings.progress_every_s
        self._waiting: dict[tuple[OrgId, UUID], set[MemberId]] = {}
        self._tasks: dict[tuple[OrgId, UUID], asyncio.Task[None]] = {}

    def changed(self, org_id: OrgId, ding_id: UUID, member_ids: Collection[MemberId]) -> None:
        """Report these soon."""
        key = (org_id, ding_id)
        self._waiting.setdefault(key, set()).update(member_ids)
        if key not in self._tasks:
            self._tasks[key] = asyncio.get_running_loop().create_task(self._report(key))

    async def stop(self) -> None:
        """Report nothing more."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _report(self, key: tuple[OrgId, UUID]) -> None:
        """Until nothing changes any more."""
        try:
            while members := self._waiting.pop(key, None):
                await self._tell(*key, members)
                await asyncio.sleep(self._every_s)
        except Exception:  # noqa: BLE001  # the next change reports anew
            _log.exception("reporting to a sender")
        finally:
            self._waiting.pop(key, None)
            del self._tasks[key]

    async def _tell(self, org_id: OrgId, ding_id: UUID, members: Collection[MemberId]) -> None:
        async with UnitOfWork(self._parts[Database], orgs=(org_id,)) as uow:
            row = await uow.one(dings.FIND, id=ding_id)
            if row is None:
                return
            ding = DingRow.of(row)
            # The recipients first: the counts, read after them, are never older than what is said of these.
            changed = [
                RecipientRow.of(each)
                for each in await uow.rows(recipients.AMONG, ding_id=ding_id, member_ids=list(members))
            ]
            counted, revision = (await rendering.counts(uow, [ding_id]))[ding_id]
            event = DingProgress(
                id=ding_id,
                state=rendering.state_for_sender(ding, counted),
                revision=revision,
                counts=counted,
                recipients=await rendering.recipients_shown(uow, changed),
            )
            tell(uow, member_topic(ding.sender_id), event)
