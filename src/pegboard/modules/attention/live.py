"""What attention tells clients that are connected (docs/protocol/realtime.md)."""

from collections.abc import Hashable

from pegboard.kernel.ids import MemberId, OrgId
from pegboard.kernel.realtime.live import LiveEvent


class FoldersChanged(LiveEvent, frozen=True, kw_only=True, tag="folders.changed"):
    """Folders, or what stands in them, are new: fetch them, and where each conversation stands."""


class AttentionChanged(LiveEvent, frozen=True, kw_only=True, tag="attention.changed"):
    """The caller's settings, or the rule that follows from them, are new: fetch them, and the badges."""


LIVE_EVENTS = (FoldersChanged, AttentionChanged)


def member_topic(member_id: MemberId) -> Hashable:
    """What all devices of one member hear."""
    return ("member", member_id)


def org_topic(org_id: OrgId) -> Hashable:
    """What everybody in the organisation hears."""
    return ("org", org_id)
