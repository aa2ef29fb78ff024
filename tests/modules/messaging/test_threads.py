"""Threads: replies make them, the main line stays calm, and each reader's place in them is their own."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.modules.messaging.refusals import refused, text
from tests.support.live_server import Company, Person
from tests.support.polling import until

pytestmark = pytest.mark.anyio


async def _conversation(person: Person, conversation: str) -> Any:
    return await person.get(f"/conversations/{conversation}")


async def _seqs(person: Person, path: str, **params: Any) -> list[int]:
    return [each["seq"] for each in (await person.get(path, **params))["items"]]


async def _readers(person: Person, conversation: str, seq: int) -> tuple[set[str], set[str]]:
    found = await person.get(f"/conversations/{conversation}/messages/{seq}/readers")
    assert found["total"] == len(found["read"]) + len(found["unread"])
    return {each["userid"] for each in found["read"]}, {each["userid"] for each in found["unread"]}


# --- replies ---------------------------------------------------------------------------------------------------------


async def test_replies_to_replies_are_in_the_thread_of_the_root(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    group = await company.group("Ann", "Bob", "Cleo")
    root = (await ann.send(group, "shall we?"))["seq"]
    first = (await bob.send(group, "yes", reply_to=root))["seq"]
    second = (await company["Cleo"].send(group, "no", reply_to=first, also_in_main=True))["seq"]
    aside = (await ann.send(group, "by the way"))["seq"]

    messages = {each["seq"]: each for each in (await ann.get(f"/conversations/{group}/messages"))["items"]}
    assert [messages[seq]["thread_seq"] for seq in (root, first, second, aside)] == [None, root, root, None]
    assert [messages[seq]["also_in_main"] for seq in (first, second)] == [False, True]
    assert messages[second]["reply_to"]["seq"] == first
    assert messages[root]["thread"] == {
        "replies": 2,
        "last_seq": second,
        "last_at": messages[second]["sent_at"],
        "people": [{"userid": "Bob", "name": "Bob"}, {"userid": "Cleo", "name": "Cleo"}],
    }
    path = f"/conversations/{group}"
    assert await _seqs(ann, f"{path}/messages", line="main") == [1, root, second, aside]
    assert await _seqs(ann, f"{path}/messages", line="main", after_seq=root) == [second, aside]
    assert await _seqs(ann, f"{path}/threads/{root}/messages") == [first, second]
    assert await _seqs(ann, f"{path}/threads/{root}/messages", after_seq=first) == [second]
    page = await ann.get(f"{path}/threads/{root}/messages", limit=1)
    assert [each["seq"] for each in page["items"]] == [second]
    assert await _seqs(ann, f"{path}/threads/{root}/messages", limit=1, cursor=page["next"]) == [first]


async def test_also_in_main_without_a_reply_is_refused(company: Company) -> None:
    group = await company.group("Ann", "Bob")
    path = f"/conversations/{group}/messages"
    error = refused(await company["Ann"].ask("POST", path, text("hello", also_in_main=True)), 422, "request.invalid")
    assert error["fields"][0]["path"] == "also_in_main"


async def test_a_thread_leaves_the_main_line_as_it_is(company: Company) -> None:
    ann, bob, cleo = company["Ann"], company["Bob"], company["Cleo"]
    group = await company.group("Ann", "Bob", "Cleo")
    other = await company.group("Ann", "Cleo")
    root = (await ann.send(group, "the matter"))["seq"]
    await cleo.do("POST", f"/conversations/{group}/read", {})
    await ann.send(other, "later than the matter")
    await cleo.do("PATCH", f"/conversations/{group}/mine", {"hidden": True})
    await bob.send(group, "in its thread", reply_to=root)

    shown = await _conversation(cleo, group)
    assert (shown["mine"]["unread"], shown["mine"]["hidden"]) == (0, True)
    assert shown["last_message"]["seq"] == root
    newest_first = [each["id"] for each in (await cleo.get("/conversations"))["items"]]
    assert newest_first.index(other) < newest_first.index(group)

    called = (await bob.send(group, "Cleo knows", reply_to=root, mentions=["Cleo"]))["seq"]
    shown = await _conversation(cleo, group)
    assert (shown["mine"]["unread"], shown["mine"]["mentioned"], shown["mine"]["hidden"]) == (1, True, False)
    assert shown["last_message"]["seq"] == called
    assert (await _conversation(bob, group))["last_message"]["seq"] == root

    await bob.send(group, "so that all see it", reply_to=root, also_in_main=True)
    assert (await _conversation(cleo, group))["mine"]["unread"] == 2


# --- reading ---------------------------------------------------------------------------------------------------------


async def test_the_main_cursor_passes_a_reply_unseen(company: Company) -> None:
    ann, bob, cleo = company["Ann"], company["Bob"], company["Cleo"]
    group = await company.group("Ann", "Bob", "Cleo")
    path = f"/conversations/{group}"
    root = (await ann.send(group, "root"))["seq"]
    reply = (await bob.send(group, "reply", reply_to=root))["seq"]
    after = (await ann.send(group, "after"))["seq"]
    device = await bob.socket()
    for person in (ann, cleo):
        await person.do("POST", f"{path}/read", {"seq": after})
    assert await _readers(bob, group, reply) == (set(), {"Ann", "Cleo"})

    assert (await cleo.do("POST", f"{path}/threads/{root}/read", {"seq": reply}))["unread"] == 0
    told = await device.event("receipts.changed", lambda event: bool(event["counts"][-1]["read"]))
    assert told["counts"] == [{"seq": reply, "read": 1, "total": 2}]
    assert await _readers(bob, group, reply) == ({"Cleo"}, {"Ann"})

    # Who says that the reply itself was on screen has read it, and so has who marks everything as read.
    assert (await (await ann.socket()).ask("conversation.read", conversation_id=group, seq=reply))["read_seq"] == after
    assert await _readers(bob, group, reply) == ({"Ann", "Cleo"}, set())
    reply = (await bob.send(group, "another", reply_to=root))["seq"]
    answer = await ann.do("POST", f"{path}/read", {})
    assert answer == {"read_seq": reply, "threads_read_seq": reply}
    assert await _readers(bob, group, reply) == ({"Ann"}, {"Cleo"})


async def test_two_readings_of_one_commit_both_count(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    group = await company.group("Ann", "Bob")
    roots = [(await ann.send(group, f"root {number}"))["seq"] for number in range(2)]
    replies = [(await ann.send(group, "reply", reply_to=root))["seq"] for root in roots]
    device = await bob.socket()
    for reply in replies:
        await device.ask("conversation.read", conversation_id=group, seq=reply)
    for reply in replies:
        assert await _readers(ann, group, reply) == ({"Bob"}, set())


async def test_thread_times_are_those_of_the_cursor_that_came_first(
    company: Company, later: Callable[..., None]
) -> None:
    ann, bob = company["Ann"], company["Bob"]
    group = await company.group("Ann", "Bob")
    path = f"/conversations/{group}"
    root = (await ann.send(group, "root"))["seq"]
    replies = [(await ann.send(group, f"reply {number}", reply_to=root))["seq"] for number in range(3)]

    async def times() -> list[str | None]:
        lists = [await ann.get(f"{path}/messages/{seq}/readers") for seq in replies]
        return [each["read"][0]["read_at"] if each["read"] else None for each in lists]

    await bob.do("POST", f"{path}/threads/{root}/read", {"seq": replies[0]})
    [first, *unread] = await times()
    assert unread == [None, None]
    later(minutes=3)
    await bob.do("POST", f"{path}/read", {"seq": replies[1]})
    later(minutes=3)
    await bob.do("POST", f"{path}/read", {})
    later(minutes=3)
    await bob.do("POST", f"{path}/threads/{root}/read", {"seq": replies[2]})
    found = await times()
    assert found[0] == first
    assert None not in found
    assert sorted(set(found), key=str) == found


async def test_who_comes_back_to_a_hidden_history_has_not_read_what_was_missed(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    group = await company.group("Ann", "Bob", "Cleo", history_for_new=False)
    path = f"/conversations/{group}"
    root = (await ann.send(group, "root"))["seq"]
    main = (await ann.send(group, "main"))["seq"]
    replies = [(await ann.send(group, "reply", reply_to=root))["seq"] for _ in range(2)]
    await bob.do("POST", f"{path}/read", {"seq": root})
    await bob.do("POST", f"{path}/threads/{root}/read", {"seq": replies[0]})
    await bob.do("POST", f"{path}/leave")
    await ann.do("POST", f"{path}/members", {"userids": ["Bob"]})
    new = (await ann.send(group, "new reply", reply_to=root))["seq"]
    assert (await _conversation(bob, group))["mine"]["unread"] == 0

    assert await _seqs(bob, f"{path}/threads/{root}/messages") == [new]
    assert (await bob.get(f"{path}/threads/{root}"))["root"] is None
    assert (await bob.do("POST", f"{path}/threads/{root}/read", {"seq": new}))["unread"] == 0
    await bob.do("POST", f"{path}/read", {})
    assert await _readers(ann, group, new) == ({"Bob"}, {"Cleo"})
    for seq, has_read in ((root, True), (main, False), (replies[0], True), (replies[1], False)):
        assert ("Bob" in (await _readers(ann, group, seq))[0]) is has_read, seq
    items = (await ann.get(f"{path}/messages"))["items"]
    counts = {each["seq"]: each["receipts"]["read"] for each in items if each["receipts"]}
    assert [counts[seq] for seq in (root, main, *replies, new)] == [1, 0, 1, 0, 1]


# --- following -------------------------------------------------------------------------------------------------------


async def test_following_comes_by_replying_by_being_called_and_by_hand(company: Company) -> None:
    ann, bob, cleo, dan = (company[name] for name in ("Ann", "Bob", "Cleo", "Dan"))
    group = await company.group("Ann", "Bob", "Cleo", "Dan")
    root = (await ann.send(group, "root"))["seq"]
    path = f"/conversations/{group}/threads/{root}"
    assert (await ann.get(path))["following"] is False  # no reply yet, no thread
    await bob.send(group, "reply", reply_to=root, mentions=["Cleo"])
    assert [(await person.get(path))["following"] for person in (ann, bob, cleo, dan)] == [True, True, True, False]
    assert (await dan.do("PUT", f"{path}/following"))["following"] is True
    assert (await ann.do("DELETE", f"{path}/following"))["following"] is False
    await bob.send(group, "another", reply_to=root + 1)
    assert (await ann.get(path))["following"] is False
    await bob.send(group, "to the root", reply_to=root)
    assert (await ann.get(path))["following"] is True


async def test_the_list_of_threads_goes_across_conversations(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    groups = [await company.group("Ann", "Bob", name=f"G{number}") for number in range(3)]
    roots = [(await ann.send(group, "root"))["seq"] for group in groups]
    for group, root in zip(groups, roots, strict=True):
        await bob.send(group, "reply", reply_to=root)
    found = await ann.get("/threads", limit=2)
    rest = await ann.get("/threads", limit=2, cursor=found["next"])
    shown = [*found["items"], *rest["items"]]
    assert [each["conversation"]["name"] for each in shown] == ["G2", "G1", "G0"]
    assert [each["unread"] for each in shown] == [1, 1, 1]
    assert shown[0]["root"]["thread"]["replies"] == 1
    await ann.do("POST", f"/conversations/{groups[1]}/read", {})
    assert [each["conversation"]["name"] for each in (await ann.get("/threads", unread=True))["items"]] == ["G2", "G0"]
    await ann.do("DELETE", f"/conversations/{groups[2]}/threads/{roots[2]}/following")
    assert [each["conversation"]["name"] for each in (await ann.get("/threads"))["items"]] == ["G1", "G0"]


async def test_no_thread_where_there_is_none_to_be_seen(company: Company) -> None:
    ann, dan = company["Ann"], company["Dan"]
    group = await company.group("Ann", "Bob", "Cleo", history_for_new=False)
    root = (await ann.send(group, "root"))["seq"]
    reply = (await ann.send(group, "reply", reply_to=root))["seq"]
    path = f"/conversations/{group}/threads"
    for seq in (reply, reply + 100):
        refused(await ann.ask("GET", f"{path}/{seq}"), 404, "thread.not_found")
        refused(await ann.ask("POST", f"{path}/{seq}/read", {"seq": 1}), 404, "thread.not_found")
    refused(await dan.ask("GET", f"{path}/{root}"), 404, "conversation.not_found")
    await ann.do("POST", f"/conversations/{group}/members", {"userids": ["Dan"]})
    refused(await dan.ask("GET", f"{path}/{root}"), 404, "thread.not_found")
    refused(await dan.ask("PUT", f"{path}/{root}/following"), 404, "thread.not_found")
    await ann.send(group, "another", reply_to=root)
    assert (await dan.get(f"{path}/{root}"))["unread"] == 1


# --- who may speak ---------------------------------------------------------------------------------------------------


async def test_in_the_all_hands_group_everyone_replies_and_named_people_speak(
    found: Callable[..., Awaitable[Company]],
) -> None:
    company = await found("Ann", "Bob", "Cleo")
    ann, bob = company["Ann"], company["Bob"]

    async def all_in() -> bool:
        items = (await ann.get("/conversations"))["items"]
        return any(each["kind"] == "all" and each["member_count"] == 3 for each in items)

    await until(all_in)
    [group] = [each["id"] for each in (await ann.get("/conversations"))["items"] if each["kind"] == "all"]
    path = f"/conversations/{group}/messages"
    root = (await ann.send(group, "good news"))["seq"]
    refused(await bob.ask("POST", path, text("me too")), 403, "conversation.speak_restricted")
    also = text("look at me", reply_to=root, also_in_main=True)
    refused(await bob.ask("POST", path, also), 403, "conversation.speak_restricted")
    assert (await bob.send(group, "congratulations", reply_to=root))["seq"] == root + 1
    everybody = text("all of you", reply_to=root, mentions=["all"])
    refused(await bob.ask("POST", path, everybody), 403, "conversation.mention_all_restricted")
    await ann.do("PATCH", f"/conversations/{group}/members/Bob", {"role": "admin"})
    await bob.send(group, "now I speak")
    # In other groups in which administrators speak, they alone do, in threads too.
    other = await company.group("Ann", "Bob", speak="admins")
    root = (await ann.send(other, "hear"))["seq"]
    answer = await bob.ask("POST", f"/conversations/{other}/messages", text("hm", reply_to=root))
    refused(answer, 403, "conversation.speak_restricted")


async def test_the_silenced_neither_reply_nor_edit_nor_react(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    group = await company.group("Ann", "Bob")
    path = f"/conversations/{group}/messages"
    seq = (await bob.send(group, "I say"))["seq"]
    await bob.do("PUT", f"{path}/{seq}/reactions/👍")
    await ann.do("PATCH", f"/conversations/{group}/members/Bob", {"muted": True})
    rev = (await bob.get(f"{path}/{seq}"))["rev"]
    edit = {"content": {"text": "I shout"}, "rev": rev}
    for method, where, body in (
        ("POST", path, text("still here", reply_to=seq)),
        ("PATCH", f"{path}/{seq}", edit),
        ("PUT", f"{path}/{seq}/reactions/🎉", None),
    ):
        refused(await bob.ask(method, where, body), 403, "conversation.muted")
    # What was said can be taken back.
    await bob.do("DELETE", f"{path}/{seq}/reactions/👍")
    assert (await bob.do("POST", f"{path}/{seq}/recall"))["recalled_at"] is not None
