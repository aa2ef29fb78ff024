"""Who asks: the port through which the HTTP layer and the gateway learn it."""

from dataclasses import dataclass
from typing import Protocol

from pegboard.kernel.actor import Account, Actor
from pegboard.kernel.ids import OrgId

SESSION_COOKIE = "pegboard"
SECURE_SESSION_COOKIE = "__Host-pegboard"
CSRF_HEADER = "pegboard-csrf"
ORG_HEADER = "pegboard-org"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What came with a request. `token` is a bearer's or the cookie's; `wanted_org` the header `Pegboard-Org`."""

    token: str
    by_cookie: bool
    wanted_org: OrgId | None
    client_ip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """An account, and the member that it is in the chosen organisation (None: it belongs to none, or not to that)."""

    account: Account
    actor: Actor | None
    csrf_token: str


class Authenticator(Protocol):
    """Turns credentials into somebody; `app` wires it. Answers at most 5 s old are allowed."""

    async def authenticate(self, credentials: Credentials) -> SignedIn | None:
        """Whose token it is; None if nobody's (any more)."""
        ...
