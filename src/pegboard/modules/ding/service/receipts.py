"""Receipts: a gateway tells later what became of a message, at an address that only we can have given it."""

import base64
import binascii
import hashlib
import hmac
import struct
from typing import Literal
from uuid import UUID

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.files.links import link_key
from pegboard.kernel.ids import OrgId
from pegboard.kernel.parts import Parts
from pegboard.kernel.settings import ServerSettings, Settings
from pegboard.modules.ding.errors import ReceiptInvalid
from pegboard.modules.ding.service import steps
from pegboard.modules.ding.service.near import report, wake
from pegboard.modules.ding.store import attempts, dings, recipients
from pegboard.modules.ding.store.recipients import Place, write_back
from pegboard.modules.ding.views import DingRow

PATH = "/api/v1/ding-receipts"
Told = Literal["delivered", "failed"]
_FORM = struct.Struct(">16s16s")


def address(parts: Parts, org_id: OrgId, delivery_id: UUID) -> str:
    """Where the gateway tells it: with `/delivered` or `/failed` behind. Empty without a public address of ours."""
    public_url = parts[Settings][ServerSettings].public_url
    return f"{public_url.rstrip('/')}{PATH}/{sign(parts, org_id, delivery_id)}" if public_url else ""


def sign(parts: Parts, org_id: OrgId, delivery_id: UUID) -> str:
    """The delivery's name that nobody can guess."""
    content = _FORM.pack(org_id.bytes, delivery_id.bytes)
    return base64.urlsafe_b64encode(content + _mac(parts, content)).decode().rstrip("=")


def _mac(parts: Parts, content: bytes) -> bytes:
    key = link_key(parts).mac(b"pegboard ding receipts")
    return hmac.digest(key, content, hashlib.sha256)


async def take(uow: UnitOfWork, signed: str, told: Told) -> None:
    """Note it, once. What has failed after all lets the next step come at once."""
    try:
        raw = base64.b64decode(signed + "=" * (-len(signed) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ReceiptInvalid from None
    content, mac = raw[: _FORM.size], raw[_FORM.size :]
    if len(content) != _FORM.size or not hmac.compare_digest(_mac(uow.parts, content), mac):
        raise ReceiptInvalid
    org, delivery = _FORM.unpack(content)
    delivery_id = UUID(bytes=delivery)
    await uow.enter(OrgId(UUID(bytes=org)))
    attempt = await uow.one(attempts.FIND, delivery_id=delivery_id)
    if attempt is None:
        raise ReceiptInvalid
    row = await uow.one(recipients.HOLD, ding_id=attempt["ding_id"], member_id=attempt["member_id"])
    code = "receipt.failed" if told == "failed" else None
    noted = await uow.execute(attempts.RECEIPT, delivery_id=delivery_id, state=told, code=code, now=uow.now())
    if not noted or row is None or row["state"] not in ("pending", "delivered", "undelivered"):
        return
    place, ding = Place.of(row), DingRow.of(await uow.one(dings.FIND, id=attempt["ding_id"]))
    place.outside = steps.is_outside(ding.steps, place.step)
    if told == "delivered":
        place.state, place.delivered_at = "delivered", place.delivered_at or uow.now()
    elif (place.round, place.step) == (attempt["round"], attempt["step"] + 1) and place.due_at is not None:
        place.due_at = min(place.due_at, uow.now())
    await write_back(uow, [place])
    await wake(uow, [place])
    report(uow, [place])
