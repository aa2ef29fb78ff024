"""Realtime: WebSockets without ASGI, and the fan-out of encoded frames to them. See README.md."""

from pegboard.kernel.realtime.batch import events_frame, reply, reply_error
from pegboard.kernel.realtime.frames import frame
from pegboard.kernel.realtime.handshake import Handshake, Refusal
from pegboard.kernel.realtime.hints import Hearing, Hint, Others, ring_workers, tell_others
from pegboard.kernel.realtime.hub import Hub, Subscriber
from pegboard.kernel.realtime.ordering import Span
from pegboard.kernel.realtime.websocket import Connection, Endpoint, Handler, Limits, websocket_protocol

__all__ = [
    "Connection",
    "Endpoint",
    "Handler",
    "Handshake",
    "Hearing",
    "Hint",
    "Hub",
    "Limits",
    "Others",
    "Refusal",
    "Span",
    "Subscriber",
    "events_frame",
    "frame",
    "reply",
    "reply_error",
    "ring_workers",
    "tell_others",
    "websocket_protocol",
]
