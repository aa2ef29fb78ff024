"""Keeping the index of words: conversations are marked as behind when something was said, and a job catches up.

What is not in the index yet is found all the same, by reading it (searching.py), so the job can wait for several
messages and work when the process has time. It goes by (conversation, seq) alone: an event more or less does no harm.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from prometheus_client import Counter, Gauge

from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.jobs import enqueue
from pegboard.kernel.metrics import REGISTRY
from pegboard.modules.messaging.analysis import terms_of
from pegboard.modules.messaging.content import searchable
from pegboard.modules.messaging.packing import fingerprint, pack, shards_for
from pegboard.modules.messaging.store import indexing as store
from pegboard.modules.messaging.store.indexing import LEVELS, PATCH, Behind, Run, Segment

JOB = "messaging.index_words"
GATHERED = timedelta(seconds=5)
"""How long the job waits for more: many messages together cost less than one by one."""
RESTS = 3
"""How many times as long as a turn took the job rests before the next: indexing takes a quarter of a core at most."""
MESSAGES_AT_ONCE = 1_000
_LARGEST = LEVELS[0][1]
_CONVERSATIONS_AT_ONCE = 200
# After so many messages read, or words packed, others of the process get a turn: some tenths of a millisecond.
_BREATH, _WORDS_A_BREATH = 16, 256
_READ_AT_ONCE = 256

LAG = Gauge(
    "pegboard_search_lag_seconds",
    "How long the message longest not in the index had waited when the indexer last finished a turn (it is found "
    "nevertheless, at a higher cost).",
    registry=REGISTRY,
)
INDEXED = Counter(
    "pegboard_search_indexed_messages_total",
    "Messages taken into the index, those of runs that are joined to longer ones again.",
    registry=REGISTRY,
)


async def fell_behind(uow: UnitOfWork, conversations: Collection[UUID], at: datetime) -> None:
    """Something was said in these conversations: have the job run soon."""
    await store.mark_behind(uow, conversations, at)
    await enqueue(uow, JOB, {}, key="index", run_at=uow.now() + GATHERED)


async def index_some(uow: UnitOfWork, *, at_once: int = MESSAGES_AT_ONCE) -> int:
    """Take about so many messages (a long run is not divided) of those that are behind into the index; how many."""
    reached: list[tuple[Behind, int]] = []
    runs: list[Run] = []
    messages = 0
    for behind in await store.claim_behind(uow, _CONVERSATIONS_AT_ONCE):
        if messages >= at_once:
            break
        # At most to the end of the largest run, which is where another may begin.
        to_seq = min(behind.head_seq, (behind.indexed_seq // _LARGEST + 1) * _LARGEST)
        reached.append((behind, to_seq))
        runs += store.runs_to_index(behind.conversation_id, behind.indexed_seq, to_seq, behind.recent)
        messages += to_seq - behind.indexed_seq
    if runs:
        await store.write_segments(uow, runs, await _segments(uow, runs))
    if reached:
        await store.advance(uow, reached)
    return messages


async def catch_up(uow: UnitOfWork) -> None:
    """The job: one turn, and another one if something is left, after a rest that lets others have the processor."""
    clock = asyncio.get_running_loop().time
    started = clock()
    await index_some(uow)
    spent = timedelta(seconds=clock() - started)
    since, _ = await store.pending(uow)
    LAG.set((uow.now() - since).total_seconds() if since is not None else 0.0)
    if since is not None:
        await enqueue(uow, JOB, {}, key="index", run_at=uow.now() + RESTS * spent)


async def edited(uow: UnitOfWork, messages: Collection[tuple[UUID, int]]) -> None:
    """The words of edited messages stand in segments of their own until theirs are made anew.

    The words that they had stay until then; who finds a message by them does not get it, since it is read.
    """
    indexed = await store.hold_indexed(uow, {conversation_id for conversation_id, _ in messages})
    runs = [
        Run(conversation_id=conversation_id, level=PATCH, from_seq=seq, to_seq=seq)
        for conversation_id, seq in sorted(set(messages))
        if seq <= indexed.get(conversation_id, 0)
    ]
    if runs:
        await store.write_patches(uow, runs, await _segments(uow, runs))


async def begin_again(uow: UnitOfWork) -> int:
    """Forget the organisation's index; it is behind everywhere. How many messages there are."""
    return await store.begin_again(uow)


async def _segments(uow: UnitOfWork, runs: Sequence[Run]) -> list[Segment]:
    """The segments of these runs; none for a run without words."""
    gathered = [_Words(run) for run in runs]
    for parts in _parts(runs):
        rows = await store.messages_in(uow, [part for _, part in parts])
        for number, row in enumerate(rows):
            gathered[parts[row["n"] - 1][0]].add(row)
            if number % _BREATH == _BREATH - 1:
                await asyncio.sleep(0)
        INDEXED.inc(len(rows))
    return [segment for words in gathered if (segment := await words.packed()) is not None]


def _parts(runs: Sequence[Run]) -> Iterator[list[tuple[int, Run]]]:
    """The runs with their numbers, divided so that few messages are read at once."""
    parts: list[tuple[int, Run]] = []
    room = _READ_AT_ONCE
    for number, run in enumerate(runs):
        at = run.from_seq
        while at <= run.to_seq:
            part = replace(run, from_seq=at, to_seq=min(run.to_seq, at + room - 1))
            parts.append((number, part))
            at, room = part.to_seq + 1, room - part.length
            if not room:
                yield parts
                parts, room = [], _READ_AT_ONCE
    if parts:
        yield parts


class _Words:
    """The words of one run, as its messages come in their order."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._postings: dict[str, list[int]] = {}
        self._first_at: datetime | None = None
        self._last_at: datetime | None = None

    def add(self, row: Row) -> None:
        """The next message."""
        at, offset = row["sent_at"], row["seq"] - self._run.from_seq
        self._first_at = at if self._first_at is None else min(self._first_at, at)
        self._last_at = at if self._last_at is None else max(self._last_at, at)
        for term in terms_of(searchable(row["kind"], row["content"])):
            if term in self._postings:
                self._postings[term].append(offset)
            else:
                self._postings[term] = [offset]

    async def packed(self) -> Segment | None:
        """The segment; None without words."""
        if self._first_at is None or self._last_at is None or not self._postings:
            return None
        shards = shards_for(self._run.length)
        rows: dict[int, list[str]] = defaultdict(list)
        for number, (term, offsets) in enumerate(self._postings.items()):
            rows[fingerprint(term) & (shards - 1)].append(pack(term, offsets))
            if number % _WORDS_A_BREATH == _WORDS_A_BREATH - 1:
                await asyncio.sleep(0)
        return Segment(
            run=self._run,
            shards=shards,
            rows=[(shard, "".join(words)) for shard, words in rows.items()],
            first_at=self._first_at,
            last_at=self._last_at,
        )
