"""What attention does when the directory reports."""

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.events import Fact, Handler
from pegboard.modules.attention.service import folders, settings
from pegboard.modules.directory import events as directory


async def _member_left(uow: UnitOfWork, fact: Fact) -> None:
    await settings.forget(uow, fact.event.member_id)
    await folders.forget(uow, fact.event.member_id)


async def _organisation_changed(uow: UnitOfWork, fact: Fact) -> None:
    if "time_zone" in fact.event.fields:
        settings.tell_zone_changed(uow)


async def _department_moved(uow: UnitOfWork, fact: Fact) -> None:
    await folders.departments_moved(uow)


HANDLERS = tuple(
    Handler(name=f"attention{handle.__name__}", event=event, handle=handle)
    for event, handle in (
        (directory.MemberLeft, _member_left),
        (directory.OrganisationChanged, _organisation_changed),
        (directory.DepartmentMoved, _department_moved),
    )
)
