"""Group commit: messages and cursor moves that arrive while a commit is under way share the next one.

One committer a process, on a connection of its own. Plain messages whose conversation and sender are remembered
(`service/standings.py`) are judged and numbered at once and appended by one statement that is a transaction by itself;
where the conversation has moved on meanwhile, that statement stores nothing. Everything else goes the thorough way, in
one transaction: the conversations are locked in the order of their ids, rights and duplicates are judged row by row,
only what survives gets numbers, and the heads move on. Nobody hears of anything before the commit. A batch that fails
as a whole is tried again one by one.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Database
from pegboard.kernel.db.database import Connection
from pegboard.kernel.db.work import session_scope
from pegboard.kernel.errors import PegboardError, Unavailable
from pegboard.kernel.events.outbox import OutboxBell
from pegboard.kernel.ids import MemberId, OrgId, uuid7
from pegboard.kernel.metrics import GROUP_COMMIT_BATCH, GROUP_COMMIT_SECONDS
from pegboard.modules.messaging import policy, store
from pegboard.modules.messaging.errors import ConversationNotFound, MentionNotMember, ReplyNotFound
from pegboard.modules.messaging.service.standings import Standings
from pegboard.modules.messaging.store import Place, Seen
from pegboard.modules.messaging.store.threads import ThreadWish
from pegboard.modules.messaging.views import Appended, CursorMove, MessageDraft, Standing, ThreadCounts, ThreadMove

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

    @property
    def place(self) -> Place:
        """Where it goes."""
        return self.actor.org_id, self.conversation_id


@dataclass(slots=True, kw_only=True)
class ReadWish:
    """A cursor that somebody wants to move; `seq` None is the head. `by_socket`: a device that hears events asks.

    `root_seq`: the cursor of this thread, instead of the main line's.
    """

    actor: Actor
    conversation_id: UUID
    seq: int | None
    by_socket: bool
    done: Done
    root_seq: int | None = None


Wish = SendWish | ReadWish
Outcome = Appended | CursorMove | ThreadMove | PegboardError


@dataclass(slots=True)
class Batch:
    """What one commit is about to make true."""

    wishes: Sequence[Wish]
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    appended: list[Appended] = field(default_factory=list)
    threads: dict[tuple[UUID, int], ThreadCounts] = field(default_factory=dict)
    """How its thread stands with each reply, by conversation and seq."""
    moves: list[CursorMove] = field(default_factory=list)
    thread_moves: list[ThreadMove] = field(default_factory=list)
    asked_elsewhere: set[MemberId] = field(default_factory=set)
    """Whose cursors were moved otherwise than over their sockets."""
    told: set[int] = field(default_factory=set)
    """The wishes that were answered before the rest was tried."""


class Committer:
    """Takes wishes, commits them in groups, and hands what came true to `publish`."""

    def __init__(self, database: Database, publish: Callable[[Batch], None]) -> None:
        self._database = database
        self._publish = publish
        self._waiting: list[Wish] = []
        self._reading: Counter[UUID] = Counter()
        self._standings = Standings()
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
        if isinstance(wish, ReadWish):
            self._reading[wish.conversation_id] += 1
        self._wake.set()

    def has_readers_of(self, conversation_id: UUID) -> bool:
        """Whether cursors in this conversation are about to move."""
        return conversation_id in self._reading

    # --- the loop ------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):  # the first wish tries again
            await self._connected()
        while self._waiting or not self._stopping:
            await self._wake.wait()
            wishes, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            if not (self._waiting or self._stopping):
                self._wake.clear()
            sends = [wish for wish in wishes if isinstance(wish, SendWish)]
            reads = [wish for wish in wishes if isinstance(wish, ReadWish)]
            if sends:
                await self._serve(sends)
            if reads:
                await self._serve(reads)
                self._reading -= Counter(wish.conversation_id for wish in reads)

    async def _serve(self, wishes: Sequence[Wish]) -> None:
        batch = Batch(wishes)
        try:
            await self._commit(batch)
        except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError) as error:
            # Nobody knows whether a commit that broke off came true: a retry with the same client_id finds out.
            _log.warning("group commit: the database is away: %s", type(error).__name__)
            await self._forget_connection()
            self._answer_all(_untold(batch), Unavailable(retry_after_s=1))
            await asyncio.sleep(_RECONNECT_AFTER_S)
            return
        except Exception as error:  # noqa: BLE001  # whatever it is, one of them may have caused it alone
            self._standings.forget_all()
            if len(wishes) > 1:
                _log.warning("group commit: %d wishes go one by one: %s", len(wishes), type(error).__name__)
                for wish in _untold(batch):
                    await self._serve([wish])
            else:
                _log.exception("group commit")
                self._answer_all(wishes, PegboardError())
            return
        self._tell(batch, range(len(wishes)))

    def _tell(self, batch: Batch, numbers: Iterable[int]) -> None:
        """These have come true: tell everybody, then those who wished it."""
        try:
            self._publish(batch)
        except Exception:  # noqa: BLE001  # it is committed: the senders have to be told
            _log.exception("publishing a commit")
        for number in numbers:
            if number not in batch.told:
                batch.told.add(number)
                batch.wishes[number].done(batch.outcomes[number])
        batch.appended, batch.threads = [], {}

    def _answer_all(self, wishes: Sequence[Wish], error: PegboardError) -> None:
        for wish in wishes:
            wish.done(error)

    async def _forget_connection(self) -> None:
        self._standings.forget_all()
        self._entered = ()
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    # --- one commit ------------------------------------------------------------------------------------------------

    async def _commit(self, batch: Batch) -> None:
        wishes = batch.wishes
        started_s = time.perf_counter()
        connection = await self._connected()
        await self._enter(connection, tuple(sorted({wish.actor.org_id for wish in wishes})))
        now = self._database.clock.now()
        sends = {number: wish for number, wish in enumerate(wishes) if isinstance(wish, SendWish)}
        reads = {number: wish for number, wish in enumerate(wishes) if isinstance(wish, ReadWish)}
        if sends:
            await self._send(connection, batch, sends, now)
        else:
            await self._move_cursors(connection, batch, reads, now)
        GROUP_COMMIT_BATCH.observe(len(wishes))
        GROUP_COMMIT_SECONDS.observe(time.perf_counter() - started_s)

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection, self._entered = await self._database.connect_app(), ()
            # Every lookup here is by key, and a plan made while the tables were small must not become a scan later.
            await self._connection.execute(
                "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; "
                "SET idle_in_transaction_session_timeout = 0"
            )
            await store.warm_up(self._connection)
        return self._connection

    async def _enter(self, connection: Connection, orgs: tuple[OrgId, ...]) -> None:
        """See the rows of exactly these organisations, until others are entered."""
        if self._entered != orgs:
            self._entered = ()
            await connection.execute(session_scope(orgs))
            self._entered = orgs

    # --- messages --------------------------------------------------------------------------------------------------

    async def _send(self, connection: Connection, batch: Batch, sends: Mapping[int, SendWish], now: datetime) -> None:
        if all(wish.draft.is_plain for wish in sends.values()):
            await self._append_remembered(connection, batch, sends, now)
            sends = {number: wish for number, wish in sends.items() if number not in batch.outcomes}
            if batch.outcomes and sends:
                self._tell(batch, list(batch.outcomes))  # that is true, and the rest may still fail
        if sends:
            async with connection.transaction():
                appended = await self._append_locked(connection, batch, sends, now)
            batch.appended += appended
        if OutboxBell in self._database.parts:
            self._database.parts[OutboxBell].ring()

    async def _append_remembered(
        self, connection: Connection, batch: Batch, sends: Mapping[int, SendWish], now: datetime
    ) -> None:
        """Append what can be judged from memory; the others get no outcome."""
        standings = {
            number: standing
            for number, wish in sends.items()
            if (standing := self._standings.of(wish.place, wish.actor.me)) is not None
        }
        seen = {place: self._standings.seen(place) for place in {sends[number].place for number in standings}}
        judged, appended = _number({number: sends[number] for number in standings}, standings, seen, {}, now)
        if not appended:
            return
        try:
            true_in = await store.append(connection, appended, seen)
        except asyncpg.UniqueViolationError:  # a client_id that was there: the thorough way finds its message
            return
        for place in {message.place for message in appended} - true_in:
            self._standings.forget(place)
        for message in appended:
            if message.place in true_in:
                batch.appended.append(message)
                self._standings.advance(message.place, message.seq)
        for number, outcome in judged.items():
            if isinstance(outcome, Appended) and outcome.place in true_in:
                batch.outcomes[number] = outcome

    async def _append_locked(
        self, connection: Connection, batch: Batch, sends: Mapping[int, SendWish], now: datetime
    ) -> list[Appended]:
        standings = await store.locked_standings(
            connection,
            {
                number: (wish.actor.org_id, wish.conversation_id, wish.actor.me, wish.draft.client_id)
                for number, wish in sends.items()
            },
        )
        unknown = await _unknown_references(connection, list(sends.items()))
        seen = {sends[number].place: Seen(head_seq=each.head_seq) for number, each in standings.items()}
        judged, appended = _number(sends, standings, seen, unknown, now)
        if appended:
            await store.append(connection, appended, seen)
            await store.attach_files(connection, appended)
            await store.note_mentions(connection, appended)
            if replies := [message for message in appended if message.draft.thread_seq is not None]:
                batch.threads = await store.continue_threads(connection, replies, now)
        for number, standing in standings.items():
            self._standings.learn(sends[number].place, sends[number].actor.me, standing)
        for message in appended:
            self._standings.advance(message.place, message.seq)
        batch.outcomes |= judged
        return appended

    # --- cursors ---------------------------------------------------------------------------------------------------

    async def _move_cursors(
        self,
        connection: Connection,
        batch: Batch,
        reads: Mapping[int, ReadWish],
        now: datetime,
    ) -> None:
        wanted: dict[_Reader, int | None] = {}
        in_threads: set[ThreadWish] = set()
        for wish in reads.values():
            key = _reader(wish)
            if wish.root_seq is not None:
                in_threads.add((*key, wish.root_seq, wish.seq or 0))
                continue
            before = wanted.get(key, 0)
            wanted[key] = None if before is None or wish.seq is None else max(before, wish.seq)
        moves = await store.move_cursors(connection, wanted, now) if wanted else {}  # a transaction by itself
        # Who has seen a reply that stands in no other line has read its thread to there.
        in_threads |= {
            (*_reader(wish), None, wish.seq)
            for wish in reads.values()
            if wish.root_seq is None and wish.seq and (move := moves.get(_reader(wish))) and wish.seq <= move.reply_seq
        }
        thread_moves = await store.move_threads(connection, in_threads, now) if in_threads else {}
        for number, wish in reads.items():
            found: CursorMove | ThreadMove | None
            if wish.root_seq is None:
                found = moves.get(_reader(wish))
            else:
                found = thread_moves.get((*_reader(wish), wish.root_seq))
            batch.outcomes[number] = found if found is not None else ConversationNotFound()
        batch.moves = [move for move in moves.values() if move.moved]
        batch.thread_moves = [thread_move for thread_move in thread_moves.values() if thread_move.moved]
        batch.asked_elsewhere = {wish.actor.me for wish in reads.values() if not wish.by_socket}


_Reader = tuple[OrgId, UUID, MemberId]


def _reader(wish: ReadWish) -> _Reader:
    return (wish.actor.org_id, wish.conversation_id, wish.actor.me)


def _number(
    sends: Mapping[int, SendWish],
    standings: Mapping[int, Standing],
    seen: Mapping[Place, Seen],
    unknown: Mapping[int, PegboardError],
    now: datetime,
) -> tuple[dict[int, Outcome], list[Appended]]:
    """Judge the wishes one by one and number what survives: the outcomes, and the messages to be stored."""
    outcomes: dict[int, Outcome] = {}
    appended: list[Appended] = []
    heads = {place: each.head_seq for place, each in seen.items()}
    first_of: dict[tuple[UUID, UUID, str], Appended] = {}
    for number, wish in sends.items():
        standing = standings.get(number)
        key = (wish.conversation_id, wish.actor.me, wish.draft.client_id or "")
        if standing is not None and standing.known is not None:
            outcomes[number] = standing.known
            continue
        if wish.draft.client_id and key in first_of:  # two devices, or one twice, in the same moment
            outcomes[number] = first_of[key].again()
            continue
        try:
            if standing is None:
                raise ConversationNotFound
            policy.may_send(standing, mention_all=wish.draft.mention_all, thread_only=wish.draft.thread_only)
            if error := unknown.get(number):
                raise error
        except PegboardError as error:
            outcomes[number] = error
            continue
        heads[wish.place] += 1
        message = Appended(
            org_id=wish.actor.org_id,
            conversation_id=wish.conversation_id,
            message_id=uuid7(),
            seq=heads[wish.place],
            sent_at=now,
            sender_id=wish.actor.me,
            sender_userid=wish.actor.userid,
            sender_name=wish.actor.name,
            draft=wish.draft,
        )
        first_of[key] = outcomes[number] = message
        appended.append(message)
    return outcomes, appended


def _untold(batch: Batch) -> list[Wish]:
    """Those that are not answered yet."""
    return [wish for number, wish in enumerate(batch.wishes) if number not in batch.told]


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
