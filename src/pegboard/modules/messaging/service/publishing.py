"""What a commit released, told to those who are connected: each conversation's events are encoded once."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from operator import attrgetter
from uuid import UUID

from msgspec import UNSET, UnsetType

from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.ids import MemberId, OrgId
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.batch import events_frame
from pegboard.kernel.realtime.hints import Hearing, Hint, Others
from pegboard.kernel.realtime.hub import Hub
from pegboard.kernel.realtime.live import encode_event
from pegboard.kernel.realtime.ordering import Span
from pegboard.modules.attention import api as attention
from pegboard.modules.messaging import policy, store
from pegboard.modules.messaging.live import CursorMoved, MessageCreated, ReceiptCount, ReceiptsChanged, ThreadRead
from pegboard.modules.messaging.service import badges, rendering
from pegboard.modules.messaging.service.committing import Batch
from pegboard.modules.messaging.settings import MessagingSettings
from pegboard.modules.messaging.store.reading import ALL_THREADS, MAIN
from pegboard.modules.messaging.views import Appended, CursorMove, ThreadCounts, ThreadMove

_log = logging.getLogger(__name__)

COUNTED_BACK = 200
SETTLE_S = 0.005
WAIT_AT_MOST_S = 0.1


def topic(conversation_id: UUID) -> Hashable:
    """What those who are in the conversation hear."""
    return ("conversation", conversation_id)


def member_topic(member_id: MemberId) -> Hashable:
    """What all devices of one member hear."""
    return ("member", member_id)


def created_event(message: Appended, thread: ThreadCounts | UnsetType = UNSET) -> bytes:
    """The event of a new message; with a reply, how its thread stands then."""
    shown = rendering.appended(message)
    return encode_event(MessageCreated(conversation_id=message.conversation_id, message=shown, thread=thread))


class Publisher:
    """Publishes commits, and counts readers a moment later."""

    def __init__(self, parts: Parts, settings: MessagingSettings) -> None:
        self._parts = parts
        self._database = parts[Database]
        self._every_s = settings.receipts_every_s
        self._about_to_move: Callable[[UUID], bool] = lambda _: False
        self._counting: dict[UUID, _Count] = {}
        self._own_sides: dict[tuple[OrgId, UUID, MemberId], set[int]] = {}
        """Whose devices are being told of what they have read, and of which lines they shall be told next."""
        self._tasks: set[asyncio.Task[None]] = set()
        parts.put(Publisher, self)

    def ask_before_counting(self, about_to_move: Callable[[UUID], bool]) -> None:
        """Whoever moves the cursors knows where more are about to."""
        self._about_to_move = about_to_move

    def publish(self, batch: Batch) -> None:
        """New messages at once; moved cursors to their owners' devices and, counted, to the senders."""
        if Hub not in self._parts:
            return
        hub = self._parts[Hub]
        others = self._parts.get(Others)
        events: dict[UUID, list[bytes]] = defaultdict(list)
        for message in batch.appended:
            thread = batch.threads.get((message.conversation_id, message.seq), UNSET) if batch.threads else UNSET
            events[message.conversation_id].append(created_event(message, thread))
        spans = _spans(batch.appended) if others is not None else {}
        for conversation_id, encoded in events.items():
            hub.publish(topic(conversation_id), events_frame(encoded), span=spans.get(conversation_id))
        if (batch.moves or batch.thread_moves) and others is not None:
            others.tell(CursorsMoved(moves=batch.moves, in_threads=batch.thread_moves))
        for move in batch.moves:
            self._count_soon(move)
            self._tell_own_devices(hub, move, others=move.member_id not in batch.asked_elsewhere)
        for thread_move in batch.thread_moves:
            self._count_soon(thread_move)
            self._tell_own_devices(hub, thread_move, others=False)

    def moved_elsewhere(self, moves: Sequence[CursorMove | ThreadMove]) -> None:
        """Another process has committed these: its readers may be here too, and so may the senders."""
        hub = self._parts[Hub]
        for move in moves:
            if hub.subscribers(topic(move.conversation_id)):
                self._count_soon(move)
            self._tell_own_devices(hub, move, others=False)

    # --- the reader's own devices ----------------------------------------------------------------------------------

    def side_changed(self, move: ThreadMove) -> None:
        """Somebody follows a thread now, or no longer (the cursor need not have moved)."""
        if Others in self._parts:
            self._parts[Others].tell(CursorsMoved(moves=[], in_threads=[move]))
        if Hub in self._parts:
            self._tell_own_devices(self._parts[Hub], move, others=False)

    def _tell_own_devices(self, hub: Hub, move: CursorMove | ThreadMove, *, others: bool) -> None:
        """`others`: one of the sockets moved it, and knows."""
        if len(hub.subscribers(member_topic(move.member_id))) <= others:
            return
        line = move.root_seq if isinstance(move, ThreadMove) else MAIN
        reader = (move.org_id, move.conversation_id, move.member_id)
        if reader in self._own_sides:
            self._own_sides[reader].add(line)
        else:
            self._own_sides[reader] = {line}
            self._spawn(self._tell_own_sides(hub, *reader))

    async def _tell_own_sides(self, hub: Hub, org_id: OrgId, conversation_id: UUID, member_id: MemberId) -> None:
        """One after the other, so that what is told last is the newest."""
        reader = (org_id, conversation_id, member_id)
        try:
            while lines := self._own_sides[reader]:
                self._own_sides[reader] = set()
                async with UnitOfWork(self._database, orgs=(org_id,)) as uow:
                    events = [
                        *[await self._own_thread(uow, conversation_id, member_id, root) for root in lines - {MAIN}],
                        await self._own_state(uow, conversation_id, member_id),
                    ]
                hub.publish_here(member_topic(member_id), events_frame([encode_event(event) for event in events]))
        finally:
            del self._own_sides[reader]

    async def _own_state(self, uow: UnitOfWork, conversation_id: UUID, member_id: MemberId) -> CursorMoved:
        unread = await store.unread_of(uow, conversation_id, member_id)
        state = await attention.counting_state(uow, member_id)
        muted = badges.is_muted(unread.muted_until, uow.now())
        return CursorMoved(
            conversation_id=conversation_id,
            head_seq=unread.head_seq,
            read_seq=unread.read_seq,
            threads_read_seq=unread.threads_read_seq,
            **badges.counts(unread.new, state, direct=unread.direct, muted=muted),
        )

    async def _own_thread(
        self, uow: UnitOfWork, conversation_id: UUID, member_id: MemberId, root_seq: int
    ) -> ThreadRead:
        state = await store.thread_state(uow, conversation_id, root_seq, member_id)
        return ThreadRead(
            conversation_id=conversation_id,
            root_seq=root_seq,
            last_seq=(state and state["last_seq"]) or 0,
            following=bool(state and state["following"]),
            read_seq=state["read_seq"] if state else 0,
            unread=state["unread"] if state else 0,
        )

    # --- the senders -------------------------------------------------------------------------------------------------

    def _count_soon(self, move: CursorMove | ThreadMove) -> None:
        count = self._counting.get(move.conversation_id)
        if count is None:
            count = self._counting[move.conversation_id] = _Count(move.org_id, move.conversation_id)
            self._spawn(self._count(count))
        count.include(move)

    async def _count(self, count: "_Count") -> None:
        """Tell counts until nothing moves any more, never sooner than `receipts_every_s` after the last time."""
        try:
            while True:
                # A burst of readers is told once, at its end.
                while self._moves_on(count) and not count.waited_long():  # noqa: ASYNC110  # it is time that counts
                    await asyncio.sleep(SETTLE_S)
                await self._tell_senders(count, count.take())
                await asyncio.sleep(self._every_s)
                if count.nothing_new:
                    return
        except Exception:  # noqa: BLE001  # the next move counts anew
            _log.exception("counting readers")
        finally:
            del self._counting[count.conversation_id]

    def _moves_on(self, count: "_Count") -> bool:
        return count.still_moving() or self._about_to_move(count.conversation_id)

    async def _tell_senders(self, count: "_Count", ranges: "Mapping[int, tuple[int, int]]") -> None:
        hub = self._parts[Hub]
        async with UnitOfWork(self._database, orgs=(count.org_id,)) as uow:
            sent = [
                each
                for line, (above, up_to) in ranges.items()
                for each in await store.sent_between(uow, count.conversation_id, line, above, up_to, COUNTED_BACK)
                if hub.subscribers(member_topic(each.sender_id))
            ]
            if not sent or not await policy.shows_read_lists(uow, count.conversation_id):
                return
            readers = await store.readers_of(uow, count.conversation_id, sent)
        own: dict[MemberId, dict[int, ReceiptCount]] = defaultdict(dict)
        for each in sorted(sent, key=attrgetter("seq")):
            read, total = readers.counts(each)
            own[each.sender_id][each.seq] = ReceiptCount(seq=each.seq, read=read, total=total)
        for sender, counts in own.items():
            event = ReceiptsChanged(conversation_id=count.conversation_id, counts=list(counts.values()))
            hub.publish_here(member_topic(sender), events_frame([encode_event(event)]))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class CursorsMoved(Hint, frozen=True, kw_only=True, tag="messaging.cursors_moved"):
    """A process has committed these. Each counts readers for the senders, and tells the devices, that it has."""

    moves: list[CursorMove]
    in_threads: list[ThreadMove]


MOVED = Hearing(
    hint=CursorsMoved, hear=lambda parts, hint: parts[Publisher].moved_elsewhere([*hint.moves, *hint.in_threads])
)


def _spans(appended: Sequence[Appended]) -> dict[UUID, Span]:
    """The first and the last message of each conversation."""
    found: dict[UUID, Span] = {}
    for message in appended:
        first = found.get(message.conversation_id)
        found[message.conversation_id] = Span(first.first if first else message.seq, message.seq)
    return found


class _Count:
    """The messages of one conversation whose counts have changed since they were last told, by line."""

    def __init__(self, org_id: OrgId, conversation_id: UUID) -> None:
        self.org_id = org_id
        self.conversation_id = conversation_id
        self._ranges: dict[int, tuple[int, int]] = {}
        self._since_s = 0.0
        self._moves = self._moves_seen = 0

    def include(self, move: CursorMove | ThreadMove) -> None:
        """The messages that this move went over."""
        self._moves += 1
        if not self._ranges:
            self._since_s = asyncio.get_running_loop().time()
        if isinstance(move, ThreadMove):
            self._include(move.root_seq, move.from_seq, move.to_seq)
            return
        self._include(MAIN, move.from_seq, move.to_seq)
        self._include(ALL_THREADS, move.threads_from_seq, move.threads_to_seq)

    def _include(self, line: int, above: int, up_to: int) -> None:
        if up_to > above:
            known = self._ranges.get(line, (above, up_to))
            self._ranges[line] = (min(above, known[0]), max(up_to, known[1]))

    @property
    def nothing_new(self) -> bool:
        """Whether all is told."""
        return not self._ranges

    def still_moving(self) -> bool:
        """Whether there were moves since this was last asked."""
        moves, self._moves_seen = self._moves_seen, self._moves
        return moves != self._moves

    def waited_long(self) -> bool:
        """Whether readers without end shall not keep the sender waiting."""
        return asyncio.get_running_loop().time() - self._since_s > WAIT_AT_MOST_S

    def take(self) -> Mapping[int, tuple[int, int]]:
        """What to count now: above < seq <= up_to of each of these lines."""
        ranges, self._ranges = self._ranges, {}
        return ranges
