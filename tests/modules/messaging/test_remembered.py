"""A sender whom the committer remembers: what it remembers is never believed once something has changed."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.modules.messaging.refusals import refused, text
from tests.support.live_server import Company, Person

pytestmark = pytest.mark.anyio


async def _silence(ann: Person, conversation: str) -> None:
    await ann.do("PATCH", f"/conversations/{conversation}/members/Bob", {"muted": True})


async def _only_admins_speak(ann: Person, conversation: str) -> None:
    revision = (await ann.get(f"/conversations/{conversation}"))["revision"]
    change = {"revision": revision, "rules": {"speak": "admins"}}
    await ann.do("PATCH", f"/conversations/{conversation}", change)


async def _remove(ann: Person, conversation: str) -> None:
    await ann.do("DELETE", f"/conversations/{conversation}/members/Bob")


async def _dissolve(ann: Person, conversation: str) -> None:
    await ann.do("DELETE", f"/conversations/{conversation}")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (_silence, 403, "conversation.muted"),
        (_only_admins_speak, 403, "conversation.speak_restricted"),
        (_remove, 404, "conversation.not_found"),
        (_dissolve, 409, "conversation.dissolved"),
    ],
)
async def test_a_right_that_is_lost_is_lost_with_the_next_message(
    company: Company, change: Callable[[Person, str], Awaitable[None]], status: int, code: str
) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    for words in ("learned", "remembered"):
        await bob.send(conversation, words)
    await change(ann, conversation)
    refused(await bob.ask("POST", f"/conversations/{conversation}/messages", text("too late")), status, code)
    items = (await company["Cleo"].get(f"/conversations/{conversation}/messages"))["items"]
    assert [item["seq"] for item in items] == list(range(1, len(items) + 1))
    assert "too late" not in [item["content"].get("text") for item in items]


async def test_a_right_that_is_won_counts_at_once(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    await bob.send(conversation, "remembered")
    await _silence(ann, conversation)
    messages = f"/conversations/{conversation}/messages"
    refused(await bob.ask("POST", messages, text("not now")), 403, "conversation.muted")
    await ann.do("PATCH", f"/conversations/{conversation}/members/Bob", {"muted": False})
    await bob.send(conversation, "now")


async def test_messages_of_the_server_move_the_head_between(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    seqs = []
    for number in range(3):
        seqs += [(await bob.send(conversation, f"m{number}"))["seq"], (await bob.send(conversation, "again"))["seq"]]
        revision = (await ann.get(f"/conversations/{conversation}"))["revision"]
        change: dict[str, Any] = {"revision": revision, "name": f"Name {number}"}
        await ann.do("PATCH", f"/conversations/{conversation}", change)
    items = (await ann.get(f"/conversations/{conversation}/messages"))["items"]
    assert [item["seq"] for item in items] == list(range(1, len(items) + 1))
    assert [item["seq"] for item in items if item["kind"] == "text"] == seqs


async def test_the_same_client_id_again_is_the_same_message(company: Company) -> None:
    bob = company["Bob"]
    conversation = await company.group("Ann", "Bob")
    await bob.send(conversation, "remembered")
    first = await bob.send(conversation, "once", client_id="c1")
    await bob.send(conversation, "between")
    assert await bob.send(conversation, "once", client_id="c1") == first
    assert (await bob.send(conversation, "after"))["seq"] == first["seq"] + 2


async def test_own_words_are_read_by_who_had_read_everything(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    await bob.do("POST", f"/conversations/{conversation}/read", {})
    await bob.send(conversation, "learned")
    last = (await bob.send(conversation, "remembered"))["seq"]
    mine = (await bob.get(f"/conversations/{conversation}"))["mine"]
    assert (mine["read_seq"], mine["unread"]) == (last, 0)
    heard = (await ann.send(conversation, "and I?"))["seq"]
    await bob.send(conversation, "unread before me")
    mine = (await bob.get(f"/conversations/{conversation}"))["mine"]
    assert (mine["read_seq"], mine["unread"]) == (heard - 1, 1)
