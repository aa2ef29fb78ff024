"""What a recipient does: confirm that a device has it, acknowledge, reply."""

from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.events import emit
from pegboard.modules.ding import policy
from pegboard.modules.ding.errors import DingOver
from pegboard.modules.ding.events import DingAcknowledged
from pegboard.modules.ding.schemas import Acknowledgement
from pegboard.modules.ding.service import telling
from pegboard.modules.ding.store import recipients
from pegboard.modules.ding.views import RecipientRow


async def acknowledge(uow: UnitOfWork, actor: Actor, ding_id: UUID, wanted: Acknowledgement) -> None:
    """Say that one has seen it: from here on nothing of it happens to this person any more.

    Again is no mistake; a reply may still be given once, if there was none.
    """
    ding, own = await policy.receiving(uow, actor, ding_id)
    reply = wanted.reply.strip() if wanted.reply else None
    first = await uow.execute(recipients.ACKNOWLEDGE, ding_id=ding_id, member_id=actor.me, now=uow.now(), reply=reply)
    replied = bool(first and reply)
    if not first:
        own = await _own(uow, actor, ding_id)
        if own.state == "cancelled":
            raise DingOver
        if not reply or not await uow.execute(recipients.REPLY, ding_id=ding_id, member_id=actor.me, reply=reply):
            return
        replied = True
    emit(
        uow,
        DingAcknowledged(ding_id=ding_id, sender_id=ding.sender_id, member_id=actor.me, replied=replied),
        actor_id=actor.me,
    )
    await telling.tell_changed(uow, ding, [await _own(uow, actor, ding_id)])
    telling.progress(uow, ding_id, [actor.me])


async def delivered(uow: UnitOfWork, actor: Actor, ding_id: UUID) -> None:
    """One of the recipient's devices shows it."""
    ding, _ = await policy.receiving(uow, actor, ding_id)
    if await uow.execute(recipients.DELIVERED, ding_id=ding_id, member_id=actor.me, now=uow.now()):
        await telling.tell_changed(uow, ding, [await _own(uow, actor, ding_id)])
        telling.progress(uow, ding_id, [actor.me])


async def _own(uow: UnitOfWork, actor: Actor, ding_id: UUID) -> RecipientRow:
    return RecipientRow.of(await uow.one(recipients.OF_MEMBER, ding_ids=[ding_id], member_id=actor.me))
