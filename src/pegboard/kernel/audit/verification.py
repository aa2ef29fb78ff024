"""Finding out whether anybody has touched the audit log: in the database, or in an export without any
database.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from sqlalchemy import and_, bindparam, func, select

from pegboard.kernel.audit.chain import FIELDS, GENESIS, entry_hash, instant, personal_digest
from pegboard.kernel.audit.models import audit_heads, audit_log, audit_personal
from pegboard.kernel.db.statements import Statement
from pegboard.kernel.db.tables import tenant
from pegboard.kernel.db.work import Row, UnitOfWork

_BATCH = 2000

# One statement, so that head and log are those of one moment.
_ENDS = Statement(
    select(
        select(audit_heads.c.seq).where(tenant(audit_heads)).scalar_subquery().label("head_seq"),
        select(audit_heads.c.hash).where(tenant(audit_heads)).scalar_subquery().label("head_hash"),
        select(func.max(audit_log.c.seq)).where(tenant(audit_log)).scalar_subquery().label("last_seq"),
    )
)
_NEXT = Statement(
    select(audit_log, audit_personal.c.salt, audit_personal.c.data)
    .outerjoin_from(
        audit_log,
        audit_personal,
        and_(audit_personal.c.org_id == audit_log.c.org_id, audit_personal.c.seq == audit_log.c.seq),
    )
    .where(tenant(audit_log), audit_log.c.seq > bindparam("after_seq"), audit_log.c.seq <= bindparam("last_seq"))
    .order_by(audit_log.c.seq)
    .limit(bindparam("batch"))
)

Reason = Literal[
    "missing", "changed", "personal_changed", "beyond_head", "tail_missing", "head_changed", "head_missing"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What came of it. `rows` is how many entries are good before the first bad one; `erased` those of them
    whose personal data is gone. `first_bad_seq` is the first entry that is not what was written, or not
    there.
    """

    rows: int
    erased: int = 0
    first_bad_seq: int | None = None
    reason: Reason | None = None

    @property
    def ok(self) -> bool:
        """Whether the log is whole."""
        return self.first_bad_seq is None


class _Chain:
    """Follows a chain entry by entry; the same for rows and exported lines."""

    def __init__(self) -> None:
        self.seq = 0
        self.hash = GENESIS
        self.erased = 0

    def follow(self, entry: Mapping[str, Any] | Row, salt: bytes | None, data: Any) -> Verification | None:
        """Take the next entry; the verdict if it is a bad one."""
        if entry["seq"] != self.seq + 1:
            return self.broken("missing")
        if _bytes(entry["prev_hash"]) != self.hash or entry_hash(self.hash, entry) != _bytes(entry["hash"]):
            return self.broken("changed")
        if salt is None:
            self.erased += 1
        elif personal_digest(salt, data) != _bytes(entry["personal_digest"]):
            return self.broken("personal_changed")
        self.seq += 1
        self.hash = _bytes(entry["hash"])
        return None

    def end(self, head_seq: int | None, head_hash: bytes | None) -> Verification:
        """The verdict when there are no more entries."""
        if head_seq is None:
            return self.broken("head_missing") if self.seq else Verification(rows=0)
        if head_seq > self.seq:
            return self.broken("tail_missing")
        if head_hash != self.hash:
            return Verification(
                rows=max(0, self.seq - 1),
                erased=self.erased,
                first_bad_seq=max(1, self.seq),
                reason="head_changed",
            )
        return Verification(rows=self.seq, erased=self.erased)

    def broken(self, reason: Reason) -> Verification:
        """The verdict that the entry behind the last good one is bad."""
        return Verification(rows=self.seq, erased=self.erased, first_bad_seq=self.seq + 1, reason=reason)


async def verify(uow: UnitOfWork) -> Verification:
    """Walk the whole chain of the unit's organisation, a batch at a time; stops at the first bad entry."""
    ends = await uow.one(_ENDS)
    assert ends is not None  # noqa: S101 -- a select without a from always gives its one row
    chain = _Chain()
    head_seq: int | None = ends["head_seq"]
    last_seq: int = ends["last_seq"] or 0
    while rows := await uow.rows(_NEXT, after_seq=chain.seq, last_seq=last_seq, batch=_BATCH):
        for row in rows:
            if head_seq is not None and row["seq"] > head_seq:
                return chain.broken("beyond_head")
            if bad := chain.follow(row, row["salt"], row["data"]):
                return bad
    return chain.end(head_seq, ends["head_hash"])


async def export(uow: UnitOfWork) -> AsyncIterator[bytes]:
    """The chain of the unit's organisation as NDJSON (docs/protocol/audit.md): its head first, then every
    entry.
    """
    ends = await uow.one(_ENDS)
    if ends is None or ends["head_seq"] is None:
        return
    yield _line({"org_id": str(uow.org_id), "head_seq": ends["head_seq"], "head_hash": ends["head_hash"].hex()})
    seq = 0
    while rows := await uow.rows(_NEXT, after_seq=seq, last_seq=ends["head_seq"], batch=_BATCH):
        for row in rows:
            line = {name: row[name] for name in (*FIELDS, "prev_hash", "hash")}
            line["at"] = instant(row["at"])
            if row["salt"] is not None:
                line["salt"], line["personal"] = row["salt"], row["data"]
            yield _line({name: _hex(value) for name, value in line.items()})
        seq = rows[-1]["seq"]


def verify_export(lines: Iterable[bytes]) -> Verification:
    """The same verdict on an export, without a database. A line that cannot be read counts as changed."""
    chain = _Chain()
    head: dict[str, Any] | None = None
    try:
        for line in lines:
            fields = msgspec.json.decode(line, type=dict[str, Any])
            if head is None:
                head = fields
                continue
            if fields["seq"] > head["head_seq"]:
                return chain.broken("beyond_head")
            if fields["org_id"] != head["org_id"]:
                return chain.broken("changed")
            salt = _bytes(fields["salt"]) if "salt" in fields else None
            if bad := chain.follow(fields, salt, fields.get("personal")):
                return bad
        return chain.end(head["head_seq"], _bytes(head["head_hash"])) if head else Verification(rows=0)
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError):
        return chain.broken("changed")


def _line(fields: dict[str, Any]) -> bytes:
    return msgspec.json.encode(fields) + b"\n"


def _hex(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _bytes(value: Any) -> bytes:
    return bytes.fromhex(value) if isinstance(value, str) else bytes(value)
