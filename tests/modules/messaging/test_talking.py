"""The thin path: somebody writes, somebody reads, and the writer learns of it."""

import pytest

from tests.support.live_server import Company

pytestmark = pytest.mark.anyio


async def test_a_message_is_sent_read_and_its_author_told(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    writing, reading = await ann.socket(), await bob.socket()

    sent = await writing.ask(
        "message.send", conversation_id=conversation, client_id="c1", kind="text", content={"text": "早安"}
    )
    created = await reading.event("message.created")
    assert created["message"]["seq"] == sent["seq"]
    assert created["message"]["content"] == {"text": "早安"}
    assert created["message"]["sender"] == {"userid": "Ann", "name": "Ann"}

    await reading.ask("conversation.read", conversation_id=conversation, seq=sent["seq"])
    counted = await writing.event("receipts.changed")
    assert counted["counts"] == [{"seq": sent["seq"], "read": 1, "total": 2}]

    readers = await ann.get(f"/conversations/{conversation}/messages/{sent['seq']}/readers")
    assert [each["userid"] for each in readers["read"]] == ["Bob"]
    assert [each["userid"] for each in readers["unread"]] == ["Cleo"]
    assert readers["total"] == 2
    assert readers["read"][0]["read_at"] >= sent["sent_at"][:19]
