"""All texts: the kernel's, every module's, and those of the application itself (app/texts)."""

from collections.abc import Sequence
from pathlib import Path

from pegboard.app.registry import MODULES
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.module import Module


def all_texts(modules: Sequence[Module] = MODULES) -> Catalogues:
    """The catalogues of this program."""
    return Catalogues([*(module.folder for module in modules), Path(__file__).parent])
