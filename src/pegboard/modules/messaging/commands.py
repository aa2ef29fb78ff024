"""What clients ask over their socket; the same verbs as over HTTP. See docs/protocol/realtime.md."""

from functools import partial
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.errors import PegboardError
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.commands import Command, Reply
from pegboard.modules.messaging.schemas import Message, NewMessage, Position, Readers, Seq
from pegboard.modules.messaging.service import reading
from pegboard.modules.messaging.service.committing import Outcome
from pegboard.modules.messaging.service.sending import Messenger, position, sent
from pegboard.modules.messaging.views import Appended, CursorMove

Limit = Annotated[int, Meta(ge=1, le=reading.MESSAGES_AT_ONCE)]


class _Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all commands' parameters."""


class SendMessage(NewMessage, frozen=True, kw_only=True):
    """`message.send`: a new message for a conversation."""

    conversation_id: UUID


class ReadConversation(_Params, frozen=True, kw_only=True):
    """`conversation.read`: everything up to `seq` was seen (none: to the head)."""

    conversation_id: UUID
    seq: Position | None = None


class MessagesAfter(_Params, frozen=True, kw_only=True):
    """`messages.after`: the gap above `seq`."""

    conversation_id: UUID
    seq: Position
    limit: Limit = reading.MESSAGES_AT_ONCE


class MessagesChanged(_Params, frozen=True, kw_only=True):
    """`messages.changed`: what was changed after the revision `rev`."""

    conversation_id: UUID
    rev: Position
    limit: Limit = reading.MESSAGES_AT_ONCE


class AskReaders(_Params, frozen=True, kw_only=True):
    """`readers`: who has read a message."""

    conversation_id: UUID
    seq: Seq
    cursor: str | None = None


class Ping(_Params, frozen=True, kw_only=True):
    """`ping`: is somebody there?"""


class MessagesPage(msgspec.Struct, frozen=True, kw_only=True):
    """Messages in their order; ask again with `next_seq` unless it is null."""

    items: list[Message]
    next_seq: int | None


class ChangesPage(msgspec.Struct, frozen=True, kw_only=True):
    """Changed messages in the order of their changes; ask again with `next_rev` unless it is null."""

    items: list[Message]
    next_rev: int | None


def _send(parts: Parts, actor: Actor, params: SendMessage, reply: Reply) -> None:
    parts[Messenger].submit(actor, params.conversation_id, params, partial(_answer, reply))


def _read(parts: Parts, actor: Actor, params: ReadConversation, reply: Reply) -> None:
    parts[Messenger].submit_read(actor, params.conversation_id, params.seq, partial(_answer, reply))


def _answer(reply: Reply, outcome: Outcome) -> None:
    match outcome:
        case Appended():
            reply.ok(sent(outcome))
        case CursorMove():
            reply.ok(position(outcome))
        case PegboardError():
            reply.refuse(outcome)


async def _messages_after(uow: UnitOfWork, actor: Actor, params: MessagesAfter) -> MessagesPage:
    items, following = await reading.catch_up(uow, actor, params.conversation_id, params.seq, params.limit)
    return MessagesPage(items=items, next_seq=following)


async def _messages_changed(uow: UnitOfWork, actor: Actor, params: MessagesChanged) -> ChangesPage:
    items, following = await reading.changes(uow, actor, params.conversation_id, params.rev, params.limit)
    return ChangesPage(items=items, next_rev=following)


async def _readers(uow: UnitOfWork, actor: Actor, params: AskReaders) -> Readers:
    return await reading.readers(uow, actor, params.conversation_id, params.seq, cursor=params.cursor)


async def _ping(uow: UnitOfWork, actor: Actor, params: Ping) -> dict[str, str]:
    return {}


COMMANDS = (
    Command(name="message.send", params=SendMessage, submit=_send),
    Command(name="conversation.read", params=ReadConversation, submit=_read),
    Command(name="messages.after", params=MessagesAfter, run=_messages_after),
    Command(name="messages.changed", params=MessagesChanged, run=_messages_changed),
    Command(name="readers", params=AskReaders, run=_readers),
    Command(name="ping", params=Ping, run=_ping),
)
