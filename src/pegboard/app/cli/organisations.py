"""`pegboard org …`."""

import argparse
from typing import Any

from pegboard.app.cli.outcome import CommandRefused, tell
from pegboard.app.cli.running import org_of, unit, with_parts
from pegboard.kernel.db import Database
from pegboard.kernel.errors import BadRequest
from pegboard.kernel.parts import Parts
from pegboard.modules.directory import api as directory


class FileUnreadable(BadRequest):
    """The file cannot be opened."""

    code = "command.file_unreadable"


class RowsWrong(CommandRefused):
    """Rows of the staff list are wrong, and nothing was stored."""

    code = "import.rows_wrong"
    status = 422


def create(parsed: argparse.Namespace) -> int:
    """Found an organisation."""

    async def work(parts: Parts) -> directory.CreatedOrganisation:
        async with unit(parts) as uow:
            return await directory.create_organisation(
                uow,
                name=parsed.name,
                owner_name=parsed.owner_name,
                owner_userid=parsed.owner_userid,
                owner_login=parsed.owner_login,
                owner_password=parsed.owner_password,
            )

    made = with_parts(parsed, work)
    answer = {"org_id": str(made.org_id), "corp_id": made.corp_id, "owner_userid": made.owner_userid}
    return tell(answer, as_json=parsed.json)


def import_staff(parsed: argparse.Namespace) -> int:
    """Import a staff list: all of it or nothing, unless bad rows are to be left out."""
    try:
        data = parsed.file.read_bytes()
    except OSError as error:
        raise FileUnreadable(file=parsed.file, reason=error.strerror) from None

    async def work(parts: Parts) -> directory.ImportResult:
        return await directory.import_staff_list(
            parts[Database],
            org_of(parsed.org),
            data,
            parsed.file.name,
            dry_run=parsed.dry_run,
            skip_errors=parsed.skip_errors,
        )

    result = with_parts(parsed, work)
    errors: list[dict[str, Any]] = [
        {"row": error.row, "column": error.column, "code": error.code, "message": error.message}
        for error in result.errors
    ]
    if result.refused:
        raise RowsWrong({"errors": errors}, count=len(errors))
    return tell({"members": result.members, "departments": result.departments, "errors": errors}, as_json=parsed.json)
