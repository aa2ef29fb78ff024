"""Folders: one's own and the organisation's, by hand and by rule."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from tests.support.live_server import Company, Person
from tests.support.polling import until

pytestmark = pytest.mark.anyio

DAY = "2030-01-01T00:00:00Z"


async def _names(person: Person) -> list[str]:
    return [folder["name"] for folder in (await person.get("/folders"))["items"]]


async def _in_folders(person: Person, conversation: str) -> set[str]:
    """The names of the folders that a conversation stands in."""
    names = {folder["id"]: folder["name"] for folder in (await person.get("/folders"))["items"]}
    one = (await person.get(f"/conversations/{conversation}"))["folder_ids"]
    listed = {each["id"]: each["folder_ids"] for each in (await person.get("/conversations"))["items"]}
    assert listed[conversation] == one
    return {names[folder_id] for folder_id in one}


async def _folder(person: Person, name: str, *rules: dict[str, Any], **more: Any) -> Any:
    return await person.do("POST", "/folders", {"name": name, "rules": list(rules), **more})


def _code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_a_folder_is_made_changed_and_deleted(company: Company) -> None:
    bob = company["Bob"]
    device = await bob.socket()
    made = await _folder(bob, "Projects", {"kind": "groups"})
    assert made == {
        "id": made["id"],
        "name": "Projects",
        "scope": "personal",
        "position": 0,
        "collapsed": False,
        "hidden": False,
        "rules": [{"kind": "groups"}],
        "conversation_ids": [],
        "revision": 1,
    }
    await device.event("folders.changed")
    path = f"/folders/{made['id']}"
    changed = await bob.do("PATCH", path, {"revision": 1, "name": "Work", "rules": [], "collapsed": True})
    assert (changed["name"], changed["rules"], changed["collapsed"], changed["revision"]) == ("Work", [], True, 2)
    assert (await bob.get("/folders")) == {"items": [changed], "next": None}
    assert (await company["Ann"].get("/folders"))["items"] == []
    late = await bob.ask("PATCH", path, {"revision": 1, "name": "Late"})
    assert _code(late) == (409, "revision.mismatch")
    blind = await bob.ask("PATCH", path, {"name": "Blind"})
    assert blind.json()["error"]["fields"][0]["path"] == "revision"
    assert (await bob.do("PATCH", path, {"collapsed": False}))["revision"] == 2
    assert (await bob.ask("PATCH", path, {"hidden": True})).status_code == 422
    await bob.do("DELETE", path)
    assert _code(await bob.ask("DELETE", path)) == (404, "folder.not_found")


async def test_somebody_elses_folder_does_not_exist(company: Company) -> None:
    made = await _folder(company["Bob"], "Private")
    path = f"/folders/{made['id']}"
    for method, where, body in (
        ("PATCH", path, {"revision": 1, "name": "Stolen"}),
        ("PATCH", path, {"collapsed": True}),
        ("DELETE", path, None),
        ("PUT", f"{path}/conversations/{uuid4()}", None),
        ("DELETE", f"{path}/conversations/{uuid4()}", None),
        ("POST", f"{path}/read", None),
    ):
        assert _code(await company["Ann"].ask(method, where, body)) == (404, "folder.not_found"), (method, where)
    assert await _names(company["Bob"]) == ["Private"]


async def test_the_same_client_id_is_the_same_folder(company: Company) -> None:
    bob = company["Bob"]
    body = {"name": "Once", "client_id": "f1"}
    answers = await asyncio.gather(*(bob.ask("POST", "/folders", body) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (await _folder(company["Cleo"], "Hers", client_id="f1"))["name"] == "Hers"


async def test_by_hand_a_conversation_stands_in_several_folders(company: Company) -> None:
    bob = company["Bob"]
    conversation = await company.group("Ann", "Bob")
    one, two = await _folder(bob, "One"), await _folder(bob, "Two")
    for folder in (one, two):
        await bob.do("PUT", f"/folders/{folder['id']}/conversations/{conversation}")
        await bob.do("PUT", f"/folders/{folder['id']}/conversations/{conversation}")
    assert await _in_folders(bob, conversation) == {"One", "Two"}
    assert await _in_folders(company["Ann"], conversation) == set()
    await bob.do("DELETE", f"/folders/{one['id']}/conversations/{conversation}")
    assert await _in_folders(bob, conversation) == {"Two"}
    assert [each["conversation_ids"] for each in (await bob.get("/folders"))["items"]] == [[], [conversation]]
    await bob.do("DELETE", f"/folders/{two['id']}")
    assert await _in_folders(bob, conversation) == set()


async def test_rules(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    theirs = await company.group("Ann", "Bob", name="Ann's")
    own = await company.group("Bob", "Ann", name="Bob's")
    direct = (await bob.do("POST", "/conversations", {"kind": "direct", "userid": "Ann"}))["id"]
    kinds = {"People": "direct", "Groups": "groups", "Muted": "muted", "Own": "mine", "Bots": "robots"}
    for name, kind in kinds.items():
        await _folder(bob, name, {"kind": kind})
    await _folder(bob, "Both", {"kind": "direct"}, {"kind": "mine"})
    device = await bob.socket()
    assert await _in_folders(bob, theirs) == {"Groups"}
    assert await _in_folders(bob, own) == {"Groups", "Own", "Both"}
    assert await _in_folders(bob, direct) == {"People", "Both"}
    await bob.do("PATCH", f"/conversations/{theirs}/mine", {"muted_until": DAY})
    assert await _in_folders(bob, theirs) == {"Groups", "Muted"}
    told = await device.event("conversation.mine_changed")
    assert told["folder_ids"] == (await bob.get(f"/conversations/{theirs}"))["folder_ids"]
    await ann.do("POST", f"/conversations/{theirs}/owner", {"userid": "Bob"})
    assert await _in_folders(bob, theirs) == {"Groups", "Muted", "Own", "Both"}


async def test_a_mute_that_ends_takes_the_conversation_out(company: Company, at: Callable[[str], None]) -> None:
    bob = company["Bob"]
    conversation = await company.group("Ann", "Bob")
    await _folder(bob, "Muted", {"kind": "muted"})
    at("2027-01-01T10:00:00")
    await bob.do("PATCH", f"/conversations/{conversation}/mine", {"muted_until": "2027-01-01T11:00:00Z"})
    assert await _in_folders(bob, conversation) == {"Muted"}
    at("2027-01-01T11:00:01")
    assert await _in_folders(bob, conversation) == set()


@pytest.mark.parametrize(
    "rule", [{"kind": "everything"}, {"kind": "department"}, {"kind": "direct", "subtree": True}, {}]
)
async def test_what_is_no_rule(company: Company, rule: dict[str, Any]) -> None:
    answer = await company["Bob"].ask("POST", "/folders", {"name": "X", "rules": [rule]})
    assert answer.status_code == 422


async def test_a_department_with_all_below_it(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]

    async def department(name: str, parent: str) -> tuple[str, str]:
        made = await ann.do("POST", "/departments", {"name": name, "parent_id": parent})
        await ann.do("PATCH", f"/departments/{made['id']}", {"revision": made["revision"], "own_group": True})
        shown = await ann.get("/members/Bob")
        departments = [*(each["id"] for each in shown["departments"]), made["id"]]
        await ann.do("PATCH", "/members/Bob", {"revision": shown["revision"], "departments": departments})

        async def group() -> list[str]:
            return [each["id"] for each in (await bob.get("/conversations"))["items"] if each["name"] == name]

        async def is_there() -> bool:
            return bool(await group())

        await until(is_there)
        return made["id"], (await group())[0]

    north, north_group = await department("North", "root")
    city, city_group = await department("City", north)
    south, south_group = await department("South", "root")
    await _folder(bob, "All North", {"kind": "department", "department_id": north, "subtree": True})
    await _folder(bob, "North only", {"kind": "department", "department_id": north})
    nowhere = {"kind": "department", "department_id": str(uuid4()), "subtree": True}
    refused = await bob.ask("POST", "/folders", {"name": "Nowhere", "rules": [nowhere]})
    assert _code(refused) == (404, "department.not_found")
    assert await _in_folders(bob, north_group) == {"All North", "North only"}
    assert await _in_folders(bob, city_group) == {"All North"}
    assert await _in_folders(bob, south_group) == set()
    device = await bob.socket()
    moved = await ann.get(f"/departments/{south}")
    await ann.do("PATCH", f"/departments/{south}", {"revision": moved["revision"], "parent_id": city})
    await device.event("folders.changed")
    assert await _in_folders(bob, south_group) == {"All North"}


async def test_organisation_folders_take_a_power_and_everybody_keeps_their_own_view(company: Company) -> None:
    ann, bob, cleo = company["Ann"], company["Bob"], company["Cleo"]
    conversation = await company.group("Ann", "Bob")
    refused = await bob.ask("POST", "/folders", {"name": "Ours", "scope": "organisation"})
    assert _code(refused) == (403, "permission.denied")
    device = await bob.socket()
    ours = await _folder(ann, "Ours", scope="organisation")
    await device.event("folders.changed")
    path = f"/folders/{ours['id']}"
    for method, where, body in (
        ("PATCH", path, {"revision": 1, "name": "Mine"}),
        ("DELETE", path, None),
        ("PUT", f"{path}/conversations/{conversation}", None),
        ("DELETE", f"{path}/conversations/{conversation}", None),
    ):
        assert _code(await bob.ask(method, where, body)) == (403, "permission.denied"), method
    await ann.do("PUT", f"{path}/conversations/{conversation}")
    assert await _in_folders(bob, conversation) == {"Ours"}
    [seen] = (await bob.get("/folders"))["items"]
    assert (seen["scope"], seen["conversation_ids"]) == ("organisation", [])
    assert (await ann.get("/folders"))["items"][0]["conversation_ids"] == [conversation]
    assert (await bob.do("PATCH", path, {"collapsed": True, "hidden": True}))["hidden"] is True
    [cleos] = (await cleo.get("/folders"))["items"]
    assert (cleos["collapsed"], cleos["hidden"]) == (False, False)
    entries = (await ann.get("/audit"))["items"]
    actions = [each["action"] for each in entries if each["action"].startswith("folder.")]
    assert sorted(actions) == ["folder.conversation_added", "folder.made"]
    await ann.do("DELETE", path)
    assert (await bob.get("/folders"))["items"] == []


async def test_the_order_is_ones_own(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    ours = await _folder(ann, "Ours", scope="organisation")
    a, b, c = [await _folder(bob, name) for name in "abc"]
    assert await _names(bob) == ["a", "b", "c", "Ours"]
    order = [c["id"], ours["id"], str(uuid4()), a["id"], c["id"]]
    answer = await bob.do("PUT", "/folders/order", {"folder_ids": order})
    assert [each["name"] for each in answer["items"]] == ["c", "Ours", "a", "b"]
    assert [each["position"] for each in answer["items"]] == [0, 1, 2, 3]
    await bob.do("PUT", "/folders/order", {"folder_ids": [b["id"]]})
    assert await _names(bob) == ["b", "a", "c", "Ours"]
    foreign = await _folder(company["Cleo"], "Hers")
    await bob.do("PUT", "/folders/order", {"folder_ids": [foreign["id"], a["id"]]})
    assert await _names(bob) == ["a", "b", "c", "Ours"]
    assert await _names(ann) == ["Ours"]


async def test_limits(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pegboard.modules.attention.service.folders.MOST_FOLDERS", 3)
    monkeypatch.setattr("pegboard.modules.attention.service.folders.MOST_BY_HAND", 2)
    bob = company["Bob"]
    answers = await asyncio.gather(*(bob.ask("POST", "/folders", {"name": f"F{n}"}) for n in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 201, 409, 409, 409]
    assert {_code(each) for each in answers if each.status_code == 409} == {(409, "folder.too_many")}
    [first, *_] = (await bob.get("/folders"))["items"]
    for _ in range(2):
        await bob.do("PUT", f"/folders/{first['id']}/conversations/{uuid4()}")
    full = await bob.ask("PUT", f"/folders/{first['id']}/conversations/{uuid4()}")
    assert _code(full) == (409, "folder.full")
    assert len((await bob.get("/folders"))["items"][0]["conversation_ids"]) == 2
    assert (await company["Ann"].ask("POST", "/folders", {"name": "x" * 65})).status_code == 422
    refused = await company["Ann"].ask("POST", "/folders", {"name": "a\u202eb"})
    assert refused.json()["error"]["fields"][0]["path"] == "name"


def _is_in(conversation: str, event: dict[str, Any]) -> bool:
    return bool(event["conversation_id"] == conversation)


async def test_one_press_reads_a_folder(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    groups = [await company.group("Ann", "Bob", name=f"G{n}") for n in range(4)]
    direct = (await bob.do("POST", "/conversations", {"kind": "direct", "userid": "Ann"}))["id"]
    for conversation in (*groups, direct):
        await ann.send(conversation, "x", mentions=["Bob"])
    await bob.do("POST", f"/conversations/{groups[3]}/read", {})
    await bob.do("PATCH", f"/conversations/{groups[3]}/mine", {"marked_unread": True})
    folder = await _folder(bob, "Groups", {"kind": "groups"})
    await company.group("Ann", "Cleo", name="Not Bob's")
    other = await bob.socket()
    read = await bob.do("POST", f"/folders/{folder['id']}/read")
    assert read["conversations"] >= 3
    for conversation in groups:
        mine = (await bob.get(f"/conversations/{conversation}"))["mine"]
        assert (mine["unread"], mine["badge"], mine["mentions"], mine["marked_unread"]) == (0, 0, 0, False)
        moved = "cursor.moved" if conversation != groups[3] else "conversation.mine_changed"
        await other.event(moved, partial(_is_in, conversation))
    assert (await bob.get(f"/conversations/{direct}"))["mine"]["badge"] == 1
    assert (await bob.do("POST", f"/folders/{folder['id']}/read"))["conversations"] == 0


async def test_a_rule_about_a_department_that_was_deleted_stays_and_matches_nothing(company: Company) -> None:
    ann = company["Ann"]
    gone = await ann.do("POST", "/departments", {"name": "Gone", "parent_id": "root"})
    rule = {"kind": "department", "department_id": gone["id"], "subtree": False}
    folder = await _folder(ann, "Gone", rule)
    await ann.do("DELETE", f"/departments/{gone['id']}?revision={gone['revision']}")
    change = {"revision": 1, "rules": [rule, {"kind": "muted"}]}
    assert (await ann.do("PATCH", f"/folders/{folder['id']}", change))["rules"] == change["rules"]
    other = await ann.ask("PATCH", f"/folders/{(await _folder(ann, 'New'))['id']}", {"revision": 1, "rules": [rule]})
    assert _code(other) == (404, "department.not_found")


async def test_a_hidden_department_cannot_be_asked_for(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    secret = await ann.do("POST", "/departments", {"name": "Secret", "parent_id": "root"})
    await ann.do("PATCH", f"/departments/{secret['id']}", {"revision": secret["revision"], "hidden": True})
    rule = {"kind": "department", "department_id": secret["id"]}
    refused = await bob.ask("POST", "/folders", {"name": "Curious", "rules": [rule]})
    assert _code(refused) == (404, "department.not_found")
