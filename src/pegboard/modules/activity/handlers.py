"""What `activity` counts when others report. It asks them who finished something, and keeps how many did."""

from collections.abc import Sequence

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.events import BatchHandler, Fact
from pegboard.modules.activity import service
from pegboard.modules.activity.acts import DING_ANSWERED, MENTION_ANSWERED
from pegboard.modules.activity.views import Deed
from pegboard.modules.ding.events import DingAcknowledged
from pegboard.modules.messaging import api as messaging
from pegboard.modules.messaging.events import MessagesSent


async def _mentions_answered(uow: UnitOfWork, facts: Sequence[Fact]) -> None:
    replies = [(fact.event.conversation_id, seq) for fact in facts for seq in fact.event.replies]
    answers = await messaging.answers_among(uow, replies)
    await service.note(
        uow, [Deed(act=MENTION_ANSWERED.name, member_id=answer.member_id, at=answer.at) for answer in answers]
    )


async def _dings_answered(uow: UnitOfWork, facts: Sequence[Fact]) -> None:
    await service.note(
        uow,
        [
            Deed(act=DING_ANSWERED.name, member_id=fact.event.member_id, at=fact.at)
            for fact in facts
            if fact.event.replied and fact.event.member_id != fact.event.sender_id
        ],
    )


HANDLERS = (
    BatchHandler(name="activity.mentions_answered", event=MessagesSent, handle=_mentions_answered),
    BatchHandler(name="activity.dings_answered", event=DingAcknowledged, handle=_dings_answered),
)
