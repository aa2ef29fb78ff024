"""What a refused request looks like, whichever way it came."""

from typing import Any

import httpx

from tests.support.live_server import Socket


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The error of an HTTP answer that has to be this refusal."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"] == code, error
    return error


async def refused_over(socket: Socket, code: str, do: str, **params: Any) -> dict[str, Any]:
    """The error of a command that has to be refused like this."""
    answer = await socket.reply(do, **params)
    assert "error" in answer, answer
    error: dict[str, Any] = answer["error"]
    assert error["code"] == code, error
    return error


def text(words: str, **more: Any) -> dict[str, Any]:
    """The body of a text message."""
    return {"kind": "text", "content": {"text": words}, **more}
