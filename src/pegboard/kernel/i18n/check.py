"""What tests ask of catalogues: the same keys and places in every language, a text for every error."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from pegboard.kernel.errors import PegboardError
from pegboard.kernel.i18n.catalogues import PLACE, Catalogues, read
from pegboard.kernel.i18n.languages import DEFAULT_LANGUAGE, LANGUAGES


def catalogue_problems(folder: Path) -> list[str]:
    """Where the languages of one `texts` folder differ in keys or places, or leave a text empty."""
    original = read(folder, DEFAULT_LANGUAGE)
    problems = [f"{DEFAULT_LANGUAGE}: {key}: empty" for key, text in original.items() if not text.strip()]
    for language in LANGUAGES:
        texts = read(folder, language)
        problems += [f"{language}: {key}: missing" for key in sorted(original.keys() - texts.keys())]
        problems += [f"{language}: {key}: not in {DEFAULT_LANGUAGE}" for key in sorted(texts.keys() - original.keys())]
        for key in sorted(original.keys() & texts.keys()):
            if places(texts[key]) != places(original[key]):
                problems.append(f"{language}: {key}: other places than in {DEFAULT_LANGUAGE}")
            if not texts[key].strip() and language != DEFAULT_LANGUAGE:
                problems.append(f"{language}: {key}: empty")
    return problems


def places(text: str) -> set[str]:
    """The names of the places in a text."""
    return set(PLACE.findall(text))


def errors_without_text(catalogues: Catalogues, package: str) -> list[str]:
    """Codes of the errors defined below `package` (its modules are imported) that no catalogue has a text
    for.
    """
    import_all(package)
    return sorted(
        {
            error.code
            for error in subclasses(PegboardError)
            if error.__module__.partition(".")[0] == package.partition(".")[0]
            and error.__module__.startswith(package)
            and error.code not in catalogues
        }
    )


def import_all(package: str) -> Iterable[str]:
    """Import every module below a package, so that their classes can be walked."""
    root = importlib.import_module(package)
    names = [found.name for found in pkgutil.walk_packages(root.__path__, f"{package}.")]
    for name in names:
        # Scripts that are run and never imported start with an underscore, like `_launch`.
        if not name.rpartition(".")[2].startswith("_"):
            importlib.import_module(name)
    return names


def subclasses(kind: type[PegboardError]) -> Iterator[type[PegboardError]]:
    """The class and everything below it."""
    yield kind
    for child in kind.__subclasses__():
        yield from subclasses(child)
