"""Messages that change after they were sent: reactions, edits, recalls; and those that are sent on."""

import asyncio
from typing import Any

import pytest

from tests.modules.messaging.refusals import refused
from tests.support.live_server import Company

pytestmark = pytest.mark.anyio

THUMB = "%F0%9F%91%8D"


# --- reactions -------------------------------------------------------------------------------------------------------


async def test_a_reaction_counts_once_a_person_and_is_told(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    seq = (await ann.send(conversation, "good news"))["seq"]
    path = f"/conversations/{conversation}/messages/{seq}/reactions"
    listening = await company["Cleo"].socket()
    answers = await asyncio.gather(*(bob.ask("PUT", f"{path}/{THUMB}") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    mine = await bob.do("PUT", f"{path}/{THUMB}")
    assert mine["reactions"] == [{"emoji": "👍", "count": 1, "mine": True, "names": ["Bob"]}]
    assert mine["rev"] == 1
    both = await ann.do("PUT", f"{path}/{THUMB}")
    assert (both["reactions"][0]["count"], both["reactions"][0]["names"], both["rev"]) == (2, ["Bob", "Ann"], 2)
    told = await listening.event("message.changed", lambda event: event["message"]["rev"] == 2)
    assert told["message"]["reactions"] == [{"emoji": "👍", "count": 2, "mine": False, "names": ["Bob", "Ann"]}]

    # Taken back, once and once more; and nobody else's with it.
    for _ in range(2):
        left = await bob.do("DELETE", f"{path}/{THUMB}")
        assert [(each["count"], each["mine"], each["names"]) for each in left["reactions"]] == [(1, False, ["Ann"])]
        assert left["rev"] == 3
    assert (await bob.get(f"/conversations/{conversation}"))["head_rev"] == 3
    changed = await bob.get(f"/conversations/{conversation}/changes", after_rev=2)
    assert [item["seq"] for item in changed["items"]] == [seq]
    assert (await bob.get(f"/conversations/{conversation}/changes", after_rev=3))["items"] == []


@pytest.mark.parametrize("emoji", ["👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇹🇼", "1️⃣", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])
async def test_every_form_of_emoji_can_be_a_reaction(company: Company, emoji: str) -> None:
    conversation = await company.group("Ann", "Bob")
    seq = (await company["Ann"].send(conversation, "x"))["seq"]
    shown = await company["Bob"].do("PUT", f"/conversations/{conversation}/messages/{seq}/reactions/{emoji}")
    assert [each["emoji"] for each in shown["reactions"]] == [emoji]


@pytest.mark.parametrize("emoji", ["x", "好", "1", "<b>", "\u200d", "%F0%9F%91%8D" * 33, "👍x", "\u202e👍"])
async def test_what_is_no_emoji_is_refused(company: Company, emoji: str) -> None:
    conversation = await company.group("Ann", "Bob")
    seq = (await company["Ann"].send(conversation, "x"))["seq"]
    answer = await company["Bob"].ask("PUT", f"/conversations/{conversation}/messages/{seq}/reactions/{emoji}")
    refused(answer, 422, "request.invalid")


# --- edits -----------------------------------------------------------------------------------------------------------


async def test_edits_are_the_senders_and_their_history_the_administrators(company: Company) -> None:
    ann, bob, cleo = company["Ann"], company["Bob"], company["Cleo"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    listening = await cleo.socket()
    seq = (await bob.send(conversation, "one"))["seq"]
    path = f"/conversations/{conversation}/messages/{seq}"

    async def edit(person: Any, words: str, rev: int) -> Any:
        return await person.ask("PATCH", path, {"content": {"text": words}, "rev": rev})

    refused(await edit(ann, "not mine", 0), 403, "message.not_own")
    edited = (await edit(bob, "two", 0)).json()
    assert (edited["content"], edited["rev"]) == ({"text": "two"}, 1)
    assert edited["edited_at"] is not None
    refused(await edit(bob, "three", 0), 409, "revision.mismatch")
    assert (await edit(bob, "three", 1)).status_code == 200
    told = await listening.event("message.changed", lambda event: event["message"]["rev"] == 2)
    assert told["message"]["content"] == {"text": "three"}

    for person in (ann, bob):
        history = (await person.get(f"{path}/history"))["items"]
        assert [each["content"]["text"] for each in history] == ["one", "two"]
        assert {each["editor"]["userid"] for each in history} == {"Bob"}
    refused(await cleo.ask("GET", f"{path}/history"), 403, "conversation.admins_only")


async def test_two_devices_edit_at_once_one_is_told_to_look_again(company: Company) -> None:
    bob = company["Bob"]
    conversation = await company.group("Ann", "Bob")
    seq = (await bob.send(conversation, "one"))["seq"]
    path = f"/conversations/{conversation}/messages/{seq}"
    answers = await asyncio.gather(
        *(bob.ask("PATCH", path, {"content": {"text": f"v{n}"}, "rev": 0}) for n in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert (await bob.get(path))["rev"] == 1


async def test_system_messages_are_neither_edited_nor_recalled_nor_forwarded(company: Company) -> None:
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob")
    path = f"/conversations/{conversation}/messages/1"
    refused(await ann.ask("PATCH", path, {"content": {"text": "x"}, "rev": 0}), 403, "message.not_own")
    refused(await ann.ask("POST", f"{path}/recall"), 403, "message.not_own")
    body = {"from_conversation_id": conversation, "seqs": [1]}
    refused(await ann.ask("POST", f"/conversations/{conversation}/forwards", body), 404, "message.not_found")


# --- recalls ---------------------------------------------------------------------------------------------------------


async def test_recall_by_an_administrator_is_audited_by_the_sender_is_not(company: Company) -> None:
    ann, bob, cleo = company["Ann"], company["Bob"], company["Cleo"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    listening = await cleo.socket()
    own, other = [(await bob.send(conversation, words))["seq"] for words in ("own", "other")]
    path = f"/conversations/{conversation}/messages"
    refused(await cleo.ask("POST", f"{path}/{own}/recall"), 403, "message.not_own")
    assert (await bob.do("POST", f"{path}/{own}/recall"))["recalled_by"] == "Bob"
    removed = await ann.do("POST", f"{path}/{other}/recall")
    assert (removed["seq"], removed["content"], removed["recalled_by"]) == (other, {}, "Ann")
    told = await listening.event("message.changed", lambda event: event["message"]["seq"] == other)
    assert told["message"]["content"] == {}
    audited = (await ann.get("/audit", action="message.removed"))["items"]
    assert [row["object"] for row in audited] == [f"message:{conversation}/{other}"]
    assert "other" not in str(audited)


async def test_recalled_words_leave_by_no_door(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    seq = (await bob.send(conversation, "SECRET"))["seq"]
    path = f"/conversations/{conversation}/messages"
    await bob.do("PATCH", f"{path}/{seq}", {"content": {"text": "SECRET 2"}, "rev": 0})
    await ann.send(conversation, "what?", reply_to=seq)
    await bob.do("POST", f"{path}/{seq}/recall")
    socket = await ann.socket()
    seen = [
        await ann.get(path),
        await ann.get(f"{path}/{seq}"),
        await ann.get(f"{path}/{seq}/history"),
        await ann.get(f"/conversations/{conversation}/changes", after_rev=0),
        await ann.get("/conversations"),
        await socket.ask("messages.after", conversation_id=conversation, seq=0),
        await socket.ask("messages.changed", conversation_id=conversation, rev=0),
    ]
    assert "SECRET" not in str(seen)
    body = {"from_conversation_id": conversation, "seqs": [seq]}
    refused(await ann.ask("POST", f"/conversations/{conversation}/forwards", body), 404, "message.not_found")


# --- forwards --------------------------------------------------------------------------------------------------------


async def test_forwards_single_and_merged_keep_their_source(company: Company) -> None:
    ann, cleo = company["Ann"], company["Cleo"]
    source, target = await company.group("Ann", "Bob"), await company.group("Ann", "Cleo")
    seqs = [(await company["Bob"].send(source, words))["seq"] for words in ("one", "two")]
    body = {"from_conversation_id": source, "seqs": [seqs[1], seqs[0], seqs[0]]}
    path = f"/conversations/{target}/forwards"
    single = (await ann.do("POST", path, body | {"merged": False, "client_id": "f1"}))["items"]
    assert len(single) == 2
    merged = (await ann.do("POST", path, body | {"merged": True, "client_id": "f2"}))["items"]
    assert len(merged) == 1
    assert (await ann.do("POST", path, body | {"merged": False, "client_id": "f1"}))["items"] == single

    shown = [await cleo.get(f"/conversations/{target}/messages/{each['seq']}") for each in (*single, *merged)]
    assert {each["kind"] for each in shown} == {"forward"}
    assert [[item["content"]["text"] for item in each["content"]["items"]] for each in shown] == [
        ["one"],
        ["two"],
        ["one", "two"],
    ]
    item = shown[0]["content"]["items"][0]
    assert (item["sender"], item["conversation_id"], item["seq"]) == (
        {"userid": "Bob", "name": "Bob"},
        source,
        seqs[0],
    )
    refused(await cleo.ask("GET", f"/conversations/{source}/messages/{seqs[0]}"), 404, "conversation.not_found")


async def test_forwards_need_the_right_to_read_there_and_to_speak_here(company: Company) -> None:
    cleo = company["Cleo"]
    source = await company.group("Ann", "Bob")
    seq = (await company["Ann"].send(source, "ours"))["seq"]
    target = await company.group("Ann", "Cleo")
    body = {"from_conversation_id": source, "seqs": [seq]}
    refused(await cleo.ask("POST", f"/conversations/{target}/forwards", body), 404, "conversation.not_found")
    refused(await company["Bob"].ask("POST", f"/conversations/{target}/forwards", body), 404, "conversation.not_found")
    own = (await cleo.send(target, "mine"))["seq"]
    await company["Ann"].do("PATCH", f"/conversations/{target}/members/Cleo", {"muted": True})
    body = {"from_conversation_id": target, "seqs": [own]}
    refused(await cleo.ask("POST", f"/conversations/{target}/forwards", body), 403, "conversation.muted")
    body = {"from_conversation_id": target, "seqs": [own, own + 100]}
    answer = await company["Ann"].ask("POST", f"/conversations/{target}/forwards", body)
    refused(answer, 404, "message.not_found")
