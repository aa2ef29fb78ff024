"""Lockout: who may have a password looked at, and when.

Every guess is counted before it is evaluated, in a transaction of its own: parallel guesses queue at the row,
and what the request does later cannot undo the count. The right password takes its own count back.

Logins that nobody has are counted like those that somebody has, so locking tells a stranger nothing. A device
that an account has signed in from has counts of its own: guesses of others lock strangers' devices, not this
one.
"""

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.ids import AccountId
from pegboard.modules.identity import store
from pegboard.modules.identity.errors import SignInLocked
from pegboard.modules.identity.settings import IdentitySettings

_FORGOTTEN_AFTER = timedelta(days=1)
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """One count: at most `allowed` guesses in `window`, and with `delayed` ever longer waits between them."""

    key: str
    allowed: int
    window: timedelta
    delayed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """A guess that may be evaluated. `blocks`: with it waiting begins, or goes on."""

    keys: tuple[str, ...]
    blocks: bool


def guards_for(
    settings: IdentitySettings,
    *,
    account_id: AccountId | None,
    login: str,
    device_hash: bytes | None,
    ip: str,
) -> list[Guard]:
    """What has to admit a guess at this login, in order of locking; `device_hash` of a known device only."""
    if account_id is None:
        own = [_account_guard(settings, f"login:{hashlib.sha256(login.encode()).hexdigest()}")]
    elif device_hash is None:
        own = [_account_guard(settings, f"account:{account_id}")]
    else:
        known = settings.failures_per_day_known
        device = f"device:{account_id}:{device_hash.hex()}"
        return [
            Guard(key=f"known:{account_id}", allowed=known, window=_DAY, delayed=False),
            Guard(key=device, allowed=known, window=_DAY, delayed=True),
        ]
    allowed = settings.failures_per_hour_address
    if not allowed or not ip:
        return own
    return [Guard(key=f"address:{network_of(ip)}", allowed=allowed, window=_HOUR, delayed=False), *own]


def _account_guard(settings: IdentitySettings, key: str) -> Guard:
    return Guard(key=key, allowed=settings.failures_per_day, window=_DAY, delayed=True)


async def reserve_guess(database: Database, settings: IdentitySettings, guards: Sequence[Guard]) -> Reservation:
    """Count a guess on every guard, or raise `session.locked` and count it on none."""
    blocks = False
    async with UnitOfWork(database, system=True) as uow:
        now = uow.now()
        for guard in guards:
            window_start = _window_start(now, guard.window)
            row = await uow.one(
                store.RESERVE_GUESS,
                key=guard.key,
                now=now,
                forgotten_before=now - _FORGOTTEN_AFTER,
                window_start=window_start,
                allowed=guard.allowed,
                delayed=guard.delayed,
                free_failures=settings.free_failures,
                first_wait_s=settings.first_wait_s,
                longest_wait_s=settings.longest_wait_s,
            )
            if row is None:
                raise SignInLocked(retry_after_s=await _wait_s(uow, guard, now, window_start))
            blocks = blocks or row["blocked_until"] is not None
    return Reservation(keys=tuple(guard.key for guard in guards), blocks=blocks)


async def release_guess(uow: UnitOfWork, reservation: Reservation) -> None:
    """It was the right password: take the guess back, and end the waiting."""
    await uow.execute(store.RELEASE_GUESS, keys=list(reservation.keys))


def network_of(ip: str) -> str:
    """The address that is counted: one of IPv4, a /64 of IPv6 (what one household or host has)."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return ip
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


def _window_start(now: datetime, window: timedelta) -> datetime:
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return day + (now - day) // window * window


async def _wait_s(uow: UnitOfWork, guard: Guard, now: datetime, window_start: datetime) -> float:
    row = await uow.one(store.GUARD, key=guard.key)
    if row is not None and row["blocked_until"] is not None and row["blocked_until"] > now:
        return float((row["blocked_until"] - now).total_seconds())
    return (window_start + guard.window - now).total_seconds()
