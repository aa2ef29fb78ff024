"""Limits of messaging; operators set them in `[messaging]`. A rate of 0 switches that limit off (benchmarks do)."""

import msgspec


class MessagingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sizes in characters, times in seconds, rates a second."""

    text_limit: int = 20_000
    """Characters in one text or markdown message."""
    group_limit: int = 20_000
    """Members of one conversation."""
    reactions_limit: int = 50
    """Different emoji on one message."""
    pins_limit: int = 100
    """Messages that are pinned in one conversation."""
    bookmarks_limit: int = 5_000
    """Messages that one person has marked."""
    messages_per_person: float = 20
    """Messages a second that one person may send, on average."""
    messages_per_person_burst: float = 60
    """Messages that one person may send at once."""
    messages_per_conversation: float = 200
    """Messages a second that one conversation takes, on average."""
    messages_per_conversation_burst: float = 400
    """Messages that one conversation takes at once."""
    edit_within_s: int = 86_400
    """How long the sender may edit."""
    recall_within_s: int = 86_400
    """How long the sender may recall."""
    receipts_every_s: float = 0.1
    """The least time between two counts of readers for one conversation."""
    link_previews: bool = True
    """Whether the server asks the pages behind links for their titles. Organisations may switch it off for themselves.
    """
    previews_per_person: float = 0.2
    """Messages a second, on average, whose links are looked up for one person; the others just show no preview."""
    previews_per_person_burst: float = 20
    """The same at once."""
    read_times_kept_days: int = 90
    """How long it is known when somebody read something."""
