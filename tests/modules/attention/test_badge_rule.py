"""The badge rule, for every kind of happening and every state."""

import itertools
from typing import get_args

import pytest

from pegboard.modules.attention.views import KINDS, Kind, Notice, State, notice

LOUD, CALM, SEEN, NOTHING = "number and sound", "number", "bold", "nothing"

# kind: (not muted, muted, muted and calls by name do not pierce)
TABLE: dict[Kind, tuple[str, str, str]] = {
    "direct": (LOUD, SEEN, SEEN),
    "mention": (LOUD, LOUD, SEEN),
    "mention_all": (LOUD, SEEN, SEEN),
    "reply": (LOUD, LOUD, SEEN),
    "thread_reply": (SEEN, NOTHING, NOTHING),
    "group": (SEEN, NOTHING, NOTHING),
    "system": (NOTHING, NOTHING, NOTHING),
    "robot": (SEEN, NOTHING, NOTHING),
    "ding": (LOUD, LOUD, LOUD),
    "task": (LOUD, LOUD, LOUD),
    "approval": (LOUD, LOUD, LOUD),
}
STATES = [
    State(muted=muted, quiet=quiet, no_numbers=no_numbers, mention_pierces_mute=pierces)
    for muted, quiet, no_numbers, pierces in itertools.product((False, True), repeat=4)
]


def _expected(kind: Kind, state: State) -> tuple[bool, bool, bool]:
    """(number, bold, alert), read from the table; switches and quiet hours each take one thing away."""
    column = 0 if not state.muted else 1 if state.mention_pierces_mute else 2
    loud = TABLE[kind][column] == LOUD
    return loud and not state.no_numbers, TABLE[kind][column] != NOTHING, loud and not state.quiet


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("state", STATES, ids=str)
def test_the_rule(kind: Kind, state: State) -> None:
    told = notice(kind, state)
    assert (told.number, told.bold, told.alert) == _expected(kind, state)


def test_the_table_is_whole() -> None:
    assert set(TABLE) == set(KINDS) == set(get_args(Kind))


@pytest.mark.parametrize(
    ("kind", "state", "why"),
    [
        *((kind, State(), kind) for kind in KINDS),
        ("direct", State(muted=True), "muted"),
        ("group", State(muted=True), "muted"),
        ("mention_all", State(muted=True), "muted"),
        ("mention", State(muted=True), "mention_pierces"),
        ("reply", State(muted=True), "reply_pierces"),
        ("mention", State(muted=True, mention_pierces_mute=False), "muted"),
        ("ding", State(muted=True), "ding"),
        ("system", State(muted=True), "system"),
        ("ding", State(quiet=True), "ding"),
    ],
)
def test_why_do_i_see_this(kind: Kind, state: State, why: str) -> None:
    assert notice(kind, state).why == f"attention.why.{why}"


def test_nothing_sounds_in_quiet_hours_and_nothing_has_a_number_when_switched_off() -> None:
    for kind, state in itertools.product(KINDS, STATES):
        told: Notice = notice(kind, state)
        assert not (state.quiet and told.alert)
        assert not (state.no_numbers and told.number)
        assert told.bold or not (told.number or told.alert)
