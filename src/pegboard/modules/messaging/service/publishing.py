"""What a commit released, told to those who are connected: each conversation's events are encoded once."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Coroutine, Hashable
from uuid import UUID

from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.ids import MemberId, OrgId
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.batch import events_frame
from pegboard.kernel.realtime.hub import Hub
from pegboard.kernel.realtime.live import encode_event
from pegboard.modules.messaging import policy, store
from pegboard.modules.messaging.live import CursorMoved, MessageCreated, ReceiptCount, ReceiptsChanged
from pegboard.modules.messaging.service import rendering
from pegboard.modules.messaging.service.committing import Batch
from pegboard.modules.messaging.settings import MessagingSettings
from pegboard.modules.messaging.views import Appended, CursorMove

_log = logging.getLogger(__name__)

COUNTED_BACK = 200
SETTLE_S = 0.01
WAIT_AT_MOST_S = 0.1


def topic(conversation_id: UUID) -> Hashable:
    """What those who are in the conversation hear."""
    return ("conversation", conversation_id)


def member_topic(member_id: MemberId) -> Hashable:
    """What all devices of one member hear."""
    return ("member", member_id)


def created_event(message: Appended) -> bytes:
    """The event of a new message."""
    return encode_event(MessageCreated(conversation_id=message.conversation_id, message=rendering.appended(message)))


class Publisher:
    """Publishes commits, and counts readers a moment later."""

    def __init__(self, parts: Parts, settings: MessagingSettings) -> None:
        self._parts = parts
        self._database = parts[Database]
        self._every_s = settings.receipts_every_s
        self._counting: dict[UUID, _Count] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def publish(self, batch: Batch) -> None:
        """New messages at once; moved cursors to their owners' devices and, counted, to the senders."""
        if Hub not in self._parts:
            return
        hub = self._parts[Hub]
        events: dict[UUID, list[bytes]] = defaultdict(list)
        for message in batch.appended:
            events[message.conversation_id].append(created_event(message))
        for conversation_id, encoded in events.items():
            hub.publish(topic(conversation_id), events_frame(encoded))
        for move in batch.moves:
            self._count_soon(move)
            self._tell_own_devices(hub, move, others=move.member_id not in batch.asked_elsewhere)

    # --- the reader's own devices ----------------------------------------------------------------------------------

    def _tell_own_devices(self, hub: Hub, move: CursorMove, *, others: bool) -> None:
        """`others`: one of the sockets moved it, and knows."""
        if len(hub.subscribers(member_topic(move.member_id))) > others:
            self._spawn(self._own_state(hub, move))

    async def _own_state(self, hub: Hub, move: CursorMove) -> None:
        async with UnitOfWork(self._database, orgs=(move.org_id,)) as uow:
            unread = await store.unread_of(uow, move.conversation_id, move.member_id)
        event = CursorMoved(
            conversation_id=move.conversation_id,
            head_seq=unread.head_seq,
            read_seq=unread.read_seq,
            unread=unread.unread,
            mentioned=unread.mentioned,
        )
        hub.publish(member_topic(move.member_id), events_frame([encode_event(event)]))

    # --- the senders -------------------------------------------------------------------------------------------------

    def _count_soon(self, move: CursorMove) -> None:
        count = self._counting.get(move.conversation_id)
        if count is None:
            count = self._counting[move.conversation_id] = _Count(move.org_id, move.conversation_id)
            self._spawn(self._count(count))
        count.include(move)

    async def _count(self, count: "_Count") -> None:
        """Tell counts until nothing moves any more, never sooner than `receipts_every_s` after the last time."""
        try:
            while True:
                while count.still_moving() and not count.waited_long():  # noqa: ASYNC110  # it is time that counts
                    await asyncio.sleep(SETTLE_S)  # a burst of readers is told once, at its end
                above, up_to = count.take()
                await self._tell_senders(count, above, up_to)
                await asyncio.sleep(self._every_s)
                if count.nothing_new:
                    return
        except Exception:  # noqa: BLE001  # the next move counts anew
            _log.exception("counting readers")
        finally:
            del self._counting[count.conversation_id]

    async def _tell_senders(self, count: "_Count", above: int, up_to: int) -> None:
        hub = self._parts[Hub]
        async with UnitOfWork(self._database, orgs=(count.org_id,)) as uow:
            sent = await store.senders_between(uow, count.conversation_id, above, up_to, COUNTED_BACK)
            online = {sender for _, sender in sent if hub.subscribers(member_topic(sender))}
            if not online or not await policy.shows_read_lists(uow, count.conversation_id):
                return
            groups = await store.reader_groups(uow, count.conversation_id, above + 1, online)
        own: dict[MemberId, list[ReceiptCount]] = defaultdict(list)
        for seq, sender in reversed(sent):
            if sender in online:
                read, total = groups.counts(seq, sender)
                own[sender].append(ReceiptCount(seq=seq, read=read, total=total))
        for sender, counts in own.items():
            event = ReceiptsChanged(conversation_id=count.conversation_id, counts=counts)
            hub.publish(member_topic(sender), events_frame([encode_event(event)]))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Count:
    """The messages of one conversation whose counts have changed since they were last told."""

    def __init__(self, org_id: OrgId, conversation_id: UUID) -> None:
        self.org_id = org_id
        self.conversation_id = conversation_id
        self._above: int | None = None
        self._up_to = 0
        self._since_s = 0.0
        self._moves = self._moves_seen = 0

    def include(self, move: CursorMove) -> None:
        """The messages that this move went over."""
        self._moves += 1
        if self._above is None:
            self._above, self._up_to = move.from_seq, move.to_seq
            self._since_s = asyncio.get_running_loop().time()
        else:
            self._above, self._up_to = min(self._above, move.from_seq), max(self._up_to, move.to_seq)

    @property
    def nothing_new(self) -> bool:
        """Whether all is told."""
        return self._above is None

    def still_moving(self) -> bool:
        """Whether there were moves since this was last asked."""
        moves, self._moves_seen = self._moves_seen, self._moves
        return moves != self._moves

    def waited_long(self) -> bool:
        """Whether readers without end shall not keep the sender waiting."""
        return asyncio.get_running_loop().time() - self._since_s > WAIT_AT_MOST_S

    def take(self) -> tuple[int, int]:
        """(above, up to): what to count now."""
        above, up_to = self._above or 0, self._up_to
        self._above = None
        return above, up_to
