"""Who tokens belong to, remembered for a few seconds: every request and every socket asks."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.ids import AccountId
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.hints import Hearing, Hint, tell_others
from pegboard.modules.identity.views import TokenHolder

MAX_AGE_S = 5.0
_MAX_ENTRIES = 50_000


@dataclass(slots=True)
class _Entry:
    holder: TokenHolder
    until_s: float


class TokenCache:
    """Holders by the hash of their token. All entries live equally long: the oldest is the first to go."""

    def __init__(
        self,
        *,
        max_age_s: float = MAX_AGE_S,
        max_entries: int = _MAX_ENTRIES,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_age_s = max_age_s
        self._max_entries = max_entries
        self._seconds = seconds
        self._entries: dict[bytes, _Entry] = {}
        self._of_session: dict[UUID, bytes] = {}
        self._of_account: dict[AccountId, set[bytes]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, token_hash: bytes) -> TokenHolder | None:
        """The holder, if it was read not too long ago."""
        entry = self._entries.get(token_hash)
        if entry is None:
            return None
        if entry.until_s <= self._seconds():
            self._drop(token_hash)
            return None
        return entry.holder

    def put(self, token_hash: bytes, holder: TokenHolder) -> None:
        """Remember what was just read."""
        self._drop(token_hash)
        now_s = self._seconds()
        while self._entries:
            oldest, entry = next(iter(self._entries.items()))
            if entry.until_s > now_s and len(self._entries) < self._max_entries:
                break
            self._drop(oldest)
        self._entries[token_hash] = _Entry(holder, now_s + self._max_age_s)
        self._of_session[holder.session_id] = token_hash
        self._of_account.setdefault(holder.account_id, set()).add(token_hash)

    def amend(self, token_hash: bytes, holder: TokenHolder) -> None:
        """The same entry with something in it changed; it gets no older and no younger."""
        if (entry := self._entries.get(token_hash)) is not None:
            entry.holder = holder

    def forget_sessions(self, session_ids: Iterable[UUID]) -> None:
        """Forget these sessions and personal tokens."""
        for session_id in session_ids:
            if (token_hash := self._of_session.get(session_id)) is not None:
                self._drop(token_hash)

    def forget_accounts(self, account_ids: Iterable[AccountId]) -> None:
        """Forget every token of these accounts: something about them has changed."""
        for account_id in account_ids:
            for token_hash in tuple(self._of_account.get(account_id, ())):
                self._drop(token_hash)

    def _drop(self, token_hash: bytes) -> None:
        entry = self._entries.pop(token_hash, None)
        if entry is None:
            return
        if self._of_session.get(entry.holder.session_id) == token_hash:
            del self._of_session[entry.holder.session_id]
        tokens = self._of_account[entry.holder.account_id]
        tokens.discard(token_hash)
        if not tokens:
            del self._of_account[entry.holder.account_id]


class TokensChanged(Hint, frozen=True, kw_only=True, tag="identity.tokens_changed"):
    """Sessions have ended, or something about accounts has changed."""

    session_ids: list[UUID]
    account_ids: list[AccountId]


def _changed(parts: Parts, hint: TokensChanged) -> None:
    cache = cache_of(parts)
    cache.forget_sessions(hint.session_ids)
    cache.forget_accounts(hint.account_ids)


def _missed(parts: Parts) -> None:
    parts.put(TokenCache, TokenCache())


CHANGED = Hearing(hint=TokensChanged, hear=_changed, missed=_missed)


def forget(uow: UnitOfWork, *, session_ids: Iterable[UUID] = (), account_ids: Iterable[AccountId] = ()) -> None:
    """Have every process forget these once the unit of work has come true."""
    hint = TokensChanged(session_ids=list(session_ids), account_ids=list(account_ids))
    uow.after_commit(partial(_changed, uow.parts, hint))
    tell_others(uow, hint)


def cache_of(parts: Parts) -> TokenCache:
    """This process's cache; made at its first use."""
    if TokenCache not in parts:
        parts.put(TokenCache, TokenCache())
    return parts[TokenCache]
