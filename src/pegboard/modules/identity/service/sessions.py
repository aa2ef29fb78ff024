"""Sessions: beginning, listing, ending."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from pegboard.kernel.actor import Account
from pegboard.kernel.audit import record
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.events import emit
from pegboard.kernel.ids import NO_ORG, AccountId, OrgId, uuid7
from pegboard.modules.identity import store
from pegboard.modules.identity.errors import SessionNotFound
from pegboard.modules.identity.events import SessionEndReason, SessionStarted
from pegboard.modules.identity.service.accounts import account_of
from pegboard.modules.identity.service.memberships import memberships_of
from pegboard.modules.identity.service.tokens import (
    SESSION_PREFIX,
    hash_of,
    is_device_token,
    new_token,
    revoke_personal_token,
    tell_ended,
    tell_revoked,
)
from pegboard.modules.identity.settings import settings_of
from pegboard.modules.identity.views import NewSession, SessionView

_DEVICE_CHARACTERS = 200
_LISTED = 200


async def start_session(
    uow: UnitOfWork,
    account_id: AccountId,
    *,
    device: str = "",
    ip: str = "",
    device_token: str | None = None,
    wanted_org: OrgId | None = None,
) -> NewSession:
    """Begin a session for somebody whose identity the caller has established.

    It begins in `wanted_org` if they are active there, else in the organisation that they used last.
    """
    account = await account_of(uow, account_id)
    active = [place.org_id for place in await memberships_of(uow, account_id) if place.state == "active"]
    org_id = wanted_org if wanted_org in active else next(iter(active), None)
    session = NewSession(
        session_id=uuid7(),
        account_id=account_id,
        name=account.name,
        language=account.language,
        token=new_token(SESSION_PREFIX),
        csrf_token=new_token(),
        device_token=await _remember_device(uow, account_id, device_token),
        org_id=org_id,
    )
    now = uow.now()
    await uow.execute(
        store.ADD_SESSION,
        id=session.session_id,
        account_id=account_id,
        token_hash=hash_of(session.token),
        csrf_token=session.csrf_token,
        current_org=org_id,
        device=device[:_DEVICE_CHARACTERS],
        ip=ip,
        now=now,
        expires_at=now + timedelta(days=settings_of(uow.parts).session_max_days),
    )
    emit(uow, SessionStarted(session_id=session.session_id, account_id=account_id), org_id=NO_ORG)
    if org_id is not None:  # one log for all who belong nowhere yet would only make them wait for one another
        who = Account(
            account_id=account_id,
            session_id=session.session_id,
            name=account.name,
            language=account.language,
            client_ip=ip,
        )
        record(uow, who, action="session.started", object_=f"account:{account_id}", org_id=org_id)
    return session


async def _remember_device(uow: UnitOfWork, account_id: AccountId, token: str | None) -> str:
    """The device's secret: the one that it has, if some account has signed in with it before, else a new one.

    A secret that we never gave out may have been planted by somebody who knows it.
    """
    known = None
    if token is not None and is_device_token(token):
        known = await uow.value(store.IS_KNOWN_DEVICE, device_hash=hash_of(token), account_id=account_id)
    if token is None or known is None:
        token = new_token()
    await uow.execute(store.REMEMBER_DEVICE, device_hash=hash_of(token), account_id=account_id, now=uow.now())
    return token


async def sessions_of(uow: UnitOfWork, account_id: AccountId) -> list[SessionView]:
    """The account's sessions, oldest first; at most 200."""
    now = uow.now()
    unused_since = now - timedelta(days=settings_of(uow.parts).session_idle_days)
    rows = await uow.rows(store.SESSIONS_OF, account_id=account_id, now=now, unused_since=unused_since, limit=_LISTED)
    return [
        SessionView(
            session_id=row["id"],
            device=row["device"],
            ip=row["ip"],
            created_at=row["created_at"],
            last_used_at=row["last_used_at"],
        )
        for row in rows
    ]


async def sign_out(uow: UnitOfWork, account: Account) -> None:
    """End the session that asks for it; a personal token that signs out is revoked."""
    if not await end_session(uow, account, account.session_id, reason="signed_out"):
        await revoke_personal_token(uow, account.account_id, account.session_id)


async def revoke_session(uow: UnitOfWork, account: Account, session_id: UUID) -> None:
    """End one of one's own sessions. Raises `session.not_found` for a stranger's too."""
    if not await end_session(uow, account, session_id, reason="revoked"):
        raise SessionNotFound


async def end_session(uow: UnitOfWork, account: Account, session_id: UUID, *, reason: SessionEndReason) -> bool:
    """End a session of this account; whether there was one."""
    row = await uow.one(store.END_SESSION, id=session_id, account_id=account.account_id)
    if row is None:
        return False
    tell_ended(uow, [row], reason)
    record(
        uow,
        account,
        action="session.ended",
        object_=f"account:{account.account_id}",
        detail={"reason": reason},
        org_id=uow.orgs[0] if uow.orgs else None,
    )
    return True


async def end_sessions(
    uow: UnitOfWork,
    account_ids: Collection[AccountId],
    *,
    org_id: OrgId | None = None,
    except_session: UUID | None = None,
    reason: SessionEndReason = "revoked",
) -> int:
    """End all sessions and personal tokens of these accounts; how many. After the commit their sockets close.

    With `org_id`: only the personal tokens bound to that organisation, the sessions that used it last, and
    all sessions of accounts that belong nowhere else. (A session that only has a second socket open there is
    the directory's to close, by the topic of the member.)
    """
    ids = list(account_ids)
    params = {"account_ids": ids, "except_session": except_session}
    if org_id is None:
        sessions = await uow.rows(store.END_SESSIONS, **params)
    else:
        sessions = await uow.rows(store.END_SESSIONS_IN_ORG, left_org=org_id, **params)
    tokens = await uow.rows(store.REVOKE_TOKENS, left_org=org_id, now=uow.now(), **params)
    return tell_ended(uow, sessions, reason) + tell_revoked(uow, tokens, reason)
