"""`Idempotency-Key`: the same request sent again gets the first answer (kept for 24 hours)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from litestar.types import Receive

from pegboard.kernel.db.statements import sql
from pegboard.kernel.db.work import UnitOfWork
from pegboard.kernel.errors import Conflict, Invalid, invalid
from pegboard.kernel.http import body as bodies
from pegboard.kernel.ids import NO_ORG, AccountId, OrgId

ACCOUNT_LEVEL = NO_ORG
"""Requests outside any organisation keep their answers here."""

MAX_KEY_LENGTH = 255
KEPT = timedelta(hours=24)

# A second request with the key waits here for the first one's transaction, then finds its row. What is too old goes
# in passing: nobody but its account comes by here.
_CLAIM = sql("""
    WITH old AS (
        DELETE FROM idempotency_keys
        WHERE org_id = :org_id AND account_id = :account_id AND created_at < :expired AND key <> :key
    )
    INSERT INTO idempotency_keys (org_id, account_id, key, digest, created_at)
    VALUES (:org_id, :account_id, :key, :digest, :at) ON CONFLICT DO NOTHING
""")
_FIND = sql("""
    SELECT digest, status, body FROM idempotency_keys
    WHERE org_id = :org_id AND account_id = :account_id AND key = :key
""")
_KEEP = sql("""
    UPDATE idempotency_keys SET status = :status, body = :body
    WHERE org_id = :org_id AND account_id = :account_id AND key = :key
""")


class KeyReused(Invalid):
    """The key came before with another request."""

    code = "idempotency.mismatch"


class KeyBusy(Conflict):
    """The first request with the key has no answer that could be given again."""

    code = "idempotency.busy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A key, whose it is and where, and the SHA-256 of the request."""

    key: str
    org_id: OrgId
    account_id: AccountId
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The first answer."""

    status: int
    body: bytes


async def peek(receive: Receive) -> tuple[bytes, Receive]:
    """The body so far as it is one message (uploads stream on), and a `receive` that gives it again."""
    first = await receive()
    content: bytes = first.get("body", b"") if first["type"] == "http.request" else b""
    waiting = [first]

    async def again() -> Any:
        return waiting.pop() if waiting else await receive()

    return content[: bodies.MAX_BODY_BYTES], again


async def begin(uow: UnitOfWork, claim: Claim) -> Earlier | None:
    """Claim the key in this transaction; the earlier answer if it has one."""
    if len(claim.key) > MAX_KEY_LENGTH or not claim.key.isprintable():
        raise invalid("Idempotency-Key", "invalid")
    place: dict[str, Any] = {"account_id": claim.account_id, "key": claim.key}
    now = uow.now()
    async with _inside(uow, claim.org_id):
        if await uow.execute(_CLAIM, **place, digest=claim.digest, at=now, expired=now - KEPT):
            return None
        row = await uow.one(_FIND, **place)
    if row is not None and row["digest"] != claim.digest:
        raise KeyReused
    if row is None or row["status"] is None:
        raise KeyBusy
    return Earlier(status=row["status"], body=row["body"])


async def keep(uow: UnitOfWork, claim: Claim, status: int, content: bytes) -> None:
    """Remember the answer, in the transaction that made it true."""
    async with _inside(uow, claim.org_id):
        await uow.execute(_KEEP, account_id=claim.account_id, key=claim.key, status=status, body=content)


@asynccontextmanager
async def _inside(uow: UnitOfWork, org_id: OrgId) -> AsyncIterator[None]:
    """Where the key is kept: the verb may be elsewhere, or nowhere."""
    entered = uow.orgs
    if entered == (org_id,):
        yield
        return
    await uow.enter(org_id)
    yield
    await uow.enter(*entered)
