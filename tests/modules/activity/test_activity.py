"""Finished work is counted for the organisation: what counts, how people are forgotten, what is shown."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.events import emit
from pegboard.modules.activity import service
from pegboard.modules.activity.acts import ACTS, ANY, VERSION
from pegboard.modules.activity.views import Deed, Period, periods_of
from pegboard.modules.ding.events import DingAcknowledged
from tests.support.live_server import Company, LiveServer, Person, found_company
from tests.support.polling import until

pytestmark = pytest.mark.anyio

EVERYBODY = ("Ann", "Bob", "Cleo", "Dan", "Eve", "Fay")
_OUTBOX = sql("SELECT count(*) FROM outbox")
_MARKS = sql("SELECT length, act, mark FROM activity_marks WHERE org_id = :org_id")
_SALTS = sql("SELECT count(salt) FROM activity_periods WHERE org_id = :org_id")
_COUNTS = sql("SELECT length, starts, act, acts, people FROM activity_counts WHERE org_id = :org_id")


@pytest.fixture
async def office(server: LiveServer) -> Company:
    """A company of six."""
    return await found_company(server, *EVERYBODY)


@pytest.fixture(autouse=True)
def clock_comes_back(server: LiveServer) -> Iterator[None]:
    yield
    server.clock.offset = timedelta()


async def _within(company: Company, verb: Any) -> Any:
    async def inside() -> Any:
        async with UnitOfWork(company.server.parts[Database], orgs=(company.org_id,)) as uow:
            return await verb(uow)

    return await company.server.acall(inside)


async def _told(company: Company) -> None:
    """Every fact so far has been heard."""

    async def nothing_waits() -> bool:
        async def look() -> int:
            async with UnitOfWork(company.server.parts[Database], system=True) as uow:
                return int(await uow.value(_OUTBOX))

        return bool(await company.server.acall(look) == 0)

    await until(nothing_waits)


async def _acts(company: Company) -> dict[str, int]:
    """How many acts of each kind this month."""
    await _told(company)
    rows = await _within(company, lambda uow: uow.rows(_COUNTS))
    return {row["act"]: row["acts"] for row in rows if row["length"] == "month"}


async def _reply(person: Person, group: str, text: str, to: int, **more: Any) -> int:
    seq: int = (await person.send(group, text, reply_to=to, **more))["seq"]
    return seq


# --- what counts -----------------------------------------------------------------------------------------------------


async def test_an_answered_mention_is_finished_work(office: Company) -> None:
    group = await office.group("Ann", "Bob", "Cleo")
    called = (await office["Ann"].send(group, "@Bob?", mentions=["Bob"]))["seq"]
    await office["Cleo"].send(group, "I was not asked", reply_to=called)
    assert await _acts(office) == {}
    await _reply(office["Bob"], group, "yes", called)
    assert await _acts(office) == {"mention.answered": 1, ANY: 1}
    await _reply(office["Bob"], group, "and besides", called)
    assert await _acts(office) == {"mention.answered": 1, ANY: 1}


async def test_an_answer_may_stand_anywhere_in_the_thread(office: Company) -> None:
    group = await office.group("Ann", "Bob", "Cleo")
    root = (await office["Ann"].send(group, "The plan"))["seq"]
    called = await _reply(office["Cleo"], group, "@Bob?", root, mentions=["Bob"])
    assert await _acts(office) == {}, "Cleo replied to Ann, whom nobody had called: Ann was"
    await _reply(office["Bob"], group, "here", root)
    assert (await _acts(office))["mention.answered"] == 1
    # Bob's reply called Ann, the root's author; Cleo's called her too.
    await _reply(office["Ann"], group, "thanks", called)
    assert (await _acts(office))["mention.answered"] == 2


async def test_what_is_no_answer(office: Company) -> None:
    group = await office.group("Ann", "Bob", "Cleo")
    everybody = (await office["Ann"].send(group, "@all", mentions=["all"]))["seq"]
    await _reply(office["Bob"], group, "received", everybody)
    called = (await office["Ann"].send(group, "@Bob?", mentions=["Bob"]))["seq"]
    await office["Bob"].send(group, "beside the thread")
    other = (await office["Cleo"].send(group, "Another matter"))["seq"]
    await _reply(office["Bob"], group, "in another thread", other)
    await office["Bob"].do("PUT", f"/conversations/{group}/messages/{called}/reactions/👍")
    await office["Bob"].do("POST", f"/conversations/{group}/read", {})
    own = (await office["Bob"].send(group, "@Bob", mentions=["Bob"]))["seq"]
    await _reply(office["Bob"], group, "talking to myself", own)
    assert await _acts(office) == {}


async def test_opening_and_scrolling_leave_no_trace(office: Company) -> None:
    group = await office.group("Ann", "Bob")
    for number in range(3):
        await office["Ann"].send(group, str(number))
    socket = await office["Bob"].socket()
    for _ in range(3):
        await office["Bob"].get("/conversations")
        await office["Bob"].get(f"/conversations/{group}/messages")
    await socket.ask("conversation.read", conversation_id=group)
    await socket.close()
    await _told(office)
    assert await _within(office, lambda uow: uow.rows(_COUNTS)) == []
    assert await _within(office, lambda uow: uow.rows(_MARKS)) == []


async def test_a_ding_counts_when_it_was_answered_in_words(office: Company) -> None:
    async def acknowledge(uow: UnitOfWork) -> None:
        for person, replied in (("Bob", True), ("Cleo", False), ("Ann", True)):
            emit(
                uow,
                DingAcknowledged(
                    ding_id=uuid4(),
                    sender_id=office["Ann"].member_id,
                    member_id=office[person].member_id,
                    replied=replied,
                ),
            )

    await _within(office, acknowledge)
    assert await _acts(office) == {"ding.answered": 1, ANY: 1}


# --- people are counted, and forgotten -------------------------------------------------------------------------------


async def _note(company: Company, *people: str, act: str = "mention.answered", at: datetime | None = None) -> None:
    at = at or company.server.clock.now()
    deeds = [Deed(act=act, member_id=company[person].member_id, at=at) for person in people]
    await _within(company, lambda uow: service.note(uow, deeds))


async def _fold(company: Company, **later: float) -> None:
    company.server.clock.offset += timedelta(**later)
    await _within(company, service.fold)


async def _read(person: Person, length: str = "month", **more: Any) -> list[Any]:
    today = person.server.clock.now().date()
    asked = {"from": str(today - timedelta(days=90)), "to": str(today), "period": length} | more
    items: list[Any] = (await person.get("/activity", **asked))["items"]
    return items


async def test_people_are_counted_once_and_then_forgotten(office: Company) -> None:
    await _note(office, *EVERYBODY[:5], "Ann", "Ann")
    await _note(office, "Ann", "Fay", act="ding.answered")
    marks = await _within(office, lambda uow: uow.rows(_MARKS))
    assert len([mark for mark in marks if (mark["length"], mark["act"]) == ("month", ANY)]) == 6
    stored = " ".join(mark["mark"] for mark in marks)
    assert not any(part in stored for person in EVERYBODY for part in (person, office[person].member_id.hex))
    await _fold(office, days=40)
    assert await _within(office, lambda uow: uow.rows(_MARKS)) == []
    assert await _within(office, lambda uow: uow.value(_SALTS)) == 0
    shown = {item["act"]: (item["acts"], item["people"]) for item in await _read(office["Ann"])}
    assert shown == {"any": (9, 6), "mention.answered": (7, 5), "ding.answered": (None, None)}


async def test_marks_of_different_periods_cannot_be_joined(office: Company) -> None:
    today = office.server.clock.now()
    await _note(office, "Ann", at=today)
    await _note(office, "Ann", at=today - timedelta(days=1))
    marks = await _within(office, lambda uow: uow.rows(_MARKS))
    by_period = {(mark["length"], mark["mark"]) for mark in marks if mark["act"] == ANY}
    assert len({mark for _, mark in by_period}) == len(by_period)


@pytest.mark.parametrize(("people", "shown"), [(4, (None, None)), (5, (5, 5))])
async def test_fewer_than_five_are_not_shown(office: Company, people: int, shown: tuple[Any, Any]) -> None:
    await _note(office, *EVERYBODY[:people])
    await _fold(office, days=40)
    for length in ("day", "week", "month"):
        assert {(item["acts"], item["people"]) for item in await _read(office["Ann"], length)} == {shown}


async def test_open_periods_are_not_shown(office: Company) -> None:
    """Else one could watch the number grow when somebody has just answered."""
    await _note(office, *EVERYBODY)
    await _fold(office)
    assert await _read(office["Ann"]) == []
    await _fold(office, days=1, hours=7)
    assert [item["act"] for item in await _read(office["Ann"], "day")] == ["any", "mention.answered"]


async def test_what_comes_after_the_period_was_folded_counts_for_nobody(office: Company) -> None:
    then = office.server.clock.now()
    await _note(office, *EVERYBODY[:5])
    await _fold(office, days=40)
    await _note(office, "Fay", at=then)
    assert await _within(office, lambda uow: uow.rows(_MARKS)) == []
    shown = {item["act"]: (item["acts"], item["people"]) for item in await _read(office["Ann"])}
    assert shown[ANY] == (6, 5)


async def test_organisations_do_not_mix(office: Company, server: LiveServer) -> None:
    other = await found_company(server, *EVERYBODY, name="Other")
    await _note(office, *EVERYBODY)
    await _fold(office, days=40)
    await _fold(other)
    assert await _read(other["Ann"]) == []
    assert len(await _read(office["Ann"])) == 2


async def test_days_are_those_of_the_organisation(office: Company) -> None:
    organisation = await office["Ann"].get("/organisation")
    await office["Ann"].do("PATCH", "/organisation", {"revision": organisation["revision"], "time_zone": "Asia/Taipei"})
    await _note(office, *EVERYBODY, at=datetime(2026, 3, 31, 16, 30, tzinfo=UTC))
    await _fold(office)
    asked = {"from": "2026-03-01", "to": "2026-04-30"}
    found = {length: (await _read(office["Ann"], length, **asked))[0] for length in ("day", "week", "month")}
    assert (found["day"]["starts"], found["day"]["ends"]) == ("2026-04-01", "2026-04-02")
    assert (found["week"]["starts"], found["week"]["ends"]) == ("2026-03-30", "2026-04-06")
    assert (found["month"]["starts"], found["month"]["ends"]) == ("2026-04-01", "2026-05-01")


@pytest.mark.parametrize(
    ("zone", "at", "starts"),
    [
        ("UTC", "2026-01-01T00:00", ("2026-01-01", "2025-12-29", "2026-01-01")),
        ("America/New_York", "2026-01-01T00:00", ("2025-12-31", "2025-12-29", "2025-12-01")),
        ("Asia/Shanghai", "2024-02-28T16:00", ("2024-02-29", "2024-02-26", "2024-02-01")),
        ("Europe/Berlin", "2026-03-29T22:00", ("2026-03-30", "2026-03-30", "2026-03-01")),
    ],
)
def test_periods(zone: str, at: str, starts: tuple[str, ...]) -> None:
    place = ZoneInfo(zone)
    instant = datetime.fromisoformat(at).replace(tzinfo=UTC)
    found = list(periods_of(instant, place))
    assert [str(period.starts) for period in found] == list(starts)
    for period in found:
        assert instant < period.ends_at(place) <= instant + timedelta(days=32)
        assert Period.of(period.length, period.ends) != period


# --- reading, and whether at all -------------------------------------------------------------------------------------


async def test_the_answer_says_what_it_counts(office: Company) -> None:
    answer = await office["Ann"].get("/activity", **{"from": "2026-01-01", "to": "2026-01-31"})
    assert answer == {
        "version": VERSION,
        "acts": ["any", "mention.answered", "ding.answered"],
        "smallest_group": 5,
        "items": [],
    }


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"from": "2026-02-01", "to": "2026-01-31"}, "activity.range_reversed"),
        ({"from": "2020-01-01", "to": "2026-01-01"}, "activity.range_too_long"),
        ({"from": "0001-01-01", "to": "9999-12-31", "period": "month"}, "activity.range_too_long"),
        ({"from": "9999-12-31", "to": "9999-12-31", "period": "month"}, None),
        ({"from": "0001-01-01", "to": "0001-01-01", "period": "week"}, None),
        ({"from": "2026-01-01"}, "request.invalid"),
        ({"from": "x", "to": "2026-01-01"}, "request.invalid"),
        ({"from": "2026-01-01", "to": "2026-01-01", "period": "hour"}, "request.invalid"),
    ],
)
async def test_ranges(office: Company, asked: dict[str, str], code: str | None) -> None:
    answer = await office["Ann"].ask("GET", "/activity", params=asked)
    if code is None:
        assert answer.status_code == 200, answer.text
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) in ((422, code), (400, code))


async def test_counts_take_a_power_and_the_policy_is_no_secret(office: Company) -> None:
    asked = {"from": "2026-01-01", "to": "2026-01-31"}
    refused = await office["Bob"].ask("GET", "/activity", params=asked)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "permission.denied")
    assert await office["Bob"].get("/activity-policy") == {"enabled": True, "revision": 0}
    refused = await office["Bob"].ask("PATCH", "/activity-policy", {"revision": 0, "enabled": False})
    assert refused.status_code == 403


async def test_switched_off_nothing_is_counted_and_the_open_is_forgotten(office: Company) -> None:
    await _note(office, *EVERYBODY)
    off = await office["Ann"].do("PATCH", "/activity-policy", {"revision": 0, "enabled": False})
    assert off == {"enabled": False, "revision": 1}
    assert await _within(office, lambda uow: uow.rows(_COUNTS)) == []
    assert await _within(office, lambda uow: uow.rows(_MARKS)) == []
    await _note(office, *EVERYBODY)
    group = await office.group("Ann", "Bob")
    called = (await office["Ann"].send(group, "@Bob?", mentions=["Bob"]))["seq"]
    await _reply(office["Bob"], group, "yes", called)
    assert await _acts(office) == {}
    stale = await office["Ann"].ask("PATCH", "/activity-policy", {"revision": 0, "enabled": True})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "revision.mismatch")
    await office["Ann"].do("PATCH", "/activity-policy", {"revision": 1, "enabled": True})
    await _note(office, "Ann")
    assert await _acts(office) == {"mention.answered": 1, ANY: 1}


async def test_what_was_summed_up_stays_when_it_is_switched_off(office: Company) -> None:
    await _note(office, *EVERYBODY)
    await _fold(office, days=40)
    await office["Ann"].do("PATCH", "/activity-policy", {"revision": 0, "enabled": False})
    assert len(await _read(office["Ann"])) == 2


def test_the_list_of_acts_is_data_with_a_version() -> None:
    assert max(act.since for act in ACTS) == VERSION
    assert len({act.name for act in ACTS} | {ANY}) == len(ACTS) + 1
