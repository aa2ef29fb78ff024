"""A group that hides from newcomers what was before them: wherever one might look."""

from typing import Any

import pytest

from tests.modules.messaging.refusals import refused, refused_over, text
from tests.support.live_server import Company

pytestmark = pytest.mark.anyio

SECRET = "before Dan"


async def _group_with_newcomer(company: Company, **rules: Any) -> tuple[str, int]:
    """A group that Dan joined after a secret; and the secret's seq."""
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob", **rules)
    seq: int = (await ann.send(conversation, SECRET, mentions=["all"]))["seq"]
    await ann.do("PUT", f"/conversations/{conversation}/messages/{seq}/reactions/%F0%9F%91%8D")
    await ann.do("POST", f"/conversations/{conversation}/members", {"userids": ["Dan"]})
    return conversation, seq


async def test_history_for_new_members_hides_older_messages_everywhere(company: Company) -> None:
    ann, dan = company["Ann"], company["Dan"]
    conversation, secret = await _group_with_newcomer(company, history_for_new=False)
    one = f"/conversations/{conversation}"
    socket = await dan.socket()

    shown = await dan.get(one)
    first = shown["mine"]["first_seq"]
    assert first == secret + 1  # that Dan joined
    assert (shown["mine"]["unread"], shown["mine"]["mentioned"]) == (0, False)
    [head] = [head for head in socket.hello["heads"] if head["conversation_id"] == conversation]
    assert (head["unread"], head["mentioned"]) == (0, False)

    for params in ({}, {"after_seq": 0}, {"before_seq": first + 1}, {"before_seq": secret + 1}):
        items = (await dan.get(f"{one}/messages", **params))["items"]
        assert all(item["seq"] >= first for item in items), params
    assert (await dan.get(f"{one}/changes", after_rev=0))["items"] == []
    after = await socket.ask("messages.after", conversation_id=conversation, seq=0)
    assert [item["seq"] for item in after["items"]] == [first]
    assert (await socket.ask("messages.changed", conversation_id=conversation, rev=0))["items"] == []
    for method, path, body in (
        ("GET", f"{one}/messages/{secret}", None),
        ("GET", f"{one}/messages/{secret}/readers", None),
        ("GET", f"{one}/messages/{secret}/history", None),
        ("GET", f"{one}/messages/{secret}/file", None),
        ("PUT", f"{one}/messages/{secret}/reactions/%F0%9F%91%8D", None),
        ("POST", f"{one}/messages/{secret}/recall", None),
        ("PATCH", f"{one}/messages/{secret}", {"content": {"text": "x"}, "rev": 0}),
        ("POST", f"{one}/forwards", {"from_conversation_id": conversation, "seqs": [secret]}),
    ):
        refused(await dan.ask(method, path, body), 404, "message.not_found")
    await refused_over(socket, "message.not_found", "readers", conversation_id=conversation, seq=secret)
    reply = text("about that", reply_to=secret)
    refused(await dan.ask("POST", f"{one}/messages", reply), 422, "message.reply_not_found")
    await refused_over(socket, "message.reply_not_found", "message.send", conversation_id=conversation, **reply)

    # The others see everything, and Dan what comes from then on.
    assert (await company["Bob"].get(f"{one}/messages/{secret}"))["content"] == {"text": SECRET}
    await ann.send(conversation, "after Dan")
    assert (await dan.get(one))["mine"]["unread"] == 1
    assert SECRET not in str((await dan.get("/conversations"))["items"])


async def test_a_quote_of_a_hidden_message_shows_no_words_of_it(company: Company) -> None:
    ann, dan = company["Ann"], company["Dan"]
    conversation, secret = await _group_with_newcomer(company, history_for_new=False)
    seq = (await ann.send(conversation, "as I said", reply_to=secret))["seq"]
    path = f"/conversations/{conversation}/messages"
    for shown in (await dan.get(f"{path}/{seq}"), (await dan.get(path))["items"][-1]):
        assert shown["reply_to"]["seq"] == secret
        assert shown["reply_to"]["excerpt"] == ""
    assert (await ann.get(f"{path}/{seq}"))["reply_to"]["excerpt"] == SECRET


async def test_who_comes_back_sees_from_then_on_and_has_nothing_hidden_unread(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob", history_for_new=False)
    one = f"/conversations/{conversation}"
    await ann.send(conversation, "unread by Bob")
    await bob.do("POST", f"{one}/leave")
    await ann.send(conversation, "without Bob", mentions=["all"])
    await ann.do("POST", f"{one}/members", {"userids": ["Bob"]})
    mine = (await bob.get(one))["mine"]
    assert (mine["unread"], mine["mentioned"]) == (0, False)
    [head] = [each for each in (await bob.socket()).hello["heads"] if each["conversation_id"] == conversation]
    assert (head["unread"], head["mentioned"]) == (0, False)
    assert [item["kind"] for item in (await bob.get(f"{one}/messages"))["items"]] == ["system"]
    await ann.send(conversation, "welcome back", mentions=["Bob"])
    mine = (await bob.get(one))["mine"]
    assert (mine["unread"], mine["mentioned"]) == (1, True)


async def test_history_for_new_members_shows_everything_and_counts_it_as_read(company: Company) -> None:
    dan = company["Dan"]
    conversation, secret = await _group_with_newcomer(company)
    mine = (await dan.get(f"/conversations/{conversation}"))["mine"]
    assert (mine["first_seq"], mine["unread"], mine["mentioned"]) == (1, 0, False)
    items = (await dan.get(f"/conversations/{conversation}/messages"))["items"]
    assert items[0]["seq"] == 1
    reply = await dan.send(conversation, "I see", reply_to=secret)
    shown = await dan.get(f"/conversations/{conversation}/messages/{reply['seq']}")
    assert shown["reply_to"]["excerpt"] == SECRET
