"""One's own side of a conversation: unread, mentions, pins, mutes, drafts, the same on all devices."""

import asyncio
from typing import Any

import pytest

from tests.modules.messaging.refusals import refused
from tests.support.live_server import Company, Person

pytestmark = pytest.mark.anyio


async def _mine(person: Person, conversation: str) -> dict[str, Any]:
    mine: dict[str, Any] = (await person.get(f"/conversations/{conversation}"))["mine"]
    return mine


async def test_unread_counts_neither_own_nor_system_messages_and_stops_at_100(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    await bob.send(conversation, "own")
    await ann.do("POST", f"/conversations/{conversation}/members", {"userids": ["Cleo"]})
    assert (await _mine(bob, conversation))["unread"] == 0
    await ann.send(conversation, "first")
    assert (await _mine(bob, conversation))["unread"] == 1
    sending = await ann.socket()
    content = {"conversation_id": conversation, "kind": "text", "content": {"text": "x"}}
    await asyncio.gather(*(sending.ask("message.send", **content) for _ in range(98)))
    assert (await _mine(bob, conversation))["unread"] == 99
    await asyncio.gather(*(sending.ask("message.send", **content) for _ in range(5)))
    assert (await _mine(bob, conversation))["unread"] == 100
    [head] = [each for each in (await bob.socket()).hello["heads"] if each["conversation_id"] == conversation]
    assert head["unread"] == 100
    [listed] = [each for each in (await bob.get("/conversations"))["items"] if each["id"] == conversation]
    assert listed["mine"]["unread"] == 100
    await bob.do("POST", f"/conversations/{conversation}/read", {})
    assert (await _mine(bob, conversation))["unread"] == 0


@pytest.mark.parametrize("whom", ["Bob", "all"])
async def test_mentions_are_shown_until_read(company: Company, whom: str) -> None:
    ann, bob, cleo = company["Ann"], company["Bob"], company["Cleo"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    device = await bob.socket()
    seq = (await ann.send(conversation, "look", mentions=[whom]))["seq"]
    assert (await device.event("message.created"))["message"]["mentions"] == [whom]
    assert (await bob.get(f"/conversations/{conversation}/messages/{seq}"))["mentions"] == [whom]
    await ann.send(conversation, "nobody")
    assert (await _mine(bob, conversation))["mentioned"] is True
    assert (await _mine(cleo, conversation))["mentioned"] is (whom == "all")
    await bob.do("POST", f"/conversations/{conversation}/read", {"seq": seq})
    mine = await _mine(bob, conversation)
    assert (mine["mentioned"], mine["unread"]) == (False, 1)


async def test_pins_mutes_and_drafts_are_the_same_on_all_devices_and_nobody_elses(company: Company) -> None:
    bob = company["Bob"]
    conversation = await company.group("Ann", "Bob")
    other = await bob.socket()
    changes = {"pinned": True, "muted_until": "2030-01-01T00:00:00Z", "marked_unread": True, "draft": "I was ab"}
    mine = await bob.do("PATCH", f"/conversations/{conversation}/mine", changes)
    assert {name: mine[name] for name in changes} == changes
    told = await other.event("conversation.mine_changed")
    assert (told["conversation_id"], told["mine"]) == (conversation, mine)
    assert await _mine(bob, conversation) == mine
    anns = await _mine(company["Ann"], conversation)
    assert (anns["pinned"], anns["muted_until"], anns["marked_unread"], anns["draft"]) == (False, None, False, "")

    mine = await bob.do("PATCH", f"/conversations/{conversation}/mine", {"muted_until": None, "draft": ""})
    assert (mine["pinned"], mine["muted_until"], mine["draft"]) == (True, None, "")
    answer = await bob.ask("PATCH", f"/conversations/{conversation}/mine", {"draft": "x" * 20_001})
    refused(answer, 422, "request.invalid")


async def test_marked_unread_until_read(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    await ann.send(conversation, "x")
    await bob.do("POST", f"/conversations/{conversation}/read", {})
    await bob.do("PATCH", f"/conversations/{conversation}/mine", {"marked_unread": True})
    await ann.send(conversation, "y")
    await bob.do("POST", f"/conversations/{conversation}/read", {})
    assert (await _mine(bob, conversation))["marked_unread"] is False


async def test_opening_a_conversation_without_news_takes_the_mark_away_too(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    await ann.send(conversation, "x")
    await bob.do("POST", f"/conversations/{conversation}/read", {})
    await bob.do("PATCH", f"/conversations/{conversation}/mine", {"marked_unread": True})
    await bob.do("PATCH", f"/conversations/{conversation}/mine", {"marked_unread": False})
    assert (await _mine(bob, conversation))["marked_unread"] is False


async def test_hidden_until_somebody_writes(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    hidden = await bob.do("PATCH", f"/conversations/{conversation}/mine", {"hidden": True})
    assert hidden["hidden"] is True
    assert (await _mine(ann, conversation))["hidden"] is False
    await ann.send(conversation, "are you there?")
    assert (await _mine(bob, conversation))["hidden"] is False
    await bob.do("PATCH", f"/conversations/{conversation}/mine", {"hidden": True})
    assert (await bob.do("PATCH", f"/conversations/{conversation}/mine", {"hidden": False}))["hidden"] is False


async def test_conversations_come_pinned_first_then_by_their_newest_message_in_pages(company: Company) -> None:
    ann = company["Ann"]
    made = [await company.group("Ann", "Bob", name=f"G{n}") for n in range(6)]
    for conversation in made:
        await ann.send(conversation, "x")
    await ann.do("PATCH", f"/conversations/{made[1]}/mine", {"pinned": True})
    await ann.send(made[3], "newest")
    expected = [made[1], made[3], made[5], made[4], made[2], made[0]]
    found: list[str] = []
    cursor = None
    while True:
        page = await ann.get("/conversations", limit=2, **({"cursor": cursor} if cursor else {}))
        found += [each["id"] for each in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert [each for each in found if each in made] == expected
    assert len(found) == len(set(found))
    [last] = [each for each in (await ann.get("/conversations"))["items"] if each["id"] == made[3]]
    assert last["last_message"]["content"] == {"text": "newest"}
