"""What the directory's facts mean for DINGs that are under way."""

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.ids import MemberId
from pegboard.modules.ding.service import sending, telling
from pegboard.modules.ding.store import dings, recipients
from pegboard.modules.ding.views import DingRow


async def member_left(uow: UnitOfWork, member_id: MemberId) -> None:
    """Nothing more for somebody who has left, and nothing more from them that is not out yet."""
    for row in await uow.rows(recipients.CANCEL_FOR, member_id=member_id):
        telling.progress(uow, row["ding_id"], [member_id])
    await sender_gone(uow, member_id)


async def sender_gone(uow: UnitOfWork, member_id: MemberId) -> None:
    """What somebody has scheduled is not sent any more; what is out runs on."""
    for row in await uow.rows(dings.SCHEDULED_BY, sender_id=member_id):
        await sending.cancel(uow, DingRow.of(row))
