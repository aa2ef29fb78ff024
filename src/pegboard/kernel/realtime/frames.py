"""Frames of RFC 6455 that the server sends: built once, written to many."""

from typing import Final

PING: Final = b"\x89\x00"
"""A ping without payload; any byte that comes back counts as the answer."""


def frame(payload: bytes) -> bytes:
    """One whole text frame, unmasked as servers send it (RFC 6455 §5.2). `payload` is UTF-8."""
    return _head(0x81, len(payload)) + payload


def pong(payload: bytes) -> bytes:
    """The answer to a ping that carried `payload` (at most 125 bytes)."""
    return _head(0x8A, len(payload)) + payload


def close_frame(code: int | None, reason: str = "") -> bytes:
    """A close frame; empty without a code. The reason is cut so that the payload fits 125 bytes (§5.5)."""
    if code is None:
        return b"\x88\x00"
    text = reason.encode()[:123].decode(errors="ignore").encode()
    return _head(0x88, 2 + len(text)) + code.to_bytes(2, "big") + text


def _head(first: int, length: int) -> bytes:
    if length < 126:
        return bytes((first, length))
    if length < 1 << 16:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")
