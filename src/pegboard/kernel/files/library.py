"""Files that are whole: looking them up, and keeping those that somebody uses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select, update

from pegboard.kernel.db.statements import Statement, sql
from pegboard.kernel.db.tables import tenant
from pegboard.kernel.db.work import Row, UnitOfWork
from pegboard.kernel.files.errors import FileNotFound
from pegboard.kernel.files.models import files
from pegboard.kernel.ids import MemberId, OrgId

_FIND = Statement(
    select(files).where(tenant(files), files.c.file_id == bindparam("file_id"), files.c.state == "stored")
)
_ATTACH = Statement(
    update(files)
    .where(
        tenant(files),
        files.c.file_id == bindparam("file_id"),
        files.c.state == "stored",
        # Nobody can take another's fresh upload; what is attached already was shown to somebody.
        or_(files.c.attached, files.c.owner_id == bindparam("owner_id")),
    )
    .values(attached=True, expires_at=None)
    .returning(files)
)
KEEP_MANY = sql("""
    UPDATE files SET attached = true, expires_at = NULL
    FROM unnest(CAST(:orgs AS uuid[]), CAST(:files AS uuid[])) AS used (org, file)
    WHERE files.org_id = used.org AND files.file_id = used.file AND files.state = 'stored'
      AND NOT files.attached
""")
"""Keeps the files of many organisations at once, for a transaction that has checked their owners already."""

_DETACH = Statement(
    update(files)
    .where(and_(tenant(files), files.c.file_id == bindparam("file_id"), files.c.attached))
    .values(attached=False, expires_at=bindparam("expires_at"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A whole file. `type` is what its bytes are; `width` and `height` only for pictures."""

    file_id: UUID
    org_id: OrgId
    owner_id: MemberId
    name: str
    size: int
    type: str
    sha256: str
    width: int | None
    height: int | None
    attached: bool
    created_at: datetime


def view(row: Row) -> FileView:
    """The view of a row."""
    return FileView(
        file_id=row["file_id"],
        org_id=row["org_id"],
        owner_id=row["owner_id"],
        name=row["name"],
        size=row["size"],
        type=row["type"],
        sha256=(row["sha256"] or b"").hex(),
        width=row["width"],
        height=row["height"],
        attached=row["attached"],
        created_at=row["created_at"],
    )


async def open_for(uow: UnitOfWork, file_id: UUID) -> FileView:
    """The whole file of the unit's organisation, or `FileNotFound`. Whether somebody may see it, the caller
    knows.
    """
    row = await uow.one(_FIND, file_id=file_id)
    if row is None:
        raise FileNotFound
    return view(row)


async def attach(uow: UnitOfWork, file_ids: Sequence[UUID], *, owner_id: MemberId) -> list[FileView]:
    """Keep these files for good, since something uses them now; in the order given.

    `owner_id` is who uses them: their own uploads, or files that are in use already (whether they may see
    those, the caller has checked). Anything else is `FileNotFound`. Doing it again does nothing.
    """
    found = []
    for file_id in dict.fromkeys(file_ids):
        row = await uow.one(_ATTACH, file_id=file_id, owner_id=owner_id)
        if row is None:
            raise FileNotFound
        found.append(view(row))
    return found


async def detach(uow: UnitOfWork, file_id: UUID, *, expires_at: datetime) -> None:
    """Nothing uses the file any more: have it collected at `expires_at`."""
    await uow.execute(_DETACH, file_id=file_id, expires_at=expires_at)
