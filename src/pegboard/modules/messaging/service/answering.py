"""Who has answered when they were called."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.ids import MemberId
from pegboard.modules.messaging.store import answering as store


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Somebody answered a call at this time."""

    member_id: MemberId
    at: datetime


async def answers_among(uow: UnitOfWork, replies: Collection[tuple[UUID, int]]) -> list[Answer]:
    """Which of these replies, by (conversation, seq), answer a message that mentioned their sender by name or replied
    to them: the first word of theirs in the thread since. "@all" calls nobody in particular.
    """
    rows = await store.answers_among(uow, replies) if replies else []
    return [Answer(member_id=MemberId(row["sender_id"]), at=row["sent_at"]) for row in rows]
