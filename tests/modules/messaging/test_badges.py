"""What calls somebody, and the number that a conversation carries: exact everywhere it is told."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import asyncpg
import pytest

from tests.support.live_server import Company, Person

pytestmark = pytest.mark.anyio

LONG = "2030-01-01T00:00:00Z"


def _has_read(seq: int, event: dict[str, Any]) -> bool:
    return bool(event["read_seq"] == seq)


async def _counts(person: Person, conversation: str) -> tuple[int, int, int]:
    """(unread, mentions, badge): the same in the conversation, in the list and in the greeting."""
    shown = (await person.get(f"/conversations/{conversation}"))["mine"]
    [listed] = [each for each in (await person.get("/conversations"))["items"] if each["id"] == conversation]
    socket = await person.socket()
    [head] = [each for each in socket.hello["heads"] if each["conversation_id"] == conversation]
    await socket.close()
    told = {tuple(each[name] for name in ("unread", "mentions", "badge")) for each in (shown, listed["mine"], head)}
    assert len(told) == 1, told
    assert shown["mentioned"] == head["mentioned"] == (shown["mentions"] > 0)
    [found] = told
    return (found[0], found[1], found[2])


async def test_in_a_group_only_what_calls_me_has_a_number(company: Company) -> None:
    ann, bob, cleo = company["Ann"], company["Bob"], company["Cleo"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    await ann.send(conversation, "to nobody")
    assert await _counts(bob, conversation) == (1, 0, 0)
    await ann.send(conversation, "to Bob", mentions=["Bob"])
    await ann.send(conversation, "to both", mentions=["Bob", "Cleo"])
    await ann.send(conversation, "to everybody", mentions=["all"])
    await ann.send(conversation, "to everybody, and Bob before all", mentions=["all", "Bob"])
    assert await _counts(bob, conversation) == (5, 4, 4)
    assert await _counts(cleo, conversation) == (5, 3, 3)
    assert await _counts(ann, conversation) == (0, 0, 0)


async def test_in_a_direct_conversation_everything_has_a_number(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = (await ann.do("POST", "/conversations", {"kind": "direct", "userid": "Bob"}))["id"]
    await ann.send(conversation, "one")
    await ann.send(conversation, "two", mentions=["Bob"])
    assert await _counts(bob, conversation) == (2, 1, 2)
    await bob.do("PATCH", f"/conversations/{conversation}/mine", {"muted_until": LONG})
    assert await _counts(bob, conversation) == (2, 1, 1)


async def test_a_reply_calls_the_author_and_nobody_themselves(company: Company) -> None:
    ann, bob, cleo = company["Ann"], company["Bob"], company["Cleo"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    asked = await bob.send(conversation, "does it work?")
    await ann.send(conversation, "it does", reply_to=asked["seq"], also_in_main=True)
    assert await _counts(bob, conversation) == (1, 1, 1)
    assert (await _counts(cleo, conversation))[1:] == (0, 0)
    await bob.send(conversation, "myself", reply_to=asked["seq"], mentions=["Bob"], also_in_main=True)
    await bob.send(conversation, "all", mentions=["all"])
    assert await _counts(bob, conversation) == (1, 1, 1)
    assert (await _counts(cleo, conversation))[1:] == (1, 1)
    system = next(
        each for each in (await bob.get(f"/conversations/{conversation}/messages"))["items"] if not each["sender"]
    )
    await cleo.send(conversation, "welcome", reply_to=system["seq"], also_in_main=True)  # the system is nobody


async def test_counts_follow_the_cursor_message_by_message(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    device = await bob.socket()
    seqs = [(await ann.send(conversation, f"{n}", mentions=["Bob"] if n % 2 else []))["seq"] for n in range(6)]
    for read, expected in ((seqs[0], (5, 3, 3)), (seqs[1], (4, 2, 2)), (seqs[4], (1, 1, 1)), (seqs[5], (0, 0, 0))):
        await bob.do("POST", f"/conversations/{conversation}/read", {"seq": read})
        assert await _counts(bob, conversation) == expected
        told = await device.event("cursor.moved", partial(_has_read, read))
        assert (told["unread"], told["mentions"], told["badge"]) == expected


async def test_a_mute_holds_the_number_back_and_a_call_by_name_gets_through_by_choice(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    await ann.send(conversation, "by name", mentions=["Bob"])
    await ann.send(conversation, "everybody", mentions=["all"])
    mine = await bob.do("PATCH", f"/conversations/{conversation}/mine", {"muted_until": LONG})
    assert (mine["mentions"], mine["badge"]) == (2, 1)
    assert await _counts(bob, conversation) == (2, 2, 1)
    await bob.do("PATCH", "/me/attention", {"revision": 0, "mention_pierces_mute": False})
    assert await _counts(bob, conversation) == (2, 2, 0)
    await bob.do("PATCH", f"/conversations/{conversation}/mine", {"muted_until": None})
    assert await _counts(bob, conversation) == (2, 2, 2)
    await ann.send(conversation, "Bob, as one of all", mentions=["all", "Bob"])
    await bob.do("PATCH", "/me/attention", {"revision": 1, "mention_pierces_mute": True})
    await bob.do("PATCH", f"/conversations/{conversation}/mine", {"muted_until": LONG})
    assert await _counts(bob, conversation) == (3, 3, 2)
    await bob.do("PATCH", "/me/attention", {"revision": 2, "no_numbers": True})
    assert await _counts(bob, conversation) == (3, 3, 0)


async def test_a_mute_ends_by_itself(company: Company, later: Callable[..., None]) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = (await ann.do("POST", "/conversations", {"kind": "direct", "userid": "Bob"}))["id"]
    later(hours=0)
    until = (company.server.clock.now()).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    later(hours=-1)
    await bob.do("PATCH", f"/conversations/{conversation}/mine", {"muted_until": until})
    await ann.send(conversation, "x")
    assert (await _counts(bob, conversation))[2] == 0
    later(hours=2)
    assert (await _counts(bob, conversation))[2] == 1


async def test_who_comes_back_is_not_called_by_what_was_said_meanwhile(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob", "Cleo", history_for_new=False)
    await ann.send(conversation, "before", mentions=["Bob"])
    await bob.do("POST", f"/conversations/{conversation}/leave")
    await ann.send(conversation, "meanwhile", mentions=["all"])
    await ann.do("POST", f"/conversations/{conversation}/members", {"userids": ["Bob"]})
    assert await _counts(bob, conversation) == (0, 0, 0)
    await ann.send(conversation, "again", mentions=["all"])
    assert await _counts(bob, conversation) == (1, 1, 1)


async def test_counts_stop_at_100_and_are_exact_below(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    sending = await ann.socket()

    async def send(times: int, **more: Any) -> None:
        content = {"conversation_id": conversation, "kind": "text", "content": {"text": "x"}, **more}
        await asyncio.gather(*(sending.ask("message.send", **content) for _ in range(times)))

    await send(99, mentions=["Bob"])
    assert await _counts(bob, conversation) == (99, 99, 99)
    await send(4, mentions=["all", "Bob"])
    assert await _counts(bob, conversation) == (100, 100, 100)


async def test_usual_messages_leave_no_row(company: Company, superuser: "asyncpg.Connection[Any]") -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    await ann.send(conversation, "usual")
    seq = (await bob.send(conversation, "usual"))["seq"]
    assert await superuser.fetch("SELECT FROM mentions WHERE conversation_id = $1", conversation) == []
    await ann.send(conversation, "a reply to Bob who is mentioned too", reply_to=seq, mentions=["Bob", "all"])
    rows = await superuser.fetch("SELECT why FROM mentions WHERE conversation_id = $1 ORDER BY why", conversation)
    assert [row["why"] for row in rows] == ["mention", "mention_all"]


async def test_a_call_in_a_thread_stays_until_the_thread_is_read(company: Company) -> None:
    ann, bob, cleo = company["Ann"], company["Bob"], company["Cleo"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    root = (await bob.send(conversation, "who comes?"))["seq"]
    reply = (await ann.send(conversation, "I do", reply_to=root))["seq"]
    await cleo.send(conversation, "Ann, really?", reply_to=reply)
    assert await _counts(bob, conversation) == (1, 1, 1)
    last = await cleo.send(conversation, "Bob?", reply_to=reply, mentions=["Bob"])
    main = await cleo.send(conversation, "in the main line")
    assert await _counts(bob, conversation) == (3, 2, 2)
    await bob.do("POST", f"/conversations/{conversation}/read", {"seq": main["seq"]})
    assert await _counts(bob, conversation) == (2, 2, 2)
    await bob.do("POST", f"/conversations/{conversation}/threads/{root}/read", {"seq": reply})
    assert await _counts(bob, conversation) == (1, 1, 1)
    await bob.do("POST", f"/conversations/{conversation}/threads/{root}/read", {"seq": last["seq"]})
    assert await _counts(bob, conversation) == (0, 0, 0)
    await cleo.send(conversation, "everybody?", reply_to=reply, mentions=["all"])
    assert await _counts(bob, conversation) == (1, 1, 1)
    await bob.do("POST", f"/conversations/{conversation}/read", {})
    assert await _counts(bob, conversation) == (0, 0, 0)
