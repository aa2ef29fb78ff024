"""What comes next for one recipient: pure rules over a `Place`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pegboard.modules.ding.store.recipients import Place
from pegboard.modules.ding.views import RecipientState, Step

MOST_TRIES = 3
"""So often a call is begun whose worker dies; then the next step comes."""


def is_outside(steps: Sequence[Step], number: int) -> bool:
    """Whether an adapter does this step; the last look behind all steps is ours."""
    return number < len(steps) and steps[number].channel != "app"


def done(place: Place, steps: Sequence[Step], now: datetime, settle_after: timedelta) -> None:
    """The step was done: the next one comes as long after it as it was planned to."""
    number = place.step
    following = number + 1
    if following < len(steps):
        wait = timedelta(seconds=max(0, steps[following].after_seconds - steps[number].after_seconds))
    else:
        wait = settle_after
    _enter(place, steps, following, now + wait)


def failed(place: Place, steps: Sequence[Step], now: datetime) -> None:
    """The step could not be done: the next one comes at once."""
    _enter(place, steps, place.step + 1, now)


def settled(place: Place) -> None:
    """There is nothing more to be done: what has reached nobody's device until now has not been delivered."""
    if place.state == "pending":
        place.state = "undelivered"
    place.due_at = None


def end(place: Place, state: RecipientState) -> None:
    """Nothing more happens for this one."""
    place.state = state
    place.due_at = None
    place.outside = False


def _enter(place: Place, steps: Sequence[Step], number: int, due_at: datetime) -> None:
    place.step = number
    place.outside = is_outside(steps, number)
    place.due_at = due_at
    place.tries = 0
