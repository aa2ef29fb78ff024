"""Nothing that Pegboard runs on binds those who use it: no GPL and no AGPL among the locked packages."""

import importlib.metadata
import re

import pytest
from packaging.utils import canonicalize_name

from tests.contracts.test_repository import LOCKS, pinned

# "LGPL" is allowed, unmodified (CONTRIBUTING.md); its letters must not match here.
COPYLEFT = re.compile(r"(?<![A-Z])A?GPL|GNU (AFFERO )?GENERAL PUBLIC", re.IGNORECASE)


@pytest.mark.parametrize(
    ("licence", "refused"),
    [
        ("GPL-3.0-or-later", True),
        ("MIT OR AGPL-3.0-only", True),
        ("License :: OSI Approved :: GNU Affero General Public License v3", True),
        ("License :: OSI Approved :: GNU General Public License v2 (GPLv2)", True),
        ("LGPL-3.0-only", False),
        ("License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)", False),
        ("MPL-2.0", False),
    ],
)
def test_the_pattern_tells_gpl_from_lgpl(licence: str, refused: bool) -> None:
    assert bool(COPYLEFT.search(licence)) is refused


@pytest.mark.parametrize("lock", LOCKS)
def test_no_locked_package_is_under_a_licence_that_we_cannot_take(lock: str) -> None:
    locked = pinned(lock)
    faults = []
    for distribution in importlib.metadata.distributions():
        metadata = distribution.metadata
        if canonicalize_name(metadata["Name"]) not in locked:
            continue
        # Only the first line: some packages put the whole text there, and texts speak of other licences too.
        free_text = [text.partition("\n")[0] for text in metadata.get_all("License") or []]
        classifiers = [line for line in metadata.get_all("Classifier") or [] if line.startswith("License ::")]
        said = " | ".join([*(metadata.get_all("License-Expression") or []), *free_text, *classifiers])
        if COPYLEFT.search(said):
            faults.append(f"{metadata['Name']}: {said}")
    assert not faults, "\n".join(faults)
