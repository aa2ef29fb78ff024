"""Identifiers: UUIDs of version 7 (RFC 9562 §5.7), so that new rows stand together at the end of an index."""

import os
import time
from typing import NewType
from uuid import UUID

OrgId = NewType("OrgId", UUID)
AccountId = NewType("AccountId", UUID)
MemberId = NewType("MemberId", UUID)

NO_ORG = OrgId(UUID(int=0))
"""Stands where a row belongs to an account and to no organisation."""


def uuid7() -> UUID:
    """A new identifier: 48 bits of Unix milliseconds, 74 random bits."""
    random = int.from_bytes(os.urandom(10), "big")
    milliseconds = (time.time_ns() // 1_000_000) & ((1 << 48) - 1)
    high, low = random >> 62 & 0xFFF, random & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)
