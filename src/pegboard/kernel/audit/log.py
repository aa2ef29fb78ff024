"""Writing to the audit log, and reading it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from pegboard.kernel.actor import Account, Actor
from pegboard.kernel.audit.chain import GENESIS, entry_hash, personal_digest, plain
from pegboard.kernel.audit.models import audit_heads, audit_log, audit_personal
from pegboard.kernel.db.statements import Statement
from pegboard.kernel.db.tables import tenant
from pegboard.kernel.db.work import Row, UnitOfWork
from pegboard.kernel.ids import NO_ORG, OrgId

_KEY = object()

_LOCK_HEAD = Statement(select(audit_heads.c.seq, audit_heads.c.hash).where(tenant(audit_heads)).with_for_update())
_NEW_HEAD = Statement(
    insert(audit_heads).values({name: bindparam(name) for name in ("org_id", "seq", "hash")}).on_conflict_do_nothing()
)
_MOVE_HEAD = Statement(
    update(audit_heads).where(tenant(audit_heads)).values(seq=bindparam("seq"), hash=bindparam("hash"))
)
_ADD = Statement(insert(audit_log).values({column.name: bindparam(column.name) for column in audit_log.c}))
_ADD_PERSONAL = Statement(
    insert(audit_personal).values({column.name: bindparam(column.name) for column in audit_personal.c})
)


def record(
    uow: UnitOfWork,
    actor: Actor | Account | None,
    *,
    action: str,
    object_: str,
    detail: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
    on_behalf_of: UUID | None = None,
    org_id: OrgId | None = None,
    client_ip: str = "",
) -> None:
    """Note a deed; it stands in the log if and only if the unit of work comes true.

    `action` is named in the past tense (`member.created`), `object_` is kind and id (`member:E1001`).
    `detail` holds before and after where they are small; what concerns persons (names, numbers, addresses)
    goes into `personal`, which can be erased later without breaking the chain. The actor's name and address
    always do. The entry belongs to `org_id`: by default the actor's organisation, for an account or nobody
    NO_ORG.
    """
    data = {
        "actor_name": actor.name if actor else "",
        "actor_ip": client_ip or (actor.client_ip if actor else ""),
    }
    _gathered(uow).setdefault(org_id or _org_of(actor), []).append(
        {
            "at": uow.now(),
            "actor_kind": _kind_of(actor),
            "actor_id": _id_of(actor),
            "on_behalf_of": on_behalf_of,
            "action": plain(action),
            "object": plain(object_),
            "detail": plain(detail or {}),
            "request_id": plain(uow.request_id),
            "personal": plain({**data, **(personal or {})}),
        }
    )


def _gathered(uow: UnitOfWork) -> dict[OrgId, list[dict[str, Any]]]:
    waiting: dict[OrgId, list[dict[str, Any]]] | None = uow.gathered.get(_KEY)
    if waiting is None:
        waiting = uow.gathered[_KEY] = {}
        uow.before_commit(_write)
    return waiting


def _org_of(actor: Actor | Account | None) -> OrgId:
    return actor.org_id if isinstance(actor, Actor) else NO_ORG


def _kind_of(actor: Actor | Account | None) -> str:
    match actor:
        case Actor():
            return actor.kind
        case Account():
            return "account"
        case None:
            return "nobody"


def _id_of(actor: Actor | Account | None) -> UUID | None:
    match actor:
        case Actor():
            return actor.member_id
        case Account():
            return actor.account_id
        case None:
            return None


async def _write(uow: UnitOfWork) -> None:
    waiting: dict[OrgId, list[dict[str, Any]]] = uow.gathered.pop(_KEY)
    entered = uow.orgs
    # In the order of the ids, so that two units that write to the same chains cannot wait for each other.
    for org_id in sorted(waiting):
        if uow.orgs != (org_id,):
            await uow.enter(org_id)
        await _append(uow, org_id, waiting[org_id])
    if uow.orgs != entered:
        await uow.enter(*entered)


async def _append(uow: UnitOfWork, org_id: OrgId, waiting: list[dict[str, Any]]) -> None:
    head = await uow.one(_LOCK_HEAD)
    if head is None:
        await uow.execute(_NEW_HEAD, org_id=org_id, seq=0, hash=GENESIS)
        head = await uow.one(_LOCK_HEAD)
    seq, last_hash = (head["seq"], head["hash"]) if head else (0, GENESIS)
    rows = []
    for entry in waiting:
        seq += 1
        salt, data = secrets.token_bytes(16), entry.pop("personal")
        row = {**entry, "org_id": org_id, "seq": seq, "prev_hash": last_hash}
        row["personal_digest"] = personal_digest(salt, data)
        row["hash"] = last_hash = entry_hash(last_hash, row)
        row["salt"], row["data"] = salt, data
        rows.append(row)
    for statement in (_ADD, _ADD_PERSONAL):
        if len(rows) == 1:
            await uow.execute(statement, **rows[0])
        else:
            await uow.execute_many(statement, rows)
    await uow.execute(_MOVE_HEAD, seq=seq, hash=last_hash)


# --- reading ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the log. `actor_name`, `actor_ip` and `personal` are empty once they have been erased."""

    seq: int
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    actor_ip: str
    on_behalf_of: UUID | None
    action: str
    object: str
    detail: dict[str, Any]
    personal: dict[str, Any]
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which entries; None does not restrict. `after` is included, `before` is not."""

    action: str | None = None
    actor_id: UUID | None = None
    object: str | None = None
    after: datetime | None = None
    before: datetime | None = None


async def entries(
    uow: UnitOfWork, wanted: EntryFilter | None = None, *, before_seq: int | None = None, limit: int = 50
) -> list[Entry]:
    """The unit's organisation's entries, newest first; `before_seq` goes on below the last one seen."""
    wanted = wanted or EntryFilter()
    given = {
        "wanted_action": wanted.action,
        "wanted_actor_id": wanted.actor_id,
        "wanted_object": wanted.object,
        "after": wanted.after,
        "before": wanted.before,
        "before_seq": before_seq,
    }
    params = {name: value for name, value in given.items() if value is not None}
    rows = await uow.rows(_select(frozenset(params)), limit=limit, **params)
    return [_entry(row) for row in rows]


@lru_cache
def _select(given: frozenset[str]) -> Statement:
    log = audit_log.c
    conditions: dict[str, ColumnElement[bool]] = {
        "wanted_action": log.action == bindparam("wanted_action"),
        "wanted_actor_id": log.actor_id == bindparam("wanted_actor_id"),
        "wanted_object": log.object == bindparam("wanted_object"),
        "after": log.at >= bindparam("after"),
        "before": log.at < bindparam("before"),
        "before_seq": log.seq < bindparam("before_seq"),
    }
    personal = and_(audit_personal.c.org_id == log.org_id, audit_personal.c.seq == log.seq, tenant(audit_personal))
    return Statement(
        select(audit_log, audit_personal.c.data)
        .outerjoin_from(audit_log, audit_personal, personal)
        .where(tenant(audit_log), *(conditions[name] for name in sorted(given)))
        .order_by(log.seq.desc())
        .limit(bindparam("limit"))
    )


def _entry(row: Row) -> Entry:
    personal: dict[str, Any] = dict(row["data"] or {})
    return Entry(
        seq=row["seq"],
        at=row["at"],
        actor_kind=row["actor_kind"],
        actor_id=row["actor_id"],
        actor_name=personal.pop("actor_name", ""),
        actor_ip=personal.pop("actor_ip", ""),
        on_behalf_of=row["on_behalf_of"],
        action=row["action"],
        object=row["object"],
        detail=row["detail"],
        personal=personal,
        request_id=row["request_id"],
    )


_ERASE = Statement(
    delete(audit_personal).where(
        tenant(audit_personal),
        audit_personal.c.seq.in_(
            select(audit_log.c.seq).where(
                tenant(audit_log),
                (audit_log.c.actor_id == bindparam("person")) | (audit_log.c.object == bindparam("person_object")),
            )
        ),
    )
)


async def erase_personal(uow: UnitOfWork, actor: Actor, *, person_id: UUID, object_: str) -> int:
    """Erase the personal data of the entries by or about one person; how many. The deeds stay, and this is
    one more.

    `object_` is what entries about them name (`member:E1001`).
    """
    erased = await uow.execute(_ERASE, person=person_id, person_object=object_)
    record(uow, actor, action="audit.personal_erased", object_=f"person:{person_id}", detail={"entries": erased})
    return erased
