"""The verbs of `activity`."""

import hmac
import secrets
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from pegboard.kernel.actor import Actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.errors import RevisionMismatch
from pegboard.kernel.ids import MemberId
from pegboard.modules.activity import policy, store
from pegboard.modules.activity.acts import ANY, SMALLEST_GROUP, VERSION
from pegboard.modules.activity.errors import RangeReversed, RangeTooLong
from pegboard.modules.activity.views import ActivityPolicy, Count, Deed, Length, Period, periods_of
from pegboard.modules.directory import api as directory

MOST_PERIODS = 400
FOLDED_AFTER = timedelta(hours=6)
"""How long after its end a period waits for handlers that are late."""
_MOST_DAYS: Mapping[Length, int] = {"day": 1, "week": 7, "month": 31}
_SALT_BYTES = 32
_MARK_LETTERS = 32


# --- counting --------------------------------------------------------------------------------------------------------


async def note(uow: UnitOfWork, deeds: Sequence[Deed]) -> None:
    """Count what people have finished, unless the organisation wants none of it."""
    if not deeds or not (await _policy(uow)).enabled:
        return
    zone = ZoneInfo((await directory.organisation(uow)).time_zone)
    by_period: dict[Period, list[Deed]] = defaultdict(list)
    for deed in deeds:
        for period in periods_of(deed.at, zone):
            by_period[period].append(deed)
    for period in sorted(by_period):
        await _note_in(uow, period, zone, by_period[period])


async def _note_in(uow: UnitOfWork, period: Period, zone: ZoneInfo, deeds: Sequence[Deed]) -> None:
    place = {"length": period.length, "starts": period.starts}
    await uow.execute(store.OPEN_PERIOD, **place, ends_at=period.ends_at(zone), salt=secrets.token_hex(_SALT_BYTES))
    salt: str | None = await uow.value(store.SALT, **place)
    done = Counter(name for deed in deeds for name in (deed.act, ANY))
    await uow.execute(store.COUNT, **place, version=VERSION, names=list(done), acts=list(done.values()))
    if salt is not None:  # else it comes after the period was folded: counted as an act, of nobody
        marks = {(name, _mark(salt, deed.member_id)) for deed in deeds for name in (deed.act, ANY)}
        names, values = zip(*marks, strict=True)
        await uow.execute(store.MARK, **place, acts=names, marks=values)


def _mark(salt: str, member_id: MemberId) -> str:
    """Tells people apart within one period. Without the salt, which goes when the period is folded, it is a number."""
    return hmac.digest(salt.encode(), member_id.bytes, "sha256").hex()[:_MARK_LETTERS]


async def fold(uow: UnitOfWork) -> int:
    """Sum up the periods that are over, and forget who it was; how many."""
    due = await uow.rows(store.DUE, ended_before=uow.now() - FOLDED_AFTER)
    for row in due:
        place = {"length": row["length"], "starts": row["starts"]}
        await uow.execute(store.SUM_UP, **place)
        await uow.execute(store.DROP_MARKS, **place)
        await uow.execute(store.CLOSE_PERIOD, **place)
    return len(due)


# --- reading ---------------------------------------------------------------------------------------------------------


async def counts(uow: UnitOfWork, actor: Actor, length: Length, first: date, last: date) -> list[Count]:
    """The organisation's counts of the periods that the days `first` to `last` lie in, as far as they are over.

    Raises `activity.range_reversed` and `activity.range_too_long`.
    """
    policy.read(actor)
    if last < first:
        raise RangeReversed
    if (last - first).days >= MOST_PERIODS * _MOST_DAYS[length]:
        raise RangeTooLong(limit=MOST_PERIODS)
    first, last = Period.of(length, first).starts, Period.of(length, last).starts
    rows = await uow.rows(store.READ, length=length, first=first, last=last)
    found = []
    for row in rows:
        shown = row["people"] >= SMALLEST_GROUP
        found.append(
            Count(
                period=Period(length=length, starts=row["starts"]),
                act=row["act"],
                version=row["version"],
                acts=row["acts"] if shown else None,
                people=row["people"] if shown else None,
            )
        )
    return found


# --- whether at all --------------------------------------------------------------------------------------------------


async def read_policy(uow: UnitOfWork) -> ActivityPolicy:
    """Whether the organisation counts."""
    return await _policy(uow)


async def change_policy(uow: UnitOfWork, actor: Actor, *, revision: int, enabled: bool) -> ActivityPolicy:
    """Switch counting on or off. Off: what is not summed up yet is forgotten at once."""
    policy.manage(actor)
    before = await uow.one(store.LOCK_POLICY)
    if (before["revision"] if before else 0) != revision:
        raise RevisionMismatch
    new_revision = await uow.value(store.SET_POLICY, enabled=enabled, revision=revision)
    if new_revision is None:  # somebody made the first change in the same moment
        raise RevisionMismatch
    if not enabled:
        await uow.execute(store.DROP_OPEN)
    record(
        uow,
        actor,
        action="activity.policy_changed",
        object_=f"organisation:{uow.org_id}",
        detail={"before": before["enabled"] if before else True, "after": enabled},
    )
    return ActivityPolicy(enabled=enabled, revision=new_revision)


async def _policy(uow: UnitOfWork) -> ActivityPolicy:
    row = await uow.one(store.POLICY)
    return ActivityPolicy(**row) if row else ActivityPolicy(enabled=True, revision=0)
