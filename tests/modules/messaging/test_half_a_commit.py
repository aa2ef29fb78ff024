"""A batch whose one part is true and whose other part fails: what is true is told, once, and the rest is tried again.

With several processes that is a deadlock's usual end.
"""

import asyncio
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from pegboard.kernel.actor import Actor
from pegboard.modules.messaging import store
from pegboard.modules.messaging.service.sending import Messenger
from pegboard.modules.messaging.views import MessageDraft
from tests.support.live_server import Company, Person

pytestmark = pytest.mark.anyio


def _is(message_id: UUID, event: dict[str, Any]) -> bool:
    return bool(event["message"]["id"] == str(message_id))


def _actor(person: Person) -> Actor:
    return Actor(org_id=person.org_id, member_id=person.member_id, userid=person.userid, name=person.userid)


async def test_what_is_true_is_told_though_the_rest_fails(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, bob, cleo = company["Ann"], company["Bob"], company["Cleo"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    other = await company.group("Cleo", "Ann")
    device = await ann.socket()
    await bob.send(conversation, "remembered from here on")
    asked, locked_standings = [], store.locked_standings

    async def fails_once(*arguments: Any) -> Any:
        asked.append(arguments)
        if len(asked) == 1:
            raise asyncpg.DeadlockDetectedError
        return await locked_standings(*arguments)

    monkeypatch.setattr(store, "locked_standings", fails_once)

    async def both() -> list[Any]:
        messenger = company.server.parts[Messenger]

        def draft(word: str) -> MessageDraft:
            return MessageDraft(kind="text", content=b'{"text":"%s"}' % word.encode(), client_id=word)

        return list(
            await asyncio.gather(
                messenger.send_draft(_actor(bob), UUID(conversation), draft("from-memory")),
                messenger.send_draft(_actor(cleo), UUID(other), draft("with-lock")),
            )
        )

    sent = await company.server.acall(both)
    assert len(asked) >= 2, "the second part was not tried again"
    for message in sent:
        await device.event("message.created", partial(_is, message.message_id))
    await device.ask("ping")
    told = [event["message"]["id"] for event in device.events if event["type"] == "message.created"]
    assert [told.count(str(message.message_id)) for message in sent] == [1, 1]
    for place, word in ((conversation, "from-memory"), (other, "with-lock")):
        items = (await ann.get(f"/conversations/{place}/messages"))["items"]
        assert [item["content"].get("text") for item in items].count(word) == 1
        assert [item["seq"] for item in items] == list(range(1, len(items) + 1))
