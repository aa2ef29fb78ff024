"""Imports every table, so that the schema's metadata is whole: tables live in files named `models.py`."""

import importlib
from pathlib import Path

import pegboard

_PACKAGE = Path(pegboard.__file__).parent


def load() -> None:
    """From here on `pegboard.kernel.db.metadata` knows every table."""
    for file in sorted((*_PACKAGE.glob("kernel/*/models.py"), *_PACKAGE.glob("modules/*/models.py"))):
        importlib.import_module(".".join(file.relative_to(_PACKAGE.parent).with_suffix("").parts))
