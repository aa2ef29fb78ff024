"""However a stream of frames is cut into packets, the same messages come out."""

import asyncio
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pegboard.kernel.realtime import websocket_protocol
from tests.kernel.realtime.wire import CLOSE, CONTINUATION, PING, PONG, TEXT, Recording, masked, request

masks = st.binary(min_size=4, max_size=4)
controls = st.builds(masked, st.sampled_from([PING, PONG]), st.binary(max_size=125), mask=masks)
texts = st.text(max_size=300) | st.integers(100, 70_000).map(lambda size: "字" * (size // 3))


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A text and the frames that carry it, with control frames between its fragments."""
    text = draw(texts).encode()
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
    parts = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    stream = b"".join(draw(st.lists(controls, max_size=1)))
    for index, part in enumerate(parts):
        opcode = TEXT if index == 0 else CONTINUATION
        stream += masked(opcode, part, fin=index == len(parts) - 1, mask=draw(masks))
        stream += b"".join(draw(st.lists(controls, max_size=1)))
    return text, stream


class Sink:
    """A transport that goes nowhere."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def get_extra_info(self, name: str) -> None:
        return None


@settings(max_examples=150, deadline=None)
@given(st.lists(messages(), min_size=1, max_size=5), st.lists(st.floats(0, 1), max_size=30))
def test_any_split_gives_the_same_messages(sent: list[tuple[bytes, bytes]], places: list[float]) -> None:
    stream = request() + b"".join(frames for _, frames in sent) + masked(CLOSE, b"\x03\xe8")
    cuts = sorted(int(place * len(stream)) for place in places)
    echo, sink = Recording(), Sink()

    async def receive() -> None:
        protocol_class: Any = websocket_protocol({"/echo": echo})
        protocol = protocol_class(None, SimpleNamespace(connections=set()))
        protocol.connection_made(sink)
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            protocol.data_received(stream[start:end])
        await asyncio.sleep(0)
        protocol.connection_lost(None)

    asyncio.run(receive())
    assert echo.last.texts == [text for text, _ in sent]
    assert echo.last.codes == [1000]
    assert sink.closed
