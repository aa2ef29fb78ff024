"""Quiet hours in a person's zone, as instants. Pure; daylight saving time is the zone's affair."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from pegboard.modules.attention.views import QuietHours

_DAY = timedelta(days=1)


def quiet_until(hours: QuietHours, at: datetime) -> datetime | None:
    """When the quiet hours that hold at this instant end; None if none do."""
    ends = [end for start, end in _periods(hours, at, days_ahead=1) if start <= at < end]
    return max(ends, default=None)


def changes_at(hours: QuietHours, at: datetime) -> datetime | None:
    """The next instant at which quiet hours end or begin; None if they never do."""
    if until := quiet_until(hours, at):
        return until
    return min((start for start, _ in _periods(hours, at, days_ahead=8) if start > at), default=None)


def _periods(hours: QuietHours, at: datetime, *, days_ahead: int) -> Iterator[tuple[datetime, datetime]]:
    """The quiet hours of the days around an instant, each as (from, to)."""
    if not hours.enabled:
        return
    zone = ZoneInfo(hours.zone)
    starts, ends = time.fromisoformat(hours.starts), time.fromisoformat(hours.ends)
    today = at.astimezone(zone).date()
    for ahead in range(-2, days_ahead + 1):
        day = today + ahead * _DAY
        if day.isoweekday() in hours.days:
            last_day = day if ends > starts else day + _DAY
            yield _instant(day, starts, zone), _last_instant(last_day, ends, zone)


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The first time that the clock shows this; where it jumps over it, as late after the jump."""
    return datetime.combine(day, clock, zone).astimezone(UTC)


def _last_instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The last time that the clock shows this: an hour that comes twice is quiet twice."""
    shown = datetime.combine(day, clock, zone)
    return max(shown.astimezone(UTC), shown.replace(fold=1).astimezone(UTC))


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """Every zone that there is."""
    return frozenset(available_timezones())
