"""The manifest of `identity`."""

from pathlib import Path

from pegboard.kernel.module import Module
from pegboard.kernel.parts import Parts
from pegboard.modules.identity import errors, events, jobs
from pegboard.modules.identity.routes import ROUTES
from pegboard.modules.identity.service.passwords import PasswordPool
from pegboard.modules.identity.service.token_cache import CHANGED
from pegboard.modules.identity.settings import IdentitySettings


async def _stop(parts: Parts) -> None:
    if PasswordPool in parts:
        parts[PasswordPool].close()


MODULE = Module(
    name="identity",
    folder=Path(__file__).parent,
    needs=(),
    routes=ROUTES,
    events=(
        events.AccountCreated,
        events.SessionStarted,
        events.SessionEnded,
        events.PasswordChanged,
        events.TokenCreated,
        events.TokenRevoked,
    ),
    jobs=(jobs.FORGET, jobs.LOCKOUT),
    recurring=(jobs.EVERY_HOUR,),
    hearings=(CHANGED,),
    errors=(
        errors.WrongCredentials,
        errors.SignInLocked,
        errors.SignInBusy,
        errors.SessionNotFound,
        errors.SessionNeeded,
        errors.TokenNotFound,
        errors.TooManyTokens,
        errors.WrongPassword,
        errors.WeakPassword,
        errors.MembershipNotFound,
        errors.LoginTaken,
        errors.AccountNotFound,
    ),
    settings=IdentitySettings,
    stop=_stop,
)
