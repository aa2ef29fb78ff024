"""Who has read what: exact lists, counts that agree with them, and what the organisation switches off."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from tests.modules.messaging.refusals import refused, refused_over
from tests.support.live_server import Company, Person

pytestmark = pytest.mark.anyio


async def _read(person: Person, conversation: str, seq: int | None = None) -> None:
    await person.do("POST", f"/conversations/{conversation}/read", {"seq": seq})


async def _readers(person: Person, conversation: str, seq: int, **params: Any) -> Any:
    return await person.get(f"/conversations/{conversation}/messages/{seq}/readers", **params)


async def _read_at(person: Person, conversation: str, seq: int, userid: str) -> datetime | None:
    [found] = [each for each in (await _readers(person, conversation, seq))["read"] if each["userid"] == userid]
    return datetime.fromisoformat(found["read_at"]) if found["read_at"] else None


# --- counts ----------------------------------------------------------------------------------------------------------


async def test_counts_in_lists_are_the_lengths_of_the_read_lists(company: Company) -> None:
    people = [company[name] for name in ("Ann", "Bob", "Cleo", "Dan")]
    conversation = await company.group("Ann", "Bob", "Cleo", "Dan")
    seqs = [(await people[number % 4].send(conversation, f"m{number}"))["seq"] for number in range(8)]
    await _read(company["Bob"], conversation, seqs[3])
    await _read(company["Cleo"], conversation, seqs[6])
    for person in people:
        items = (await person.get(f"/conversations/{conversation}/messages"))["items"]
        for item in items:
            if item["sender"] is None:
                assert item["receipts"] is None
                continue
            lists = await _readers(person, conversation, item["seq"])
            assert item["receipts"] == {"read": len(lists["read"]), "total": lists["total"]}
            named = {each["userid"] for each in (*lists["read"], *lists["unread"])}
            assert named == {"Ann", "Bob", "Cleo", "Dan"} - {item["sender"]["userid"]}
    over_socket = await (await people[0].socket()).ask("readers", conversation_id=conversation, seq=seqs[0])
    assert over_socket == await _readers(people[0], conversation, seqs[0])


async def test_receipts_changed_goes_to_the_senders_only(company: Company) -> None:
    ann, bob, cleo = company["Ann"], company["Bob"], company["Cleo"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    anns, bobs = [(await person.send(conversation, "x"))["seq"] for person in (ann, bob)]
    devices = {person.userid: await person.socket() for person in (ann, bob, cleo)}
    await _read(cleo, conversation)
    for_ann = await devices["Ann"].event("receipts.changed")
    for_bob = await devices["Bob"].event("receipts.changed")
    assert for_ann["counts"] == [{"seq": anns, "read": 1, "total": 2}]
    assert for_bob["counts"] == [{"seq": bobs, "read": 1, "total": 2}]
    assert not [event for event in devices["Cleo"].events if event["type"] == "receipts.changed"]


async def test_many_readers_at_once_end_in_one_true_count(found: Callable[..., Awaitable[Company]]) -> None:
    names = [f"p{n}" for n in range(40)]
    company = await found("Ann", *names)
    ann = company["Ann"]
    conversation = await company.group("Ann", *names)
    seq = (await ann.send(conversation, "all of you"))["seq"]
    device = await ann.socket()
    await asyncio.gather(*(_read(company[name], conversation, seq) for name in names))
    await device.event("receipts.changed", lambda event: event["counts"] == [{"seq": seq, "read": 40, "total": 40}])
    told = [event["counts"][0]["read"] for event in device.events if event["type"] == "receipts.changed"]
    assert told == sorted(set(told))
    assert len((await _readers(ann, conversation, seq))["read"]) == 40


async def test_a_cursor_moved_is_told_to_the_readers_other_devices(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    await ann.send(conversation, "one")
    seq = (await ann.send(conversation, "two", mentions=["Bob"]))["seq"]
    await ann.send(conversation, "three")
    one, other = await bob.socket(), await bob.socket()
    await one.ask("conversation.read", conversation_id=conversation, seq=seq)
    moved = await other.event("cursor.moved")
    assert moved == {
        "type": "cursor.moved",
        "conversation_id": conversation,
        "head_seq": seq + 1,
        "read_seq": seq,
        "threads_read_seq": 0,
        "mentions": 0,
        "badge": 0,
        "unread": 1,
        "mentioned": False,
    }


# --- times -----------------------------------------------------------------------------------------------------------


async def test_read_at_is_one_time_within_a_minute_and_known_for_each_later_move(
    company: Company, later: Callable[..., None]
) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    seqs = [(await ann.send(conversation, f"m{n}"))["seq"] for n in range(6)]
    await _read(bob, conversation, seqs[0])
    later(seconds=20)
    await _read(bob, conversation, seqs[1])  # goes on with the move before
    early = [await _read_at(ann, conversation, seq, "Bob") for seq in seqs[:2]]
    assert early[0] == early[1]
    later(minutes=3)
    await _read(bob, conversation, seqs[2])
    later(minutes=5)
    await _read(bob, conversation, seqs[4])

    times = [await _read_at(ann, conversation, seq, "Bob") for seq in seqs[:5]]
    assert times[:2] == early
    assert times[2] is not None
    assert times[3] is not None
    assert early[0] is not None
    assert 179 <= (times[2] - early[0]).total_seconds() <= 240
    assert 299 <= (times[3] - times[2]).total_seconds() <= 360
    assert times[3] == times[4]
    assert [each["userid"] for each in (await _readers(ann, conversation, seqs[5]))["unread"]] == ["Bob"]


async def test_own_words_read_what_was_read_but_not_what_was_not(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    await _read(bob, conversation)
    await bob.send(conversation, "had read all")
    mine = (await bob.get(f"/conversations/{conversation}"))["mine"]
    assert mine["read_seq"] == 2
    unread = (await ann.send(conversation, "unread"))["seq"]
    await bob.send(conversation, "without looking")
    assert [each["userid"] for each in (await _readers(ann, conversation, unread))["unread"]] == ["Bob"]
    assert (await bob.get(f"/conversations/{conversation}"))["mine"]["read_seq"] == 2


# --- switched off ----------------------------------------------------------------------------------------------------


async def _set_read_lists(company: Company, **settings: Any) -> None:
    ann = company["Ann"]
    organisation = await ann.get("/organisation")
    body = {"revision": organisation["revision"], "settings": organisation["settings"] | settings}
    await ann.do("PATCH", "/organisation", body)


async def _nothing_leaves(company: Company, conversation: str) -> None:
    ann, bob = company["Ann"], company["Bob"]
    seq = (await ann.send(conversation, "quiet"))["seq"]
    writing, reading = await ann.socket(), await bob.socket()
    await reading.ask("conversation.read", conversation_id=conversation)
    path = f"/conversations/{conversation}/messages"
    refused(await ann.ask("GET", f"{path}/{seq}/readers"), 403, "readers.off")
    await refused_over(writing, "readers.off", "readers", conversation_id=conversation, seq=seq)
    assert all(item["receipts"] is None for item in (await ann.get(path))["items"])
    assert (await ann.get(f"{path}/{seq}"))["receipts"] is None
    assert (await ann.do("PUT", f"{path}/{seq}/reactions/%F0%9F%91%8D"))["receipts"] is None
    await reading.ask("ping")
    assert not [event for event in writing.events if event["type"] == "receipts.changed"]


async def test_read_lists_off_by_the_organisation_neither_lists_nor_counts_leave(company: Company) -> None:
    conversation = await company.group("Ann", "Bob", "Cleo")
    await _set_read_lists(company, read_lists="off")
    await _nothing_leaves(company, conversation)


async def test_read_lists_off_above_n_members_neither_lists_nor_counts_leave(company: Company) -> None:
    large, small = await company.group("Ann", "Bob", "Cleo"), await company.group("Ann", "Bob")
    await _set_read_lists(company, read_lists_up_to=2)
    await _nothing_leaves(company, large)
    seq = (await company["Ann"].send(small, "here it is"))["seq"]
    assert (await _readers(company["Ann"], small, seq))["total"] == 1
    await company["Cleo"].do("POST", f"/conversations/{large}/leave")
    assert (await _readers(company["Ann"], large, 2))["total"] == 2


async def test_read_lists_off_by_the_group_neither_lists_nor_counts_leave(company: Company) -> None:
    conversation = await company.group("Ann", "Bob", "Cleo", read_lists=False)
    await _nothing_leaves(company, conversation)


async def test_switched_off_no_receipts_are_told_where_switched_on_they_are(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    off, on = await company.group("Ann", "Bob", read_lists=False), await company.group("Ann", "Bob")
    for conversation in (off, on):
        await ann.send(conversation, "x")
    device, reading = await ann.socket(), await bob.socket()
    await reading.ask("conversation.read", conversation_id=off)
    await reading.ask("conversation.read", conversation_id=on)
    await device.event("receipts.changed", lambda event: event["conversation_id"] == on)
    assert {event["conversation_id"] for event in device.events if event["type"] == "receipts.changed"} == {on}


# --- pages -----------------------------------------------------------------------------------------------------------

_CROWD = """
    INSERT INTO members (org_id, id, userid, name, pinyin, state, created_at)
    SELECT $1, gen_random_uuid(), 'crowd' || n, 'Crowd ' || n, '', 'active', now() FROM generate_series(1, 2500) AS n
"""
_ALL_IN = """
    INSERT INTO participants (org_id, conversation_id, member_id, joined_seq, joined_at, cursor_seq)
    SELECT $1, $2, id, 1, now(), CASE WHEN right(userid, 1) = '7' THEN 2 ELSE 0 END
    FROM members WHERE org_id = $1 AND userid LIKE 'crowd%'
"""


async def test_read_list_of_more_than_1000_comes_in_pages(
    company: Company, superuser: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob")
    seq = (await ann.send(conversation, "everybody?"))["seq"]
    await superuser.execute(_CROWD, company.org_id)
    await superuser.execute(_ALL_IN, company.org_id, conversation)
    read: list[str] = []
    unread: list[str] = []
    cursor, pages = None, 0
    while True:
        page = await _readers(ann, conversation, seq, **({"cursor": cursor} if cursor else {}))
        assert page["total"] == 2501
        assert len(page["read"]) + len(page["unread"]) <= 1000
        read += [each["userid"] for each in page["read"]]
        unread += [each["userid"] for each in page["unread"]]
        pages += 1
        if (cursor := page["next"]) is None:
            break
    assert pages == 3
    assert (len(read), len(unread)) == (250, 2251)
    assert len({*read, *unread}) == 2501
    item = await ann.get(f"/conversations/{conversation}/messages/{seq}")
    assert item["receipts"] == {"read": 250, "total": 2501}
