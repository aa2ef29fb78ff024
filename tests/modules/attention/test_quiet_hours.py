"""Quiet hours by the clock of a zone, also when the clock jumps."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegboard.modules.attention.service.quiet import changes_at, quiet_until
from pegboard.modules.attention.views import QuietHours

EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


def _hours(
    starts: str = "22:00", ends: str = "08:00", zone: str = "UTC", days: tuple[int, ...] = EVERY_DAY
) -> QuietHours:
    return QuietHours(enabled=True, starts=starts, ends=ends, days=days, zone=zone)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


WORKDAYS = (1, 2, 3, 4, 5)
SHANGHAI, BERLIN, NEW_YORK = "Asia/Shanghai", "Europe/Berlin", "America/New_York"


@pytest.mark.parametrize(
    ("hours", "at", "until"),
    [
        # over midnight, in UTC
        (_hours(), "2026-05-05T21:59:59", None),
        (_hours(), "2026-05-05T22:00:00", "2026-05-06T08:00:00"),
        (_hours(), "2026-05-06T07:59:59", "2026-05-06T08:00:00"),
        (_hours(), "2026-05-06T08:00:00", None),
        # within a day
        (_hours("12:00", "14:00"), "2026-05-05T13:00:00", "2026-05-05T14:00:00"),
        (_hours("12:00", "14:00"), "2026-05-05T14:00:00", None),
        # east of Greenwich the night begins in the afternoon
        (_hours(zone=SHANGHAI), "2026-05-05T14:00:00", "2026-05-06T00:00:00"),
        (_hours(zone=SHANGHAI), "2026-05-05T13:59:00", None),
        # half and three quarter hours
        (_hours(zone="Asia/Kathmandu"), "2026-05-05T16:15:00", "2026-05-06T02:15:00"),
        # the day is that on which the quiet begins: Friday's night goes into Saturday (2026-05-08 is a Friday)
        (_hours(days=WORKDAYS), "2026-05-09T03:00:00", "2026-05-09T08:00:00"),
        (_hours(days=WORKDAYS), "2026-05-09T23:00:00", None),
        (_hours(days=WORKDAYS), "2026-05-10T23:00:00", None),
        (_hours(days=WORKDAYS), "2026-05-11T03:00:00", None),
        (_hours(days=WORKDAYS), "2026-05-11T22:00:00", "2026-05-12T08:00:00"),
        (_hours(days=()), "2026-05-11T23:00:00", None),
        # which day it is, the zone says: Sunday 23:00 in New York is Monday in UTC
        (_hours(zone=NEW_YORK, days=(7,)), "2026-05-11T03:00:00", "2026-05-11T12:00:00"),
        # the night in which the clock goes forward (Berlin, 2026-03-29) is an hour shorter
        (_hours(zone=BERLIN), "2026-03-28T21:00:00", "2026-03-29T06:00:00"),
        (_hours(zone=BERLIN), "2026-03-29T05:59:00", "2026-03-29T06:00:00"),
        # an end that the clock jumps over comes when it has jumped
        (_hours("23:00", "02:30", BERLIN), "2026-03-29T00:59:00", "2026-03-29T01:30:00"),
        # the night in which it goes back (2026-10-25) is an hour longer; what comes twice is quiet twice
        (_hours(zone=BERLIN), "2026-10-24T20:00:00", "2026-10-25T07:00:00"),
        (_hours("23:00", "02:30", BERLIN), "2026-10-25T00:45:00", "2026-10-25T01:30:00"),
        (_hours("23:00", "02:30", BERLIN), "2026-10-25T01:29:00", "2026-10-25T01:30:00"),
        (_hours("02:30", "05:00", BERLIN), "2026-10-25T00:30:00", "2026-10-25T04:00:00"),
        # a day that there was not: Samoa left out 2011-12-30
        (_hours(zone="Pacific/Apia"), "2011-12-30T09:30:00", "2011-12-30T18:00:00"),
    ],
)
def test_quiet_until(hours: QuietHours, at: str, until: str | None) -> None:
    assert quiet_until(hours, _at(at)) == (None if until is None else _at(until))


@pytest.mark.parametrize(
    ("hours", "at", "changes"),
    [
        (_hours(), "2026-05-05T12:00:00", "2026-05-05T22:00:00"),
        (_hours(), "2026-05-05T23:00:00", "2026-05-06T08:00:00"),
        (_hours(days=(1,)), "2026-05-05T12:00:00", "2026-05-11T22:00:00"),
        (_hours(days=(1,)), "2026-05-12T08:00:00", "2026-05-18T22:00:00"),
        (_hours(days=()), "2026-05-05T12:00:00", None),
        (QuietHours(enabled=False), "2026-05-05T23:00:00", None),
    ],
)
def test_when_the_rule_changes(hours: QuietHours, at: str, changes: str | None) -> None:
    assert changes_at(hours, _at(at)) == (None if changes is None else _at(changes))


def test_switched_off_nothing_is_quiet() -> None:
    assert quiet_until(QuietHours(enabled=False), _at("2026-05-05T23:00:00")) is None


_clock = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))


@given(
    starts=_clock,
    ends=_clock,
    zone=st.sampled_from(["UTC", SHANGHAI, BERLIN, NEW_YORK, "Australia/Lord_Howe", "Pacific/Apia"]),
    at=st.integers(0, 28 * 365 * 24 * 60).map(lambda minutes: _at("2009-01-01T00:00:00") + timedelta(minutes=minutes)),
)
def test_what_the_clock_shows_decides(starts: str, ends: str, zone: str, at: datetime) -> None:
    """Away from the jumps of the clock, it is quiet exactly while the clock stands between the two."""
    if starts == ends:
        return
    local = at.astimezone(ZoneInfo(zone))
    day = timedelta(days=1)
    if len({(local + days * day).astimezone(ZoneInfo(zone)).utcoffset() for days in (-2, -1, 0, 1, 2)}) > 1:
        return
    shown = local.strftime("%H:%M")
    between = starts <= shown < ends if starts < ends else shown >= starts or shown < ends
    until = quiet_until(_hours(starts, ends, zone), at)
    assert (until is not None) == between
    if until is not None:
        assert until.astimezone(ZoneInfo(zone)).strftime("%H:%M:%S") == f"{ends}:00"
        assert at < until <= at + day
