"""`pegboard migrations …` and `pegboard openapi`: for developers and `make check`. They need no data directory."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pegboard.app.cli.outcome import CommandRefused, tell

T = TypeVar("T")


class SchemaDiffers(CommandRefused):
    """The migrations do not lead to the tables in the code."""

    code = "migrations.differ"
    status = 409


def check(parsed: argparse.Namespace) -> int:
    """Bring an empty database to the head and compare."""
    from pegboard.app.migrate import head
    from pegboard.app.schema_check import differences

    found = _with_new_database(differences)
    if found:
        raise SchemaDiffers({"differences": found}, differences="; ".join(found))
    return tell({"head": head(), "ok": True}, as_json=parsed.json)


def draft(parsed: argparse.Namespace) -> int:
    """Write the next revision file."""
    from pegboard.app.migrate import write_revision

    file = _with_new_database(lambda owner_url: write_revision(owner_url, parsed.message))
    print(f"{file}: read it through before you commit it", file=sys.stderr)
    return 0


def _with_new_database(work: Callable[[str], T]) -> T:
    """Call with the owner's address of a new database, migrated to the present head, in an engine of its own."""
    from pegboard.app.engine import engine
    from pegboard.app.migrate import migrate
    from pegboard.kernel.settings import load

    async def main() -> T:
        with tempfile.TemporaryDirectory(prefix="pegboard-migrations-") as folder:
            settings = load(None, {}, overrides={"server": {"data": Path(folder) / "data"}})
            async with engine(settings, role="migrations") as place:
                await migrate(place.owner_url)
                return await asyncio.to_thread(work, place.owner_url)

    return asyncio.run(main())


def openapi(_parsed: argparse.Namespace) -> int:
    """The document, as it lies in web/openapi.json."""
    from pegboard.app.asgi import described

    print(json.dumps(described(), indent=2, ensure_ascii=False))
    return 0
