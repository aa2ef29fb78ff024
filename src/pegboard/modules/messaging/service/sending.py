"""Sending: everything that can be checked without the conversation's lock, then one wish for the group commit."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.errors import PegboardError, invalid
from pegboard.kernel.files import FileNotFound, open_for
from pegboard.kernel.http.errors import as_refusal
from pegboard.kernel.http.rates import TokenBuckets
from pegboard.kernel.parts import Parts
from pegboard.modules.directory import api as directory
from pegboard.modules.messaging import policy, store
from pegboard.modules.messaging.content import File, Image, encode, parse
from pegboard.modules.messaging.errors import (
    ConversationNotFound,
    FileNotUsable,
    MentionNotMember,
    ReplyNotFound,
    TooFast,
)
from pegboard.modules.messaging.schemas import NewMessage, ReadPosition, Sent
from pegboard.modules.messaging.service import rendering
from pegboard.modules.messaging.service.committing import Committer, Outcome, ReadWish, SendWish
from pegboard.modules.messaging.service.publishing import Publisher
from pegboard.modules.messaging.settings import MessagingSettings
from pegboard.modules.messaging.views import (
    Access,
    Appended,
    CursorMove,
    MessageDraft,
    MessageRow,
    Quote,
    ThreadMove,
)

ALL = "all"


class Messenger:
    """The process's part that takes messages and cursor moves."""

    def __init__(self, parts: Parts, settings: MessagingSettings) -> None:
        self.settings = settings
        self._database = parts[Database]
        self._publisher = Publisher(parts, settings)
        self._committer = Committer(self._database, self._publisher.publish)
        self._publisher.ask_before_counting(self._committer.has_readers_of)
        self._per_person = TokenBuckets(settings.messages_per_person, settings.messages_per_person_burst)
        self._per_conversation = TokenBuckets(
            settings.messages_per_conversation, settings.messages_per_conversation_burst
        )
        self._preparing: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to commit."""
        self._committer.start()

    async def stop(self) -> None:
        """Commit what waits, then end."""
        await self._committer.stop()

    # --- sending -----------------------------------------------------------------------------------------------------

    def submit(self, actor: Actor, conversation_id: UUID, new: NewMessage, done: Callable[[Outcome], None]) -> None:
        """Send from the event loop; `done` hears what became of it. Refuses at once what is wrong in itself."""
        self._check_rates(actor, conversation_id)
        content = parse(new.kind, new.content, text_limit=self.settings.text_limit)
        if new.mentions or new.reply_to or new.also_in_main or isinstance(content, (File, Image)):
            if new.also_in_main and not new.reply_to:
                raise invalid("also_in_main", "invalid")
            self._spawn(self._prepare_and_submit(actor, conversation_id, new, content, done), done)
            return
        draft = MessageDraft(kind=new.kind, content=encode(content), client_id=new.client_id)
        self._committer.submit(SendWish(actor=actor, conversation_id=conversation_id, draft=draft, done=done))

    async def send(self, actor: Actor, conversation_id: UUID, new: NewMessage) -> Appended:
        """Send and wait for the commit; raises the refusal."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.submit(actor, conversation_id, new, _settle(future))
        outcome = await future
        if not isinstance(outcome, Appended):
            raise _error(outcome)
        return outcome

    async def send_draft(self, actor: Actor, conversation_id: UUID, draft: MessageDraft) -> Appended:
        """Send what the server itself put together (forwards)."""
        self._check_rates(actor, conversation_id)
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._committer.submit(
            SendWish(actor=actor, conversation_id=conversation_id, draft=draft, done=_settle(future))
        )
        outcome = await future
        if not isinstance(outcome, Appended):
            raise _error(outcome)
        return outcome

    def _check_rates(self, actor: Actor, conversation_id: UUID) -> None:
        wait_s = self._per_person.take(actor.member_id) or self._per_conversation.take(conversation_id)
        if wait_s:
            raise TooFast(retry_after_s=wait_s)

    def _spawn(self, work: Coroutine[Any, Any, None], done: Callable[[Outcome], None]) -> None:
        async def run() -> None:
            try:
                await work
            except Exception as exception:  # noqa: BLE001  # a boundary: the sender hears of it
                done(as_refusal(exception))

        task = asyncio.get_running_loop().create_task(run())
        self._preparing.add(task)
        task.add_done_callback(self._preparing.discard)

    async def _prepare_and_submit(
        self,
        actor: Actor,
        conversation_id: UUID,
        new: NewMessage,
        content: Any,
        done: Callable[[Outcome], None],
    ) -> None:
        async with UnitOfWork(self._database, orgs=(actor.org_id,)) as uow:
            draft = await _prepare(uow, actor, conversation_id, new, content)
        self._committer.submit(SendWish(actor=actor, conversation_id=conversation_id, draft=draft, done=done))

    # --- reading -----------------------------------------------------------------------------------------------------

    def submit_read(
        self,
        actor: Actor,
        conversation_id: UUID,
        seq: int | None,
        done: Callable[[Outcome], None],
        *,
        by_socket: bool = True,
    ) -> None:
        """Move the actor's cursor from the event loop. `by_socket`: one of their sockets asks, and hears the answer."""
        wish = ReadWish(actor=actor, conversation_id=conversation_id, seq=seq, by_socket=by_socket, done=done)
        self._committer.submit(wish)

    async def read(self, actor: Actor, conversation_id: UUID, seq: int | None) -> ReadPosition:
        """Move the actor's cursor forward (None: to the head, in all threads too); where it stands now."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.submit_read(actor, conversation_id, seq, _settle(future), by_socket=False)
        outcome = await future
        if not isinstance(outcome, CursorMove):
            raise _error(outcome)
        return position(outcome)

    async def read_thread(self, actor: Actor, conversation_id: UUID, root_seq: int, seq: int) -> None:
        """Move the actor's cursor in a thread forward; nothing happens where nobody has replied."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        wish = ReadWish(
            actor=actor,
            conversation_id=conversation_id,
            seq=seq,
            root_seq=root_seq,
            by_socket=False,
            done=_settle(future),
        )
        self._committer.submit(wish)
        outcome = await future
        if not isinstance(outcome, (ThreadMove, ConversationNotFound)):
            raise _error(outcome)


def position(move: CursorMove) -> ReadPosition:
    """The answer to a reader."""
    return ReadPosition(read_seq=move.to_seq, threads_read_seq=move.threads_to_seq)


def _settle(future: "asyncio.Future[Outcome]") -> Callable[[Outcome], None]:
    def done(outcome: Outcome) -> None:
        if not future.done():
            future.set_result(outcome)

    return done


def _error(outcome: Outcome) -> PegboardError:
    return outcome if isinstance(outcome, PegboardError) else PegboardError()


def sent(message: Appended) -> Sent:
    """The answer to the sender."""
    return Sent(id=message.message_id, seq=message.seq, sent_at=message.sent_at)


async def _prepare(uow: UnitOfWork, actor: Actor, conversation_id: UUID, new: NewMessage, content: Any) -> MessageDraft:
    """Look up what the message refers to; whether it may is judged again under the lock."""
    access = await policy.reading(uow, actor, conversation_id)
    userids = tuple(dict.fromkeys(userid for userid in new.mentions if userid != ALL))
    mentioned = await directory.by_userids(uow, userids) if userids else {}
    if len(mentioned) < len(userids):
        raise MentionNotMember
    original = await _original(uow, access, new.reply_to) if new.reply_to is not None else None
    file_ids: tuple[UUID, ...] = ()
    if isinstance(content, (File, Image)):
        content = await _described(uow, actor, content)
        file_ids = (content.file_id,)
    return MessageDraft(
        kind=new.kind,
        content=encode(content),
        client_id=new.client_id,
        mentions=tuple(mentioned[userid].member_id for userid in userids),
        mention_userids=userids,
        mention_all=ALL in new.mentions,
        reply_to=new.reply_to,
        reply_author=original.sender_id if original else None,
        thread_seq=(original.thread_seq or original.seq) if original else None,
        also_in_main=new.also_in_main,
        file_ids=file_ids,
        quote=await _quote(uow, original) if original else None,
    )


async def _original(uow: UnitOfWork, access: Access, seq: int) -> MessageRow:
    row = await store.message(uow, access.conversation.id, seq) if seq >= access.first_seq else None
    if row is None:
        raise ReplyNotFound
    return row


async def _quote(uow: UnitOfWork, original: MessageRow) -> Quote:
    people = await directory.people(uow, [original.sender_id] if original.sender_id else [])
    return rendering.quote(original, people)


async def _described(uow: UnitOfWork, actor: Actor, content: File | Image) -> File | Image:
    """The content with what the server knows of the file; only a file that the sender uploaded can be sent."""
    try:
        file = await open_for(uow, content.file_id)
    except FileNotFound:
        raise FileNotUsable from None
    if file.owner_id != actor.me:
        raise FileNotUsable
    if isinstance(content, Image):
        if file.width is None:
            raise FileNotUsable
        return Image(file_id=file.file_id, width=file.width, height=file.height)
    return File(file_id=file.file_id, name=file.name, size=file.size, type=file.type)
