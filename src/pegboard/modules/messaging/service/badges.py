"""The number that a conversation carries, and the folders that it stands in: both by the rules of attention."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from pegboard.modules.attention import api as attention
from pegboard.modules.messaging.store.reading import UNREAD_COUNTED_TO
from pegboard.modules.messaging.views import ConversationRow, New, Participant


class Counts(TypedDict):
    """What is new in a conversation, as heads, events and the own side tell it."""

    unread: int
    mentions: int
    mentioned: bool
    badge: int


def counts(new: New, state: attention.State, *, direct: bool, muted: bool) -> Counts:
    """What is new, with the number that it carries."""
    return Counts(
        unread=new.unread,
        mentions=new.calls,
        mentioned=new.calls > 0,
        badge=badge(new, replace(state, muted=muted), direct=direct),
    )


def badge(new: New, state: attention.State, *, direct: bool) -> int:
    """How many of the new messages carry a number; of the others only that there are some is shown."""
    others: attention.Kind = "direct" if direct else "group"
    counts: tuple[tuple[attention.Kind, int], ...] = (
        ("mention", new.mention),
        ("reply", new.reply),
        ("mention_all", new.mention_all),
        (others, max(new.unread - new.calls, 0)),
    )
    numbered = sum(count for kind, count in counts if count and attention.notice(kind, state).number)
    return min(numbered, UNREAD_COUNTED_TO)


def is_muted(muted_until: datetime | None, now: datetime) -> bool:
    """Whether a mute holds at this instant."""
    return muted_until is not None and muted_until > now


def facts(row: ConversationRow, participant: Participant, now: datetime) -> attention.ConversationFacts:
    """What the rules of folders ask."""
    return attention.ConversationFacts(
        conversation_id=row.id,
        direct=row.kind == "direct",
        department_id=row.department_id,
        muted=is_muted(participant.muted_until, now),
        owned=participant.role == "owner",
    )


def folder_ids(folders: Sequence[attention.Folder], of: attention.ConversationFacts) -> list[UUID]:
    """Every folder that a conversation stands in, in the member's order."""
    return [folder.id for folder in folders if attention.matches(folder, of)]
