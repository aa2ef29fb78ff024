"""Events of two processes in one order, whichever came first."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegboard.kernel.realtime.ordering import Line, Span


def _through(line: Line, *spans: Span) -> list[bytes | None]:
    return [frame for span in spans for frame in line.take(span, str(span).encode())]


def _frames(*spans: Span) -> list[bytes]:
    return [str(span).encode() for span in spans]


def test_who_knows_no_predecessor_waits_for_none() -> None:
    line = Line()
    assert _through(line, Span(40, 42)) == _frames(Span(40, 42))
    assert not line.waits


EVENTS = [Span(2, 2), Span(3, 5), Span(6, 6), Span(4, 4, rev=1), Span(4, 4, rev=2)]


@pytest.mark.parametrize("order", list(permutations(EVENTS)))
def test_whatever_the_order_of_arrival_clients_hear_it_in_order(order: tuple[Span, ...]) -> None:
    line = Line()
    heard = _through(line, Span(1, 1), *order)
    assert not line.waits
    assert sorted(heard, key=str) == sorted(_frames(Span(1, 1), *EVENTS)), "each once"
    places = {span: heard.index(frame) for span, frame in zip(EVENTS, _frames(*EVENTS), strict=True)}
    assert places[Span(2, 2)] < places[Span(3, 5)] < places[Span(6, 6)]
    assert places[Span(3, 5)] < min(places[Span(4, 4, rev=1)], places[Span(4, 4, rev=2)]), (
        "no change before its message"
    )


def test_what_waits_too_long_is_let_go_in_order() -> None:
    line = Line()
    _through(line, Span(1, 1))
    assert _through(line, Span(4, 4), Span(3, 3)) == []
    assert line.waits
    assert list(line.let_go()) == _frames(Span(3, 3), Span(4, 4))
    assert _through(line, Span(2, 2)) == _frames(Span(2, 2)), "late: clients know it, or have asked"
    assert _through(line, Span(5, 5)) == _frames(Span(5, 5))


def test_a_message_after_its_own_change_sends_clients_to_catch_up() -> None:
    line = Line()
    _through(line, Span(1, 1))
    assert _through(line, Span(2, 2, rev=1)) == []
    assert list(line.let_go()) == _frames(Span(2, 2, rev=1))
    assert _through(line, Span(2, 2)) == [None, *_frames(Span(2, 2))], "it is as it was before the change"


def test_the_same_where_nothing_was_known_before() -> None:
    line = Line()
    assert _through(line, Span(7, 7, rev=3)) == _frames(Span(7, 7, rev=3))
    assert _through(line, Span(7, 7)) == [None, *_frames(Span(7, 7))]
    assert _through(line, Span(8, 8)) == _frames(Span(8, 8))


@given(st.permutations([Span(seq, seq) for seq in range(2, 12)]))
def test_every_shuffle_comes_out_sorted(shuffled: list[Span]) -> None:
    assert _through(Line(), Span(1, 1), *shuffled) == _frames(*(Span(seq, seq) for seq in range(1, 12)))
