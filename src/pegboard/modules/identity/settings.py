"""What an operator may set (`[identity]` in the settings file)."""

import msgspec

from pegboard.kernel.parts import Parts
from pegboard.kernel.settings import Settings


class IdentitySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sessions, guesses, passwords. The defaults follow OWASP's and NIST SP 800-63B's advice of 2025."""

    session_idle_days: int = 30
    """A session unused for so long is over."""
    session_max_days: int = 180
    """A session older than this is over, however busy."""
    free_failures: int = 5
    """Wrong passwords before waiting begins."""
    first_wait_s: int = 5
    """The first wait in seconds; it doubles with each further failure."""
    longest_wait_s: int = 900
    """No wait is longer, in seconds."""
    failures_per_day: int = 80
    """Wrong passwords a day for one account from devices that it never signed in from."""
    failures_per_day_known: int = 20
    """The same from its known devices, all together: the two make the 100 that we promise."""
    failures_per_hour_address: int = 300
    """Wrong passwords an hour from one address (one /64 of IPv6), known devices apart. 0: no limit."""
    personal_tokens_per_account: int = 50
    """Personal tokens that one account may have at once."""
    password_min_length: int = 8
    """Characters that a password which people choose has at least."""
    argon2_memory_kib: int = 19_456
    """Memory for one Argon2id hash in KiB; less than 19456 is below the floor that OWASP names."""
    argon2_iterations: int = 2
    """Passes over that memory."""
    argon2_parallelism: int = 1
    """Lanes of one hash."""
    hashing_threads: int = 0
    """Passwords hashed at the same time; 0: one for each core, at most two."""
    hashing_queue: int = 32
    """Passwords that may wait to be hashed; over it people are asked to come back."""
    phone_regions: tuple[str, ...] = ("CN", "TW", "HK", "MO")
    """Countries whose mobile numbers people may sign in with without the country's code, likeliest first."""


_DEFAULT = IdentitySettings()


def settings_of(parts: Parts) -> IdentitySettings:
    """What the operator set; the defaults where nothing is wired, as at some command lines."""
    if IdentitySettings in parts:
        return parts[IdentitySettings]
    if Settings in parts:
        return parts[Settings][IdentitySettings]
    return _DEFAULT
