"""What is over is not kept."""

from datetime import timedelta

from pegboard.kernel.db import UnitOfWork
from pegboard.modules.identity import store
from pegboard.modules.identity.service.tokens import tell_ended
from pegboard.modules.identity.settings import settings_of

_GUARDS_KEPT = timedelta(days=2)
_TOKENS_KEPT = timedelta(days=90)
_DEVICES_KEPT = timedelta(days=400)
_SESSIONS_AT_ONCE = 10_000


async def forget_old(uow: UnitOfWork) -> int:
    """Drop expired sessions, counts of guesses of past days, long revoked tokens and devices long unseen.

    Answers how many sessions ended (10,000 at most: the rest an hour later). Needs a unit of work of the
    system.
    """
    now = uow.now()
    await uow.execute(store.FORGET_GUARDS, before=now - _GUARDS_KEPT)
    await uow.execute(store.FORGET_TOKENS, before=now - _TOKENS_KEPT)
    await uow.execute(store.FORGET_DEVICES, before=now - _DEVICES_KEPT)
    unused_since = now - timedelta(days=settings_of(uow.parts).session_idle_days)
    rows = await uow.rows(store.FORGET_SESSIONS, now=now, unused_since=unused_since, limit=_SESSIONS_AT_ONCE)
    return tell_ended(uow, rows, "expired")
