"""The kernel's own sections. The text below each setting is its documentation
(docs/operations/settings.md).
"""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from pegboard.kernel.settings.values import Secret

_MIB = 1024 * 1024

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Rate = Annotated[float, msgspec.Meta(ge=0)]


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the server listens, and where its data lies."""

    host: str = "127.0.0.1"
    """The address to listen at; `0.0.0.0` for all."""
    port: Port = 8700
    """The port to listen at; 0 takes any free one."""
    public_url: str = ""
    """How browsers reach this server (`https://talk.example.com`). Empty: derived from each request."""
    data: Path = Path("data")
    """The data directory: the embedded PostgreSQL, files, keys, `pegboard.toml`."""
    database_url: Secret = Secret("")
    """An external PostgreSQL 18 (`postgresql://user:password@host/database`). Empty: Pegboard runs its
    own.
    """
    database_owner_url: Secret = Secret("")
    """The same database under the role that owns the tables, for migrations. Empty: `database_url`."""
    database_pool: Count = 20
    """How many connections to PostgreSQL each process may open for requests."""
    allow_egress: tuple[str, ...] = ()
    """Networks (CIDR) that requests made for others may reach besides public addresses, where internal apps
    live.
    """
    tls_cert: Path | None = None
    """The certificate chain (PEM), to serve HTTPS without a proxy in front."""
    tls_key: Path | None = None
    """The certificate's key (PEM)."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies whose `X-Forwarded-*` headers are believed."""
    processes: Count = 1
    """How many web processes to run."""
    role: Literal["all", "web", "worker"] = "all"
    """What this process does: everything, requests only, or background work only."""
    nats_url: Secret = Secret("")
    """The NATS that all processes of a cluster share; several addresses with commas
    (`nats://user:password@nats-1:4222,nats://…`). Empty: with more than one process Pegboard starts its own.
    """
    nats_subject: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$")] = "pegboard"
    """The beginning of the subjects in that NATS: another one for each installation that uses it."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important lines that are logged."""
    secret_key: Secret = Secret("")
    """Signs short-lived links; at least 32 characters, the same in all processes. Empty: kept in `secret.key`
    in the data directory.
    """

    def __post_init__(self) -> None:
        for name in ("allow_egress", "trusted_proxies"):
            for network in getattr(self, name):
                try:
                    ipaddress.ip_network(network, strict=False)
                except ValueError:
                    raise ValueError(f"{name}: {network!r} is not an address or network") from None
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        if self.public_url and urlsplit(self.public_url).scheme not in ("http", "https"):
            raise ValueError("public_url: begins with http:// or https://")
        if self.database_url and urlsplit(self.database_url).scheme not in ("postgres", "postgresql"):
            raise ValueError("database_url: begins with postgresql://")
        if self.role != "all" and not self.database_url:
            raise ValueError(f"role {self.role}: needs an external database (database_url)")
        if self.processes > 64:
            raise ValueError("processes: at most 64")
        if self.secret_key and len(self.secret_key) < 32:
            raise ValueError("secret_key: has at least 32 characters")


class FilesSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people upload, and where it is kept."""

    store: Literal["directory", "s3"] = "directory"
    """`directory`: below the data directory. `s3`: a bucket of S3 or what speaks its protocol."""
    s3_bucket: str = ""
    """The bucket's name."""
    s3_prefix: str = ""
    """Put in front of every key, to share a bucket."""
    s3_region: str = "us-east-1"
    """The bucket's region."""
    s3_endpoint: str = ""
    """The address of the service, if it is not Amazon's (`https://minio.example.com`)."""
    s3_access_key_id: str = ""
    """Empty: from the machine's role."""
    s3_secret_access_key: Secret = Secret("")
    """Belongs to the access key."""
    max_bytes: Annotated[int, msgspec.Meta(ge=1)] = 512 * _MIB
    """The largest file that may be uploaded, in bytes."""
    blocked_types: tuple[str, ...] = ()
    """Media types that may not be uploaded, as found in the content or as declared
    (`application/x-msdownload`, `video/*`).
    """

    def __post_init__(self) -> None:
        if self.store == "s3" and not self.s3_bucket:
            raise ValueError("s3_bucket: needed with store = s3")
        if bool(self.s3_access_key_id) != bool(self.s3_secret_access_key):
            raise ValueError("s3_access_key_id and s3_secret_access_key go together")


class LimitsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much one caller may ask for. Over a limit the answer is 429 with the time to wait."""

    requests_per_s: Rate = 100.0
    """Requests a second, on average, of one account, or of one address without an account; 0 switches it
    off.
    """
    requests_burst: Rate = 500.0
    """Requests at once before the average counts."""
    frames_per_s: Rate = 100.0
    """Commands a second, on average, over one realtime connection; 0 switches it off."""
    frames_burst: Rate = 400.0
    """Commands at once before the average counts."""


KERNEL_SECTIONS: Mapping[str, type[Any]] = {
    "server": ServerSettings,
    "files": FilesSettings,
    "limits": LimitsSettings,
}
