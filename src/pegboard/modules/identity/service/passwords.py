"""Passwords: hashing in a bounded pool, and what counts as weak."""

import asyncio
import os
import unicodedata
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from pegboard.kernel.errors import FieldError
from pegboard.kernel.parts import Parts
from pegboard.modules.identity.errors import SignInBusy, WeakPassword
from pegboard.modules.identity.settings import IdentitySettings, settings_of

T = TypeVar("T")

MAX_PASSWORD_BYTES = 1024
_COMMON_PASSWORDS = Path(__file__).parent.parent / "common_passwords.txt"


class PasswordPool:
    """Argon2id on a few threads (it lets go of the interpreter lock), with a bounded queue before them."""

    def __init__(self, settings: IdentitySettings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_iterations,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
        )
        threads = settings.hashing_threads or min(2, os.cpu_count() or 1)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._room = threads + settings.hashing_queue
        self._taken = 0
        self._dummy: str | None = None

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Keep a place in the queue, or refuse with `session.busy`.

        Whoever hashes for a person takes one first, so that nothing is counted against anybody who finds no
        room.
        """
        if self._taken >= self._room:
            raise SignInBusy(retry_after_s=2)
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def hash(self, password: str) -> str:
        """The password's hash, with a salt of its own. Raises `password.weak` over 1,024 bytes."""
        if is_too_long(password):
            raise _too_long("password")
        return await self._run(self._hasher.hash, _prepared(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password. Takes as long where there is no hash to compare with."""
        if password_hash is None or is_too_long(password):
            if self._dummy is None:
                self._dummy = await self.hash("nobody has this password")
            await self._run(self._matches, self._dummy, _prepared(password[:MAX_PASSWORD_BYTES]))
            return False
        return await self._run(self._matches, password_hash, _prepared(password))

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made with other parameters than we use now."""
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        """Let the threads go once they have ended what they are at."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, password_hash: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)


def pool_of(parts: Parts) -> PasswordPool:
    """This process's pool; made at its first use."""
    if PasswordPool not in parts:
        parts.put(PasswordPool, PasswordPool(settings_of(parts)))
    return parts[PasswordPool]


async def hash_password(parts: Parts, password: str) -> str:
    """The Argon2id hash, made in the bounded pool. Raises `session.busy` when too many wait.

    Over 1,024 bytes it raises `password.weak`; nothing else about its strength is looked at.
    """
    pool = pool_of(parts)
    async with pool.place():
        return await pool.hash(password)


async def hash_passwords(parts: Parts, passwords: Sequence[str]) -> list[str]:
    """Many hashes for an import, one after another, so that people can sign in meanwhile; never refuses.

    About 40 a second: in a job, not in a request. Equal passwords get different hashes.
    """
    pool = pool_of(parts)
    return [await pool.hash(password) for password in passwords]


def check_password(
    password: str,
    *words: str | None,
    path: str = "password",
    min_length: int = IdentitySettings().password_min_length,
) -> None:
    """Refuse a weak password with `password.weak` about `path`; `words` are the person's name and logins.

    For passwords that people choose for themselves: what an operator or an import sets is theirs to answer
    for.
    """
    if is_too_long(password):
        raise _too_long(path)
    if is_weak_password(password, *words, min_length=min_length):
        raise WeakPassword(fields=[FieldError(path=path, code="password.weak")])


def _too_long(path: str) -> WeakPassword:
    return WeakPassword(fields=[FieldError(path=path, code="too_long")], limit=MAX_PASSWORD_BYTES)


def is_too_long(password: str) -> bool:
    """Over 1,024 bytes: nobody types that, and hashing it is work for us."""
    return len(password.encode("utf-8", "surrogatepass")) > MAX_PASSWORD_BYTES


def is_weak_password(
    password: str, *words: str | None, min_length: int = IdentitySettings().password_min_length
) -> bool:
    """Whether it falls to the first guesses: short, common, a run of keys, the person's own words."""
    plain = unicodedata.normalize("NFKC", password)
    folded = plain.casefold()
    if len(plain) < min_length or len(set(folded)) < 4:
        return True
    core = folded.strip("0123456789!@#$%^&*()-_=+.,?~ ")
    if folded in common_passwords() or (core != folded and core in common_passwords()):
        return True
    if _is_run(folded):
        return True
    return any(_is_of_word(folded, word) for word in words if word)


@lru_cache(maxsize=1)
def common_passwords() -> frozenset[str]:
    """The passwords that everybody tries first, folded."""
    return frozenset(_COMMON_PASSWORDS.read_text("utf-8").split())


_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb",
)


def _is_run(folded: str) -> bool:
    """A piece of a keyboard row or of the alphabet, there or back, or one short piece again and again."""
    if any(folded in row or folded in row[::-1] for row in _ROWS):
        return True
    return any(folded == (folded[:size] * len(folded))[: len(folded)] for size in range(1, 4))


def _is_of_word(folded: str, word: str) -> bool:
    """The word itself, or hardly more than it."""
    for own in {word.casefold(), word.casefold().partition("@")[0], word.lstrip("+")}:
        if folded in own or (len(own) >= 3 and own in folded and len(folded) - len(own) < 4):
            return True
    return False


def _prepared(password: str) -> bytes:
    # The same characters come composed from one keyboard and decomposed or full-width from another
    # (NIST SP 800-63B-4 §3.1.1.2).
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
