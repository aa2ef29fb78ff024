"""Beginning conversations, and running groups: rules, roles, coming in."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.modules.messaging.refusals import refused
from tests.support.live_server import Company, Person

pytestmark = pytest.mark.anyio


async def _roles(person: Person, conversation: str) -> dict[str, str]:
    items = (await person.get(f"/conversations/{conversation}/members", limit=200))["items"]
    return {item["userid"]: item["role"] for item in items}


# --- beginning -------------------------------------------------------------------------------------------------------


async def test_one_direct_conversation_for_two_people_however_often_and_from_both_sides(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    listening = await bob.socket()
    answers = await asyncio.gather(
        *(
            person.ask("POST", "/conversations", {"kind": "direct", "userid": peer})
            for _ in range(6)
            for person, peer in ((ann, "Bob"), (bob, "Ann"))
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 11 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    direct = answers[0].json()["id"]
    mine = await ann.get(f"/conversations/{direct}")
    assert (mine["kind"], mine["name"], mine["member_count"], mine["peer"]["userid"]) == ("direct", "Bob", 2, "Bob")
    assert (await bob.get(f"/conversations/{direct}"))["peer"]["userid"] == "Ann"
    await listening.event("conversation.joined", lambda event: event["conversation"]["id"] == direct)
    await ann.send(direct, "hello")
    await listening.event("message.created", lambda event: event["conversation_id"] == direct)


async def test_direct_conversations_refuse_what_only_groups_have(company: Company) -> None:
    ann = company["Ann"]
    direct = await ann.do("POST", "/conversations", {"kind": "direct", "userid": "Bob"})
    one = f"/conversations/{direct['id']}"
    for method, path, body in (
        ("PATCH", one, {"revision": direct["revision"], "name": "Us"}),
        ("POST", f"{one}/members", {"userids": ["Cleo"]}),
        ("DELETE", f"{one}/members/Bob", None),
        ("PATCH", f"{one}/members/Bob", {"muted": True}),
        ("POST", f"{one}/leave", None),
    ):
        refused(await ann.ask(method, path, body), 409, "conversation.fixed_membership")
    refused(await ann.ask("DELETE", one), 403, "conversation.owner_only")
    refused(await ann.ask("POST", f"{one}/owner", {"userid": "Bob"}), 403, "conversation.owner_only")
    refused(await company["Cleo"].ask("POST", f"{one}/join"), 404, "conversation.not_found")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "direct", "userid": "Nobody"}, "people.unknown"),
        ({"kind": "direct", "userid": "Ann"}, "request.invalid"),
        ({"kind": "direct"}, "request.invalid"),
        ({"kind": "group"}, "request.invalid"),
        ({"kind": "group", "name": "G", "members": ["Bob", "Nobody"]}, "people.unknown"),
        ({"kind": "all", "name": "G"}, "request.invalid"),
        ({"kind": "group", "name": "G", "members": ["Bob"] * 1001}, "request.invalid"),
        ({"kind": "group", "name": "G", "client_id": "two words"}, "request.invalid"),
    ],
)
async def test_conversations_that_cannot_begin_422(company: Company, body: dict[str, Any], code: str) -> None:
    refused(await company["Ann"].ask("POST", "/conversations", body), 422, code)


async def test_create_with_the_same_client_id_is_the_same_group(company: Company) -> None:
    ann = company["Ann"]
    body = {"kind": "group", "name": "Once", "members": ["Bob", "Bob", "Ann"], "client_id": "g1"}
    answers = await asyncio.gather(*(ann.ask("POST", "/conversations", body) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    again = await ann.ask("POST", "/conversations", body | {"name": "Twice"})
    assert (again.status_code, again.json()["name"]) == (200, "Once")
    assert await _roles(ann, again.json()["id"]) == {"Ann": "owner", "Bob": "member"}
    others = await company["Bob"].ask("POST", "/conversations", body)
    assert others.status_code == 201  # a client_id is its sender's own


# --- rules and roles -------------------------------------------------------------------------------------------------


async def test_who_may_edit_invite_and_change_rules(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    one = f"/conversations/{conversation}"
    listening = await company["Cleo"].socket()

    async def change(person: Person, **what: Any) -> Any:
        return await person.ask("PATCH", one, {"revision": (await ann.get(one))["revision"], **what})

    refused(await change(bob, name="Bob's"), 403, "conversation.admins_only")
    refused(await change(bob, rules={"edit": "everyone"}), 403, "conversation.admins_only")
    assert (await change(ann, rules={"edit": "everyone", "invite": "admins"})).status_code == 200
    changed = await change(bob, name="Bob's", topic="t", notice="n")
    assert changed.json()["rules"]["invite"] == "admins"
    told = await listening.event("conversation.changed", lambda event: event["name"] == "Bob's")
    assert (told["topic"], told["notice"], told["revision"]) == ("t", "n", changed.json()["revision"])
    refused(await change(bob, rules={"edit": "everyone"}), 403, "conversation.admins_only")
    refused(await bob.ask("POST", f"{one}/members", {"userids": ["Dan"]}), 403, "conversation.admins_only")
    assert (await ann.do("POST", f"{one}/members", {"userids": ["Dan", "Bob"]})) == {"added": ["Dan"]}
    assert (await change(ann, rules={"speak": "nobody"})).status_code == 422
    items = (await bob.get(f"{one}/messages"))["items"]
    said = [item["content"]["event"] for item in items if item["kind"] == "system"]
    assert said == ["joined", "rules_changed", "name_changed", "topic_changed", "notice_changed", "joined"]


async def test_roles_only_the_owner_makes_administrators(company: Company) -> None:
    ann, bob, cleo = company["Ann"], company["Bob"], company["Cleo"]
    conversation = await company.group("Ann", "Bob", "Cleo", "Dan")
    members = f"/conversations/{conversation}/members"
    refused(await bob.ask("PATCH", f"{members}/Cleo", {"role": "admin"}), 403, "conversation.admins_only")
    assert (await ann.do("PATCH", f"{members}/Bob", {"role": "admin"}))["role"] == "admin"
    refused(await bob.ask("PATCH", f"{members}/Cleo", {"role": "admin"}), 403, "conversation.owner_only")
    await ann.do("PATCH", f"{members}/Cleo", {"role": "admin"})
    assert await _roles(ann, conversation) == {"Ann": "owner", "Bob": "admin", "Cleo": "admin", "Dan": "member"}

    # Administrators run members, not each other, and not the owner.
    assert (await bob.do("PATCH", f"{members}/Dan", {"muted": True}))["muted"] is True
    refused(await bob.ask("PATCH", f"{members}/Cleo", {"muted": True}), 403, "conversation.admins_only")
    refused(await bob.ask("DELETE", f"{members}/Cleo"), 403, "conversation.admins_only")
    refused(await bob.ask("DELETE", f"{members}/Ann"), 409, "conversation.owner_must_hand_over")
    refused(await ann.ask("PATCH", f"{members}/Ann", {"role": "member"}), 403, "conversation.admins_only")
    refused(await ann.ask("PATCH", f"{members}/Nobody", {"muted": True}), 404, "not_found")
    await bob.do("DELETE", f"{members}/Dan")
    await ann.do("DELETE", f"{members}/Cleo")
    assert await _roles(ann, conversation) == {"Ann": "owner", "Bob": "admin"}
    await ann.do("POST", members, {"userids": ["Cleo"]})
    assert (await _roles(ann, conversation))["Cleo"] == "member"  # who comes back begins anew
    refused(await cleo.ask("DELETE", f"{members}/Bob"), 403, "conversation.admins_only")


async def test_members_are_found_by_name_and_come_in_pages(company: Company) -> None:
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    members = f"/conversations/{conversation}/members"
    assert [each["userid"] for each in (await ann.get(members, query="bo"))["items"]] == ["Bob"]
    assert (await ann.get(members, query="Dan"))["items"] == []  # in the organisation, not in the group
    found, cursor = [], None
    while True:
        page = await ann.get(members, limit=2, **({"cursor": cursor} if cursor else {}))
        found += [each["userid"] for each in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert sorted(found) == ["Ann", "Bob", "Cleo"]


# --- coming in -------------------------------------------------------------------------------------------------------


async def test_join_an_open_group(company: Company) -> None:
    dan = company["Dan"]
    conversation = await company.group("Ann", "Bob", join="open")
    device = await dan.socket()
    joined = await dan.do("POST", f"/conversations/{conversation}/join")
    assert (joined["member_count"], joined["my_role"]) == (3, "member")
    await device.event("conversation.joined")
    assert (await dan.do("POST", f"/conversations/{conversation}/join"))["member_count"] == 3
    await company["Ann"].send(conversation, "welcome")
    await device.event("message.created", lambda event: event["message"]["content"] == {"text": "welcome"})


async def test_join_with_approval(company: Company) -> None:
    ann, dan = company["Ann"], company["Dan"]
    conversation = await company.group("Ann", "Bob", join="approve")
    one = f"/conversations/{conversation}"
    for _ in range(2):
        answer = await dan.ask("POST", f"{one}/join")
        assert (answer.status_code, answer.json()) == (202, {"state": "waiting"})
    refused(await dan.ask("GET", one), 404, "conversation.not_found")
    refused(await company["Bob"].ask("GET", f"{one}/join-requests"), 403, "conversation.admins_only")
    assert [each["userid"] for each in (await ann.get(f"{one}/join-requests"))["items"]] == ["Dan"]
    refused(await ann.ask("POST", f"{one}/join-requests/Cleo/approve"), 404, "not_found")
    refused(await company["Bob"].ask("POST", f"{one}/join-requests/Dan/approve"), 403, "conversation.admins_only")

    await ann.do("POST", f"{one}/join-requests/Dan/reject")
    assert (await ann.get(f"{one}/join-requests"))["items"] == []
    await dan.do("POST", f"{one}/join")
    await ann.do("POST", f"{one}/join-requests/Dan/approve")
    assert (await dan.get(one))["member_count"] == 3
    assert (await ann.get(f"{one}/join-requests"))["items"] == []


async def test_a_request_to_join_is_over_once_its_author_is_in(company: Company) -> None:
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob", join="approve")
    one = f"/conversations/{conversation}"
    await company["Dan"].do("POST", f"{one}/join")
    await ann.do("POST", f"{one}/members", {"userids": ["Dan"]})
    assert (await ann.get(f"{one}/join-requests"))["items"] == []


async def test_a_group_by_invitation_is_unknown_to_others(company: Company) -> None:
    conversation = await company.group("Ann", "Bob")
    refused(await company["Dan"].ask("POST", f"/conversations/{conversation}/join"), 404, "conversation.not_found")


# --- the end ---------------------------------------------------------------------------------------------------------


async def test_dissolving_is_the_owners_and_audited(
    company: Company, superuser: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    one = f"/conversations/{conversation}"
    listening = await bob.socket()
    refused(await bob.ask("DELETE", one), 403, "conversation.owner_only")
    await ann.do("DELETE", one)
    await listening.event("conversation.changed", lambda event: event["dissolved"])
    for method, path, body in (
        ("POST", f"{one}/members", {"userids": ["Dan"]}),
        ("PATCH", one, {"revision": 1, "name": "X"}),
        ("PATCH", f"{one}/members/Bob", {"muted": True}),
        ("DELETE", one, None),
        ("PUT", f"{one}/messages/1/reactions/%F0%9F%91%8D", None),
    ):
        refused(await ann.ask(method, path, body), 409, "conversation.dissolved")
    await ann.do("POST", f"{one}/leave")  # nobody has to stay with what is over
    audited = await ann.get("/audit", action="conversation.dissolved")
    assert [row["object"] for row in audited["items"]] == [f"conversation:{conversation}"]
