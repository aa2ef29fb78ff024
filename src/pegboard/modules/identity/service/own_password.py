"""Changing one's own password."""

from pegboard.kernel.actor import Account
from pegboard.kernel.audit import record
from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.events import emit
from pegboard.kernel.ids import NO_ORG, AccountId
from pegboard.modules.identity import store
from pegboard.modules.identity.errors import AccountNotFound, WrongPassword
from pegboard.modules.identity.events import PasswordChanged
from pegboard.modules.identity.service.passwords import check_password, hash_password
from pegboard.modules.identity.service.sign_in import check_own_password
from pegboard.modules.identity.service.token_cache import forget
from pegboard.modules.identity.service.tokens import SESSION_PREFIX, hash_of, new_token, tell_ended
from pegboard.modules.identity.settings import settings_of


async def change_password(uow: UnitOfWork, account: Account, *, current: str, new: str, rotate: bool) -> str | None:
    """Replace the password, and end all other sessions of the account.

    With `rotate` the session that asks gets a new token, which is returned: the old one is worth nothing any
    more. Raises `password.wrong`, `password.weak`, `session.locked`, `session.busy`.
    """
    await _check_new(uow.database, account.account_id, new)
    if not await check_own_password(uow.database, account.account_id, current):
        raise WrongPassword
    password_hash = await hash_password(uow.parts, new)
    await set_password(uow, account.account_id, password_hash)
    params = {"account_ids": [account.account_id], "except_session": account.session_id}
    tell_ended(uow, await uow.rows(store.END_SESSIONS, **params), "password_changed")
    record(
        uow,
        account,
        action="password.changed",
        object_=f"account:{account.account_id}",
        org_id=uow.orgs[0] if uow.orgs else None,
    )
    if not rotate:
        return None
    token = new_token(SESSION_PREFIX)
    await uow.execute(store.ROTATE_SESSION, id=account.session_id, token_hash=hash_of(token))
    forget(uow, session_ids=[account.session_id])
    return token


async def set_password(uow: UnitOfWork, account_id: AccountId, password_hash: str) -> None:
    """Write the new hash and tell it."""
    await uow.execute(store.SET_PASSWORD, account_id=account_id, password_hash=password_hash, now=uow.now())
    emit(uow, PasswordChanged(account_id=account_id), org_id=NO_ORG)


async def _check_new(database: Database, account_id: AccountId, new: str) -> None:
    async with UnitOfWork(database, system=True) as uow:
        row = await uow.one(store.PASSWORD_OF, account_id=account_id)
    if row is None:
        raise AccountNotFound
    min_length = settings_of(database.parts).password_min_length
    check_password(new, row["name"], row["mobile"], row["email"], path="new", min_length=min_length)
