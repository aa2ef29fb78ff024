"""State before + events = state after: a client that applies the events by docs/protocol/realtime.md holds what a fresh
fetch would show, for the sender and for recipients, on every device.
"""

import asyncio
import copy
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from pegboard.modules.ding.live import LIVE_EVENTS
from tests.modules.ding.conftest import APP_NOW, becomes, comes, send
from tests.support.live_server import Company, Person, Socket
from tests.support.polling import until

pytestmark = pytest.mark.anyio

Json = dict[str, Any]


class Device:
    """Holds all DINGs of one person; changes them by events only."""

    def __init__(self, person: Person, socket: Socket, held: dict[str, Json]) -> None:
        self.person = person
        self.socket = socket
        self.held = held
        self.seen: set[str] = set()
        self._taken = 0

    @classmethod
    async def of(cls, person: Person) -> "Device":
        return cls(person, await person.socket(), await fetched(person))

    def apply(self) -> dict[str, Json]:
        """What it shows when everything that has come is applied."""
        events, self._taken = self.socket.events[self._taken :], len(self.socket.events)
        for event in events:
            self.seen.add(event["type"])
            if event["type"] in ("ding.received", "ding.changed"):
                self._replace(event["ding"])
            elif event["type"] == "ding.progress":
                self._progress(event)
        return self.held

    def _replace(self, ding: Json) -> None:
        before = self.held.get(ding["id"])
        ding = copy.deepcopy(ding)
        if ding["mine"]:
            if before is not None:  # an event does not carry the recipients; what is held of them stays
                ding["recipients"] = before["recipients"]
                if before["revision"] > ding["revision"]:
                    ding |= {"counts": before["counts"], "revision": before["revision"]}
        elif before is not None and before["recipients"][0]["rev"] > ding["recipients"][0]["rev"]:
            return
        self.held[ding["id"]] = ding

    def _progress(self, event: Json) -> None:
        ding = self.held.get(event["id"])
        if ding is None:
            return
        if event["revision"] >= ding["revision"]:
            ding |= {name: event[name] for name in ("counts", "revision", "state")}
        by_userid = {each["userid"]: each for each in ding["recipients"]}
        for each in event["recipients"]:
            held = by_userid.get(each["userid"])
            if held is None or held["rev"] <= each["rev"]:
                by_userid[each["userid"]] = each
        ding["recipients"] = [by_userid[userid] for userid in sorted(by_userid)]


async def fetched(person: Person) -> dict[str, Json]:
    """What somebody sees who fetches everything."""
    found: dict[str, Json] = {}
    for box in ("sent", "received"):
        for ding in (await person.get("/dings", box=box))["items"]:
            whole = await person.get(f"/dings/{ding['id']}")
            whole["recipients"].sort(key=lambda each: each["userid"])
            found[ding["id"]] = whole
    return found


Act = Callable[[Company], Awaitable[None]]


async def _sent(company: Company) -> None:
    await comes(company["Bob"], await send(company["Ann"], userids=["Bob", "Cleo"]))


async def _answered(company: Company) -> None:
    ding_id = await send(company["Ann"], userids=["Bob", "Cleo", "Dan"])
    for userid in ("Bob", "Cleo"):
        await comes(company[userid], ding_id)
        await company[userid].do("POST", f"/dings/{ding_id}/delivered")
    answers = (
        company[userid].do("POST", f"/dings/{ding_id}/acknowledge", {"reply": userid}) for userid in ("Bob", "Cleo")
    )
    await asyncio.gather(*answers)


async def _cancelled(company: Company) -> None:
    ding_id = await send(company["Ann"], userids=["Bob", "Cleo"])
    await comes(company["Bob"], ding_id)
    await company["Ann"].do("POST", f"/dings/{ding_id}/cancel")


async def _scheduled_and_sent(company: Company) -> None:
    series = {"every": "week", "zone": "Asia/Taipei"}
    ding_id = await send(company["Ann"], userids=["Bob"], repeat=series)
    await comes(company["Bob"], ding_id)
    company.server.clock.offset += timedelta(days=7, seconds=1)

    async def again() -> bool:
        return len((await company["Bob"].get("/dings"))["items"]) == 2

    await until(again)


async def _grown_reminded_undelivered(company: Company) -> None:
    ding_id = await send(company["Ann"], userids=["Bob"], steps=APP_NOW)
    await comes(company["Bob"], ding_id)
    await company["Ann"].do("POST", f"/dings/{ding_id}/recipients", {"userids": ["Cleo"]})
    await comes(company["Cleo"], ding_id)
    company.server.clock.offset += timedelta(minutes=2)
    await becomes(company["Ann"], ding_id, Bob="undelivered")
    await company["Ann"].do("POST", f"/dings/{ding_id}/remind")
    await becomes(company["Ann"], ding_id, Bob="pending")


async def _left(company: Company) -> None:
    ding_id = await send(company["Bob"], userids=["Ann", "Cleo"])
    await comes(company["Cleo"], ding_id)
    await company["Ann"].do("POST", "/members/Cleo/leave", {})
    await becomes(company["Bob"], ding_id, Cleo="cancelled")


ACTS = (_sent, _answered, _cancelled, _scheduled_and_sent, _grown_reminded_undelivered, _left)


@pytest.mark.parametrize("act", [pytest.param(act, id=act.__name__[1:]) for act in ACTS])
async def test_events_explain_what_changed(company: Company, act: Act) -> None:
    for sender in ("Ann", "Bob"):
        await send(company[sender], "before", userids=["Cleo", "Ann" if sender == "Bob" else "Bob"])
    await until(lambda: _has_all(company))
    devices = [await Device.of(company[userid]) for userid in ("Ann", "Ann", "Bob", "Bob")]

    await act(company)

    for device in devices:

        async def explained(device: Device = device) -> bool:
            return device.apply() == await fetched(device.person)

        try:
            await until(explained, deadline_s=10)
        except AssertionError:
            assert device.apply() == await fetched(device.person)


async def _has_all(company: Company) -> bool:
    return [len((await company[userid].get("/dings"))["items"]) for userid in ("Ann", "Bob", "Cleo")] == [1, 1, 2]


async def test_every_type_is_seen(company: Company) -> None:
    devices = [await Device.of(company[userid]) for userid in ("Ann", "Bob")]
    await _answered(company)
    wanted = {event.__struct_config__.tag for event in LIVE_EVENTS}

    def all_seen() -> bool:
        for device in devices:
            device.apply()
        return wanted <= set[str]().union(*(device.seen for device in devices))

    await until(all_seen)


async def test_progress_is_told_together(company: Company) -> None:
    ann = await company["Ann"].socket()
    ding_id = await send(company["Ann"], userids=["Bob", "Cleo", "Dan"])
    for userid in ("Bob", "Cleo", "Dan"):
        await comes(company[userid], ding_id)
    people = ("Bob", "Cleo", "Dan")
    await asyncio.gather(*(company[userid].do("POST", f"/dings/{ding_id}/acknowledge", {}) for userid in people))
    last = await ann.event("ding.progress", lambda event: event["state"] == "done")
    assert last["counts"]["acknowledged"] == 3


async def test_another_device_hears_of_the_acknowledgement(company: Company) -> None:
    desk = await company["Bob"].socket()
    ding_id = await send(company["Ann"], userids=["Bob"])
    await desk.event("ding.received")
    await company["Bob"].do("POST", f"/dings/{ding_id}/acknowledge", {})
    event = await desk.event("ding.changed")
    assert (event["id"], event["state"]) == (ding_id, "done")
