"""Tokens: how they are made, how they are stored, and whose they are."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from pegboard.kernel.db import Database, Row, UnitOfWork
from pegboard.kernel.events import emit
from pegboard.kernel.ids import NO_ORG, AccountId, MemberId, OrgId, uuid7
from pegboard.kernel.realtime.live import hang_up
from pegboard.modules.identity import store
from pegboard.modules.identity.errors import TokenNotFound, TooManyTokens
from pegboard.modules.identity.events import SessionEnded, SessionEndReason, TokenCreated, TokenRevoked
from pegboard.modules.identity.service.token_cache import cache_of, forget
from pegboard.modules.identity.settings import IdentitySettings, settings_of
from pegboard.modules.identity.views import (
    Membership,
    NewPersonalToken,
    PersonalTokenView,
    TokenHolder,
)

SESSION_PREFIX = "pbs_"
PERSONAL_PREFIX = "pbt_"
_TOKEN = re.compile(r"pb[st]_[A-Za-z0-9_-]{43}", re.ASCII)
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_TOUCH_AFTER = timedelta(minutes=1)


def new_token(prefix: str = "") -> str:
    """256 random bits in base64url, 43 characters, behind the prefix by which leaked ones can be found."""
    return prefix + secrets.token_urlsafe(32)


def is_device_token(text: str) -> bool:
    """Whether it has the form of a device's secret."""
    return _SECRET.fullmatch(text) is not None


def hash_of(token: str) -> bytes:
    """What is stored. Tokens are random in full length, so a plain hash is as good as a slow one."""
    return hashlib.sha256(token.encode()).digest()


# --- whose it is --------------------------------------------------------------------------------------------


async def session_of(database: Database, token: str, *, wanted_org: OrgId | None = None) -> TokenHolder | None:
    """Whose token it is, or None: unknown, expired, revoked, or of an account that may sign in nowhere.

    The answer is at most 5 s old (at once after a revocation by this process). `wanted_org`, if the holder is
    active there, becomes the session's last used organisation.
    """
    if not _TOKEN.fullmatch(token):
        return None
    token_hash = hash_of(token)
    cache = cache_of(database.parts)
    holder = cache.get(token_hash)
    if holder is None:
        holder = await _load(database, token, token_hash)
        if holder is None:
            return None
        cache.put(token_hash, holder)
    if wanted_org is not None and wanted_org != holder.org_id:
        holder = await _use_organisation(database, token_hash, holder, wanted_org)
    return holder


async def _load(database: Database, token: str, token_hash: bytes) -> TokenHolder | None:
    # One round trip each, in no transaction: nothing is read that row-level security guards.
    now = database.clock.now()
    if token.startswith(PERSONAL_PREFIX):
        arguments = store.TOKEN_HOLDER.arguments({"token_hash": token_hash, "now": now})
        row = await database.app.fetchrow(store.TOKEN_HOLDER.sql, *arguments)
        holder = _personal_holder(row) if row else None
        touch = store.TOUCH_TOKEN
    else:
        unused_since = now - timedelta(days=settings_of(database.parts).session_idle_days)
        params = {"token_hash": token_hash, "now": now, "unused_since": unused_since}
        row = await database.app.fetchrow(store.SESSION_HOLDER.sql, *store.SESSION_HOLDER.arguments(params))
        holder = _session_holder(row) if row else None
        touch = store.TOUCH_SESSION
    if row is None or holder is None:
        return None
    last_used_at: datetime | None = row["last_used_at"]
    if last_used_at is None or now - last_used_at >= _TOUCH_AFTER:
        await database.app.execute(touch.sql, *touch.arguments({"id": holder.session_id, "now": now}))
    return holder


def _session_holder(row: Row) -> TokenHolder:
    account_id = AccountId(row["account_id"])
    memberships = tuple(
        Membership(account_id=account_id, org_id=org_id, member_id=member_id, userid=userid, state=state)
        for org_id, member_id, userid, state in zip(
            row["org_ids"] or (),
            row["member_ids"] or (),
            row["userids"] or (),
            row["states"] or (),
            strict=True,
        )
    )
    active = [membership.org_id for membership in memberships if membership.state == "active"]
    return TokenHolder(
        account_id=account_id,
        session_id=row["id"],
        kind="session",
        name=row["name"],
        language=row["language"],
        csrf_token=row["csrf_token"],
        org_id=row["org_id"] if row["org_id"] in active else (active[0] if active else None),
        memberships=memberships,
    )


def _personal_holder(row: Row) -> TokenHolder:
    membership = Membership(
        account_id=row["account_id"],
        org_id=row["org_id"],
        member_id=row["member_id"],
        userid=row["userid"],
        state=row["state"],
    )
    return TokenHolder(
        account_id=row["account_id"],
        session_id=row["id"],
        kind="personal",
        name=row["name"],
        language=row["language"],
        csrf_token="",
        org_id=membership.org_id,
        memberships=(membership,),
    )


async def _use_organisation(database: Database, token_hash: bytes, holder: TokenHolder, org_id: OrgId) -> TokenHolder:
    """Make it the last used one."""
    if holder.kind == "personal" or holder.membership_in(org_id) is None:
        return holder
    params = {
        "id": holder.session_id,
        "account_id": holder.account_id,
        "used_org": org_id,
        "now": database.clock.now(),
    }
    await database.app.execute(store.USE_ORGANISATION.sql, *store.USE_ORGANISATION.arguments(params))
    holder = replace(holder, org_id=org_id)
    cache_of(database.parts).amend(token_hash, holder)
    return holder


# --- personal tokens ----------------------------------------------------------------------------------------


async def create_personal_token(
    uow: UnitOfWork, account_id: AccountId, org_id: OrgId, member_id: MemberId, name: str
) -> NewPersonalToken:
    """A token for programs, bound to one organisation. Raises `token.too_many` over 50."""
    token_id, token = uuid7(), new_token(PERSONAL_PREFIX)
    settings: IdentitySettings = settings_of(uow.parts)
    added = await uow.execute(
        store.ADD_TOKEN,
        id=token_id,
        account_id=account_id,
        token_org=org_id,
        member_id=member_id,
        name=name,
        token_hash=hash_of(token),
        now=uow.now(),
        expires_at=None,
        allowed=settings.personal_tokens_per_account,
    )
    if not added:
        raise TooManyTokens(limit=settings.personal_tokens_per_account)
    emit(uow, TokenCreated(token_id=token_id, account_id=account_id, org_id=org_id), org_id=org_id)
    return NewPersonalToken(token_id=token_id, name=name, token=token)


async def personal_tokens_of(uow: UnitOfWork, account_id: AccountId) -> list[PersonalTokenView]:
    """The account's tokens in all its organisations, oldest first."""
    return [
        PersonalTokenView(
            token_id=row["id"],
            org_id=row["org_id"],
            name=row["name"],
            created_at=row["created_at"],
            last_used_at=row["last_used_at"],
            expires_at=row["expires_at"],
        )
        for row in await uow.rows(store.TOKENS_OF, account_id=account_id)
    ]


async def revoke_personal_token(uow: UnitOfWork, account_id: AccountId, token_id: UUID) -> OrgId:
    """Take one token back; the organisation it was for. Raises `token.not_found` for a stranger's too."""
    row = await uow.one(store.REVOKE_TOKEN, id=token_id, account_id=account_id, now=uow.now())
    if row is None:
        raise TokenNotFound
    tell_revoked(uow, [row], "revoked")
    return OrgId(row["org_id"])


# --- what ends ----------------------------------------------------------------------------------------------


def tell_ended(uow: UnitOfWork, rows: Iterable[Row], reason: SessionEndReason) -> int:
    """Report that these sessions are over; after the commit forget them and close their sockets."""
    ended = [(row["id"], AccountId(row["account_id"])) for row in rows]
    for session_id, account_id in ended:
        emit(uow, SessionEnded(session_id=session_id, account_id=account_id, reason=reason), org_id=NO_ORG)
        hang_up(uow, ("session", session_id), reason)
    forget(uow, session_ids=[session_id for session_id, _ in ended])
    return len(ended)


def tell_revoked(uow: UnitOfWork, rows: Iterable[Row], reason: SessionEndReason) -> int:
    """The same for personal tokens."""
    rows = list(rows)
    for row in rows:
        emit(
            uow,
            TokenRevoked(token_id=row["id"], account_id=row["account_id"], org_id=row["org_id"]),
            org_id=row["org_id"],
        )
    return tell_ended(uow, rows, reason)
