"""What happens when: steps, quiet hours, gateways that fail, schedules, and people who are gone meanwhile."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.modules.ding.conftest import (
    APP_NOW,
    CALL_TIMEOUT_S,
    OK,
    SMS_NOW,
    Gateway,
    becomes,
    comes,
    decide,
    give_numbers,
    has,
    received,
    rows,
    send,
    states,
    written,
)
from tests.support.live_server import Company, Socket
from tests.support.polling import until

pytestmark = pytest.mark.anyio

FILES = {"sms": {"kind": "file"}, "phone": {"kind": "file"}}


def pass_time(company: Company, **later: float) -> None:
    company.server.clock.offset += timedelta(**later)


def times_told(socket: Socket) -> int:
    return sum(event["type"] == "ding.received" for event in socket.events)


async def test_it_comes_again_until_it_is_acknowledged(company: Company) -> None:
    bob, cleo = await company["Bob"].socket(), await company["Cleo"].socket()
    ding_id = await send(company["Ann"], userids=["Bob", "Cleo"])
    await until(lambda: times_told(bob) == times_told(cleo) == 1)
    await company["Bob"].do("POST", f"/dings/{ding_id}/acknowledge", {})
    pass_time(company, minutes=5, seconds=1)
    await until(lambda: times_told(cleo) == 2)
    assert times_told(bob) == 1
    assert await states(company["Ann"], ding_id) == {"Bob": "acknowledged", "Cleo": "pending"}

    pass_time(company, minutes=2)  # no device has confirmed it until now
    await becomes(company["Ann"], ding_id, Cleo="undelivered")
    assert (await company["Ann"].get(f"/dings/{ding_id}"))["state"] == "open", "they can still acknowledge"
    await company["Cleo"].do("POST", f"/dings/{ding_id}/delivered")
    assert (await states(company["Ann"], ding_id))["Cleo"] == "delivered"


async def test_a_message_goes_out_once(company: Company, outbox: Path) -> None:
    await decide(company, adapters=FILES)
    await give_numbers(company, "Bob", "Cleo")
    steps = [*APP_NOW, {"channel": "sms", "after_seconds": 600}, {"channel": "phone", "after_seconds": 900}]
    ding_id = await send(company["Ann"], "the line stands", userids=["Bob", "Cleo"], steps=steps)
    await comes(company["Cleo"], ding_id)
    await company["Cleo"].do("POST", f"/dings/{ding_id}/acknowledge", {})
    pass_time(company, seconds=601)
    await becomes(company["Ann"], ding_id, Bob="delivered")
    [sms] = written(outbox, company)
    assert (sms["name"], sms["text"], sms["ding_id"]) == ("Bob", "Ann: the line stands", ding_id)
    assert sms["phone"].startswith("+86")
    assert written(outbox, company, "phone") == []
    pass_time(company, seconds=301)
    await until(lambda: len(written(outbox, company, "phone")) == 1)
    pass_time(company, hours=1)
    await asyncio.sleep(0.6)  # two looks of the scheduler
    assert [len(written(outbox, company, channel)) for channel in ("sms", "phone")] == [1, 1]
    out = (await company["Ann"].get(f"/dings/{ding_id}/deliveries"))["items"]
    assert [(each["userid"], each["channel"], each["state"]) for each in out] == [
        ("Bob", "sms", "delivered"),
        ("Bob", "phone", "delivered"),
    ]


async def test_what_begins_outside_is_in_the_app_too(company: Company) -> None:
    await decide(company, adapters=FILES)
    bob = await company["Bob"].socket()
    ding_id = await send(company["Ann"], userids=["Bob"], steps=SMS_NOW)
    assert (await bob.event("ding.received"))["ding"]["id"] == ding_id
    assert await has(company["Bob"], ding_id, state="open")


async def test_without_a_number_the_next_step_comes_at_once(company: Company, outbox: Path) -> None:
    await decide(company, adapters=FILES)
    bob = await company["Bob"].socket()
    ding_id = await send(company["Ann"], userids=["Bob"], steps=[*SMS_NOW, {"channel": "app", "after_seconds": 86_400}])
    await until(lambda: times_told(bob) == 2)
    assert written(outbox, company) == []
    [failed] = (await company["Ann"].get(f"/dings/{ding_id}/deliveries"))["items"]
    assert (failed["state"], failed["code"]) == ("failed", "no_number")


async def test_the_budget_of_the_day(company: Company, outbox: Path) -> None:
    await decide(company, adapters=FILES, sms_a_day=2)
    await give_numbers(company, "Bob", "Cleo", "Dan")
    ding_id = await send(company["Ann"], userids=["Bob", "Cleo", "Dan"], steps=SMS_NOW)

    async def all_ended() -> bool:
        out = (await company["Ann"].get(f"/dings/{ding_id}/deliveries"))["items"]
        return len(out) == 3 and all(each["state"] in ("delivered", "failed") for each in out)

    await until(all_ended)
    assert len(written(outbox, company)) == 2
    codes = [each["code"] for each in (await company["Ann"].get(f"/dings/{ding_id}/deliveries"))["items"]]
    assert codes.count("budget") == 1
    assert (await company["Ann"].get("/ding-policy"))["sms_used"] == 2


# --- gateways --------------------------------------------------------------------------------------------------------


async def _through(company: Company, gateway: Gateway, **adapter: Any) -> str:
    """A DING to Bob by SMS, then in the app a day later."""
    await decide(company, adapters={"sms": gateway.adapter | adapter})
    await give_numbers(company, "Bob")
    steps = [*SMS_NOW, {"channel": "app", "after_seconds": 86_400}]
    return await send(company["Ann"], 'say "hello"\nto {phone}', userids=["Bob"], steps=steps)


async def test_a_gateway_gets_the_filled_template(company: Company, gateway: Gateway) -> None:
    headers = {"Authorization": "Bearer s3cret"}
    body = '{"to": "{phone}", "text": "{text}", "id": "{delivery_id}", "nothing": "{else}"}'
    ding_id = await _through(company, gateway, headers=headers, body_template=body)
    await becomes(company["Ann"], ding_id, Bob="delivered")
    [(first, sent, raw)] = gateway.asked
    assert first == "POST /send HTTP/1.1"
    assert sent["authorization"] == "Bearer s3cret"
    filled = httpx.Response(200, content=raw).json()
    assert filled["text"] == 'Ann: say "hello"\nto {phone}'
    assert filled["id"] == sent["idempotency-key"]
    assert filled["nothing"] == "{else}"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n", "http.500"),
        (b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n", "http.302"),
        (b"\x00\xff\xfegarbage\r\n\r\n", "egress.failed.protocol"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nsen", "egress.failed.protocol"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n", "egress.too_large"),
        (b"", "egress.failed.protocol"),
    ],
)
async def test_a_gateway_that_fails_lets_the_next_step_come_at_once(
    company: Company, gateway: Gateway, answer: bytes, code: str
) -> None:
    bob = await company["Bob"].socket()
    gateway.answer = answer
    ding_id = await _through(company, gateway)
    await until(lambda: times_told(bob) == 2)
    [failed] = (await company["Ann"].get(f"/dings/{ding_id}/deliveries"))["items"]
    assert (failed["state"], failed["code"]) == ("failed", code)
    assert len(gateway.asked) == 1


async def test_a_gateway_that_hangs_holds_up_nobody(company: Company, gateway: Gateway, outbox: Path) -> None:
    bob = await company["Bob"].socket()
    gateway.hangs = True
    await decide(company, adapters={"sms": gateway.adapter, "phone": {"kind": "file"}})
    await give_numbers(company, "Bob", "Cleo", "Dan")
    steps = [*SMS_NOW, {"channel": "app", "after_seconds": 86_400}]
    hanging = await send(company["Ann"], userids=["Bob"], steps=steps)
    await until(lambda: len(gateway.asked) == 1)
    quick = await send(company["Ann"], userids=["Dan"], steps=[{"channel": "phone", "after_seconds": 0}])
    await becomes(company["Ann"], quick, Dan="delivered")
    assert times_told(bob) == 1, "the gateway is still being waited for"
    await until(lambda: times_told(bob) == 2, deadline_s=10 * CALL_TIMEOUT_S)
    [failed] = (await company["Ann"].get(f"/dings/{hanging}/deliveries"))["items"]
    assert failed["code"] in ("timeout", "egress.failed.timeout")


async def test_two_hundred_that_says_no(company: Company, gateway: Gateway) -> None:
    gateway.answer = OK.replace(b"sent", b"oops")
    ding_id = await _through(company, gateway, success_contains="sent")
    bob = await company["Bob"].socket()
    await until(lambda: times_told(bob) + bob.hello["dings_open"] >= 1)

    async def failed() -> bool:
        out = (await company["Ann"].get(f"/dings/{ding_id}/deliveries"))["items"]
        return [each["code"] for each in out] == ["http.not_accepted"]

    await until(failed)


async def test_private_addresses_are_for_operators_to_allow(company: Company) -> None:
    await decide(company, adapters={"sms": {"kind": "http", "url": "http://10.0.0.1/send"}})
    await give_numbers(company, "Bob")
    ding_id = await send(company["Ann"], userids=["Bob"], steps=SMS_NOW)

    async def refused() -> bool:
        out = (await company["Ann"].get(f"/dings/{ding_id}/deliveries"))["items"]
        return [each["code"] for each in out] == ["egress.forbidden_address"]

    await until(refused)


@pytest.mark.parametrize(("told", "state"), [("delivered", "delivered"), ("failed", "pending")])
async def test_a_receipt_says_what_became_of_it(company: Company, gateway: Gateway, told: str, state: str) -> None:
    bob = await company["Bob"].socket()
    body = '{"to": "{phone}", "text": "{text}", "callback": "{receipt_url}"}'
    ding_id = await _through(company, gateway, body_template=body)

    async def accepted() -> bool:
        out = (await company["Ann"].get(f"/dings/{ding_id}/deliveries"))["items"]
        return [each["state"] for each in out] == ["accepted"]

    await until(accepted)
    assert (await states(company["Ann"], ding_id))["Bob"] == "pending", "accepted is not delivered"
    callback = httpx.Response(200, content=gateway.asked[0][2]).json()["callback"]
    address = callback.replace("http://pegboard.example", company.server.url)
    async with httpx.AsyncClient() as http:
        assert (await http.post(f"{address[:-2]}AA/{told}")).status_code == 404
        for _ in range(2):
            assert (await http.post(f"{address}/{told}")).status_code == 204
    if told == "failed":
        await until(lambda: times_told(bob) == 2)
    await becomes(company["Ann"], ding_id, Bob=state)


# --- reminders and quiet hours ---------------------------------------------------------------------------------------


async def test_reminding_begins_anew_for_those_who_wait(company: Company) -> None:
    ann = company["Ann"]
    bob, cleo = await company["Bob"].socket(), await company["Cleo"].socket()
    ding_id = await send(ann, userids=["Bob", "Cleo"], steps=APP_NOW)
    await until(lambda: times_told(bob) == times_told(cleo) == 1)
    await company["Cleo"].do("POST", f"/dings/{ding_id}/acknowledge", {})
    early = await ann.ask("POST", f"/dings/{ding_id}/remind")
    assert (early.status_code, early.json()["error"]["code"]) == (429, "ding.reminded_lately")
    pass_time(company, minutes=3)
    await becomes(ann, ding_id, Bob="undelivered")
    await ann.do("POST", f"/dings/{ding_id}/remind")
    await until(lambda: times_told(bob) == 2)
    assert times_told(cleo) == 1
    assert await states(ann, ding_id) == {"Bob": "pending", "Cleo": "acknowledged"}
    assert (await ann.get("/dings/usage"))["used"] == 2


async def _be_quiet(company: Company, userid: str) -> datetime:
    """Quiet hours that began an hour ago; when they end."""
    person = company[userid]
    revision = (await person.get("/me/attention"))["revision"]
    now = datetime.now(UTC) + company.server.clock.offset  # noqa: TID251
    starts, ends = now - timedelta(hours=1), now + timedelta(hours=2)
    hours = {
        "enabled": True,
        "starts": f"{starts:%H:%M}",
        "ends": f"{ends:%H:%M}",
        "days": [1, 2, 3, 4, 5, 6, 7],
        "zone": "UTC",
    }
    await person.do("PATCH", "/me/attention", {"revision": revision, "quiet_hours": hours})
    return ends


async def test_quiet_hours_hold_it(company: Company) -> None:
    await _be_quiet(company, "Bob")
    bob = await company["Bob"].socket()
    ding_id = await send(company["Dan"], userids=["Bob", "Cleo"])
    await comes(company["Cleo"], ding_id)
    await asyncio.sleep(0.6)  # two looks of the scheduler
    assert times_told(bob) == 0
    assert not await has(company["Bob"], ding_id)
    pass_time(company, hours=2, minutes=1)
    await until(lambda: times_told(bob) == 1)


@pytest.mark.parametrize(
    ("pierces", "sender", "comes_through"),
    [("everyone", "Dan", True), ("admins", "Ann", True), ("admins", "Dan", False), ("nobody", "Ann", False)],
)
async def test_the_policy_says_who_pierces_quiet_hours(
    company: Company, pierces: str, sender: str, comes_through: bool
) -> None:
    await decide(company, pierces_quiet=pierces)
    await _be_quiet(company, "Bob")
    ding_id = await send(company[sender], userids=["Bob", "Cleo"])
    await comes(company["Cleo"], ding_id)
    if comes_through:
        await comes(company["Bob"], ding_id)
    else:
        await asyncio.sleep(0.6)
        assert not await has(company["Bob"], ding_id)


# --- later, and again and again --------------------------------------------------------------------------------------


def _in(company: Company, **later: float) -> str:
    now = datetime.now(UTC) + company.server.clock.offset  # noqa: TID251
    return (now + timedelta(**later)).isoformat()


async def test_a_scheduled_one_waits_for_its_time(company: Company) -> None:
    ann = company["Ann"]
    ding_id = await send(ann, userids=["Bob"], send_at=_in(company, hours=1))
    assert (await ann.get(f"/dings/{ding_id}"))["state"] == "scheduled"
    assert await states(ann, ding_id) == {"Bob": "pending"}
    assert not await has(company["Bob"], ding_id)
    refused = await ann.ask("POST", f"/dings/{ding_id}/remind")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "ding.not_sent_yet")
    pass_time(company, hours=1, seconds=1)
    await comes(company["Bob"], ding_id)
    assert (await ann.get(f"/dings/{ding_id}"))["state"] == "open"


async def test_departments_are_looked_up_when_it_is_sent(company: Company) -> None:
    """messaging.md §9: DING to a department whose members change in between."""
    ann = company["Ann"]
    department = await ann.do("POST", "/departments", {"name": "Works", "parent_id": "root"})

    async def put(userid: str, where: str) -> None:
        revision = (await ann.get(f"/members/{userid}"))["revision"]
        await ann.do("PATCH", f"/members/{userid}", {"revision": revision, "departments": [where]})

    await put("Bob", department["id"])
    await put("Dan", department["id"])
    now = await send(ann, "now", department_ids=[department["id"]])
    later = await send(ann, "later", department_ids=[department["id"]], send_at=_in(company, hours=1))
    await put("Bob", department["parent_id"])
    await put("Cleo", department["id"])
    await ann.do("POST", "/members/Dan/leave", {})
    pass_time(company, hours=1, seconds=1)
    await comes(company["Cleo"], later)
    assert set(await states(ann, later)) == {"Cleo"}
    await becomes(ann, now, Bob="pending", Dan="cancelled")
    assert not await has(company["Cleo"], now)


async def test_a_cancelled_schedule_is_never_sent(company: Company) -> None:
    ann = company["Ann"]
    series = {"every": "day", "zone": "Asia/Taipei"}
    ding_id = await send(ann, userids=["Bob"], send_at=_in(company, hours=1), repeat=series)
    await ann.do("POST", f"/dings/{ding_id}/cancel")
    pass_time(company, days=3)
    await asyncio.sleep(0.6)
    assert await received(company["Bob"]) == []
    assert [each["state"] for each in (await ann.get("/dings", box="sent"))["items"]] == ["cancelled"]


async def test_a_recurring_one_comes_again(company: Company) -> None:
    ann = company["Ann"]
    await send(ann, "wash your hands", userids=["Bob"], repeat={"every": "day", "zone": "Asia/Taipei"})
    for number in range(1, 4):

        async def come(number: int = number) -> bool:
            return len(await received(company["Bob"])) == number

        await until(come)
        found = [each["state"] for each in (await ann.get("/dings", box="sent"))["items"]]
        assert found.count("scheduled") == 1
        pass_time(company, days=1, seconds=5)


# --- people who are gone ---------------------------------------------------------------------------------------------


async def test_a_sender_who_is_suspended(company: Company) -> None:
    """messaging.md §9: sender suspended with DINGs pending. What is out runs on, what is not is not sent."""
    bob = company["Bob"]
    cleo = await company["Cleo"].socket()
    out = await send(bob, userids=["Cleo"])
    later = await send(bob, userids=["Cleo"], send_at=_in(company, minutes=4))
    await until(lambda: times_told(cleo) == 1)
    await company["Ann"].do("POST", "/members/Bob/suspend")
    pass_time(company, minutes=5, seconds=1)
    await until(lambda: times_told(cleo) == 2)
    assert [each["id"] for each in await received(company["Cleo"])] == [out]

    async def cancelled() -> bool:
        found = await rows(company, "SELECT state FROM dings WHERE org_id = :org_id AND id = :id", id=later)
        return [row["state"] for row in found] == ["cancelled"]

    await until(cancelled)


async def test_a_recipient_who_has_left(company: Company, outbox: Path) -> None:
    await decide(company, adapters=FILES)
    await give_numbers(company, "Bob", "Cleo")
    steps = [*APP_NOW, {"channel": "sms", "after_seconds": 60}]
    ding_id = await send(company["Ann"], userids=["Bob", "Cleo"], steps=steps)
    await comes(company["Bob"], ding_id)
    await company["Ann"].do("POST", "/members/Bob/leave", {})
    await becomes(company["Ann"], ding_id, Bob="cancelled")
    pass_time(company, seconds=61)
    await becomes(company["Ann"], ding_id, Cleo="delivered")
    assert [sms["name"] for sms in written(outbox, company)] == ["Cleo"]


# --- acknowledging while a step is being done ------------------------------------------------------------------------


async def test_acknowledged_while_its_next_step_fires(company: Company, outbox: Path) -> None:
    """messaging.md §9. Whoever holds the row first wins, and nothing is begun after the acknowledgement."""
    await decide(company, adapters=FILES)
    await give_numbers(company, "Bob", "Cleo", "Dan")
    people = ("Bob", "Cleo", "Dan")
    steps = [*APP_NOW, {"channel": "sms", "after_seconds": 1}]
    for _ in range(5):
        ding_id = await send(company["Ann"], userids=list(people), steps=steps)
        for userid in people:
            await comes(company[userid], ding_id)
        pass_time(company, seconds=1)
        await asyncio.gather(*(company[userid].do("POST", f"/dings/{ding_id}/acknowledge", {}) for userid in people))
        assert set((await states(company["Ann"], ding_id)).values()) == {"acknowledged"}
    pass_time(company, hours=1)
    await asyncio.sleep(0.6)
    begun_late = await rows(
        company,
        """
        SELECT 1 AS late FROM ding_attempts a JOIN ding_recipients r
            ON r.org_id = a.org_id AND r.ding_id = a.ding_id AND r.member_id = a.member_id
        WHERE a.org_id = :org_id AND a.claimed_at > r.acknowledged_at
        """,
    )
    assert begun_late == []
    due = await rows(company, "SELECT 1 AS due FROM ding_recipients WHERE org_id = :org_id AND due_at IS NOT NULL")
    assert due == []
    told = await rows(company, "SELECT 1 AS begun FROM ding_attempts WHERE org_id = :org_id AND begun_at IS NOT NULL")
    assert len(written(outbox, company)) == len(told)
