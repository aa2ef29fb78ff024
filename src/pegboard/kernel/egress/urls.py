"""Where a URL leads, read so strictly that nobody else can read it otherwise."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote, urljoin, urlsplit

from pegboard.kernel.egress.errors import ForbiddenUrl

MAX_URL = 4096

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NOT_IN_A_URL = re.compile(r"[\x00-\x20\x7f\\]")  # blanks, controls, and the backslash that browsers read as a slash
_NOT_BEFORE_THE_PATH = re.compile(r"[@%<>^`{|}\"]")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PORT = re.compile(r"[0-9]{1,5}")
_KEPT_IN_PATH = "/%:@!$&'()*+,;=~-._"
_KEPT_IN_QUERY = _KEPT_IN_PATH + "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One place on the web. `host` is ASCII in lower case: a name, or an address in its one canonical form."""

    scheme: str
    host: str
    port: int
    path: str
    """With the query; without the fragment, which is nobody's business but the reader's."""

    @classmethod
    def of(cls, url: str) -> "Target":
        """Read a URL. Raises `egress.forbidden_url`."""
        if len(url) > MAX_URL or _NOT_IN_A_URL.search(url):
            raise ForbiddenUrl
        try:
            parts = urlsplit(url)
        except ValueError:  # brackets that hold no address
            raise ForbiddenUrl from None
        scheme = parts.scheme.lower()
        if scheme not in _DEFAULT_PORTS or _NOT_BEFORE_THE_PATH.search(parts.netloc):
            raise ForbiddenUrl
        host, port = _split(parts.netloc)
        path = quote(parts.path, safe=_KEPT_IN_PATH) or "/"
        query = f"?{quote(parts.query, safe=_KEPT_IN_QUERY)}" if parts.query else ""
        return cls(
            scheme=scheme, host=_host(host), port=_DEFAULT_PORTS[scheme] if port is None else port, path=path + query
        )

    def to(self, location: str) -> "Target":
        """Where a redirect from here leads."""
        if _NOT_IN_A_URL.search(location):
            raise ForbiddenUrl
        try:
            return Target.of(urljoin(str(self), location))
        except ValueError:
            raise ForbiddenUrl from None

    @property
    def authority(self) -> str:
        """Host and port as the `Host` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """What has to be the same for a secret to go along."""
        return self.scheme, self.host, self.port

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def _split(netloc: str) -> tuple[str, int | None]:
    """Host (IPv6 without brackets but with a colon) and port."""
    if netloc.startswith("["):
        host, bracket, rest = netloc[1:].partition("]")
        if not bracket or ":" not in host or (rest and not rest.startswith(":")):
            raise ForbiddenUrl
        port = rest[1:]
    else:
        host, _, port = netloc.partition(":")
    if not port:
        return host, None
    if not _PORT.fullmatch(port) or not 0 < int(port) <= 65535:
        raise ForbiddenUrl
    return host, int(port)


def _host(text: str) -> str:
    if len(text) > 253:
        raise ForbiddenUrl
    if ":" in text:
        try:
            address = IPv6Address(text)
        except ValueError:
            raise ForbiddenUrl from None
        if address.scope_id is not None:
            raise ForbiddenUrl
        return str(address)
    try:
        # Names of other scripts in ASCII; full-width, circled and such digits become what they look like.
        name = text.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        raise ForbiddenUrl from None
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ForbiddenUrl
    if _NUMBER.fullmatch(labels[-1]):
        # Everything that a system may take for an IPv4 address (2130706433, 0x7f.1, 0177.0.0.1) ends in a number, and
        # no name of the DNS does: only the one form that all understand alike is let through.
        try:
            return str(IPv4Address(name))
        except ValueError:
            raise ForbiddenUrl from None
    return name
