"""What counts as finished work. The list is data with a version: whoever compares years sees what was counted when."""

from dataclasses import dataclass

VERSION = 1
"""Goes up with every change of the list below, or of what one of them means; counts carry it."""

ANY = "any"
"""Whatever it was: the people with at least one act of any kind."""

SMALLEST_GROUP = 5
"""Fewer people than this are not shown, nor how much they did: they would be known by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A kind of finished work. `since`: the version of the list that it came with."""

    name: str
    since: int
    meaning: str


MENTION_ANSWERED = Act(
    name="mention.answered",
    since=1,
    meaning="The first reply in its thread to a message that mentioned the writer by name, or replied to them.",
)
DING_ANSWERED = Act(
    name="ding.answered",
    since=1,
    meaning="A DING of somebody else acknowledged in words; pressing the button alone is none.",
)

# Opening, scrolling, reading, pressing away a badge, being online and the time spent are no finished work. They are not
# measured here or anywhere else, and a test sees to it (tests/modules/activity/test_no_attention_metrics.py).
ACTS = (MENTION_ANSWERED, DING_ANSWERED)
