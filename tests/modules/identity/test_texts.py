"""What identity says, in every language."""

from pathlib import Path

import pegboard.modules.identity
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.i18n.check import catalogue_problems, errors_without_text
from pegboard.modules.identity.module import MODULE

_FOLDER = Path(pegboard.modules.identity.__file__).parent


def test_the_languages_agree_and_every_error_has_a_text() -> None:
    assert catalogue_problems(_FOLDER / "texts") == []
    assert errors_without_text(Catalogues([_FOLDER]), "pegboard.modules.identity") == []


def test_the_manifest_names_every_error() -> None:
    from pegboard.modules.identity import errors

    defined = {kind for kind in vars(errors).values() if isinstance(kind, type) and kind.__module__ == errors.__name__}
    assert set(MODULE.errors) == defined
