"""What messaging does when the directory reports; and how its own search and link previews hear of new words."""

from collections.abc import Sequence

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.events import AnyHandler, BatchHandler, Fact, Handler
from pegboard.modules.directory import events as directory
from pegboard.modules.messaging.events import MessageEdited, MessagesSent
from pegboard.modules.messaging.service import following, indexing, previews


async def _organisation_created(uow: UnitOfWork, fact: Fact) -> None:
    await following.begin_all_hands(uow, fact.event.organisation_name, fact.event.owner_id)


async def _member_joined(uow: UnitOfWork, fact: Fact) -> None:
    await following.joined_organisation(uow, [fact.event.member_id])


async def _members_joined(uow: UnitOfWork, fact: Fact) -> None:
    await following.joined_organisation(uow, fact.event.member_ids)


async def _member_left(uow: UnitOfWork, fact: Fact) -> None:
    await following.left_organisation(uow, fact.event.member_id, fact.event.handed_over_to)


async def _department_created(uow: UnitOfWork, fact: Fact) -> None:
    if fact.event.own_group:
        await following.department_group_wanted(uow, fact.event.department_id, fact.event.department_name)


async def _department_changed(uow: UnitOfWork, fact: Fact) -> None:
    if fact.event.own_group:
        await following.department_group_wanted(uow, fact.event.department_id, fact.event.department_name)
    await following.department_renamed(uow, fact.event.department_id, fact.event.department_name)


async def _department_deleted(uow: UnitOfWork, fact: Fact) -> None:
    if fact.event.conversation_id is not None:
        await following.department_deleted(uow, fact.event.conversation_id)


async def _department_members_changed(uow: UnitOfWork, fact: Fact) -> None:
    await following.department_members_changed(uow, fact.event.department_id, fact.event.joined, fact.event.left)


async def _index_sent(uow: UnitOfWork, facts: Sequence[Fact]) -> None:
    await indexing.fell_behind(uow, {fact.event.conversation_id for fact in facts}, facts[0].at)


async def _index_edited(uow: UnitOfWork, facts: Sequence[Fact]) -> None:
    await indexing.edited(uow, {(fact.event.conversation_id, fact.event.seq) for fact in facts})


async def _preview_sent(uow: UnitOfWork, facts: Sequence[Fact]) -> None:
    await previews.look_up(uow, [(fact.event.conversation_id, seq) for fact in facts for seq in fact.event.linked])


async def _preview_edited(uow: UnitOfWork, facts: Sequence[Fact]) -> None:
    await previews.look_up(uow, [(fact.event.conversation_id, fact.event.seq) for fact in facts])


_OF_THE_DIRECTORY = tuple(
    Handler(name=f"messaging{handle.__name__}", event=event, handle=handle)
    for event, handle in (
        (directory.OrganisationCreated, _organisation_created),
        (directory.MemberJoined, _member_joined),
        (directory.MembersJoined, _members_joined),
        (directory.MemberLeft, _member_left),
        (directory.DepartmentCreated, _department_created),
        (directory.DepartmentChanged, _department_changed),
        (directory.DepartmentDeleted, _department_deleted),
        (directory.DepartmentMembersChanged, _department_members_changed),
    )
)
HANDLERS: tuple[AnyHandler, ...] = (
    *_OF_THE_DIRECTORY,
    BatchHandler(name="messaging.index_sent", event=MessagesSent, handle=_index_sent),
    BatchHandler(name="messaging.index_edited", event=MessageEdited, handle=_index_edited),
    BatchHandler(name="messaging.preview_sent", event=MessagesSent, handle=_preview_sent),
    BatchHandler(name="messaging.preview_edited", event=MessageEdited, handle=_preview_edited),
)
