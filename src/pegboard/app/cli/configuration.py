"""`pegboard config …`."""

import argparse

from pegboard.app.cli.outcome import tell
from pegboard.app.cli.running import settings_of
from pegboard.app.registry import MODULES


def check(parsed: argparse.Namespace) -> int:
    """Raise what is wrong with the settings; say where they came from."""
    settings = settings_of(parsed)
    file = str(settings.config_file) if settings.config_file else None
    return tell({"ok": True, "config_file": file}, as_json=parsed.json)


def describe(_parsed: argparse.Namespace) -> int:
    """The content of docs/operations/settings.md."""
    from pegboard.kernel.settings import settings_page

    sections = {module.name: module.settings for module in MODULES if module.settings is not None}
    print(settings_page(sections), end="")
    return 0
