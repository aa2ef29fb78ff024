"""HTTP: uploading in one piece or in parts, and handing content out by signed links."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Request, delete, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import HeaderParameter
from litestar.response import Response, Stream
from multipart import parse_options_header  # type: ignore[import-untyped]  # typed, without the marker

from pegboard.kernel.actor import Actor
from pegboard.kernel.db.database import Database
from pegboard.kernel.db.work import UnitOfWork
from pegboard.kernel.errors import invalid
from pegboard.kernel.files import uploads
from pegboard.kernel.files.errors import RangeNotSatisfiable
from pegboard.kernel.files.keys import content_key
from pegboard.kernel.files.library import FileView, open_for
from pegboard.kernel.files.links import check_link
from pegboard.kernel.files.stores import FileStore
from pegboard.kernel.files.thumbnails import TYPE as THUMBNAIL_TYPE
from pegboard.kernel.files.thumbnails import thumbnail
from pegboard.kernel.files.types import SAFE_IMAGES
from pegboard.kernel.http import body as bodies
from pegboard.kernel.http.errors import UnsupportedMedia
from pegboard.kernel.http.forms import MultipartForm, body_chunks
from pegboard.kernel.http.permissions import Permission, requires
from pegboard.kernel.parts import Parts

UPLOAD = Permission(name="files.upload", level="member", scope="own uploads")
CONTENT = Permission(name="files.content", level="public", scope="signed link")
FILE_PERMISSIONS = (UPLOAD, CONTENT)


# --- what goes over the wire --------------------------------------------------------------------------------


class FileOut(msgspec.Struct, frozen=True, kw_only=True):
    """A whole file. `width` and `height` only for pictures."""

    file_id: UUID
    name: str
    size: int
    type: str
    sha256: str
    width: int | None = None
    height: int | None = None


class StartUpload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Announces a file whose bytes come in parts. `sha256`, in hex, is checked at the end."""

    name: Annotated[str, msgspec.Meta(max_length=1000)]
    size: Annotated[int, msgspec.Meta(ge=0, le=1 << 50)]
    type: Annotated[str, msgspec.Meta(max_length=255)] = ""
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-fA-F]{64}$")] | None = None


class UploadOut(msgspec.Struct, frozen=True, kw_only=True):
    """How far an upload is; `file` once it is complete."""

    file_id: UUID
    offset: int
    size: int
    complete: bool
    file: FileOut | None = None


def file_out(file: FileView) -> FileOut:
    """The wire shape of a file."""
    return FileOut(
        file_id=file.file_id,
        name=file.name,
        size=file.size,
        type=file.type,
        sha256=file.sha256,
        width=file.width,
        height=file.height,
    )


def _upload_out(upload: uploads.Upload, file: FileView | None = None) -> UploadOut:
    return UploadOut(
        file_id=upload.file_id,
        offset=upload.offset,
        size=upload.size,
        complete=upload.complete,
        file=file_out(file) if file else None,
    )


# --- uploading ----------------------------------------------------------------------------------------------

_BINARY = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
_START = Schema(
    type=OpenAPIType.OBJECT,
    required=["name", "size"],
    additional_properties=False,
    properties={
        "name": Schema(type=OpenAPIType.STRING, max_length=1000),
        "size": Schema(type=OpenAPIType.INTEGER, minimum=0, maximum=1 << 50),
        "type": Schema(type=OpenAPIType.STRING, max_length=255),
        "sha256": Schema(type=OpenAPIType.STRING, pattern="^[0-9a-fA-F]{64}$"),
    },
)


@dataclass
class _UploadOperation(Operation):
    """Says in the OpenAPI document what the handler reads by itself."""

    def __post_init__(self) -> None:
        form = Schema(type=OpenAPIType.OBJECT, required=["file"], properties={"file": _BINARY})
        self.request_body = RequestBody(
            required=True,
            description="The file as the form field `file`, or its announcement as JSON.",
            content={
                "multipart/form-data": OpenAPIMediaType(schema=form),
                "application/json": OpenAPIMediaType(schema=_START),
            },
        )


@dataclass
class _PartOperation(Operation):
    """The body is bytes."""

    def __post_init__(self) -> None:
        self.request_body = RequestBody(
            required=True, content={"application/octet-stream": OpenAPIMediaType(schema=_BINARY)}
        )


@dataclass
class _ContentOperation(Operation):
    """The answer is bytes of any type."""

    def __post_init__(self) -> None:
        content = {"*/*": OpenAPIMediaType(schema=_BINARY)}
        self.responses = (self.responses or {}) | {
            "200": OpenAPIResponse(description="The whole file.", content=content),
            "206": OpenAPIResponse(description="The part that was asked for.", content=content),
            "304": OpenAPIResponse(description="The browser has it already."),
        }


@post("/files", opt=requires(UPLOAD), operation_class=_UploadOperation, tags=["files"])
async def upload_file(request: Request[Any, Any, Any], uow: UnitOfWork, actor: Actor) -> Response[FileOut | UploadOut]:
    """Upload a file in one piece (multipart), or announce one that comes in parts (JSON)."""
    kind, _ = parse_options_header(request.headers.get("content-type", ""))
    match kind:
        case "application/json":
            return Response(await _start(request, uow, actor), status_code=201)
        case "multipart/form-data":
            return Response(await _store_form(request, uow.database, actor))
        case _:
            raise UnsupportedMedia


async def _start(request: Request[Any, Any, Any], uow: UnitOfWork, actor: Actor) -> UploadOut:
    wanted: StartUpload = bodies.decode(await request.body(), StartUpload)
    upload = await uploads.start_upload(
        uow,
        actor.me,
        uploads.NewUpload(
            name=wanted.name,
            size=wanted.size,
            type=wanted.type,
            sha256=wanted.sha256.lower() if wanted.sha256 else None,
        ),
    )
    return _upload_out(upload)


async def _store_form(request: Request[Any, Any, Any], database: Database, actor: Actor) -> FileOut:
    form = MultipartForm(request)
    segment = await form.find("file")
    if segment is None:
        raise invalid("file", "required")
    file = await uploads.store_whole(
        database,
        actor.org_id,
        actor.me,
        name=segment.filename or "",
        type=segment.content_type or "",
        content=form.content(),
    )
    return file_out(file)


_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,15})-(\d{1,15})|\*)/(\d{1,15})", re.ASCII)

ContentRange = Annotated[
    str,
    HeaderParameter(
        name="Content-Range",
        description="`bytes <first>-<last>/<total>`; `bytes */<total>` without a body finishes an upload "
        "whose bytes are all here.",
    ),
]


@put(
    "/files/{file_id:uuid}/content",
    opt=requires(UPLOAD),
    operation_class=_PartOperation,
    status_code=200,
    tags=["files"],
)
async def upload_part(
    request: Request[Any, Any, Any],
    file_id: UUID,
    content_range: ContentRange,
    uow: UnitOfWork,
    actor: Actor,
) -> UploadOut:
    """Send bytes of an announced file. 409 `file.wrong_offset` says where to go on."""
    given = _CONTENT_RANGE.fullmatch(content_range)
    if given is None:
        raise invalid("content-range", "invalid")
    first, last, total = given.groups()
    database = uow.database
    upload = await uploads.upload_of(uow, actor.me, file_id)
    await uow.commit()
    if first is not None:
        upload = await uploads.append(
            database,
            actor.org_id,
            actor.me,
            file_id,
            start=int(first),
            end=int(last) + 1,
            total=int(total),
            content=body_chunks(request),
        )
    elif int(total) != upload.size:
        raise invalid("content-range", "invalid")
    if upload.offset < upload.size:
        return _upload_out(upload)
    file = await uploads.finish(database, actor.org_id, actor.me, file_id)
    done = uploads.Upload(file_id=file_id, offset=file.size, size=file.size, complete=True)
    return _upload_out(done, file)


@get("/files/{file_id:uuid}/upload", opt=requires(UPLOAD), tags=["files"])
async def upload_state(file_id: UUID, uow: UnitOfWork, actor: Actor) -> UploadOut:
    """How far one's own upload is."""
    return _upload_out(await uploads.upload_of(uow, actor.me, file_id))


@delete("/files/{file_id:uuid}/upload", opt=requires(UPLOAD), tags=["files"])
async def cancel_upload(file_id: UUID, uow: UnitOfWork, actor: Actor) -> None:
    """Drop one's own unfinished upload."""
    await uploads.cancel_upload(uow.database, actor.org_id, actor.me, file_id)


# --- content ------------------------------------------------------------------------------------------------


@get("/files/content/{signed:str}", opt=requires(CONTENT), operation_class=_ContentOperation, tags=["files"])
async def file_content(
    signed: str,
    uow: UnitOfWork,
    parts: Parts,
    wanted_range: Annotated[str | None, HeaderParameter(name="Range")] = None,
    known: Annotated[str | None, HeaderParameter(name="If-None-Match")] = None,
) -> Stream:
    """The bytes that a signed link names; no cookie and no header is needed. One range at a time."""
    link = check_link(parts, signed)
    await uow.enter(link.org_id)
    file = await open_for(uow, link.file_id)
    kind: Any = FileStore  # a Protocol as key
    store: FileStore = parts[kind]
    key, size, media_type, name = content_key(file.org_id, file.file_id), file.size, file.type, file.name
    if link.variant == "thumbnail":
        key, size = await thumbnail(store, file)
        media_type, name = THUMBNAIL_TYPE, f"{file.name}.webp"
    etag = f'"{file.sha256[:32]}-{link.variant}"'
    headers = content_headers(name, media_type, etag)
    if known is not None and etag in known:
        return Stream(_nothing(), status_code=304, headers=headers)
    span = parse_range(wanted_range, size)
    if span is None:
        headers["content-length"] = str(size)
        return Stream(await _opened(store.get(key)), headers=headers, media_type=media_type)
    start, end = span
    headers |= {"content-range": f"bytes {start}-{end - 1}/{size}", "content-length": str(end - start)}
    content = await _opened(store.get(key, start=start, end=end))
    return Stream(content, status_code=206, headers=headers, media_type=media_type)


def content_headers(name: str, type: str, etag: str) -> dict[str, str]:
    """Whatever the bytes are, a browser runs nothing of them, and shows only plain pictures."""
    how = "inline" if type in SAFE_IMAGES else "attachment"
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", name)
    return {
        "content-disposition": f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "private, max-age=300, immutable",
        "referrer-policy": "no-referrer",
        "accept-ranges": "bytes",
        "etag": etag,
    }


_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def parse_range(wanted: str | None, size: int) -> tuple[int, int] | None:
    """Start and end of one range (RFC 9110 §14.2); None for the whole, also when asked for several."""
    given = _RANGE.fullmatch(wanted.replace(" ", "")) if wanted else None
    if given is None or given.group(0) == "bytes=-":
        return None
    first, last = given.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None
    if start >= size or start >= end:
        raise RangeNotSatisfiable
    return start, end


async def _opened(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes; a store that fails says so here, while there still can be another answer."""
    first = await anext(content, b"")

    async def flow() -> AsyncIterator[bytes]:
        yield first
        async for chunk in content:
            yield chunk

    return flow()


async def _nothing() -> AsyncIterator[bytes]:
    no_chunks: tuple[bytes, ...] = ()
    for chunk in no_chunks:
        yield chunk


file_routes: list[HTTPRouteHandler] = [
    upload_file,
    upload_part,
    upload_state,
    cancel_upload,
    file_content,
]

__all__ = ["FILE_PERMISSIONS", "FileOut", "UploadOut", "file_out", "file_routes"]
