"""Writers who never give up: what was not acknowledged is sent again under the same client_id, over a new socket."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import websockets

GIVE_UP_S = 60
"""Within this time a killed server has to acknowledge again; it promises 10 s."""
_PAUSE_S = 0.05
_BREATH_S = 0.02  # twenty of them still keep every commit busy


@dataclass(kw_only=True)
class Writer:
    """One socket of one person, who writes one message after the other into one conversation."""

    url: str
    token: str
    name: str
    conversation_id: str
    acknowledged: dict[str, tuple[str, int]] = field(default_factory=dict)
    sent_again: int = 0
    stopped: bool = False

    async def run(self) -> None:
        """Write until stopped; the last message is acknowledged too."""
        number = 0
        while not self.stopped:
            number += 1
            await self._send(f"{self.name}-{number}")
            await asyncio.sleep(_BREATH_S)

    async def _send(self, client_id: str) -> None:
        async with asyncio.timeout(GIVE_UP_S):
            first = True
            while client_id not in self.acknowledged:
                self.sent_again += not first
                try:
                    await self._try(client_id)
                except (OSError, websockets.WebSocketException, _NotNow):
                    await self.close()
                    await asyncio.sleep(_PAUSE_S)
                first = False

    _connection: websockets.ClientConnection | None = None

    async def _try(self, client_id: str) -> None:
        if self._connection is None:
            url = f"{self.url.replace('http', 'ws')}/api/v1/realtime"
            self._connection = await websockets.connect(url, compression=None, proxy=None, max_size=None)
            await self._command("authenticate", token=self.token)
        content = {"kind": "text", "content": {"text": client_id}}
        sent = await self._command("message.send", conversation_id=self.conversation_id, client_id=client_id, **content)
        self.acknowledged[client_id] = (sent["id"], sent["seq"])

    async def _command(self, do: str, **params: Any) -> Any:
        assert self._connection is not None
        await self._connection.send(msgspec.json.encode({"id": 1, "do": do, **params}).decode())
        while True:
            frame = msgspec.json.decode(await self._connection.recv())
            for event in frame["events"]:
                if event["type"] == "reply":
                    if "ok" not in event:
                        raise _NotNow(event["error"]["code"])
                    return event["ok"]

    async def close(self) -> None:
        """Go away."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def hang_up(self) -> None:
        """Go without a word: a goodbye would wait behind all that nobody has read."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.transport.abort()


class _NotNow(Exception):
    """The server refused; after a crash it may not know yet that its database is back."""


async def everything(client: httpx.AsyncClient, conversation_id: str) -> list[dict[str, Any]]:
    """All messages of a conversation, page by page."""
    items: list[dict[str, Any]] = []
    while True:
        after = items[-1]["seq"] if items else 0
        answer = await client.get(
            f"/api/v1/conversations/{conversation_id}/messages", params={"after_seq": after, "limit": 1000}
        )
        assert answer.status_code == 200, answer.text
        page = answer.json()
        items += page["items"]
        if page["next"] is None:
            return items


def assert_kept(writers: Sequence[Writer], items: Sequence[dict[str, Any]]) -> None:
    """Every acknowledged message is there once, under its id and seq; and the numbers have no gap."""
    assert [item["seq"] for item in items] == list(range(1, len(items) + 1)), "a gap, or a number twice"
    found: dict[str, tuple[str, int]] = {}
    for item in items:
        if item["kind"] == "text":
            text = item["content"]["text"]
            assert text not in found, f"{text} is there twice"
            found[text] = (item["id"], item["seq"])
    acknowledged = {client_id: place for writer in writers for client_id, place in writer.acknowledged.items()}
    lost = {client_id: place for client_id, place in acknowledged.items() if found.get(client_id) != place}
    assert not lost, f"acknowledged, and not there as acknowledged: {lost}"
    assert found.keys() == acknowledged.keys()
