"""Stored rows as what goes over the wire."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.ids import MemberId
from pegboard.modules.ding.schemas import AboutMessage, Counts, Ding, Person, Recipient
from pegboard.modules.ding.store import recipients
from pegboard.modules.ding.views import WAITING, DingRow, DingState, RecipientRow
from pegboard.modules.directory import api as directory
from pegboard.modules.messaging import api as messaging

People = Mapping[MemberId, directory.Person]
Excerpts = Mapping[tuple[MemberId, UUID, int], str]


async def sent(uow: UnitOfWork, rows: Sequence[DingRow]) -> list[Ding]:
    """DINGs as their sender sees them in a list; of one sender."""
    if not rows:
        return []
    counted = await counts(uow, [row.id for row in rows])
    people = await directory.people(uow, {row.sender_id for row in rows})
    excerpts = await _excerpts(uow, ((row.sender_id, row) for row in rows))
    return [for_sender(row, people, excerpts, *counted[row.id]) for row in rows]


async def received(
    uow: UnitOfWork, rows: Sequence[DingRow], own: Collection[tuple[UUID, RecipientRow]]
) -> dict[tuple[UUID, MemberId], Ding]:
    """DINGs as each of these recipients sees them, by DING and member."""
    by_id = {row.id: row for row in rows}
    people = await directory.people(
        uow, {row.sender_id for row in rows} | {recipient.member_id for _, recipient in own}
    )
    excerpts = await _excerpts(uow, ((recipient.member_id, by_id[ding_id]) for ding_id, recipient in own))
    return {
        (ding_id, recipient.member_id): for_recipient(by_id[ding_id], recipient, people, excerpts)
        for ding_id, recipient in own
    }


async def counts(uow: UnitOfWork, ding_ids: Collection[UUID]) -> dict[UUID, tuple[Counts, int]]:
    """How many are in each state, and the revision of that picture."""
    by_state: dict[UUID, dict[str, int]] = {ding_id: {} for ding_id in ding_ids}
    revisions: dict[UUID, int] = dict.fromkeys(ding_ids, 0)
    for row in await uow.rows(recipients.COUNTS, ding_ids=list(ding_ids)):
        by_state[row["ding_id"]][row["state"]] = row["people"]
        revisions[row["ding_id"]] += int(row["revision"])
    return {ding_id: (Counts(**found), revisions[ding_id]) for ding_id, found in by_state.items()}


async def recipients_shown(uow: UnitOfWork, rows: Sequence[RecipientRow]) -> list[Recipient]:
    """Recipients with their names."""
    people = await directory.people(uow, [row.member_id for row in rows])
    return [recipient(row, people) for row in rows if row.member_id in people]


def for_sender(row: DingRow, people: People, excerpts: Excerpts, counted: Counts, revision: int) -> Ding:
    """The sender's picture, without the recipients."""
    return Ding(
        id=row.id,
        state=state_for_sender(row, counted),
        mine=True,
        sender=_person(people[row.sender_id]),
        content=row.content,
        message=_about(row, row.sender_id, excerpts),
        files=row.files,
        steps=row.steps,
        send_at=row.send_at,
        created_at=row.created_at,
        fired_at=row.fired_at,
        reminded_at=row.reminded_at,
        repeat=row.repeat,
        department_ids=row.targets.department_ids,
        to_unread=row.targets.to_unread,
        revision=revision,
        counts=counted,
        recipients=[],
    )


def for_recipient(row: DingRow, own: RecipientRow, people: People, excerpts: Excerpts) -> Ding:
    """One recipient's picture: nothing in it tells who else has it."""
    return Ding(
        id=row.id,
        state=state_for_recipient(own),
        mine=False,
        sender=_person(people[row.sender_id]),
        content=row.content,
        message=_about(row, own.member_id, excerpts),
        files=row.files,
        steps=row.steps,
        send_at=row.send_at,
        created_at=row.created_at,
        fired_at=row.fired_at,
        reminded_at=row.reminded_at,
        repeat=None,
        department_ids=[],
        to_unread=False,
        revision=0,
        counts=None,
        recipients=[recipient(own, people)],
    )


def state_for_sender(row: DingRow, counted: Counts) -> DingState:
    """Done is when nobody is left who could acknowledge."""
    if row.state != "sent":
        return row.state
    return "open" if any(getattr(counted, state) for state in WAITING) else "done"


def state_for_recipient(own: RecipientRow) -> DingState:
    """The recipient's own part of it."""
    if own.waits:
        return "open"
    return "done" if own.state == "acknowledged" else "cancelled"


def recipient(row: RecipientRow, people: People) -> Recipient:
    """One recipient."""
    return Recipient(
        userid=people[row.member_id].userid,
        name=people[row.member_id].name,
        state=row.state,
        told_at=row.told_at,
        delivered_at=row.delivered_at,
        acknowledged_at=row.acknowledged_at,
        reply=row.reply,
        rev=row.rev,
    )


def _person(person: directory.Person) -> Person:
    return Person(userid=person.userid, name=person.name, avatar_file_id=person.avatar_file_id)


async def _excerpts(uow: UnitOfWork, shown: Iterable[tuple[MemberId, DingRow]]) -> Excerpts:
    asked = {
        (member, row.conversation_id, row.message_seq)
        for member, row in shown
        if row.conversation_id is not None and row.message_seq is not None
    }
    return await messaging.excerpts(uow, asked)


def _about(row: DingRow, reader: MemberId, excerpts: Excerpts) -> AboutMessage | None:
    if row.conversation_id is None or row.message_seq is None:
        return None
    text = excerpts.get((reader, row.conversation_id, row.message_seq))
    return AboutMessage(
        conversation_id=row.conversation_id, seq=row.message_seq, readable=text is not None, excerpt=text or ""
    )
