"""Texts by key and language, from the `texts` folders of the kernel and the modules."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from pegboard.kernel.i18n.languages import DEFAULT_LANGUAGE, LANGUAGES

KERNEL_FOLDER = Path(__file__).parent
PLACE = re.compile(r"\{(\w+)\}")


class DuplicateText(ValueError):
    """Two catalogues give a text to the same key: keys are the same everywhere, so one would hide the
    other.
    """


class Catalogues:
    """All texts of the process. `folders` are module folders; each may have `texts/{en,zh-TW,zh-CN}.json`."""

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        self._texts: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
        for folder in (KERNEL_FOLDER, *folders):
            for language in LANGUAGES:
                self._add(language, read(folder, language), folder)

    def _add(self, language: str, texts: Mapping[str, str], folder: Path) -> None:
        if twice := self._texts[language].keys() & texts.keys():
            raise DuplicateText(f"{folder}: {', '.join(sorted(twice))}")
        self._texts[language].update(texts)

    def __contains__(self, key: str) -> bool:
        return key in self._texts[DEFAULT_LANGUAGE]

    def text(self, key: str, language: str, /, **params: object) -> str:
        """The text with its places filled; English where the language lacks it, the key itself where all do.

        Never fails: it is how errors are told. A place without a parameter stays as it is written.
        """
        texts = self._texts.get(language, {})
        template = texts.get(key) or self._texts[DEFAULT_LANGUAGE].get(key, key)
        return PLACE.sub(lambda place: _shown(params.get(place[1], place[0])), template)

    def texts(self, language: str) -> Mapping[str, str]:
        """Every text of one language."""
        return self._texts[language]


def read(folder: Path, language: str) -> dict[str, str]:
    """One catalogue file; empty if there is none."""
    file = folder / "texts" / f"{language}.json"
    return msgspec.json.decode(file.read_bytes(), type=dict[str, str]) if file.is_file() else {}


def _shown(value: object) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(str(item) for item in value)
    return str(value)
