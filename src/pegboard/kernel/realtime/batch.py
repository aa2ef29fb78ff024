"""What the server says: every frame is `{"events":[…]}`, joined from events that are encoded already."""

from collections.abc import Sequence

import msgspec

from pegboard.kernel.realtime.frames import frame


class _Reply(msgspec.Struct, tag="reply"):
    id: int
    ok: msgspec.Raw


class _Error(msgspec.Struct):
    code: str
    message: str


class _ErrorReply(msgspec.Struct, tag="reply"):
    id: int
    error: _Error


_encoder = msgspec.json.Encoder()


def events_frame(events: Sequence[bytes]) -> bytes:
    """One text frame with these JSON events, in this order."""
    return frame(b'{"events":[' + b",".join(events) + b"]}")


def reply(id: int, ok_json: bytes = b"{}") -> bytes:
    """The event that answers command `id` with an encoded JSON value."""
    return _encoder.encode(_Reply(id, msgspec.Raw(ok_json)))


def reply_error(id: int, code: str, message: str) -> bytes:
    """The event that refuses command `id`, with a stable code and a message in the client's language."""
    return _encoder.encode(_ErrorReply(id, _Error(code, message)))
