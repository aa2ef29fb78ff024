"""Writing a DING: at once, or for later."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import available_timezones

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.errors import invalid
from pegboard.kernel.files import FileNotFound, attach
from pegboard.kernel.ids import uuid7
from pegboard.kernel.names import is_blank
from pegboard.modules.ding import policy
from pegboard.modules.ding.errors import NoSuchChannel
from pegboard.modules.ding.schemas import NewDing
from pegboard.modules.ding.service import policies, sending, targets, telling
from pegboard.modules.ding.store import dings
from pegboard.modules.ding.views import DingFile, DingRow, Policy, Repeat, Step, Targets
from pegboard.modules.messaging import api as messaging

LATEST = timedelta(days=366)


async def create(uow: UnitOfWork, actor: Actor, wanted: NewDing) -> tuple[UUID, bool]:
    """A new DING (or the one that has this client_id already: False); it is sent when the transaction comes true."""
    known = await _known(uow, actor, wanted.client_id)
    if known is not None:
        return known, False
    decided = await policies.current(uow)
    now = uow.now()
    send_at = _send_at(wanted.send_at, now)
    ding = DingRow(
        id=uuid7(),
        sender_id=actor.me,
        content=_content(wanted.content),
        files=await _files(uow, actor, wanted.file_ids),
        conversation_id=wanted.message.conversation_id if wanted.message else None,
        message_seq=wanted.message.seq if wanted.message else None,
        steps=_steps(wanted.steps, decided),
        targets=await _targets(uow, actor, wanted),
        pierces=policy.pierces(actor, decided),
        state="scheduled" if send_at > now else "sent",
        send_at=send_at,
        fired_at=None if send_at > now else now,
        repeat=_repeat(wanted.repeat),
        series_at=send_at if wanted.repeat else None,
        round=0,
        reminded_at=None,
        created_at=now,
    )
    people = await targets.people(uow, actor, ding.targets, sending.about(ding))
    targets.check_number(uow, len(people))
    if not await sending.insert(uow, ding, client_id=wanted.client_id):
        known = await _known(uow, actor, wanted.client_id)
        assert known is not None  # noqa: S101  # we have waited for whoever was faster
        return known, False
    await policies.use_one(uow, actor.me, decided.limit_per_person)
    if ding.state == "scheduled":
        await sending.schedule(uow, ding)
    else:
        await sending.send_out(uow, ding, people)
        await sending.schedule_next(uow, ding)
        await telling.tell_sender(uow, ding.id)
    return ding.id, True


async def _known(uow: UnitOfWork, actor: Actor, client_id: str | None) -> UUID | None:
    if client_id is None:
        return None
    found: UUID | None = await uow.value(dings.BY_CLIENT_ID, sender_id=actor.me, client_id=client_id)
    return found


def _content(text: str) -> str:
    if is_blank(text):
        raise invalid("content", "blank")
    return text.strip()


def _send_at(wanted: datetime | None, now: datetime) -> datetime:
    if wanted is None:
        return now
    try:
        send_at = wanted.astimezone(UTC) if wanted.tzinfo is not None else None
    except OverflowError:
        send_at = None
    if send_at is None or send_at > now + LATEST:
        raise invalid("send_at", "invalid")
    return max(send_at, now)


def _repeat(wanted: Repeat | None) -> Repeat | None:
    if wanted is not None and wanted.zone not in available_timezones():
        raise invalid("repeat.zone", "invalid")
    return wanted


def _steps(wanted: Sequence[Step] | None, decided: Policy) -> list[Step]:
    if wanted is None:
        default = [Step(channel="app"), Step(channel="app", after_seconds=300)]
        if decided.adapters.sms is not None:
            default.append(Step(channel="sms", after_seconds=600))
        if decided.adapters.phone is not None:
            default.append(Step(channel="phone", after_seconds=900))
        return default
    before = 0
    for number, step in enumerate(wanted):
        if step.after_seconds < before:
            raise invalid(f"steps.{number}.after_seconds", "invalid")
        if step.channel != "app" and decided.adapters.of(step.channel) is None:
            raise NoSuchChannel(channel=step.channel)
        before = step.after_seconds
    return list(wanted)


async def _targets(uow: UnitOfWork, actor: Actor, wanted: NewDing) -> Targets:
    if wanted.message is not None:
        await messaging.must_read(uow, actor, wanted.message.conversation_id, wanted.message.seq)
        if wanted.to_unread:  # refuses those who may not open the unread list; who is in it is asked when it is sent
            await messaging.unread_members(uow, actor, wanted.message.conversation_id, wanted.message.seq, at_most=0)
    elif wanted.to_unread:
        raise invalid("message", "required")
    return Targets(
        member_ids=list(await targets.named(uow, actor, wanted.userids)),
        department_ids=await targets.departments(uow, actor, wanted.department_ids),
        to_unread=wanted.to_unread,
    )


async def _files(uow: UnitOfWork, actor: Actor, file_ids: Sequence[UUID]) -> list[DingFile]:
    """Uploads of the sender's own: a file that others use may be one that the sender must not see."""
    if not file_ids:
        return []
    found = await attach(uow, file_ids, owner_id=actor.me)
    if any(file.owner_id != actor.me for file in found):
        raise FileNotFound
    return [DingFile(file_id=file.file_id, name=file.name, size=file.size, type=file.type) for file in found]
