"""HTTP: importing staff lists."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.errors import TooLarge, invalid
from pegboard.kernel.http.forms import MultipartForm
from pegboard.kernel.http.permissions import requires
from pegboard.kernel.i18n import language_of
from pegboard.modules.directory import policy, schemas
from pegboard.modules.directory.schemas import Import, ImportStarted
from pegboard.modules.directory.service import imports

_TAGS = ["directory"]


@dataclass
class _ImportOperation(Operation):
    """Says in the OpenAPI document what the handler reads by itself."""

    def __post_init__(self) -> None:
        file = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        form = Schema(type=OpenAPIType.OBJECT, required=["file"], properties={"file": file})
        self.request_body = RequestBody(
            required=True,
            description="The staff list (CSV or XLSX, at most 32 MiB) as the form field `file`.",
            content={"multipart/form-data": OpenAPIMediaType(schema=form)},
        )


@post(
    "/imports",
    opt=requires(policy.IMPORT),
    operation_class=_ImportOperation,
    tags=_TAGS,
    summary="Import a staff list",
    operation_id="startImport",
    status_code=202,
)
async def _start(
    request: Request[Any, Any, Any],
    uow: UnitOfWork,
    actor: Actor,
    dry_run: bool = False,
    skip_errors: bool = False,
) -> ImportStarted:
    """Import a staff list (CSV or XLSX) in the background: all of it or, if a row is wrong, nothing.

    Columns `userid,name,mobile,email,title,departments,manager_userid,password`. `dry_run` only looks for errors;
    `skip_errors` stores the rows that are right.
    """
    form = MultipartForm(request)
    segment = await form.find("file")
    if segment is None:
        raise invalid("file", "required")
    content = bytearray()
    async for chunk in form.content():
        content += chunk
        if len(content) > imports.MAX_FILE_BYTES:
            raise TooLarge(limit=imports.MAX_FILE_BYTES)
    started = await imports.start_import(
        uow,
        actor,
        bytes(content),
        file_name=segment.filename or "",
        dry_run=dry_run,
        skip_errors=skip_errors,
        language=language_of(request.headers.get("accept-language") or actor.language),
    )
    return ImportStarted(id=started.id, state=started.state)


@get(
    "/imports/{import_id:uuid}",
    opt=requires(policy.IMPORT),
    tags=_TAGS,
    summary="How far an import is",
    operation_id="import",
)
async def _status(import_id: UUID, uow: UnitOfWork, actor: Actor) -> Import:
    """Progress while it runs; then what became of it, for 30 days."""
    found = await imports.import_status(uow, actor, import_id)
    return Import(
        id=found.id,
        state=found.state,
        file_name=found.file_name,
        dry_run=found.dry_run,
        skip_errors=found.skip_errors,
        rows_total=found.rows_total,
        rows_done=found.rows_done,
        members=found.members,
        departments=found.departments,
        created=found.created,
        changed=found.changed,
        invited=found.invited,
        errors=[
            schemas.ImportError(row=error.row, column=error.column, code=error.code, message=error.message)
            for error in found.errors
        ],
        errors_total=found.errors_total,
        created_at=found.created_at,
        finished_at=found.finished_at,
    )


ROUTES = (_start, _status)
