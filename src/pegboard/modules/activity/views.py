"""Values of `activity`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pegboard.kernel.ids import MemberId

Length = Literal["day", "week", "month"]
LENGTHS: tuple[Length, ...] = ("day", "week", "month")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Period:
    """A day, a week (from Monday) or a month of an organisation."""

    length: Length
    starts: date

    @classmethod
    def of(cls, length: Length, day: date) -> "Period":
        """The period of this length that the day lies in."""
        starts = {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}
        return cls(length=length, starts=starts[length])

    @property
    def ends(self) -> date:
        """The first day after it."""
        match self.length:
            case "day":
                return self.starts + timedelta(days=1)
            case "week":
                return self.starts + timedelta(days=7)
            case "month":
                return (self.starts + timedelta(days=31)).replace(day=1)

    def ends_at(self, zone: ZoneInfo) -> datetime:
        """The instant after its last."""
        return datetime.combine(self.ends, time(), zone).astimezone(UTC)


def periods_of(at: datetime, zone: ZoneInfo) -> Iterator[Period]:
    """The day, the week and the month that the instant lies in, there."""
    day = at.astimezone(zone).date()
    return (Period.of(length, day) for length in LENGTHS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Somebody finished something."""

    act: str
    member_id: MemberId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What happened in a period. None: by too few people to be shown."""

    period: Period
    act: str
    version: int
    acts: int | None
    people: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPolicy:
    """Whether an organisation counts at all."""

    enabled: bool
    revision: int
