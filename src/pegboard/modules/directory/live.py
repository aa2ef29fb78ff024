"""What the directory tells clients that are connected (docs/protocol/realtime.md)."""

from uuid import UUID

from pegboard.kernel.realtime.live import LiveEvent


class MemberShownChanged(LiveEvent, frozen=True, kw_only=True, tag="member.changed"):
    """Somebody is shown differently from now on: another name, title or picture, or another state."""

    userid: str
    name: str
    title: str
    avatar_file_id: UUID | None
    state: str


LIVE_EVENTS = (MemberShownChanged,)
