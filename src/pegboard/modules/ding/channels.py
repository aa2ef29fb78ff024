"""How a message leaves the house: a gateway over HTTP, or files for a program beside us."""

import asyncio
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

import msgspec

from pegboard.kernel.egress import Egress, EgressFailed, EgressRefused
from pegboard.modules.ding.templates import filled_body, filled_url, wants_receipts
from pegboard.modules.ding.views import Adapter, FileAdapter, HttpAdapter, OutsideName

_log = logging.getLogger(__name__)

ANSWER_BYTES = 64 * 1024
REFERENCE_LENGTH = 200


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message for one person. However often it is tried, `delivery_id` is the same."""

    delivery_id: UUID
    org_id: UUID
    ding_id: UUID
    channel: OutsideName
    phone: str
    text: str
    sender: str
    name: str
    receipt_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it. `delivered`: nothing more will be heard; else a receipt is expected."""

    accepted: bool
    delivered: bool = False
    code: str | None = None
    reference: str | None = None


def failed(code: str) -> Outcome:
    """It did not go out."""
    return Outcome(accepted=False, code=code)


class Channel(Protocol):
    """Takes a delivery to the outside. The same delivery may come twice, and has to have one effect."""

    async def deliver(self, delivery: Delivery) -> Outcome:
        """Never raises for what the other side does."""


class HttpChannel:
    """One request for each message, by the organisation's template, through the guarded way out."""

    def __init__(self, egress: Egress, adapter: HttpAdapter, timeout_s: float) -> None:
        self._egress = egress
        self._adapter = adapter
        self._timeout_s = timeout_s

    async def deliver(self, delivery: Delivery) -> Outcome:
        """Ask the gateway; 2xx is accepted (and delivered, unless a receipt is to come)."""
        adapter = self._adapter
        values = {
            "phone": delivery.phone,
            "text": delivery.text,
            "sender": delivery.sender,
            "name": delivery.name,
            "channel": delivery.channel,
            "ding_id": str(delivery.ding_id),
            "delivery_id": str(delivery.delivery_id),
            "receipt_url": delivery.receipt_url,
        }
        headers = {"content-type": "application/json"} if adapter.method != "GET" else {}
        headers |= {name.lower(): value for name, value in adapter.headers.items()}
        headers["idempotency-key"] = str(delivery.delivery_id)
        try:
            answer = await self._egress.request(
                adapter.method,
                filled_url(adapter, values),
                headers=headers,
                body=b"" if adapter.method == "GET" else filled_body(adapter, values),
                limit_bytes=ANSWER_BYTES,
                timeout_s=self._timeout_s,
            )
        except EgressRefused as refused:
            return failed(refused.code)
        except EgressFailed as broken:
            return failed(f"{broken.code}.{broken.reason}")
        if not 200 <= answer.status < 300:
            return failed(f"http.{answer.status}")
        said = answer.body.decode("utf-8", "replace")
        if adapter.success_contains and adapter.success_contains not in said:
            return failed("http.not_accepted")
        reference = "".join(char for char in said[:REFERENCE_LENGTH] if char.isprintable())
        return Outcome(accepted=True, delivered=not wants_receipts(adapter), reference=reference or None)


class FileChannel:
    """One file for each delivery, whole or not there, and never a second one for the same delivery."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, delivery: Delivery) -> Outcome:
        """Write the file; one that is there already is the same message."""
        try:
            await asyncio.to_thread(self._write, delivery)
        except OSError:
            _log.exception("a message could not be written")
            return failed("file.error")
        return Outcome(accepted=True, delivered=True)

    def _write(self, delivery: Delivery) -> None:
        folder = self._folder / str(delivery.org_id) / delivery.channel
        folder.mkdir(parents=True, exist_ok=True)
        beside = folder / f".{delivery.delivery_id}.{os.getpid()}.{os.urandom(4).hex()}"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(msgspec.json.encode(delivery))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(beside, folder / f"{delivery.delivery_id}.json")  # fails where one is there; never replaces it
            except FileExistsError:
                pass
        finally:
            beside.unlink(missing_ok=True)


def channel_of(adapter: Adapter, *, egress: Egress, folder: Path, timeout_s: float) -> Channel:
    """The channel of an adapter."""
    if isinstance(adapter, FileAdapter):
        return FileChannel(folder)
    return HttpChannel(egress, adapter, timeout_s)
