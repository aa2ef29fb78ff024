"""What the directory says, in every language."""

from pathlib import Path

import pegboard.modules.directory
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.i18n.check import catalogue_problems, errors_without_text
from pegboard.modules.directory.module import MODULE

_FOLDER = Path(pegboard.modules.directory.__file__).parent


def test_the_languages_agree_and_every_error_has_a_text() -> None:
    assert catalogue_problems(_FOLDER / "texts") == []
    assert errors_without_text(Catalogues([_FOLDER]), "pegboard.modules.directory") == []


def test_every_power_has_a_title() -> None:
    catalogues = Catalogues([_FOLDER])
    assert [power.name for power in MODULE.permissions if f"power.{power.name}" not in catalogues] == []
