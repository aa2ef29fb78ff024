"""Who asks: the port through which the HTTP layer and the gateway learn it."""

import ipaddress
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


def is_trustworthy(scheme: str, host: str) -> bool:
    """Whether browsers take a `Secure` cookie from there: over TLS, and from this very machine.

    `host` is the header `Host`, with or without a port.
    """
    if scheme in ("https", "wss"):
        return True
    name = _host_name(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _host_name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, _, port = host.rpartition(":")
    return (name if name and port.isdigit() and ":" not in name else host).lower()
