"""Links to content that carry their own permission: short-lived, personal, and worth nothing when changed.

The browser fetches them without cookies and without a header, so an `<img>` works, and the answer can be
given under the strictest policy.
"""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID

from pegboard.kernel.db.database import Database
from pegboard.kernel.files.errors import FileLinkInvalid
from pegboard.kernel.ids import MemberId, OrgId
from pegboard.kernel.parts import Parts
from pegboard.kernel.settings import ServerSettings, Settings

Variant = Literal["original", "thumbnail"]

LIFETIME = timedelta(minutes=5)
PATH = "/api/v1/files/content"
KEY_FILE = "secret.key"

_VERSION = 1
_VARIANTS: tuple[Variant, ...] = ("original", "thumbnail")
# version, variant, expiry (Unix seconds), organisation, file, member
_FORM = struct.Struct(">BBQ16s16s16s")
_MAC_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link allows, and to whom it was given."""

    org_id: OrgId
    file_id: UUID
    member_id: MemberId
    variant: Variant
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedLink:
    """`url` is a path on this server."""

    url: str
    expires_at: datetime


class LinkKey:
    """The secret that links are signed with; a part."""

    def __init__(self, secret: bytes) -> None:
        # One secret serves many purposes, each with a key of its own.
        self._key = hmac.digest(secret, b"pegboard file links", hashlib.sha256)

    def mac(self, content: bytes) -> bytes:
        """The signature of a link's content."""
        return hmac.digest(self._key, content, hashlib.sha256)


def sign_link(
    parts: Parts,
    *,
    org_id: OrgId,
    file_id: UUID,
    member_id: MemberId,
    variant: Variant = "original",
    lifetime: timedelta = LIFETIME,
) -> SignedLink:
    """A link for this member, who was found to be allowed to see the file."""
    expires_at = (parts[Database].clock.now() + lifetime).replace(microsecond=0)
    content = _FORM.pack(
        _VERSION,
        _VARIANTS.index(variant),
        int(expires_at.timestamp()),
        org_id.bytes,
        file_id.bytes,
        member_id.bytes,
    )
    token = base64.urlsafe_b64encode(content + link_key(parts).mac(content)).decode().rstrip("=")
    return SignedLink(url=f"{PATH}/{token}", expires_at=expires_at)


def check_link(parts: Parts, token: str) -> Link:
    """What the link allows; `FileLinkInvalid` when it is over, or not one of ours."""
    try:
        signed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise FileLinkInvalid from None
    content, mac = signed[:-_MAC_BYTES], signed[-_MAC_BYTES:]
    if len(content) != _FORM.size or not hmac.compare_digest(link_key(parts).mac(content), mac):
        raise FileLinkInvalid
    version, variant, expires_s, org, file, member = _FORM.unpack(content)
    expires_at = datetime.fromtimestamp(expires_s, UTC)
    if version != _VERSION or expires_at <= parts[Database].clock.now():
        raise FileLinkInvalid
    return Link(
        org_id=OrgId(UUID(bytes=org)),
        file_id=UUID(bytes=file),
        member_id=MemberId(UUID(bytes=member)),
        variant=_VARIANTS[variant],
        expires_at=expires_at,
    )


def link_key(parts: Parts) -> LinkKey:
    """The process's key, from the settings or the data directory; found once."""
    if LinkKey not in parts:
        server = parts[Settings][ServerSettings]
        secret = server.secret_key.encode() if server.secret_key else _kept_secret(server.data / KEY_FILE)
        parts.put(LinkKey, LinkKey(secret))
    return parts[LinkKey]


def _kept_secret(file: Path) -> bytes:
    """The secret in the file; made when there is none, whole or not at all, readable by us only."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        pass
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, secrets.token_bytes(32))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(beside, file)  # unlike a rename it does not replace what another process was faster with
    except FileExistsError:
        pass
    finally:
        beside.unlink()
    return file.read_bytes()
