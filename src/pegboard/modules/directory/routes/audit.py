"""HTTP: the organisation's audit log."""

from datetime import datetime
from typing import Annotated, cast

from litestar import get
from litestar.params import Parameter, QueryParameter

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.http.cursors import DEFAULT_LIMIT, Page, decode_cursor, page_of
from pegboard.kernel.http.permissions import requires
from pegboard.modules.directory import policy
from pegboard.modules.directory.routes.members import Limit
from pegboard.modules.directory.schemas import AuditEntry, AuditVerification
from pegboard.modules.directory.service import trail

_TAGS = ["audit"]


@get(
    "/audit",
    opt=requires(policy.READ_AUDIT),
    tags=_TAGS,
    summary="Read the audit log",
    operation_id="audit",
)
async def _entries(
    uow: UnitOfWork,
    actor: Actor,
    action: Annotated[str | None, Parameter(max_length=100)] = None,
    by: Annotated[str | None, QueryParameter(name="actor", max_length=200)] = None,
    after: datetime | None = None,
    before: datetime | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[AuditEntry]:
    """The organisation's log, newest first: one action, one acting member (`actor`: a userid), a span of time."""
    position = cast(tuple[int] | None, decode_cursor(cursor, int))
    found = await trail.read(
        uow,
        actor,
        action=action,
        userid=by,
        after=after,
        before=before,
        before_seq=position[0] if position else None,
        limit=limit + 1,
    )
    return page_of([AuditEntry.of(entry) for entry in found], limit, lambda entry: (entry.seq,))


@get(
    "/audit/verification",
    opt=requires(policy.READ_AUDIT),
    tags=_TAGS,
    summary="Verify the audit log",
    operation_id="verifyAudit",
)
async def _verification(uow: UnitOfWork, actor: Actor) -> AuditVerification:
    """Follow the chain of hashes through the whole log."""
    found = await trail.verify(uow, actor)
    return AuditVerification(rows=found.rows, ok=found.ok, first_bad_seq=found.first_bad_seq)


ROUTES = (_entries, _verification)
