"""What a fact is: frozen, fully declared, named in the past tense."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from pegboard.kernel.ids import MemberId, OrgId


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all facts. `name` is what the wire and the outbox call it (`member.joined`)."""

    name: ClassVar[str]


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """An event as a handler gets it: what happened, where, when and by whom. `event_id` makes handlers idempotent."""

    event_id: UUID
    org_id: OrgId
    at: datetime
    actor_id: MemberId | None
    event: Any
