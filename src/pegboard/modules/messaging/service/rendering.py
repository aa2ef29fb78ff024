"""Stored rows as what goes over the wire: names beside ids, quotes, reactions, counts of readers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import msgspec

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.ids import MemberId
from pegboard.modules.directory import api as directory
from pegboard.modules.directory.api import Person
from pegboard.modules.messaging import store
from pegboard.modules.messaging.content import encode, excerpt
from pegboard.modules.messaging.schemas import Conversation, Message, Mine, Peer, Reaction, Receipts
from pegboard.modules.messaging.views import Access, Appended, ConversationRow, MessageRow, Participant, Quote, Sender

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
    quoted = {
        seq: row if seq >= access.first_seq else replace(row, content={})
        for seq, row in (await _quoted(uow, access.conversation.id, rows)).items()
    }
    reacted = await _reacted(uow, access.conversation.id, rows)
    people = await directory.people(uow, _named_in([*rows, *quoted.values()], reacted))
    counts = None
    if receipts and access.read_lists:
        senders = {row.sender_id for row in rows if row.sender_id is not None}
        counts = await store.reader_groups(uow, access.conversation.id, rows[0].seq, senders)
    found = []
    for row in rows:
        read = None
        if counts is not None and row.sender_id is not None:
            read = Receipts(**dict(zip(("read", "total"), counts.counts(row.seq, row.sender_id), strict=True)))
        found.append(_message(row, actor.member_id, people, quoted, reacted.get(row.seq, {}), read))
    return found


async def for_everybody(uow: UnitOfWork, conversation_id: UUID, row: MessageRow) -> Message:
    """A message as live events carry it: without what differs from reader to reader."""
    quoted = await _quoted(uow, conversation_id, [row])
    reacted = await store.reactions_of(uow, conversation_id, [row.seq])
    people = await directory.people(uow, _named_in([row, *quoted.values()], reacted))
    return _message(row, None, people, quoted, reacted.get(row.seq, {}), None)


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
    )


async def _quoted(uow: UnitOfWork, conversation_id: UUID, rows: Iterable[MessageRow]) -> dict[int, MessageRow]:
    seqs = {row.reply_to for row in rows if row.reply_to is not None}
    if not seqs:
        return {}
    return {row.seq: row for row in await store.messages_at(uow, conversation_id, sorted(seqs))}


async def _reacted(uow: UnitOfWork, conversation_id: UUID, rows: Iterable[MessageRow]) -> Mapping[int, Reacted]:
    changed = [row.seq for row in rows if row.rev]  # a reaction is a change, so most pages need not ask
    return await store.reactions_of(uow, conversation_id, changed) if changed else {}


def _named_in(rows: Iterable[MessageRow], reacted: Mapping[int, Reacted]) -> Collection[MemberId]:
    named: set[MemberId] = set()
    for row in rows:
        named.update(row.mentions)
        named.update(member for member in (row.sender_id, row.recalled_by) if member is not None)
    for by_emoji in reacted.values():
        for members in by_emoji.values():
            named.update(members[:NAMES_SHOWN])
    return named


def _message(
    row: MessageRow,
    me: MemberId | None,
    people: People,
    quoted: Mapping[int, MessageRow],
    reacted: Reacted,
    receipts: Receipts | None,
) -> Message:
    mentions = [person.userid for member in row.mentions if (person := people.get(member))]
    return Message(
        id=row.id,
        seq=row.seq,
        rev=row.rev,
        sender=sender(row.sender_id, people),
        kind=row.kind,
        content=EMPTY if row.recalled_at else msgspec.Raw(encode(row.content)),
        mentions=[*mentions, "all"] if row.mention_all else mentions,
        reply_to=quote(original, people) if (original := quoted.get(row.reply_to or 0)) else None,
        sent_at=row.sent_at,
        edited_at=row.edited_at,
        recalled_at=row.recalled_at,
        recalled_by=named.userid if row.recalled_by and (named := people.get(row.recalled_by)) else None,
        reactions=[
            Reaction(
                emoji=emoji,
                count=len(members),
                mine=me in members,
                names=[people[member].name for member in members[:NAMES_SHOWN] if member in people],
            )
            for emoji, members in reacted.items()
        ],
        receipts=receipts,
    )


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
    uow: UnitOfWork, actor: Actor, found: Sequence[tuple[ConversationRow, Participant, int]]
) -> list[Conversation]:
    """Conversations as the actor sees them, each with its last message."""
    last = await _last_messages(uow, found)
    peers = {row.id: _peer_of(row, actor.me) for row, _, _ in found if row.direct_key}
    named = {row.owner_id for row, _, _ in found if row.owner_id} | set(peers.values())
    named |= {message.sender_id for message in last.values() if message.sender_id}
    people = await directory.people(uow, named)
    return [
        _conversation(row, participant, unread, people, peers.get(row.id), last.get(row.id))
        for row, participant, unread in found
    ]


async def _last_messages(
    uow: UnitOfWork, found: Sequence[tuple[ConversationRow, Participant, int]]
) -> dict[UUID, MessageRow]:
    visible = {
        row.id: row.head_seq
        for row, participant, _ in found
        if row.head_seq and (row.rules.history_for_new or row.head_seq >= participant.joined_seq)
    }
    return await store.last_messages(uow, visible) if visible else {}


def direct_key(one: MemberId, other: MemberId) -> str:
    """The same for both of them, whoever asks."""
    return ":".join(sorted((str(one), str(other))))


def _peer_of(row: ConversationRow, me: MemberId) -> MemberId:
    one, _, other = (row.direct_key or "").partition(":")
    return MemberId(UUID(other if one == str(me) else one))


def mine(conversation: ConversationRow, participant: Participant, unread: int) -> Mine:
    """The member's own side."""
    hidden_seq = participant.hidden_seq
    return Mine(
        read_seq=participant.cursor_seq,
        unread=unread,
        mentioned=max(participant.mention_seq, conversation.all_mention_seq) > participant.nothing_new_to,
        first_seq=1 if conversation.rules.history_for_new else participant.joined_seq,
        pinned=participant.pinned,
        muted_until=participant.muted_until,
        hidden=hidden_seq is not None and hidden_seq >= conversation.head_seq,
        marked_unread=participant.marked_unread,
        draft=participant.draft,
    )


def _conversation(
    row: ConversationRow,
    participant: Participant,
    unread: int,
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
        mine=mine(row, participant, unread),
        peer=Peer(userid=peer.userid, name=peer.name, avatar_file_id=peer.avatar_file_id, state=str(peer.state))
        if peer
        else None,
        last_message=_message(last, None, people, {}, {}, None) if last else None,
    )
