"""What `activity` says, in every language."""

from pathlib import Path

import pegboard.modules.activity
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.i18n.check import catalogue_problems, errors_without_text
from pegboard.modules.activity.acts import ACTS, ANY
from pegboard.modules.activity.module import MODULE

_FOLDER = Path(pegboard.modules.activity.__file__).parent


def test_the_languages_agree_and_every_error_has_a_text() -> None:
    assert catalogue_problems(_FOLDER / "texts") == []
    assert errors_without_text(Catalogues([_FOLDER]), "pegboard.modules.activity") == []


def test_every_power_and_every_act_has_a_title() -> None:
    catalogues = Catalogues([_FOLDER])
    powers = [f"power.{permission.name}" for permission in MODULE.permissions if permission.level == "power"]
    acts = [f"activity.act.{name}" for name in (ANY, *(act.name for act in ACTS))]
    assert [key for key in powers + acts if key not in catalogues] == []
