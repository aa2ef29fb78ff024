"""Signing in: which account a login names, and whether the password opens it.

What is looked up and counted on the way has units of work of its own. They are the system's: a request may
hold one of the application's connections already, and requests that wait for a second one would at last wait
for one another.
"""

import logging
from dataclasses import dataclass
from uuid import UUID

import msgspec

from pegboard.kernel.audit import record
from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.ids import AccountId, OrgId
from pegboard.kernel.jobs import enqueue
from pegboard.modules.identity import store
from pegboard.modules.identity.errors import WrongCredentials
from pegboard.modules.identity.service.lockout import Reservation, guards_for, release_guess, reserve_guess
from pegboard.modules.identity.service.logins import email_of, mobiles_of
from pegboard.modules.identity.service.memberships import folded_code, memberships_of
from pegboard.modules.identity.service.passwords import PasswordPool, pool_of
from pegboard.modules.identity.service.sessions import start_session
from pegboard.modules.identity.service.tokens import hash_of, is_device_token
from pegboard.modules.identity.settings import settings_of
from pegboard.modules.identity.views import NewSession

_log = logging.getLogger(__name__)

NOTE_LOCKOUT = "identity.note_lockout"
"""The job's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claimed:
    """What a login names. Without an account everything goes on as if there were one."""

    account_id: AccountId | None = None
    password_hash: str | None = None
    may_sign_in: bool = False
    org_id: OrgId | None = None
    known_device: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proof:
    account_id: AccountId
    org_id: OrgId | None
    reservation: Reservation
    password_hash: str
    new_hash: str | None


async def sign_in(
    uow: UnitOfWork,
    *,
    login: str,
    password: str,
    org_code: str | None = None,
    device: str = "",
    ip: str = "",
    device_token: str | None = None,
) -> NewSession:
    """Begin a session. What is counted here stays counted if the caller's unit of work fails.

    `login` is a mobile in any form, an email, or with `org_code` a userid. `device` is a description for the
    list of sessions (the user agent), `device_token` what an earlier `NewSession` gave this device. Raises
    `session.wrong_credentials`, `session.locked`, `session.busy`.
    """
    proof = await _prove(
        uow.database, login=login, password=password, org_code=org_code, ip=ip, device_token=device_token
    )
    session = await start_session(
        uow, proof.account_id, device=device, ip=ip, device_token=device_token, wanted_org=proof.org_id
    )
    await _accept(uow, proof)
    return session


async def prove_account(database: Database, *, login: str, password: str, ip: str = "") -> AccountId:
    """The account that this login and password open: same lockout, same refusals as `sign_in`.

    For somebody who accepts an invitation with an account that they have already.
    """
    proof = await _prove(database, login=login, password=password, org_code=None, ip=ip, device_token=None)
    async with UnitOfWork(database, system=True) as uow:
        await _accept(uow, proof)
    return proof.account_id


async def check_own_password(database: Database, account_id: AccountId, password: str) -> bool:
    """Whether it is the password of somebody who is signed in already; wrong ones count as at the door.

    They count as guesses from a known device, so a stolen session can neither guess on nor lock its owner
    out.
    """
    settings, pool = settings_of(database.parts), pool_of(database.parts)
    async with pool.place():
        guards = guards_for(settings, account_id=account_id, login="", device_hash=b"signed in", ip="")
        reservation = await reserve_guess(database, settings, guards)
        async with UnitOfWork(database, system=True) as uow:
            row = await uow.one(store.PASSWORD_OF, account_id=account_id)
        if not await pool.verify(row["password_hash"] if row else None, password):
            return False
    async with UnitOfWork(database, system=True) as uow:
        await release_guess(uow, reservation)
    return True


async def _prove(
    database: Database, *, login: str, password: str, org_code: str | None, ip: str, device_token: str | None
) -> _Proof:
    settings, pool = settings_of(database.parts), pool_of(database.parts)
    async with pool.place():
        claimed = await _claimed(database, login, org_code, device_token)
        guards = guards_for(
            settings,
            account_id=claimed.account_id,
            login=f"{folded_code(org_code or '')} {login.strip().lower()}",
            device_hash=claimed.known_device,
            ip=ip,
        )
        reservation = await reserve_guess(database, settings, guards)
        right = await pool.verify(claimed.password_hash, password)
        if not right or not claimed.may_sign_in or claimed.account_id is None or claimed.password_hash is None:
            if reservation.blocks:
                await _note_lockout(database, claimed.account_id, ip)
            raise WrongCredentials
        return _Proof(
            account_id=claimed.account_id,
            org_id=claimed.org_id,
            reservation=reservation,
            password_hash=claimed.password_hash,
            new_hash=await _rehashed(pool, claimed.password_hash, password),
        )


async def _rehashed(pool: PasswordPool, password_hash: str, password: str) -> str | None:
    """The password hashed as we hash today, where it was hashed otherwise: only now do we see it."""
    return await pool.hash(password) if pool.is_outdated(password_hash) else None


async def _accept(uow: UnitOfWork, proof: _Proof) -> None:
    await release_guess(uow, proof.reservation)
    if proof.new_hash is not None:
        await uow.execute(
            store.REHASH_PASSWORD,
            account_id=proof.account_id,
            password_hash=proof.new_hash,
            old_hash=proof.password_hash,
        )


async def _claimed(database: Database, login: str, org_code: str | None, device_token: str | None) -> _Claimed:
    async with UnitOfWork(database, system=True) as uow:
        row, org_id = None, None
        if org_code:
            code = folded_code(org_code)
            row = await uow.one(store.ACCOUNT_BY_USERID, userid=login.strip(), code=code)
            org_id = row["org_id"] if row else await uow.value(store.ORG_BY_CODE, code=code)
        if row is None:
            mobiles = mobiles_of(login, settings_of(database.parts).phone_regions)
            row = await uow.one(store.ACCOUNT_BY_LOGIN, mobiles=mobiles, email=email_of(login))
        if row is None:
            return _Claimed()
        return _Claimed(
            account_id=row["id"],
            password_hash=row["password_hash"],
            may_sign_in=row["may_sign_in"],
            org_id=org_id,
            known_device=await _known_device(uow, row["id"], device_token),
        )


async def _known_device(uow: UnitOfWork, account_id: UUID, device_token: str | None) -> bytes | None:
    if device_token is None or not is_device_token(device_token):
        return None
    device_hash = hash_of(device_token)
    known = await uow.value(store.IS_KNOWN_DEVICE, device_hash=device_hash, account_id=account_id)
    return device_hash if known else None


async def _note_lockout(database: Database, account_id: AccountId | None, ip: str) -> None:
    """Waiting has begun or grown: a job writes it into the log of the account's last used organisation."""
    _log.warning("sign-in: a login has to wait after wrong passwords")
    if account_id is None:
        return
    async with UnitOfWork(database, system=True) as uow:
        places = await memberships_of(uow, account_id)
        if places:
            lockout = Lockout(account_id=account_id, ip=ip)
            await enqueue(uow, NOTE_LOCKOUT, lockout, org_id=places[0].org_id)


class Lockout(msgspec.Struct, frozen=True, kw_only=True):
    """What the job is told."""

    account_id: AccountId
    ip: str


async def note_lockout(uow: UnitOfWork, lockout: Lockout) -> None:
    """Write a lockout into the log of the unit's organisation."""
    record(
        uow,
        None,
        action="session.locked",
        object_=f"account:{lockout.account_id}",
        org_id=uow.org_id,
        client_ip=lockout.ip,
    )
