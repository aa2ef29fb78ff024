"""Adapters by themselves: filling templates, writing files; and the calendar of recurring DINGs."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegboard.kernel.ids import uuid7
from pegboard.modules.ding.channels import Delivery, FileChannel
from pegboard.modules.ding.service.reading import plain
from pegboard.modules.ding.service.repeating import after
from pegboard.modules.ding.templates import PLACES, filled_body, filled_url
from pegboard.modules.ding.views import HttpAdapter, Repeat

TEXTS = st.text(st.characters(codec="utf-8"), max_size=50)


@given(TEXTS, TEXTS)
def test_what_is_filled_in_stays_a_text(text: str, name: str) -> None:
    values = dict.fromkeys(PLACES, "") | {"text": text, "name": name}
    adapter = HttpAdapter(
        url="https://sms.example/send?to={name}&text={text}",
        body_template='{"a": "{text}", "b": ["{name}"], "c": "{d}"}',
    )
    assert json.loads(filled_body(adapter, values)) == {"a": text, "b": [name], "c": "{d}"}
    query = parse_qs(urlsplit(filled_url(adapter, values)).query, keep_blank_values=True)
    assert query == {"to": [name], "text": [text]}
    form = msgspec.structs.replace(
        adapter, headers={"Content-Type": "application/x-www-form-urlencoded"}, body_template="a={text}&b={name}"
    )
    assert parse_qs(filled_body(form, values).decode(), keep_blank_values=True) == {"a": [text], "b": [name]}


@pytest.mark.anyio
async def test_a_file_is_written_once(tmp_path: Path) -> None:
    first = Delivery(
        delivery_id=uuid7(),
        org_id=uuid7(),
        ding_id=uuid7(),
        channel="sms",
        phone="+86",
        text="one",
        sender="A",
        name="B",
    )
    again = msgspec.structs.replace(first, text="two")
    channels = [FileChannel(tmp_path) for _ in range(8)]
    outcomes = await asyncio.gather(*(channel.deliver(first) for channel in channels))
    outcomes.append(await channels[0].deliver(again))
    assert all(outcome.accepted and outcome.delivered for outcome in outcomes)
    [file] = (tmp_path / str(first.org_id) / "sms").iterdir()
    assert msgspec.json.decode(file.read_bytes())["text"] == "one"
    assert file.stat().st_mode & 0o077 == 0, "there are numbers in it"


@pytest.mark.anyio
async def test_a_folder_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    delivery = Delivery(
        delivery_id=uuid7(), org_id=uuid7(), ding_id=uuid7(), channel="sms", phone="+86", text="t", sender="A", name="B"
    )
    outcome = await FileChannel(tmp_path / "file").deliver(delivery)
    assert (outcome.accepted, outcome.code) == (False, "file.error")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1", "＝1", "=cmd|' /C calc'!A0"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert plain(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Bob", "1+1", "a=b", "好的", "'quoted'"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert plain(text) == text


def _at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("every", "zone", "first", "now", "following"),
    [
        ("day", "Asia/Taipei", "2026-03-01T09:00", "2026-03-01T09:00", "2026-03-02T09:00"),
        ("day", "Asia/Taipei", "2026-03-01T09:00", "2026-03-09T10:00", "2026-03-10T09:00"),
        # Summer time: the same time of day.
        ("day", "Europe/Berlin", "2026-03-28T09:00", "2026-03-28T09:00", "2026-03-29T09:00"),
        ("day", "Europe/Berlin", "2026-10-24T09:00", "2026-10-24T09:00", "2026-10-25T09:00"),
        ("week", "America/New_York", "2026-03-04T08:30", "2026-03-04T08:30", "2026-03-11T08:30"),
        # A time that does not exist that day.
        ("day", "Europe/Berlin", "2026-03-28T02:30", "2026-03-28T02:30", "2026-03-29T03:30"),
        # A time that is there twice: the first.
        ("day", "Europe/Berlin", "2026-10-24T02:30", "2026-10-24T02:30", "2026-10-25T02:30"),
        # Short months keep the day for the longer ones.
        ("month", "Asia/Taipei", "2026-01-31T09:00", "2026-01-31T09:00", "2026-02-28T09:00"),
        ("month", "Asia/Taipei", "2026-01-31T09:00", "2026-02-28T09:00", "2026-03-31T09:00"),
        ("month", "Asia/Taipei", "2026-12-31T09:00", "2026-12-31T09:00", "2027-01-31T09:00"),
        ("month", "Asia/Taipei", "2028-02-29T09:00", "2028-02-29T09:00", "2028-03-29T09:00"),
    ],
)
def test_the_next_of_a_series(every: str, zone: str, first: str, now: str, following: str) -> None:
    repeat = msgspec.convert({"every": every, "zone": zone}, Repeat)
    assert after(repeat, _at(first, zone), _at(now, zone)) == _at(following, zone)


@given(
    st.sampled_from(["day", "week", "month"]),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"]),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001
    st.integers(0, 500 * 86_400),
)
def test_the_next_is_always_later_and_never_far(every: str, zone: str, first: datetime, later_s: int) -> None:
    begun = first.replace(tzinfo=UTC)
    now = datetime.fromtimestamp(begun.timestamp() + later_s, UTC)
    found = after(msgspec.convert({"every": every, "zone": zone}, Repeat), begun, now)
    longest = {"day": 2, "week": 8, "month": 32}[every]
    assert 0 < (found - now).total_seconds() <= longest * 86_400
