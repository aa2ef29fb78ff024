"""Every error, every power and every "why do I see this" has a text in each language."""

import itertools
from pathlib import Path

import pegboard.modules.attention
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.i18n.check import catalogue_problems
from pegboard.modules.attention.module import MODULE
from pegboard.modules.attention.views import KINDS, State, notice

FOLDER = Path(pegboard.modules.attention.__file__).parent


def test_the_languages_say_the_same() -> None:
    assert catalogue_problems(FOLDER) == []


def test_everything_that_is_told_has_a_text() -> None:
    catalogues = Catalogues([FOLDER])
    states = [
        State(muted=muted, mention_pierces_mute=pierces)
        for muted, pierces in itertools.product((False, True), repeat=2)
    ]
    told = {notice(kind, state).why for kind, state in itertools.product(KINDS, states)}
    told |= {error.code for error in MODULE.errors}
    told |= {f"power.{each.name}" for each in MODULE.permissions if each.level == "power"}
    assert [code for code in sorted(told) if code not in catalogues] == []
    unused = {key for key in catalogues.texts("en") if key.startswith("attention.why.")} - told
    assert unused == set()
