"""Finding messages by their words: the newest first, only what the searcher may read, every find verified by reading.

The index says where to look (store/searching.py), the messages themselves decide. What has not been indexed yet is
read as it is, so a message can be found as soon as it was sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.http.cursors import Page, decode_cursor, encode_cursor
from pegboard.kernel.ids import MemberId
from pegboard.modules.directory import api as directory
from pegboard.modules.messaging import policy
from pegboard.modules.messaging.analysis import Query, excerpt, query_of
from pegboard.modules.messaging.content import searchable
from pegboard.modules.messaging.errors import ConversationNotFound, NothingToFind, SearchTooLong, UnknownPeople
from pegboard.modules.messaging.schemas import Excerpt, FoundMessage
from pegboard.modules.messaging.service import naming, rendering
from pegboard.modules.messaging.store import searching as store
from pegboard.modules.messaging.views import MessageRow

QUERY_LIMIT = 200
MESSAGES_READ = 3_000
"""After so many messages a page ends, with what was found and a cursor, whether or not it is full."""
_SOURCES_AT_ONCE, _MESSAGES_A_SOURCE = 16, 16
_FIRST_SEGMENTS, _MORE_SEGMENTS, _MOST_SEGMENTS = 64, 4, 4_096
_FEW = 32

Position = tuple[datetime, UUID, int]
"""The order of what is found: by (sent_at, conversation, seq), descending."""

_HIGHEST = (UUID(int=2**128 - 1), 2**63 - 1)
_EVER, _NEVER = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What besides the words has to be right: `after` is the first instant, `before` the first one no longer."""

    conversation_id: UUID | None = None
    sender: str | None = None
    kind: str | None = None
    after: datetime | None = None
    before: datetime | None = None


async def search(
    uow: UnitOfWork, actor: Actor, text: str, filters: Filters, *, cursor: str | None, limit: int
) -> Page[FoundMessage]:
    """Messages that the actor may read and that have all these words, the newest first.

    Raises `search.too_long`, `search.no_words`, `people.unknown`, `conversation.not_found`.
    """
    if len(text) > QUERY_LIMIT:
        raise SearchTooLong(limit=QUERY_LIMIT)
    query = query_of(text)
    if query.is_empty:
        raise NothingToFind
    until = _NEVER if filters.before is None else filters.before - timedelta(microseconds=1)
    position: Position = (until, *_HIGHEST)
    if given := decode_cursor(cursor, datetime, UUID, int):
        position = min(position, (given[0], given[1], given[2]))
    finder = _Finder(uow, query, position, filters.after or _EVER, await _sender(uow, filters), filters.kind)
    await finder.look_into(actor.me, filters.conversation_id)
    rows = await finder.find(limit)
    return Page(items=await _shown(uow, actor, query, rows), next=encode_cursor(*finder.next) if finder.next else None)


async def _sender(uow: UnitOfWork, filters: Filters) -> MemberId | None:
    if filters.sender is None:
        return None
    people = await directory.by_userids(uow, [filters.sender], active_only=False)
    if filters.sender not in people:
        raise UnknownPeople(userids=[filters.sender])
    return people[filters.sender].member_id


@dataclass(slots=True, kw_only=True)
class _Source:
    """Messages of one conversation that may match, the newest first; `bound`: none of those left is newer."""

    conversation_id: UUID
    seqs: Sequence[int]
    bound: Position
    at: int = 0

    def take(self) -> list[tuple[UUID, int]]:
        """The next few."""
        taken = self.seqs[self.at : self.at + _MESSAGES_A_SOURCE]
        self.at += len(taken)
        return [(self.conversation_id, seq) for seq in taken]

    @property
    def is_empty(self) -> bool:
        """Whether none is left."""
        return self.at >= len(self.seqs)


class _Finder:
    """One page of finds. Merges what the segments give by time, and opens segments only when they may matter."""

    def __init__(
        self,
        uow: UnitOfWork,
        query: Query,
        position: Position,
        since: datetime,
        sender_id: MemberId | None,
        kind: str | None,
    ) -> None:
        self._uow = uow
        self._query, self._terms = query, query.terms
        self._position, self._since = position, since
        self._sender_id, self._kind = sender_id, kind
        self._first_seqs: dict[UUID, int] = {}
        self._closed: list[Row] = []
        self._opened = 0
        self._wave = _FIRST_SEGMENTS
        self._sources: list[_Source] = []
        self._seen: set[tuple[UUID, int]] = set()
        self._found: list[tuple[Position, MessageRow]] = []
        self._read = 0
        self.next: Position | None = None

    async def look_into(self, member_id: MemberId, only: UUID | None) -> None:
        """What there is to look through: segments of the index, and messages that are not in it yet."""
        readable = await store.readable(self._uow, member_id, only)
        if only is not None and not readable:
            raise ConversationNotFound
        self._first_seqs = {each.conversation_id: each.first_seq for each in readable}
        self._closed = await store.indexed_runs(self._uow, readable, since=self._since, until=self._position[0])
        fresh = [
            _Source(
                conversation_id=each.conversation_id,
                seqs=range(each.head_seq, max(each.indexed_seq, each.first_seq - 1), -1),
                bound=(each.last_at, each.conversation_id, each.head_seq),
            )
            for each in readable
            if each.head_seq > each.indexed_seq
        ]
        await self._add(fresh)

    async def find(self, limit: int) -> list[MessageRow]:
        """The newest `limit` below the position; `next` is then where to go on, or None when that was all."""
        while True:
            enough = self._found[limit][0] if len(self._found) > limit else None
            sources = sorted(
                (each for each in self._sources if self._may_have(each.bound, enough)),
                key=lambda each: each.bound,
                reverse=True,
            )
            unopened = self._unopened_bound()
            if unopened is not None and not self._may_have(unopened, enough):
                unopened = None
            bounds = [each.bound for each in sources[:1]] + ([] if unopened is None else [unopened])
            if not bounds:
                break
            if self._read >= MESSAGES_READ and max(bounds) < self._position:
                return self._cut_off(max(bounds), limit)
            if unopened is not None and (len(sources) < _SOURCES_AT_ONCE or sources[0].bound < unopened):
                await self._open_segments()
            else:
                await self._read_from(sources[:_SOURCES_AT_ONCE])
        if len(self._found) > limit:
            self.next = _below(self._found[limit - 1][0])
        return [row for _, row in self._found[:limit]]

    def _may_have(self, bound: Position, enough: Position | None) -> bool:
        return bound[0] >= self._since and (enough is None or bound > enough)

    def _unopened_bound(self) -> Position | None:
        if self._opened >= len(self._closed):
            return None
        segment = self._closed[self._opened]
        return min((segment["last_at"], segment["conversation_id"], segment["to_seq"]), self._position)

    def _cut_off(self, frontier: Position, limit: int) -> list[MessageRow]:
        """What is certain so far; the next page begins where we stopped reading."""
        certain = [(position, row) for position, row in self._found if position > frontier][:limit]
        self.next = frontier if len(certain) < limit else _below(certain[-1][0])
        return [row for _, row in certain]

    async def _open_segments(self) -> None:
        segments = self._closed[self._opened : self._opened + self._wave]
        self._opened += len(segments)
        self._wave = min(self._wave * _MORE_SEGMENTS, _MOST_SEGMENTS)
        sources = []
        for number, seqs in (await store.seqs_with(self._uow, segments, self._terms)).items():
            segment = segments[number]
            first = self._first_seqs[segment["conversation_id"]]
            sources.append(
                _Source(
                    conversation_id=segment["conversation_id"],
                    seqs=seqs if first <= segment["from_seq"] else [seq for seq in seqs if seq >= first],
                    bound=(segment["last_at"], segment["conversation_id"], segment["to_seq"]),
                )
            )
        await self._add(sources)

    async def _add(self, sources: list[_Source]) -> None:
        """Sources, begun where the page begins: found by bisection where that is far down."""
        deep = [each for each in sources if each.bound > self._position and len(each.seqs) > _FEW]
        ranges = {id(each): (0, len(each.seqs)) for each in deep}
        while deep:
            places = {id(each): sum(ranges[id(each)]) // 2 for each in deep}
            times = await store.sent_at(
                self._uow, [(each.conversation_id, each.seqs[places[id(each)]]) for each in deep]
            )
            for each in deep:
                low, high = ranges[id(each)]
                middle = places[id(each)]
                sent_at = times.get((each.conversation_id, each.seqs[middle]))
                too_new = sent_at is None or sent_at > self._position[0]
                ranges[id(each)] = (middle + 1, high) if too_new else (low, middle)
                each.at = ranges[id(each)][0]
            deep = [each for each in deep if ranges[id(each)][1] - ranges[id(each)][0] > _FEW]
        for each in sources:
            each.bound = min(each.bound, self._position)
        self._sources += [each for each in sources if not each.is_empty]

    async def _read_from(self, sources: Sequence[_Source]) -> None:
        taken = [(source, source.take()) for source in sources]
        places = [place for _, each in taken for place in each]
        self._read += len(places)
        rows = await store.messages_at(self._uow, places)
        for source, each in taken:
            for place in each:
                row = rows.get(place)
                if row is not None:
                    source.bound = min(source.bound, (row.sent_at, row.conversation_id, row.seq - 1))
                    if place not in self._seen and self._matches(row):
                        self._found.append(((row.sent_at, row.conversation_id, row.seq), row))
                    self._seen.add(place)
        self._sources = [each for each in self._sources if not each.is_empty]
        self._found.sort(key=lambda each: each[0], reverse=True)

    def _matches(self, row: MessageRow) -> bool:
        return (
            row.recalled_at is None
            and self._since <= row.sent_at
            and (row.sent_at, row.conversation_id, row.seq) <= self._position
            and self._sender_id in (None, row.sender_id)
            and self._kind in (None, row.kind)
            and self._query.matches(searchable(row.kind, row.content))
        )


def _below(position: Position) -> Position:
    return (position[0], position[1], position[2] - 1)


async def _shown(uow: UnitOfWork, actor: Actor, query: Query, rows: Sequence[MessageRow]) -> list[FoundMessage]:
    """As the policy lets the actor read them, all conversations together."""
    accesses = await policy.readings(uow, actor, {row.conversation_id for row in rows})
    seen = policy.readable(accesses, rows)
    messages = await rendering.messages_across(uow, actor, seen, accesses)
    places = await naming.names(uow, actor, accesses.values())
    return [
        FoundMessage(
            conversation=places[row.conversation_id],
            message=messages[row.conversation_id, row.seq],
            excerpt=_excerpt(row, query),
        )
        for row in seen
    ]


def _excerpt(row: MessageRow, query: Query) -> Excerpt:
    text, marks = excerpt(searchable(row.kind, row.content), query)
    return Excerpt(text=text, marks=[[_utf16(text, start), _utf16(text, end)] for start, end in marks])


def _utf16(text: str, place: int) -> int:
    """The place as browsers count: characters beyond the basic plane are two."""
    return place + sum(character > "\uffff" for character in text[:place])
