"""What `ding` does when the directory reports."""

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.events import Fact, Handler
from pegboard.modules.ding.service import following
from pegboard.modules.directory import events as directory


async def _left(uow: UnitOfWork, fact: Fact) -> None:
    await following.member_left(uow, fact.event.member_id)


async def _suspended(uow: UnitOfWork, fact: Fact) -> None:
    await following.sender_gone(uow, fact.event.member_id)


HANDLERS = (
    Handler(name="ding.left", event=directory.MemberLeft, handle=_left),
    Handler(name="ding.suspended", event=directory.MemberSuspended, handle=_suspended),
)
