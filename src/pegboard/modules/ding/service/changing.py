"""What the sender does with a DING that is out: remind, add people, cancel."""

from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.ids import MemberId
from pegboard.modules.ding import policy
from pegboard.modules.ding.errors import DingOver, NotSentYet, RemindedLately, TooManyRecipients
from pegboard.modules.ding.schemas import Added, MoreRecipients
from pegboard.modules.ding.service import policies, sending, steps, targets, telling
from pegboard.modules.ding.settings import DingSettings
from pegboard.modules.ding.store import dings, recipients
from pegboard.modules.ding.views import NEAR_LANE, OUTSIDE_LANE, DingRow, Targets
from pegboard.modules.directory import api as directory


def _must_be_out(ding: DingRow) -> None:
    if ding.state == "cancelled":
        raise DingOver
    if ding.state == "scheduled":
        raise NotSentYet


async def remind(uow: UnitOfWork, actor: Actor, ding_id: UUID) -> None:
    """All steps from the first on, again, for everybody who has not acknowledged. Counts as one of the day's."""
    ding = await policy.sending(uow, actor, ding_id)
    _must_be_out(ding)
    now = uow.now()
    wait_s = uow.parts[DingSettings].remind_every_s - (now - (ding.reminded_at or ding.send_at)).total_seconds()
    if wait_s > 0:
        raise RemindedLately(retry_after_s=wait_s)
    await policies.use_one(uow, actor.me, (await policies.current(uow)).limit_per_person)
    number = await uow.value(dings.NEXT_ROUND, id=ding.id, now=now)
    outside = steps.is_outside(ding.steps, 0)
    waiting = await uow.rows(recipients.REMIND, ding_id=ding.id, round=number, outside=outside, due_at=now)
    await sending.wake_at(uow, now, lane=OUTSIDE_LANE if outside else NEAR_LANE)
    await telling.tell_sender(uow, ding.id)
    telling.progress(uow, ding.id, [MemberId(row["member_id"]) for row in waiting])


async def add_recipients(uow: UnitOfWork, actor: Actor, ding_id: UUID, wanted: MoreRecipients) -> Added:
    """Send it to more people; those who have it already notice nothing."""
    ding = await policy.sending(uow, actor, ding_id)
    _must_be_out(ding)
    more = Targets(
        member_ids=list(await targets.named(uow, actor, wanted.userids)),
        department_ids=await targets.departments(uow, actor, wanted.department_ids),
    )
    people = await targets.people(uow, actor, more, None)
    targets.check_number(uow, len(people))
    added = await sending.add(uow, ding, people)
    limit = uow.parts[DingSettings].recipients_limit
    if await uow.value(recipients.COUNT, ding_id=ding.id) > limit:
        raise TooManyRecipients(limit=limit)
    await telling.tell_sender(uow, ding.id)
    telling.progress(uow, ding.id, added)
    names = await directory.people(uow, added)
    return Added(added=sorted(person.userid for person in names.values()))


async def cancel(uow: UnitOfWork, actor: Actor, ding_id: UUID) -> None:
    """Take it back: nothing more happens, and it goes from everybody's screen. What is scheduled ends its series."""
    ding = await policy.sending(uow, actor, ding_id)
    if ding.state != "cancelled":
        await sending.cancel(uow, ding)
