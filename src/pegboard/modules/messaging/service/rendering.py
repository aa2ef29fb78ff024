"""Stored rows as what goes over the wire: names beside ids, quotes, reactions, counts of readers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import msgspec

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.ids import MemberId
from pegboard.modules.attention import api as attention
from pegboard.modules.directory import api as directory
from pegboard.modules.directory.api import Person
from pegboard.modules.messaging import store
from pegboard.modules.messaging.content import encode, excerpt
from pegboard.modules.messaging.schemas import Conversation, Message, Mine, Peer, Reaction, Receipts, Thread
from pegboard.modules.messaging.service import badges
from pegboard.modules.messaging.store.reading import Sent
from pegboard.modules.messaging.views import (
    Access,
    Appended,
    ConversationRow,
    MessageRow,
    New,
    Participant,
    Quote,
    Sender,
    ThreadRow,
)

NAMES_SHOWN = 10
EMPTY = msgspec.Raw(b"{}")

People = Mapping[MemberId, Person]
Reacted = Mapping[str, Sequence[MemberId]]


async def messages(
    uow: UnitOfWork, actor: Actor, access: Access, rows: Sequence[MessageRow], *, receipts: bool = True
) -> list[Message]:
    """Messages of one conversation as the actor sees them."""
    if not rows:
        return []
    conversation = access.conversation
    roots = [row for row in rows if row.thread_seq is None and row.seq < conversation.reply_seq]
    around = await _around(uow, rows, roots, {conversation.id: access.first_seq})
    counts: Mapping[int, Receipts] = {}
    if receipts and access.read_lists:
        counts = await _receipts(uow, conversation.id, rows)
    return [_message(row, actor.member_id, around, counts.get(row.seq)) for row in rows]


async def messages_across(
    uow: UnitOfWork, actor: Actor, rows: Sequence[MessageRow], accesses: Mapping[UUID, Access]
) -> "dict[Place, Message]":
    """Messages of whatever conversations as the actor sees them, without counts of readers, by conversation and seq."""
    if not rows:
        return {}
    roots = [row for row in rows if row.thread_seq is None]
    first_seqs = {conversation_id: access.first_seq for conversation_id, access in accesses.items()}
    around = await _around(uow, rows, roots, first_seqs)
    return {_place(row): _message(row, actor.member_id, around, None) for row in rows}


async def _receipts(uow: UnitOfWork, conversation_id: UUID, rows: Iterable[MessageRow]) -> Mapping[int, Receipts]:
    sent = [
        Sent(seq=row.seq, sender_id=row.sender_id, root_seq=row.thread_seq if row.thread_only else None)
        for row in rows
        if row.sender_id is not None
    ]
    readers = await store.readers_of(uow, conversation_id, sent)
    counted = {}
    for each in sent:
        read, total = readers.counts(each)
        counted[each.seq] = Receipts(read=read, total=total)
    return counted


async def for_everybody(uow: UnitOfWork, conversation_id: UUID, row: MessageRow) -> Message:
    """A message as live events carry it: without what differs from reader to reader."""
    return _message(row, None, await _around(uow, [row], [row], {}), None)


def appended(message: Appended) -> Message:
    """A message that was just appended, as live events carry it; everything it needs came with its draft."""
    draft = message.draft
    return Message(
        id=message.message_id,
        seq=message.seq,
        rev=0,
        sender=Sender(userid=message.sender_userid, name=message.sender_name) if message.sender_id else None,
        kind=draft.kind,
        content=msgspec.Raw(draft.content),
        mentions=[*draft.mention_userids, "all"] if draft.mention_all else list(draft.mention_userids),
        reply_to=draft.quote,
        sent_at=message.sent_at,
        thread_seq=draft.thread_seq,
        also_in_main=draft.also_in_main,
    )


Place = tuple[UUID, int]
"""Conversation and seq."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What messages are shown with: names, the messages that they quote, reactions, and the threads below them."""

    people: People
    quoted: Mapping[Place, MessageRow] = field(default_factory=dict)
    reacted: Mapping[Place, Reacted] = field(default_factory=dict)
    threads: Mapping[Place, ThreadRow] = field(default_factory=dict)


async def _around(
    uow: UnitOfWork, rows: Sequence[MessageRow], roots: Sequence[MessageRow], first_seqs: Mapping[UUID, int]
) -> _Around:
    """Most messages quote nothing, were never changed and have no replies: then nothing is asked but their names."""
    quoted = {
        _place(row): row if row.seq >= first_seqs.get(row.conversation_id, 1) else replace(row, content={})
        for row in await store.messages_at_places(
            uow, {(row.conversation_id, row.reply_to) for row in rows if row.reply_to is not None}
        )
    }
    reacted = await store.reactions_of(uow, [_place(row) for row in rows if row.rev])  # a reaction is a change
    threads = await store.threads_at(uow, [_place(row) for row in roots])
    people = await directory.people(uow, _named_in([*rows, *quoted.values()], reacted.values(), threads.values()))
    return _Around(people=people, quoted=quoted, reacted=reacted, threads=threads)


def _place(row: MessageRow) -> Place:
    return (row.conversation_id, row.seq)


def _named_in(
    rows: Iterable[MessageRow], reacted: Iterable[Reacted], threads: Iterable[ThreadRow]
) -> Collection[MemberId]:
    named: set[MemberId] = set()
    for row in rows:
        named.update(row.mentions)
        named.update(member for member in (row.sender_id, row.recalled_by, row.pinned_by) if member is not None)
    for by_emoji in reacted:
        for members in by_emoji.values():
            named.update(members[:NAMES_SHOWN])
    for thread in threads:
        named.update(thread.people)
    return named


def _message(row: MessageRow, me: MemberId | None, around: _Around, receipts: Receipts | None) -> Message:
    people = around.people
    mentions = [person.userid for member in row.mentions if (person := people.get(member))]
    original = around.quoted.get((row.conversation_id, row.reply_to)) if row.reply_to is not None else None
    thread = around.threads.get(_place(row))
    return Message(
        id=row.id,
        seq=row.seq,
        rev=row.rev,
        sender=sender(row.sender_id, people),
        kind=row.kind,
        content=EMPTY if row.recalled_at else msgspec.Raw(encode(row.content)),
        mentions=[*mentions, "all"] if row.mention_all else mentions,
        reply_to=quote(original, people) if original else None,
        sent_at=row.sent_at,
        edited_at=row.edited_at,
        recalled_at=row.recalled_at,
        recalled_by=_userid(row.recalled_by, people),
        reactions=[
            Reaction(
                emoji=emoji,
                count=len(members),
                mine=me in members,
                names=[people[member].name for member in members[:NAMES_SHOWN] if member in people],
            )
            for emoji, members in around.reacted.get(_place(row), {}).items()
        ],
        previews=list(row.previews),
        receipts=receipts,
        thread_seq=row.thread_seq,
        also_in_main=row.also_in_main,
        thread=_thread(thread, people) if thread else None,
        pinned_at=row.pinned_at,
        pinned_by=_userid(row.pinned_by, people),
    )


def _userid(member_id: MemberId | None, people: People) -> str | None:
    return people[member_id].userid if member_id is not None and member_id in people else None


def _thread(row: ThreadRow, people: People) -> Thread:
    named = [who for member in row.people if (who := sender(member, people))]
    return Thread(replies=row.replies, last_seq=row.last_seq, last_at=row.last_at, people=named)


def sender(member_id: MemberId | None, people: People) -> Sender | None:
    """Who it was, by name; None for the system."""
    person = people.get(member_id) if member_id is not None else None
    return Sender(userid=person.userid, name=person.name) if person else None


def quote(row: MessageRow, people: People) -> Quote:
    """A message as a reply shows it."""
    text = "" if row.recalled_at else excerpt(row.kind, row.content)
    return Quote(seq=row.seq, sender=sender(row.sender_id, people), kind=row.kind, excerpt=text)


# --- conversations -----------------------------------------------------------------------------------------------


async def conversations(
    uow: UnitOfWork, actor: Actor, found: Sequence[tuple[ConversationRow, Participant, New]]
) -> list[Conversation]:
    """Conversations as the actor sees them, each with its last message."""
    last = await _last_messages(uow, actor, found)
    peers = {row.id: peer_of(row, actor.me) for row, _, _ in found if row.direct_key}
    named = {row.owner_id for row, _, _ in found if row.owner_id} | set(peers.values())
    named |= {message.sender_id for message in last.values() if message.sender_id}
    people = await directory.people(uow, named)
    state = await attention.counting_state(uow, actor.me)
    folders = await attention.folders_of(uow, actor.me)
    now = uow.now()
    return [
        _conversation(
            row,
            participant,
            _mine(row, participant, new, state, now),
            badges.folder_ids(folders, badges.facts(row, participant, now)),
            people,
            peers.get(row.id),
            last.get(row.id),
        )
        for row, participant, new in found
    ]


async def _last_messages(
    uow: UnitOfWork, actor: Actor, found: Sequence[tuple[ConversationRow, Participant, New]]
) -> dict[UUID, MessageRow]:
    """The newest message of each main line, or of its threads if it calls the actor."""
    lasts = {
        row.id: row.main_seq if row.rules.history_for_new or row.main_seq >= participant.joined_seq else 0
        for row, participant, _ in found
    }
    return await store.last_messages(uow, actor.me, lasts) if lasts else {}


def direct_key(one: MemberId, other: MemberId) -> str:
    """The same for both of them, whoever asks."""
    return ":".join(sorted((str(one), str(other))))


def peer_of(row: ConversationRow, me: MemberId) -> MemberId:
    """With whom somebody is in a direct conversation."""
    one, _, other = (row.direct_key or "").partition(":")
    return MemberId(UUID(other if one == str(me) else one))


def _mine(
    conversation: ConversationRow, participant: Participant, new: New, state: attention.State, now: datetime
) -> Mine:
    """The member's own side."""
    hidden_seq = participant.hidden_seq
    return Mine(
        read_seq=participant.cursor_seq,
        threads_read_seq=participant.threads_read_seq,
        first_seq=1 if conversation.rules.history_for_new else participant.joined_seq,
        pinned=participant.pinned,
        muted_until=participant.muted_until,
        hidden=hidden_seq is not None and hidden_seq >= conversation.main_seq,
        marked_unread=participant.marked_unread,
        draft=participant.draft,
        **badges.counts(
            new,
            state,
            direct=conversation.kind == "direct",
            muted=badges.is_muted(participant.muted_until, now),
        ),
    )


def _conversation(
    row: ConversationRow,
    participant: Participant,
    mine: Mine,
    folder_ids: list[UUID],
    people: People,
    peer_id: MemberId | None,
    last: MessageRow | None,
) -> Conversation:
    peer = people.get(peer_id) if peer_id is not None else None
    return Conversation(
        id=row.id,
        kind=row.kind,
        name=peer.name if peer else row.name,
        avatar_file_id=row.avatar_file_id,
        topic=row.topic,
        notice=row.notice,
        owner_userid=owner.userid if row.owner_id and (owner := people.get(row.owner_id)) else None,
        my_role=participant.role,
        member_count=row.member_count,
        head_seq=row.head_seq,
        head_rev=row.head_rev,
        created_at=row.created_at,
        dissolved_at=row.dissolved_at,
        revision=row.revision,
        rules=row.rules,
        mine=mine,
        folder_ids=folder_ids,
        peer=Peer(userid=peer.userid, name=peer.name, avatar_file_id=peer.avatar_file_id, state=str(peer.state))
        if peer
        else None,
        last_message=_message(last, None, _Around(people=people), None) if last else None,
    )
