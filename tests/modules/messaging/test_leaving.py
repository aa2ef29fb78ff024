"""People and departments that come and go: conversations follow, and none is left without somebody who runs it."""

from typing import Any

import asyncpg
import pytest

from tests.modules.messaging.refusals import refused, text
from tests.support.live_server import Company, Person
from tests.support.polling import until

pytestmark = pytest.mark.anyio


async def _members(person: Person, conversation: str) -> dict[str, str]:
    """Who is in it, and their roles."""
    items = (await person.get(f"/conversations/{conversation}/members", limit=200))["items"]
    return {item["userid"]: item["role"] for item in items}


async def _events(person: Person, conversation: str) -> list[str]:
    """What the system said in it."""
    items = (await person.get(f"/conversations/{conversation}/messages", limit=1000))["items"]
    return [item["content"]["event"] for item in items if item["kind"] == "system"]


# --- the owner -------------------------------------------------------------------------------------------------------


async def test_owner_leaves_only_after_handing_over(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    one = f"/conversations/{conversation}"
    refused(await ann.ask("POST", f"{one}/leave"), 409, "conversation.owner_must_hand_over")
    refused(await bob.ask("POST", f"{one}/owner", {"userid": "Bob"}), 403, "conversation.owner_only")
    refused(await ann.ask("POST", f"{one}/owner", {"userid": "Dan"}), 404, "not_found")
    handed = await ann.do("POST", f"{one}/owner", {"userid": "Bob"})
    assert (handed["owner_userid"], handed["my_role"]) == ("Bob", "member")
    assert await _members(bob, conversation) == {"Ann": "member", "Bob": "owner", "Cleo": "member"}
    refused(await ann.ask("DELETE", one), 403, "conversation.owner_only")
    await ann.do("POST", f"{one}/leave")
    assert await _members(bob, conversation) == {"Bob": "owner", "Cleo": "member"}
    assert await _events(bob, conversation) == ["joined", "owner_changed", "left"]


@pytest.mark.parametrize("heir", ["Dan", "Cleo", None], ids=["outside", "inside", "none"])
async def test_owner_leaves_the_organisation_and_groups_pass_on(company: Company, heir: str | None) -> None:
    ann, bob, cleo = company["Ann"], company["Bob"], company["Cleo"]
    conversation = await company.group("Bob", "Ann", "Cleo")
    alone = await company.group("Bob")
    await bob.do("PATCH", f"/conversations/{conversation}/members/Cleo", {"role": "admin"})
    await bob.send(conversation, "my legacy")
    device, watching = await bob.socket(), await cleo.socket()
    await ann.do("POST", "/members/Bob/leave", {"hand_over_to": heir} if heir else None)
    assert await device.closed() == 4401

    expected = {"Ann": "member", "Cleo": "admin"} | {heir or "Cleo": "owner"}

    async def passed_on() -> bool:
        return await _members(ann, conversation) == expected

    await until(passed_on)
    group = await ann.get(f"/conversations/{conversation}")
    assert (group["owner_userid"], group["member_count"]) == (heir or "Cleo", len(expected))
    await watching.event("conversation.changed", lambda event: event["owner_userid"] == (heir or "Cleo"))
    items = (await cleo.get(f"/conversations/{conversation}/messages"))["items"]
    [legacy] = [item for item in items if item["kind"] == "text"]
    assert legacy["sender"] == {"userid": "Bob", "name": "Bob"}
    refused(await bob.ask("GET", f"/conversations/{conversation}"), 401, "session.required")
    if heir is not None:
        assert await _members(company[heir], alone) == {heir: "owner"}


async def test_owner_leaves_the_organisation_and_without_administrators_the_longest_there_follows(
    company: Company,
) -> None:
    conversation = await company.group("Bob", "Dan")
    await company["Bob"].do("POST", f"/conversations/{conversation}/members", {"userids": ["Ann", "Cleo"]})
    await company["Ann"].do("POST", "/members/Bob/leave")

    async def passed_on() -> bool:
        return await _members(company["Ann"], conversation) == {"Ann": "member", "Cleo": "member", "Dan": "owner"}

    await until(passed_on)


# --- who left the organisation ---------------------------------------------------------------------------------------


async def test_member_left_with_sockets_open_and_stays_readable(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    group = await company.group("Ann", "Bob", "Cleo")
    direct = (await ann.do("POST", "/conversations", {"kind": "direct", "userid": "Bob"}))["id"]
    seq = (await bob.send(direct, "goodbye"))["seq"]
    devices = [await bob.socket(), await bob.socket()]
    await ann.do("POST", "/members/Bob/leave")
    for device in devices:
        assert await device.closed() == 4401
        assert device.events[-1]["type"] == "session.ended"
    refused(await bob.ask("POST", f"/conversations/{group}/messages", text("still here")), 401, "session.required")

    async def gone() -> bool:
        return await _members(ann, group) == {"Ann": "owner", "Cleo": "member"}

    await until(gone)
    shown = await ann.get(f"/conversations/{direct}")
    assert (shown["peer"]["userid"], shown["peer"]["state"], shown["name"]) == ("Bob", "left", "Bob")
    assert (await ann.get(f"/conversations/{direct}/messages/{seq}"))["sender"]["name"] == "Bob"
    await company["Cleo"].send(group, "without Bob")


# --- all hands -------------------------------------------------------------------------------------------------------


async def _of_kind(person: Person, kind: str) -> dict[str, Any] | None:
    found = (await person.get("/conversations"))["items"]
    return next((each for each in found if each["kind"] == kind), None)


async def test_all_hands_group_of_everybody_in_which_named_people_speak(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]

    async def complete() -> bool:
        group = await _of_kind(ann, "all")
        return group is not None and group["member_count"] == 4

    await until(complete)
    group = await _of_kind(bob, "all")
    assert group is not None
    one = f"/conversations/{group['id']}"
    assert group["owner_userid"] == "Ann"
    refused(await bob.ask("POST", f"{one}/messages", text("hello all")), 403, "conversation.speak_restricted")
    await ann.do("PATCH", f"{one}/members/Bob", {"role": "admin"})
    await bob.send(group["id"], "hello all")
    for person in (ann, bob):
        refused(await person.ask("POST", f"{one}/leave"), 409, "conversation.fixed_membership")
        refused(await person.ask("POST", f"{one}/members", {"userids": ["Cleo"]}), 409, "conversation.fixed_membership")
        refused(await person.ask("DELETE", f"{one}/members/Cleo"), 409, "conversation.fixed_membership")
    refused(await ann.ask("DELETE", one), 409, "conversation.fixed_membership")


# --- departments -----------------------------------------------------------------------------------------------------


async def _move(company: Company, userid: str, *departments: str) -> None:
    member = await company["Ann"].get(f"/members/{userid}")
    body = {"departments": list(departments), "revision": member["revision"]}
    await company["Ann"].do("PATCH", f"/members/{userid}", body)


async def test_department_group_follows_its_department(company: Company) -> None:
    ann, bob, cleo = company["Ann"], company["Bob"], company["Cleo"]
    sales = await ann.do("POST", "/departments", {"name": "Sales", "parent_id": "root"})
    path = f"/departments/{sales['id']}"
    await _move(company, "Bob", sales["id"])
    device = await cleo.socket()
    await ann.do("PATCH", path, {"own_group": True, "revision": (await ann.get(path))["revision"]})

    async def there() -> bool:
        return await _of_kind(bob, "department") is not None

    await until(there)
    group = await _of_kind(bob, "department")
    assert group is not None
    assert (group["name"], group["owner_userid"], group["member_count"]) == ("Sales", None, 1)
    assert (await ann.get(path))["conversation_id"] == group["id"]
    one = f"/conversations/{group['id']}"
    refused(await ann.ask("GET", one), 404, "conversation.not_found")  # who is not of the department

    await _move(company, "Cleo", sales["id"])
    joined = await device.event("conversation.joined", lambda event: event["conversation"]["id"] == group["id"])
    assert joined["conversation"]["member_count"] == 2
    assert await _members(bob, group["id"]) == {"Bob": "member", "Cleo": "member"}
    await bob.send(group["id"], "welcome")
    await device.event("message.created", lambda event: event["message"]["content"] == {"text": "welcome"})
    refused(await cleo.ask("POST", f"{one}/leave"), 409, "conversation.fixed_membership")

    await ann.do("PATCH", path, {"name": "Sales 部", "revision": (await ann.get(path))["revision"]})
    await device.event("conversation.changed", lambda event: event["name"] == "Sales 部")
    await _move(company, "Cleo", "root")
    await device.event("conversation.left")
    refused(await cleo.ask("GET", one), 404, "conversation.not_found")
    assert await _members(bob, group["id"]) == {"Bob": "member"}

    # The last one goes before the department can: nobody is in the group then, and it is over.
    await _move(company, "Bob", "root")

    async def empty() -> bool:
        return (await bob.ask("GET", one)).status_code == 404

    await until(empty)
    revision = (await ann.get(path))["revision"]
    assert (await ann.ask("DELETE", f"{path}?revision={revision}")).status_code == 204


async def test_department_group_of_a_deleted_department_is_over(
    company: Company, superuser: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    ann = company["Ann"]
    made = await ann.do("POST", "/departments", {"name": "Short", "parent_id": "root"})
    path = f"/departments/{made['id']}"
    await ann.do("PATCH", path, {"own_group": True, "revision": (await ann.get(path))["revision"]})

    async def there() -> bool:
        return (await ann.get(path))["conversation_id"] is not None

    await until(there)
    group = (await ann.get(path))["conversation_id"]
    revision = (await ann.get(path))["revision"]
    assert (await ann.ask("DELETE", f"{path}?revision={revision}")).status_code == 204

    async def over() -> bool:
        return bool(await superuser.fetchval("SELECT dissolved_at IS NOT NULL FROM conversations WHERE id = $1", group))

    await until(over)
