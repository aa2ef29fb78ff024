"""Values of attention, and the two pure rules: what a happening may do to somebody, and where a conversation stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

from pegboard.kernel.ids import MemberId

Kind = Literal[
    "direct",
    "mention",
    "mention_all",
    "reply",
    "thread_reply",
    "group",
    "system",
    "robot",
    "ding",
    "task",
    "approval",
]
"""What can happen. A message is the first of these that fits: `system`, `mention`, `reply`, `mention_all`, `direct`,
`thread_reply`, `robot`, `group`."""
KINDS: tuple[Kind, ...] = get_args(Kind)

WAITS_FOR_ME: frozenset[Kind] = frozenset(
    ("direct", "mention", "mention_all", "reply", "ding", "task", "approval")
)  # fmt: skip
"""Only these may carry a number."""
BY_NAME: frozenset[Kind] = frozenset(("mention", "reply"))
"""Only these get through the mute of a conversation, for whoever wants it."""
IN_NO_CONVERSATION: frozenset[Kind] = frozenset(("ding", "task", "approval"))
"""These stand in no conversation, so no mute holds them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How somebody, and a conversation of theirs, stands when something happens."""

    muted: bool = False
    quiet: bool = False
    no_numbers: bool = False
    mention_pierces_mute: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a happening may do: put up a number, make a name bold, sound and push. `why` has a text."""

    number: bool
    bold: bool
    alert: bool
    why: str


def notice(kind: Kind, state: State) -> Notice:
    """The badge rule, the only one there is.

    Numbers and sounds are for what waits for me. A mute takes both away; quiet hours take the sound only.
    """
    if kind == "system":
        return Notice(number=False, bold=False, alert=False, why="attention.why.system")
    waits = kind in WAITS_FOR_ME
    pierces = state.muted and kind in BY_NAME and state.mention_pierces_mute
    held_back = state.muted and not pierces and kind not in IN_NO_CONVERSATION
    heard = waits and not held_back
    if held_back:
        why = "muted"
    elif pierces:
        why = f"{kind}_pierces"
    else:
        why = kind
    return Notice(
        number=heard and not state.no_numbers,
        bold=waits or not held_back,
        alert=heard and not state.quiet,
        why=f"attention.why.{why}",
    )


# --- folders ---------------------------------------------------------------------------------------------------------


class Direct(msgspec.Struct, frozen=True, tag_field="kind", tag="direct", forbid_unknown_fields=True):
    """Every conversation with one person."""


class Groups(msgspec.Struct, frozen=True, tag_field="kind", tag="groups", forbid_unknown_fields=True):
    """Every group, of whatever kind."""


class OfDepartment(msgspec.Struct, frozen=True, tag_field="kind", tag="department", forbid_unknown_fields=True):
    """The group of a department; `subtree`: also those of the departments below it."""

    department_id: UUID
    subtree: bool = False


class Robots(msgspec.Struct, frozen=True, tag_field="kind", tag="robots", forbid_unknown_fields=True):
    """Every conversation with a robot."""


class Muted(msgspec.Struct, frozen=True, tag_field="kind", tag="muted", forbid_unknown_fields=True):
    """Every conversation that is muted now."""


class OwnedByMe(msgspec.Struct, frozen=True, tag_field="kind", tag="mine", forbid_unknown_fields=True):
    """Every group that I own."""


FolderRule = Direct | Groups | OfDepartment | Robots | Muted | OwnedByMe


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationFacts:
    """What the rules of folders ask of a conversation; `muted` and `owned` are the asking member's."""

    conversation_id: UUID
    direct: bool
    department_id: UUID | None = None
    muted: bool = False
    owned: bool = False
    robots: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder as one member has it. `below` are the departments below those that its rules name with `subtree`."""

    id: UUID
    name: str
    scope: Literal["personal", "organisation"]
    position: int
    collapsed: bool
    hidden: bool
    rules: Sequence[FolderRule]
    conversation_ids: frozenset[UUID]
    below: frozenset[UUID] = frozenset()
    revision: int


def matches(folder: Folder, facts: ConversationFacts) -> bool:
    """Whether the conversation stands in the folder: by hand, or by one of its rules."""
    return facts.conversation_id in folder.conversation_ids or any(_fits(folder, rule, facts) for rule in folder.rules)


def _fits(folder: Folder, rule: FolderRule, facts: ConversationFacts) -> bool:
    match rule:
        case Direct():
            return facts.direct
        case Groups():
            return not facts.direct
        case OfDepartment(department_id, subtree):
            own = facts.department_id
            return own is not None and (own == department_id or (subtree and own in folder.below))
        case Robots():
            return facts.robots
        case Muted():
            return facts.muted
        case OwnedByMe():
            return facts.owned


# --- settings --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """From `starts` to `ends` by the clock of `zone`, on the nights (or days) that begin on these weekdays (1: Monday).

    Where `ends` is not later than `starts`, it is on the next day.
    """

    enabled: bool = False
    starts: str = "22:00"
    ends: str = "08:00"
    days: Sequence[int] = (1, 2, 3, 4, 5, 6, 7)
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What a member has chosen, and what of it holds now."""

    member_id: MemberId
    quiet_hours: QuietHours
    quiet_until: datetime | None
    changes_at: datetime | None
    no_numbers: bool
    mention_pierces_mute: bool
    revision: int

    def state(self, *, muted: bool = False) -> State:
        """For the badge rule."""
        return State(
            muted=muted,
            quiet=self.quiet_until is not None,
            no_numbers=self.no_numbers,
            mention_pierces_mute=self.mention_pierces_mute,
        )
