"""Group commit: messages and cursor moves that arrive while a commit is under way share the next one.

One committer a process, on a connection of its own. In one transaction: the conversations are locked in the order of
their ids, rights and duplicates are judged row by row, only what survives gets numbers, and the heads move on.
Nobody hears of anything before the commit. A batch that fails as a whole is tried again one by one.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Database
from pegboard.kernel.db.database import Connection
from pegboard.kernel.db.work import scope
from pegboard.kernel.errors import PegboardError, Unavailable
from pegboard.kernel.events.outbox import OutboxBell
from pegboard.kernel.ids import MemberId, OrgId, uuid7
from pegboard.kernel.metrics import GROUP_COMMIT_BATCH, GROUP_COMMIT_SECONDS
from pegboard.modules.messaging import policy, store
from pegboard.modules.messaging.errors import ConversationNotFound, MentionNotMember, ReplyNotFound
from pegboard.modules.messaging.views import Appended, CursorMove, MessageDraft

_log = logging.getLogger(__name__)

MAX_BATCH = 1000
MAX_WAITING = 20_000
_RECONNECT_AFTER_S = 0.2

Done = Callable[["Outcome"], None]


@dataclass(slots=True, kw_only=True)
class SendWish:
    """A message that somebody wants to send; `done` is called once, from the loop, with what became of it."""

    actor: Actor
    conversation_id: UUID
    draft: MessageDraft
    done: Done


@dataclass(slots=True, kw_only=True)
class ReadWish:
    """A cursor that somebody wants to move; `seq` None is the head. `by_socket`: a device that hears events asks."""

    actor: Actor
    conversation_id: UUID
    seq: int | None
    by_socket: bool
    done: Done


Wish = SendWish | ReadWish
Outcome = Appended | CursorMove | PegboardError


@dataclass(slots=True)
class Batch:
    """What one commit is about to make true."""

    wishes: Sequence[Wish]
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    appended: list[Appended] = field(default_factory=list)
    moves: list[CursorMove] = field(default_factory=list)
    asked_elsewhere: set[MemberId] = field(default_factory=set)
    """Whose cursors were moved otherwise than over their sockets."""


class Committer:
    """Takes wishes, commits them in groups, and hands what came true to `publish`."""

    def __init__(self, database: Database, publish: Callable[[Batch], None]) -> None:
        self._database = database
        self._publish = publish
        self._waiting: list[Wish] = []
        self._wake = asyncio.Event()
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._entered: tuple[OrgId, ...] = ()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to commit."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="group commit")

    async def stop(self) -> None:
        """Commit what waits, then end."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task
        if self._connection is not None:
            await self._connection.close()

    def submit(self, wish: Wish) -> None:
        """Have it done; refuses when more waits than can be served soon."""
        if len(self._waiting) >= MAX_WAITING:
            raise Unavailable(retry_after_s=1)
        self._waiting.append(wish)
        self._wake.set()

    # --- the loop ------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while self._waiting or not self._stopping:
            await self._wake.wait()
            wishes, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            if not (self._waiting or self._stopping):
                self._wake.clear()
            if wishes:
                await self._serve(wishes)

    async def _serve(self, wishes: list[Wish]) -> None:
        try:
            batch = await self._commit(wishes)
        except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError) as error:
            # Nobody knows whether a commit that broke off came true: a retry with the same client_id finds out.
            _log.warning("group commit: the database is away: %s", type(error).__name__)
            await self._forget_connection()
            self._answer_all(wishes, Unavailable(retry_after_s=1))
            await asyncio.sleep(_RECONNECT_AFTER_S)
            return
        except Exception as error:  # noqa: BLE001  # whatever it is, one of them may have caused it alone
            await self._roll_back()
            if len(wishes) > 1:
                _log.warning("group commit: %d wishes go one by one: %s", len(wishes), type(error).__name__)
                for wish in wishes:
                    await self._serve([wish])
            else:
                _log.exception("group commit")
                self._answer_all(wishes, PegboardError())
            return
        try:
            self._publish(batch)
        except Exception:  # noqa: BLE001  # it is committed: the senders have to be told
            _log.exception("publishing a commit")
        for number, wish in enumerate(wishes):
            wish.done(batch.outcomes[number])

    def _answer_all(self, wishes: Sequence[Wish], error: PegboardError) -> None:
        for wish in wishes:
            wish.done(error)

    async def _roll_back(self) -> None:
        self._entered = ()
        if self._connection is not None and not self._connection.is_closed():
            await self._connection.execute("rollback")

    async def _forget_connection(self) -> None:
        self._entered = ()
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    # --- one commit ------------------------------------------------------------------------------------------------

    async def _commit(self, wishes: list[Wish]) -> Batch:
        if self._connection is None or self._connection.is_closed():
            self._connection, self._entered = await self._database.connect_app(), ()
            # Every lookup here is by key, and a plan made while the tables were small must not become a scan later.
            await self._connection.execute(
                "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; "
                "SET idle_in_transaction_session_timeout = 0"
            )
        connection = self._connection
        started_s = time.perf_counter()
        batch = Batch(wishes)
        now = self._database.clock.now()
        orgs = tuple(sorted({wish.actor.org_id for wish in wishes}))
        await self._enter(connection, orgs)
        sends = [(number, wish) for number, wish in enumerate(wishes) if isinstance(wish, SendWish)]
        reads = [(number, wish) for number, wish in enumerate(wishes) if isinstance(wish, ReadWish)]
        if sends:
            await self._append(connection, batch, sends, now)
        if reads:
            await self._move_cursors(connection, batch, reads, now)
        self._entered = ()
        await connection.execute(f"commit; begin; {scope(orgs)}")
        self._entered = orgs
        GROUP_COMMIT_BATCH.observe(len(wishes))
        GROUP_COMMIT_SECONDS.observe(time.perf_counter() - started_s)
        return batch

    async def _enter(self, connection: Connection, orgs: tuple[OrgId, ...]) -> None:
        """Be in a transaction of exactly these organisations.

        The last commit has begun the next transaction on its way, for the same organisations: one round trip less for
        a message that comes alone. Without a statement such a transaction holds nothing.
        """
        if self._entered != orgs:
            await connection.execute(f"{'' if self._entered else 'begin; '}{scope(orgs)}")
            self._entered = orgs

    async def _append(
        self,
        connection: Connection,
        batch: Batch,
        sends: list[tuple[int, SendWish]],
        now: datetime,
    ) -> None:
        standings = await store.locked_standings(
            connection,
            [(wish.actor.org_id, wish.conversation_id, wish.actor.me, wish.draft.client_id) for _, wish in sends],
        )
        unknown = await _unknown_references(connection, sends)
        heads: dict[UUID, int] = {}
        first_of: dict[tuple[UUID, UUID, str], Appended] = {}
        caught_up: dict[tuple[OrgId, UUID, MemberId], int] = {}
        for index, (number, wish) in enumerate(sends):
            standing = standings.get(index)
            key = (wish.conversation_id, wish.actor.me, wish.draft.client_id or "")
            if standing is not None and standing.known is not None:
                batch.outcomes[number] = standing.known
                continue
            if wish.draft.client_id and key in first_of:  # two devices, or one twice, in the same moment
                batch.outcomes[number] = first_of[key].again()
                continue
            try:
                if standing is None:
                    raise ConversationNotFound
                policy.may_send(standing, mention_all=wish.draft.mention_all)
                if error := unknown.get(number):
                    raise error
            except PegboardError as error:
                batch.outcomes[number] = error
                continue
            seq = heads[wish.conversation_id] = heads.get(wish.conversation_id, standing.head_seq) + 1
            appended = Appended(
                org_id=wish.actor.org_id,
                conversation_id=wish.conversation_id,
                message_id=uuid7(),
                seq=seq,
                sent_at=now,
                sender_id=wish.actor.me,
                sender_userid=wish.actor.userid,
                sender_name=wish.actor.name,
                draft=wish.draft,
            )
            first_of[key] = appended
            batch.outcomes[number] = appended
            batch.appended.append(appended)
            # Who had read everything has read their own words too; whoever had not keeps their place.
            reader = (wish.actor.org_id, wish.conversation_id, wish.actor.me)
            if caught_up.get(reader, standing.cursor_seq) == seq - 1:
                caught_up[reader] = seq
        if batch.appended:
            await store.append(connection, batch.appended)
            await store.attach_files(connection, batch.appended)
            await store.note_mentions(connection, batch.appended)
            if caught_up:
                await store.follow_own(connection, caught_up, now)
        if OutboxBell in self._database.parts:
            self._database.parts[OutboxBell].ring()

    async def _move_cursors(
        self,
        connection: Connection,
        batch: Batch,
        reads: list[tuple[int, ReadWish]],
        now: datetime,
    ) -> None:
        wanted: dict[tuple[OrgId, UUID, MemberId], int | None] = {}
        for _, wish in reads:
            key = (wish.actor.org_id, wish.conversation_id, wish.actor.me)
            before = wanted.get(key, 0)
            wanted[key] = None if before is None or wish.seq is None else max(before, wish.seq)
        moves = await store.move_cursors(connection, wanted, now)
        for number, wish in reads:
            move = moves.get((wish.actor.org_id, wish.conversation_id, wish.actor.me))
            batch.outcomes[number] = move if move is not None else ConversationNotFound()
        batch.moves = [move for move in moves.values() if move.moved]
        batch.asked_elsewhere = {wish.actor.me for _, wish in reads if not wish.by_socket}


async def _unknown_references(connection: Connection, sends: list[tuple[int, SendWish]]) -> dict[int, PegboardError]:
    """Mentions of people outside the conversation, and replies to what is not there; most messages have neither."""
    found: dict[int, PegboardError] = {}
    mentioning = [(number, wish) for number, wish in sends if wish.draft.mentions]
    if mentioning:
        present = await store.present(
            connection,
            [
                (wish.actor.org_id, wish.conversation_id, member_id)
                for _, wish in mentioning
                for member_id in wish.draft.mentions
            ],
        )
        for number, wish in mentioning:
            if any((wish.conversation_id, member_id) not in present for member_id in wish.draft.mentions):
                found[number] = MentionNotMember()
    replying = [(number, wish) for number, wish in sends if wish.draft.reply_to is not None]
    if replying:
        there = await store.existing(
            connection,
            [(wish.actor.org_id, wish.conversation_id, wish.draft.reply_to or 0) for _, wish in replying],
        )
        for number, wish in replying:
            if (wish.conversation_id, wish.draft.reply_to) not in there:
                found[number] = ReplyNotFound()
    return found
