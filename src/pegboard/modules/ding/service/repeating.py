"""When a recurring DING comes again: the same time of day in its zone, whatever summer time does."""

import calendar
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pegboard.modules.ding.views import Repeat


def after(repeat: Repeat, first: datetime, now: datetime) -> datetime:
    """The next instant of the series that is later than now; those missed meanwhile are left out.

    A time of day that a change of clocks leaves out happens as long after midnight as it would have; one that happens
    twice happens the first time. A month that is too short has it on its last day.
    """
    zone = ZoneInfo(repeat.zone)
    begun = first.astimezone(zone).replace(tzinfo=None)
    number = 1
    if repeat.every != "month":
        days = 1 if repeat.every == "day" else 7
        number = max(1, (now - first).days // days - 1)
    while True:
        if repeat.every == "month":
            local = _months_later(begun, number)
        else:
            local = begun + timedelta(days=number * (1 if repeat.every == "day" else 7))
        found = local.replace(tzinfo=zone).astimezone(UTC)
        if found > now:
            return found
        number += 1


def _months_later(begun: datetime, months: int) -> datetime:
    year, month = divmod(begun.year * 12 + begun.month - 1 + months, 12)
    month += 1
    return begun.replace(year=year, month=month, day=min(begun.day, calendar.monthrange(year, month)[1]))
