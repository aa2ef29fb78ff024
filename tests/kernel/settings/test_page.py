"""The page about all settings is that of the code."""

from pathlib import Path

import msgspec

from pegboard.app.registry import MODULES
from pegboard.kernel.settings import Secret, describe, settings_page

PAGE = Path(__file__).parents[3] / "docs" / "operations" / "settings.md"


def module_sections() -> dict[str, type[msgspec.Struct]]:
    return {module.name: module.settings for module in MODULES if module.settings is not None}


def test_the_page_is_current() -> None:
    current = settings_page(module_sections())
    assert PAGE.read_text(encoding="utf-8") == current, "run `pegboard config describe > docs/operations/settings.md`"


def test_every_setting_is_described() -> None:
    nameless = [f"{text.section}.{text.name}" for text in describe(module_sections()) if not text.text]
    assert nameless == []


def test_no_secret_has_a_default_to_show() -> None:
    assert all(text.default in (None, '""') for text in describe(module_sections()) if text.secret)
    assert Secret("x") not in settings_page(module_sections()).split("`")
