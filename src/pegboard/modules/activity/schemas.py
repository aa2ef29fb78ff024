"""The wire shapes of `activity`."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from pegboard.modules.activity.acts import ACTS, ANY, SMALLEST_GROUP, VERSION
from pegboard.modules.activity.views import ActivityPolicy, Count


class ActivityCount(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of finished work in one period, of the whole organisation.

    `people` did it, `acts` times together; both are null where fewer than `smallest_group` people did. `version` is
    that of the list of acts when it was counted.
    """

    starts: date
    ends: date
    act: str
    version: int
    acts: int | None
    people: int | None

    @classmethod
    def of(cls, count: Count) -> "ActivityCount":
        return cls(
            starts=count.period.starts,
            ends=count.period.ends,
            act=count.act,
            version=count.version,
            acts=count.acts,
            people=count.people,
        )


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """Finished work of the organisation. The act `any` counts the people with at least one act of whatever kind."""

    version: int
    acts: list[str]
    smallest_group: int
    items: list[ActivityCount]

    @classmethod
    def of(cls, counts: list[Count]) -> "Activity":
        return cls(
            version=VERSION,
            acts=[ANY, *(act.name for act in ACTS)],
            smallest_group=SMALLEST_GROUP,
            items=[ActivityCount.of(count) for count in counts],
        )


class ActivityPolicyOut(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the organisation counts finished work."""

    enabled: bool
    revision: int

    @classmethod
    def of(cls, policy: ActivityPolicy) -> "ActivityPolicyOut":
        return cls(enabled=policy.enabled, revision=policy.revision)


class ActivityPolicyChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Counting on or off, as seen at `revision`."""

    revision: Annotated[int, Meta(ge=0, le=2**62)]
    enabled: bool
