"""The wire shapes of attention."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pegboard.modules.attention.views import FolderRule, Kind

ClientId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Revision = Annotated[int, Meta(ge=0, le=2**62)]
OnTheClock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5)]
Weekday = Annotated[int, Meta(ge=1, le=7)]
Rules = Annotated[list[FolderRule], Meta(max_length=20)]

MOST_FOLDERS = 100
MOST_BY_HAND = 1000


class _In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What clients send: an unknown field is a mistake that they should hear of."""


class _Out(msgspec.Struct, frozen=True, kw_only=True):
    """What we send."""


# --- settings --------------------------------------------------------------------------------------------------------


class QuietHoursOut(_Out, frozen=True, kw_only=True):
    """From `starts` to `ends` by the clock of `zone`, beginning on these weekdays (1: Monday)."""

    enabled: bool
    starts: str
    ends: str
    days: list[int]
    zone: str


class RuleOut(_Out, frozen=True, kw_only=True):
    """What one kind of happening does, in a conversation that is muted or not.

    `number`: it is counted in the badge; `bold`: the name stands out; `alert`: sound and push. `why` is a stable
    code, `text` the answer to "why do I see this?".
    """

    kind: Kind
    muted: bool
    number: bool
    bold: bool
    alert: bool
    why: str
    text: str


class AttentionOut(_Out, frozen=True, kw_only=True):
    """The caller's settings, and the badge rule as it is for them now.

    `quiet_until` is null when no quiet hours hold. At `changes_at` (null: never) they begin or end: ask again.
    """

    quiet_hours: QuietHoursOut
    quiet_until: datetime | None
    changes_at: datetime | None
    no_numbers: bool
    mention_pierces_mute: bool
    revision: int
    rule: list[RuleOut]


class QuietHoursChange(_In, frozen=True, kw_only=True):
    """What changes of the quiet hours; a `zone` of null is the organisation's."""

    enabled: bool | UnsetType = UNSET
    starts: OnTheClock | UnsetType = UNSET
    ends: OnTheClock | UnsetType = UNSET
    days: Annotated[list[Weekday], Meta(max_length=7)] | UnsetType = UNSET
    zone: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType | None = UNSET


class AttentionChange(_In, frozen=True, kw_only=True):
    """What changes, and the revision that the caller saw."""

    revision: Revision
    quiet_hours: QuietHoursChange | UnsetType = UNSET
    no_numbers: bool | UnsetType = UNSET
    mention_pierces_mute: bool | UnsetType = UNSET


# --- folders ---------------------------------------------------------------------------------------------------------


class FolderOut(_Out, frozen=True, kw_only=True):
    """A folder as the caller has it: order, `collapsed` and `hidden` are theirs alone.

    `conversation_ids` were put there by hand; those of an organisation's folder are shown to who may change it.
    """

    id: UUID
    name: str
    scope: Literal["personal", "organisation"]
    position: int
    collapsed: bool
    hidden: bool
    rules: list[FolderRule]
    conversation_ids: list[UUID]
    revision: int


class NewFolder(_In, frozen=True, kw_only=True):
    """A folder to be made. The same `client_id` from the same person is the same folder."""

    name: Name
    scope: Literal["personal", "organisation"] = "personal"
    rules: Rules = []
    client_id: ClientId | None = None


class FolderChange(_In, frozen=True, kw_only=True):
    """What changes. A new name or new rules take the revision that the caller saw."""

    revision: Revision | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    rules: Rules | UnsetType = UNSET
    collapsed: bool | UnsetType = UNSET
    hidden: bool | UnsetType = UNSET


class FolderOrder(_In, frozen=True, kw_only=True):
    """Folders in the order in which the caller wants them; others come behind."""

    folder_ids: Annotated[list[UUID], Meta(max_length=2 * MOST_FOLDERS)]
