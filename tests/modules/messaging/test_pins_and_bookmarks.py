"""What a conversation pins for everybody, and what people mark for themselves."""

from typing import Any

import pytest

from pegboard.modules.messaging.settings import MessagingSettings
from tests.modules.messaging.refusals import refused
from tests.support.live_server import Company, LiveServer, Person, found_company, running
from tests.support.postgres import TestServer

pytestmark = pytest.mark.anyio


async def _pins(person: Person, group: str) -> list[int]:
    return [each["seq"] for each in (await person.get(f"/conversations/{group}/pins"))["items"]]


async def _marks(person: Person) -> list[tuple[str, str]]:
    items = (await person.get("/bookmarks"))["items"]
    return [(each["message"]["content"]["text"], each["note"]) for each in items]


# --- pins ------------------------------------------------------------------------------------------------------------


async def test_pins_take_a_rev_and_are_listed_the_latest_first(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    group = await company.group("Ann", "Bob")
    path = f"/conversations/{group}/messages"
    one, two = [(await bob.send(group, words))["seq"] for words in ("one", "two")]
    shown = await ann.do("PUT", f"{path}/{one}/pin")
    assert (shown["pinned_by"], shown["pinned_at"] is not None, shown["rev"]) == ("Ann", True, 1)
    assert (await ann.do("PUT", f"{path}/{one}/pin"))["rev"] == 1
    await ann.do("PUT", f"{path}/{two}/pin")
    assert await _pins(bob, group) == [two, one]
    assert (await ann.do("DELETE", f"{path}/{two}/pin"))["pinned_at"] is None
    assert (await ann.do("DELETE", f"{path}/{two}/pin"))["rev"] == 3
    changes = (await bob.get(f"/conversations/{group}/changes", after_rev=0))["items"]
    assert [(each["seq"], each["pinned_by"]) for each in changes] == [(one, "Ann"), (two, None)]
    recalled = await bob.do("POST", f"{path}/{one}/recall")
    assert (recalled["pinned_at"], await _pins(ann, group)) == (None, [])
    refused(await ann.ask("PUT", f"{path}/{one}/pin"), 409, "message.recalled")


async def test_who_may_pin_is_the_groups_rule(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    group = await company.group("Ann", "Bob")
    seq = (await bob.send(group, "mine"))["seq"]
    path = f"/conversations/{group}/messages/{seq}/pin"
    refused(await bob.ask("PUT", path), 403, "conversation.admins_only")
    refused(await company["Dan"].ask("PUT", path), 404, "conversation.not_found")
    revision = (await ann.get(f"/conversations/{group}"))["revision"]
    await ann.do("PATCH", f"/conversations/{group}", {"revision": revision, "rules": {"pin": "everyone"}})
    await bob.do("PUT", path)
    await ann.do("PATCH", f"/conversations/{group}/members/Bob", {"muted": True})
    refused(await bob.ask("DELETE", path), 403, "conversation.muted")
    direct = await ann.do("POST", "/conversations", {"kind": "direct", "userid": "Bob"})
    seq = (await ann.send(direct["id"], "between us"))["seq"]
    await bob.do("PUT", f"/conversations/{direct['id']}/messages/{seq}/pin")


async def test_pins_of_before_are_hidden_with_the_history(company: Company) -> None:
    ann, dan = company["Ann"], company["Dan"]
    group = await company.group("Ann", "Bob", history_for_new=False)
    before = (await ann.send(group, "before"))["seq"]
    await ann.do("PUT", f"/conversations/{group}/messages/{before}/pin")
    await ann.do("POST", f"/conversations/{group}/members", {"userids": ["Dan"]})
    after = (await ann.send(group, "after"))["seq"]
    await ann.do("PUT", f"/conversations/{group}/messages/{after}/pin")
    assert (await _pins(ann, group), await _pins(dan, group)) == ([after, before], [after])


# --- bookmarks -------------------------------------------------------------------------------------------------------


async def test_bookmarks_are_ones_own_and_carry_a_note(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    group, direct = await company.group("Ann", "Bob", name="Where"), None
    direct = await ann.do("POST", "/conversations", {"kind": "direct", "userid": "Bob"})
    places = [(group, (await ann.send(group, "in the group"))["seq"])]
    places.append((direct["id"], (await ann.send(direct["id"], "between us"))["seq"]))
    device = await bob.socket()
    for conversation, seq in places:
        await bob.do("PUT", f"/conversations/{conversation}/messages/{seq}/bookmark", {"note": "later"})
    group_path = f"/conversations/{group}/messages/{places[0][1]}/bookmark"
    await bob.do("PUT", group_path, {"note": "soon"})
    assert await _marks(bob) == [("between us", "later"), ("in the group", "soon")]
    assert await _marks(ann) == []
    names = [each["conversation"]["name"] for each in (await bob.get("/bookmarks"))["items"]]
    assert names == ["Ann", "Where"]
    page = await bob.get("/bookmarks", limit=1)
    assert (await bob.get("/bookmarks", limit=1, cursor=page["next"]))["items"][0]["note"] == "soon"
    await bob.do("DELETE", group_path)
    await bob.do("DELETE", group_path)
    told = await device.event("bookmark.changed", lambda event: not event["bookmarked"])
    assert told == {
        "type": "bookmark.changed",
        "conversation_id": group,
        "seq": places[0][1],
        "bookmarked": False,
        "note": "",
    }
    too_long = await bob.ask("PUT", group_path, {"note": "x" * 501})
    assert refused(too_long, 422, "request.invalid")["fields"][0]["path"] == "note"


async def test_a_bookmark_shows_only_what_one_may_read(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    group = await company.group("Ann", "Bob", history_for_new=False)
    path = f"/conversations/{group}"
    seq = (await ann.send(group, "secret"))["seq"]
    await bob.do("PUT", f"{path}/messages/{seq}/bookmark", {})
    refused(await company["Dan"].ask("PUT", f"{path}/messages/{seq}/bookmark", {}), 404, "conversation.not_found")
    await bob.do("POST", f"{path}/leave")
    assert await _marks(bob) == []
    await ann.do("POST", f"{path}/members", {"userids": ["Bob"]})
    assert await _marks(bob) == []
    refused(await bob.ask("PUT", f"{path}/messages/{seq}/bookmark", {}), 404, "message.not_found")
    revision = (await ann.get(path))["revision"]
    await ann.do("PATCH", path, {"revision": revision, "rules": {"history_for_new": True}})
    assert await _marks(bob) == [("secret", "")]
    await ann.do("POST", f"{path}/messages/{seq}/recall")
    assert (await bob.get("/bookmarks"))["items"][0]["message"]["content"] == {}


# --- limits ----------------------------------------------------------------------------------------------------------


async def test_pins_and_bookmarks_have_limits(
    postgres: TestServer, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    limits: dict[str, Any] = {"pins_limit": 2, "bookmarks_limit": 2}
    assert MessagingSettings().pins_limit > 2
    with running(database_url, tmp_path_factory.mktemp("data"), messaging=limits) as server:
        await _at_the_limits(server)


async def _at_the_limits(server: LiveServer) -> None:
    company = await found_company(server, "Ann", "Bob")
    ann = company["Ann"]
    group = await company.group("Ann", "Bob")
    seqs = [(await ann.send(group, "x"))["seq"] for _ in range(3)]
    for seq in seqs[:2]:
        await ann.do("PUT", f"/conversations/{group}/messages/{seq}/pin")
        await ann.do("PUT", f"/conversations/{group}/messages/{seq}/bookmark", {})
    last = f"/conversations/{group}/messages/{seqs[2]}"
    refused(await ann.ask("PUT", f"{last}/pin"), 409, "message.too_many_pins")
    refused(await ann.ask("PUT", f"{last}/bookmark", {}), 409, "bookmark.too_many")
    # A note can be changed all the same.
    await ann.do("PUT", f"/conversations/{group}/messages/{seqs[0]}/bookmark", {"note": "full"})
    await ann.do("DELETE", f"/conversations/{group}/messages/{seqs[0]}/pin")
    await ann.do("PUT", f"{last}/pin")
