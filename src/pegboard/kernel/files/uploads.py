"""Uploading: in one piece, or in parts that go on where a broken connection stopped.

No transaction is open while bytes flow: each step writes what it has reached in a unit of work of its own.
The row stands before the first byte is stored, so whatever breaks off is found and collected (file_jobs.py).
"""

import asyncio
import hashlib
import re
import unicodedata
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from pegboard.kernel import metrics
from pegboard.kernel.db.database import Database
from pegboard.kernel.db.statements import Statement
from pegboard.kernel.db.tables import tenant
from pegboard.kernel.db.work import Row, UnitOfWork
from pegboard.kernel.errors import invalid
from pegboard.kernel.files.errors import (
    AlreadyComplete,
    ChecksumMismatch,
    FileIncomplete,
    FileNotFound,
    FileTooLarge,
    FileTypeNotAllowed,
    WrongOffset,
)
from pegboard.kernel.files.images import HEADER_BYTES, dimensions
from pegboard.kernel.files.keys import content_key, part_key
from pegboard.kernel.files.library import FileView, view
from pegboard.kernel.files.models import file_parts, files
from pegboard.kernel.files.stores import FileStore
from pegboard.kernel.files.types import HEAD_BYTES, is_blocked, plain_type, type_of
from pegboard.kernel.ids import MemberId, OrgId, uuid7
from pegboard.kernel.jobs import enqueue
from pegboard.kernel.settings import FilesSettings, Settings

KEPT = timedelta(hours=24)
"""How long an upload may lie unfinished or unused."""
COLLECT = "files.collect"
MAX_NAME_LENGTH = 255

_PART_BYTES = 8 * 1024 * 1024

_ADD = Statement(
    insert(files).values(
        {name: bindparam(name) for name in ("org_id", "file_id", "owner_id", "name", "size", "type", "expected_sha256")}
        | {"created_at": bindparam("now"), "expires_at": bindparam("expires_at"), "state": "uploading"}
    )
)
_UPLOAD = Statement(
    select(files).where(
        tenant(files), files.c.file_id == bindparam("file_id"), files.c.owner_id == bindparam("owner_id")
    )
)
_ADVANCE = Statement(
    update(files)
    .where(
        tenant(files),
        files.c.file_id == bindparam("file_id"),
        files.c.state == "uploading",
        files.c.received == bindparam("start"),
    )
    .values(received=bindparam("end"), expires_at=bindparam("expires_at"))
)
_ADD_PART = Statement(
    insert(file_parts).values({name: bindparam(name) for name in ("org_id", "file_id", "start", "size", "part_id")})
)
_PARTS = Statement(
    select(file_parts)
    .where(tenant(file_parts), file_parts.c.file_id == bindparam("file_id"))
    .order_by(file_parts.c.start)
)
_FORGET_PARTS = Statement(delete(file_parts).where(tenant(file_parts), file_parts.c.file_id == bindparam("file_id")))
_FORGET = Statement(
    delete(files).where(tenant(files), files.c.file_id == bindparam("file_id"), files.c.state != "stored")
)
_STORED = Statement(
    update(files)
    .where(tenant(files), files.c.file_id == bindparam("file_id"), files.c.state == "uploading")
    .values(
        state="stored",
        expires_at=bindparam("expires_at"),
        **{name: bindparam(f"new_{name}") for name in ("size", "received", "type", "sha256", "width", "height")},
    )
    .returning(files)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUpload:
    """What somebody wants to upload. `sha256` is lower-case hex, checked at the end if given."""

    name: str
    size: int
    type: str = ""
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """How far an upload is: `offset` bytes of `size` are here."""

    file_id: UUID
    offset: int
    size: int
    complete: bool


# --- in parts -----------------------------------------------------------------------------------------------


async def start_upload(uow: UnitOfWork, owner_id: MemberId, wanted: NewUpload) -> Upload:
    """Announce a file; its bytes come with `append`."""
    settings = uow.parts[Settings][FilesSettings]
    if wanted.size < 0:
        raise invalid("size", "too_small")
    if wanted.size > settings.max_bytes:
        raise FileTooLarge(limit=settings.max_bytes)
    _check_type([plain_type(wanted.type)], settings)
    file_id = await _add(uow, owner_id, wanted.name, wanted.size, wanted.type, _digest(wanted.sha256))
    return Upload(file_id=file_id, offset=0, size=wanted.size, complete=False)


async def upload_of(uow: UnitOfWork, owner_id: MemberId, file_id: UUID) -> Upload:
    """How far one's own upload is."""
    return _upload(await _own(uow, owner_id, file_id))


async def append(
    database: Database,
    org_id: OrgId,
    owner_id: MemberId,
    file_id: UUID,
    *,
    start: int,
    end: int,
    total: int,
    content: AsyncIterable[bytes],
) -> Upload:
    """Take the bytes from `start` up to and without `end` of an upload that has `total` bytes.

    `WrongOffset` names where to go on. Bytes that arrived before a connection broke stay.
    """
    async with UnitOfWork(database, orgs=(org_id,)) as uow:
        row = await _own(uow, owner_id, file_id)
    if row["state"] != "uploading":
        raise AlreadyComplete
    if total != row["size"] or not start <= end <= total:
        raise invalid("content-range", "invalid")
    if start != row["received"]:
        raise WrongOffset(offset=row["received"])
    offset = start
    async for part in _in_parts(_at_most(content, end - start)):
        offset = await _keep_part(database, org_id, file_id, offset, part)
    return Upload(file_id=file_id, offset=offset, size=total, complete=False)


async def finish(database: Database, org_id: OrgId, owner_id: MemberId, file_id: UUID) -> FileView:
    """Put the parts together, check them against what was announced, and make a file of them.

    An upload that turns out to be damaged or not allowed is dropped. Doing it again gives the same file.
    """
    async with UnitOfWork(database, orgs=(org_id,)) as uow:
        row = await _own(uow, owner_id, file_id)
        parts = await uow.rows(_PARTS, file_id=file_id)
    if row["state"] == "stored":
        return view(row)
    if row["received"] != row["size"]:
        raise FileIncomplete
    store = _store(database)
    return await _complete(database, org_id, row, _joined(store, org_id, file_id, parts))


async def cancel_upload(database: Database, org_id: OrgId, owner_id: MemberId, file_id: UUID) -> None:
    """Drop an upload that is not finished."""
    async with UnitOfWork(database, orgs=(org_id,)) as uow:
        row = await _own(uow, owner_id, file_id)
    if row["state"] != "uploading":
        raise AlreadyComplete
    await _drop(database, org_id, file_id)


# --- in one piece -------------------------------------------------------------------------------------------


async def store_whole(
    database: Database,
    org_id: OrgId,
    owner_id: MemberId,
    *,
    name: str,
    type: str,
    content: AsyncIterable[bytes],
) -> FileView:
    """Store a file whose size shows only at its end."""
    settings = database.parts[Settings][FilesSettings]
    _check_type([plain_type(type)], settings)
    async with UnitOfWork(database, orgs=(org_id,)) as uow:
        file_id = await _add(uow, owner_id, name, 0, type, None)
        row = await _own(uow, owner_id, file_id)
    return await _complete(database, org_id, row, content)


# --- steps --------------------------------------------------------------------------------------------------


async def _add(
    uow: UnitOfWork, owner_id: MemberId, name: str, size: int, type: str, expected_sha256: bytes | None
) -> UUID:
    file_id, expires_at = uuid7(), uow.now() + KEPT
    await uow.execute(
        _ADD,
        file_id=file_id,
        owner_id=owner_id,
        name=clean_name(name),
        size=size,
        type=plain_type(type),
        expected_sha256=expected_sha256,
        now=uow.now(),
        expires_at=expires_at,
    )
    await enqueue(uow, COLLECT, {}, run_at=expires_at, key="collect")
    return file_id


async def _own(uow: UnitOfWork, owner_id: MemberId, file_id: UUID) -> Row:
    row = await uow.one(_UPLOAD, file_id=file_id, owner_id=owner_id)
    if row is None or row["state"] == "removing":
        raise FileNotFound
    return row


def _upload(row: Row) -> Upload:
    return Upload(file_id=row["file_id"], offset=row["received"], size=row["size"], complete=row["state"] == "stored")


async def _keep_part(database: Database, org_id: OrgId, file_id: UUID, start: int, part: bytes) -> int:
    """Store one part and move the offset behind it; the new offset."""
    store, part_id = _store(database), uuid7()
    key = part_key(org_id, file_id, part_id)
    await store.put(key, _once(part))
    end = start + len(part)
    async with UnitOfWork(database, orgs=(org_id,)) as uow:
        moved = await uow.execute(_ADVANCE, file_id=file_id, start=start, end=end, expires_at=uow.now() + KEPT)
        if moved:
            await uow.execute(_ADD_PART, file_id=file_id, start=start, size=len(part), part_id=part_id)
    if not moved:
        # Somebody else has sent these bytes meanwhile (the same person, after a timeout).
        await store.delete(key)
        raise WrongOffset(offset=await _received(database, org_id, file_id))
    return end


async def _received(database: Database, org_id: OrgId, file_id: UUID) -> int:
    statement = Statement(select(files.c.received).where(tenant(files), files.c.file_id == bindparam("file_id")))
    async with UnitOfWork(database, orgs=(org_id,)) as uow:
        return await uow.value(statement, file_id=file_id) or 0


async def _complete(database: Database, org_id: OrgId, row: Row, content: AsyncIterable[bytes]) -> FileView:
    """Write the content to its place, look at it, and say that the file is there."""
    settings = database.parts[Settings][FilesSettings]
    file_id: UUID = row["file_id"]
    seen = _Seen(settings.max_bytes)
    try:
        await _store(database).put(content_key(org_id, file_id), seen.watch(content))
        kind = type_of(seen.head[:HEAD_BYTES], row["type"])
        _check_type([kind, row["type"]], settings)
        if row["expected_sha256"] not in (None, seen.sha256):
            raise ChecksumMismatch
        pixels = await asyncio.to_thread(dimensions, seen.head, kind)
    except BaseException:
        await asyncio.shield(_drop(database, org_id, file_id))
        raise
    width, height = pixels or (None, None)
    async with UnitOfWork(database, orgs=(org_id,)) as uow:
        stored = await uow.one(
            _STORED,
            file_id=file_id,
            expires_at=uow.now() + KEPT,
            new_size=seen.size,
            new_received=seen.size,
            new_type=kind,
            new_sha256=seen.sha256,
            new_width=width,
            new_height=height,
        )
        if stored is None:  # the same bytes came to their end twice at the same time
            stored = await _own(uow, row["owner_id"], file_id)
    metrics.UPLOADED_BYTES.inc(seen.size)
    await forget_parts(database, org_id, file_id)
    return view(stored)


async def _drop(database: Database, org_id: OrgId, file_id: UUID) -> None:
    """Forget an upload and everything stored for it; its row goes last, so that nothing is left without
    one.
    """
    await forget_parts(database, org_id, file_id)
    await _store(database).delete(content_key(org_id, file_id))
    async with UnitOfWork(database, orgs=(org_id,)) as uow:
        await uow.execute(_FORGET, file_id=file_id)


async def forget_parts(database: Database, org_id: OrgId, file_id: UUID) -> None:
    """Delete the parts of an upload that nobody needs any more."""
    async with UnitOfWork(database, orgs=(org_id,)) as uow:
        parts = await uow.rows(_PARTS, file_id=file_id)
    if not parts:
        return
    for part in parts:
        await _store(database).delete(part_key(org_id, file_id, part["part_id"]))
    async with UnitOfWork(database, orgs=(org_id,)) as uow:
        await uow.execute(_FORGET_PARTS, file_id=file_id)


class _Seen:
    """Counts, hashes and keeps the head of what flows by; breaks off beyond the limit."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._hash = hashlib.sha256()
        self._head = bytearray()
        self.size = 0

    @property
    def head(self) -> bytes:
        return bytes(self._head)

    @property
    def sha256(self) -> bytes:
        return self._hash.digest()

    async def watch(self, content: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        async for chunk in content:
            self.size += len(chunk)
            if self.size > self._limit_bytes:
                raise FileTooLarge(limit=self._limit_bytes)
            self._hash.update(chunk)
            if len(self._head) < HEADER_BYTES:
                self._head += chunk[: HEADER_BYTES - len(self._head)]
            yield chunk


async def _in_parts(content: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in parts of 8 MiB. When the content breaks off, what came before is still handed out."""
    waiting = bytearray()
    broken: Exception | None = None
    try:
        async for chunk in content:
            waiting += chunk
            while len(waiting) >= _PART_BYTES:
                yield bytes(waiting[:_PART_BYTES])
                del waiting[:_PART_BYTES]
    except Exception as error:  # noqa: BLE001 -- raised again below, once the rest is safe
        broken = error
    if waiting:
        yield bytes(waiting)
    if broken is not None:
        raise broken


async def _at_most(content: AsyncIterable[bytes], limit: int) -> AsyncIterator[bytes]:
    left = limit
    async for chunk in content:
        if len(chunk) > left:
            raise invalid("content-range", "invalid")
        left -= len(chunk)
        yield chunk


async def _joined(store: FileStore, org_id: OrgId, file_id: UUID, parts: list[Row]) -> AsyncIterator[bytes]:
    for part in parts:
        async for chunk in store.get(part_key(org_id, file_id, part["part_id"])):
            yield chunk


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _store(database: Database) -> FileStore:
    kind: Any = FileStore  # a Protocol as key
    store: FileStore = database.parts[kind]
    return store


def _check_type(types: list[str], settings: FilesSettings) -> None:
    if is_blocked(types, settings.blocked_types):
        raise FileTypeNotAllowed(type=types[0])


def _digest(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        digest = bytes.fromhex(text)
    except ValueError:
        raise invalid("sha256", "invalid") from None
    if len(digest) != hashlib.sha256().digest_size:
        raise invalid("sha256", "invalid")
    return digest


def clean_name(name: str) -> str:
    """A file name without directories and control characters, at most 255 characters, its ending kept."""
    name = re.split(r"[/\\]", name)[-1]
    # Cc: controls, Cs: halves of characters. Direction marks stay: Arabic and Hebrew names need them.
    name = "".join(character for character in name if unicodedata.category(character) not in ("Cc", "Cs")).strip()
    if len(name) > MAX_NAME_LENGTH:
        stem, dot, ending = name.rpartition(".")
        kept = dot + ending if stem and len(ending) <= 16 else ""
        name = name[: MAX_NAME_LENGTH - len(kept)] + kept
    return name if name.strip(".") else "file"
