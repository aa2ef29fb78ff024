"""Writing a DING, to whom it goes, and what each of them sees."""

import asyncio
from typing import Any

import pytest

from pegboard.kernel.ids import uuid7
from tests.modules.ding.conftest import APP_NOW, LIMIT, becomes, comes, decide, has, received, send, states
from tests.support.live_server import Company, LiveServer, found_company

pytestmark = pytest.mark.anyio


async def test_a_ding_is_followed_until_it_is_acknowledged(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    phone = await bob.socket()
    assert phone.hello["dings_open"] == 0

    ding_id = await send(ann, "the line stands", userids=["Bob", "Cleo"])
    event = await phone.event("ding.received")
    assert (event["ding"]["id"], event["ding"]["content"], event["step"]) == (ding_id, "the line stands", 0)
    assert [each["userid"] for each in event["ding"]["recipients"]] == ["Bob"]
    assert event["ding"]["counts"] is None
    await bob.do("POST", f"/dings/{ding_id}/delivered")
    assert await states(ann, ding_id) == {"Bob": "delivered", "Cleo": "pending"}

    await bob.do("POST", f"/dings/{ding_id}/acknowledge", {"reply": "on my way"})
    seen = await ann.get(f"/dings/{ding_id}")
    assert seen["state"] == "open"
    assert seen["counts"] == {"pending": 1, "delivered": 0, "acknowledged": 1, "undelivered": 0, "cancelled": 0}
    [bobs] = [each for each in seen["recipients"] if each["userid"] == "Bob"]
    assert (bobs["state"], bobs["reply"]) == ("acknowledged", "on my way")
    assert bobs["acknowledged_at"] is not None
    assert not await has(bob, ding_id, state="open")
    assert await has(bob, ding_id)

    await comes(company["Cleo"], ding_id)
    assert (await company["Cleo"].socket()).hello["dings_open"] == 1
    await company["Cleo"].do("POST", f"/dings/{ding_id}/acknowledge", {})
    assert (await ann.get(f"/dings/{ding_id}"))["state"] == "done"
    assert (await ann.get("/dings", box="sent", state="open"))["items"] == []
    [listed] = (await ann.get("/dings", box="sent"))["items"]
    assert listed["counts"]["acknowledged"] == 2


async def test_a_recipient_learns_of_no_other(company: Company) -> None:
    ding_id = await send(company["Ann"], userids=["Bob", "Cleo"])
    await comes(company["Bob"], ding_id)
    seen = await company["Bob"].get(f"/dings/{ding_id}")
    assert [each["userid"] for each in seen["recipients"]] == ["Bob"]
    assert "Cleo" not in str(seen)
    for path, body in (("remind", None), ("cancel", None), ("recipients", {"userids": ["Dan"]}), ("export", None)):
        answer = await company["Bob"].ask("GET" if path == "export" else "POST", f"/dings/{ding_id}/{path}", body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "ding.sender_only")
    for path in ("", "/acknowledge", "/cancel"):
        method, body = ("POST", {}) if path else ("GET", None)
        for wanted in (ding_id, str(uuid7())):
            answer = await company["Dan"].ask(method, f"/dings/{wanted}{path}", body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ding.not_found")


async def test_the_same_client_id_is_the_same_ding(company: Company) -> None:
    body = {"content": "once", "userids": ["Bob"], "client_id": "c1"}
    answers = await asyncio.gather(*(company["Ann"].ask("POST", "/dings", body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (await company["Ann"].get("/dings/usage"))["used"] == 1
    other = await company["Bob"].ask("POST", "/dings", body | {"userids": ["Ann"]})
    assert other.status_code == 201, "somebody else's client_id is another"


async def test_the_default_steps_follow_the_adapters(company: Company) -> None:
    ding_id = await send(company["Ann"], userids=["Bob"])
    plain = (await company["Ann"].get(f"/dings/{ding_id}"))["steps"]
    assert plain == [{"channel": "app", "after_seconds": 0}, {"channel": "app", "after_seconds": 300}]
    await decide(company, adapters={"sms": {"kind": "file"}, "phone": {"kind": "file"}})
    ding_id = await send(company["Ann"], userids=["Bob"])
    steps = [
        (each["channel"], each["after_seconds"]) for each in (await company["Ann"].get(f"/dings/{ding_id}"))["steps"]
    ]
    assert steps == [("app", 0), ("app", 300), ("sms", 600), ("phone", 900)]


async def test_departments_are_told_whole_and_each_person_once(company: Company) -> None:
    ann = company["Ann"]
    above = await ann.do("POST", "/departments", {"name": "Works", "parent_id": "root"})
    below = await ann.do("POST", "/departments", {"name": "Night shift", "parent_id": above["id"]})
    for userid, department in (("Bob", above), ("Cleo", below)):
        revision = (await ann.get(f"/members/{userid}"))["revision"]
        await ann.do("PATCH", f"/members/{userid}", {"revision": revision, "departments": [department["id"]]})
    ding_id = await send(ann, userids=["Bob"], department_ids=[above["id"], below["id"]])
    assert await states(ann, ding_id) == {"Bob": "pending", "Cleo": "pending"}
    root = above["parent_id"]
    assert set(await states(ann, await send(ann, department_ids=[root]))) == {"Bob", "Cleo", "Dan"}, "not the sender"


async def test_exactly_those_who_have_not_read(company: Company) -> None:
    ann = company["Ann"]
    group = await company.group("Ann", "Bob", "Cleo", "Dan")
    sent = await ann.send(group, "read   this, all of you")
    await company["Bob"].do("POST", f"/conversations/{group}/read", {"seq": sent["seq"]})
    unread = (await ann.get(f"/conversations/{group}/messages/{sent['seq']}/readers"))["unread"]
    ding_id = await send(ann, "please read", message={"conversation_id": group, "seq": sent["seq"]}, to_unread=True)
    assert set(await states(ann, ding_id)) == {each["userid"] for each in unread} == {"Cleo", "Dan"}
    await comes(company["Cleo"], ding_id)
    about = (await company["Cleo"].get(f"/dings/{ding_id}"))["message"]
    assert about == {"conversation_id": group, "seq": sent["seq"], "readable": True, "excerpt": "read this, all of you"}


async def test_the_message_is_shown_to_those_who_may_read_it(company: Company) -> None:
    ann = company["Ann"]
    group = await company.group("Ann", "Bob")
    sent = await ann.send(group, "between the two of us")
    message = {"conversation_id": group, "seq": sent["seq"]}
    ding_id = await send(ann, userids=["Bob", "Cleo"], message=message)
    await comes(company["Cleo"], ding_id)
    assert (await company["Bob"].get(f"/dings/{ding_id}"))["message"]["excerpt"] == "between the two of us"
    assert (await company["Cleo"].get(f"/dings/{ding_id}"))["message"] == message | {"readable": False, "excerpt": ""}
    refused = await company["Cleo"].ask("POST", "/dings", {"content": "x", "userids": ["Bob"], "message": message})
    assert refused.status_code == 404
    to_unread = {"content": "x", "message": message, "to_unread": True}
    assert (await company["Cleo"].ask("POST", "/dings", to_unread)).status_code == 404


async def test_attachments_are_the_senders_own_and_for_the_recipients(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    uploaded = (await ann.ask("POST", "/files", files={"file": ("plan.txt", b"the plan", "text/plain")})).json()
    ding_id = await send(ann, userids=["Bob"], file_ids=[uploaded["file_id"]])
    await comes(bob, ding_id)
    [file] = (await bob.get(f"/dings/{ding_id}"))["files"]
    assert (file["name"], file["size"]) == ("plan.txt", 8)
    link = await bob.get(f"/dings/{ding_id}/files/{file['file_id']}")
    async with bob.http as http:
        assert (await http.get(bob.server.url + link["url"])).content == b"the plan"
    assert (await company["Cleo"].ask("GET", f"/dings/{ding_id}/files/{file['file_id']}")).status_code == 404
    stolen = await bob.ask("POST", "/dings", {"content": "x", "userids": ["Ann"], "file_ids": [file["file_id"]]})
    assert stolen.status_code == 404


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"userids": []}, 422, "ding.nobody"),
        ({"userids": ["Ann"]}, 422, "ding.nobody"),
        ({"userids": ["Bob", "nobody"]}, 422, "ding.unknown_people"),
        ({"department_ids": [str(uuid7())]}, 404, "department.not_found"),
        ({"content": ""}, 422, "too_short"),
        ({"content": " \n\t "}, 422, "blank"),
        ({"content": "x" * 2001}, 422, "too_long"),
        ({"to_unread": True}, 422, "required"),
        ({"steps": []}, 422, "too_short"),
        ({"steps": APP_NOW * 11}, 422, "too_many"),
        ({"steps": [{"channel": "fax", "after_seconds": 0}]}, 422, "invalid"),
        ({"steps": [{"channel": "app", "after_seconds": 5}, *APP_NOW]}, 422, "invalid"),
        ({"steps": [{"channel": "app", "after_seconds": -1}]}, 422, "too_small"),
        ({"steps": [{"channel": "sms", "after_seconds": 0}]}, 409, "ding.channel_unavailable"),
        ({"send_at": "2999-01-01T00:00:00Z"}, 422, "invalid"),
        ({"send_at": "2026-01-01T00:00:00"}, 422, "invalid"),
        ({"send_at": "9999-12-31T23:59:59-12:00"}, 422, "invalid"),
        ({"repeat": {"every": "day", "zone": "Mars/Olympus"}}, 422, "invalid"),
        ({"repeat": {"every": "hour", "zone": "UTC"}}, 422, "invalid"),
        ({"message": {"conversation_id": str(uuid7()), "seq": 1}}, 404, "conversation.not_found"),
        ({"file_ids": [str(uuid7())]}, 404, "file.not_found"),
        ({"urgent": True}, 422, "unknown"),
    ],
)
async def test_what_is_refused(company: Company, changes: dict[str, Any], status: int, code: str) -> None:
    answer = await company["Ann"].ask("POST", "/dings", {"content": "come", "userids": ["Bob"], **changes})
    error = answer.json()["error"]
    found = [field["code"] for field in error.get("fields", ())] or [error["code"]]
    assert (answer.status_code, found) == (status, [code])
    assert error["message"]
    assert (await company["Ann"].get("/dings", box="sent"))["items"] == []
    assert (await company["Ann"].get("/dings/usage"))["used"] == 0


async def test_at_most_so_many_people(server: LiveServer) -> None:
    userids = [f"p{number}" for number in range(LIMIT + 1)]
    company = await found_company(server, "Ann", *userids)
    refused = await company["Ann"].ask("POST", "/dings", {"content": "x", "userids": userids})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "ding.too_many_people")
    ding_id = await send(company["Ann"], userids=userids[:-1])
    refused = await company["Ann"].ask("POST", f"/dings/{ding_id}/recipients", {"userids": userids[-1:]})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "ding.too_many_people")
    assert len(await states(company["Ann"], ding_id)) == LIMIT


async def test_the_day_has_its_limit(company: Company) -> None:
    ann = company["Ann"]
    await decide(company, limit_per_person=3)
    answers = await asyncio.gather(
        *(ann.ask("POST", "/dings", {"content": f"{number}", "userids": ["Bob"]}) for number in range(6))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 429, 429, 429]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["error"]["code"] == "ding.daily_limit"
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    assert (await ann.get("/dings/usage"))["used"] == 3
    assert (await company["Bob"].ask("POST", "/dings", {"content": "x", "userids": ["Ann"]})).status_code == 201


async def test_acknowledging_again_is_no_mistake(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    ding_id = await send(ann, userids=["Bob"])
    await comes(bob, ding_id)
    answers = await asyncio.gather(*(bob.ask("POST", f"/dings/{ding_id}/acknowledge", {}) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {204}
    await bob.do("POST", f"/dings/{ding_id}/acknowledge", {"reply": "and it is done"})
    await bob.do("POST", f"/dings/{ding_id}/acknowledge", {"reply": "something else"})
    await bob.do("POST", f"/dings/{ding_id}/delivered")
    [own] = (await ann.get(f"/dings/{ding_id}"))["recipients"]
    assert (own["state"], own["reply"]) == ("acknowledged", "and it is done")


async def test_cancelled_is_gone_from_every_screen(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    ding_id = await send(ann, userids=["Bob", "Cleo"])
    await comes(bob, ding_id)
    await comes(company["Cleo"], ding_id)
    await company["Cleo"].do("POST", f"/dings/{ding_id}/acknowledge", {})
    await ann.do("POST", f"/dings/{ding_id}/cancel")
    await ann.do("POST", f"/dings/{ding_id}/cancel")
    assert await states(ann, ding_id) == {"Bob": "cancelled", "Cleo": "acknowledged"}
    assert await received(bob, state="open") == []
    assert (await bob.socket()).hello["dings_open"] == 0
    late = await bob.ask("POST", f"/dings/{ding_id}/acknowledge", {})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "ding.cancelled")
    for path, body in (("remind", None), ("recipients", {"userids": ["Dan"]})):
        refused = await ann.ask("POST", f"/dings/{ding_id}/{path}", body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "ding.cancelled")


async def test_people_can_be_added(company: Company) -> None:
    ann = company["Ann"]
    ding_id = await send(ann, userids=["Bob"])
    added = await ann.do("POST", f"/dings/{ding_id}/recipients", {"userids": ["Bob", "Dan"]})
    assert added == {"added": ["Dan"]}
    await comes(company["Dan"], ding_id)
    await company["Dan"].do("POST", f"/dings/{ding_id}/acknowledge", {})
    await becomes(ann, ding_id, Bob="pending", Dan="acknowledged")


async def test_pages_lead_on(company: Company) -> None:
    ids = [await send(company["Ann"], f"{number}", userids=["Bob", "Cleo", "Dan"]) for number in range(3)]
    for ding_id in ids:
        await comes(company["Bob"], ding_id)
    for person, box in ((company["Ann"], "sent"), (company["Bob"], "received")):
        first = await person.get("/dings", box=box, limit=2)
        second = await person.get("/dings", box=box, limit=2, cursor=first["next"])
        assert [each["id"] for each in first["items"] + second["items"]] == ids[::-1]
        assert second["next"] is None
    first = await company["Ann"].get(f"/dings/{ids[0]}", limit=2)
    second = await company["Ann"].get(f"/dings/{ids[0]}", limit=2, cursor=first["next"])
    assert {each["userid"] for each in first["recipients"] + second["recipients"]} == {"Bob", "Cleo", "Dan"}
    assert second["next"] is None


async def test_the_export_holds_no_formula(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    ding_id = await send(ann, userids=["Bob", "Cleo"])
    await comes(bob, ding_id)
    await bob.do("POST", f"/dings/{ding_id}/acknowledge", {"reply": '=HYPERLINK("http://x","y")'})
    answer = await ann.ask("GET", f"/dings/{ding_id}/export", headers={"accept-language": "zh-TW"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    text = answer.content.decode("utf-8-sig")
    assert "'=HYPERLINK" in text
    assert text.count("\r\n") == 3
    assert [row["action"] for row in (await ann.get("/audit"))["items"]].count("ding.exported") == 1
