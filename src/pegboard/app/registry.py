"""The list of all modules, low to high, and what they have together."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pegboard.kernel.module import Module
from pegboard.modules.activity.module import MODULE as ACTIVITY
from pegboard.modules.attention.module import MODULE as ATTENTION
from pegboard.modules.ding.module import MODULE as DING
from pegboard.modules.directory.module import MODULE as DIRECTORY
from pegboard.modules.identity.module import MODULE as IDENTITY
from pegboard.modules.messaging.module import MODULE as MESSAGING

MODULES: tuple[Module, ...] = (IDENTITY, DIRECTORY, ATTENTION, MESSAGING, DING, ACTIVITY)


def gather(part: Callable[[Module], Iterable[Any]], modules: Sequence[Module] = MODULES) -> list[Any]:
    """One kind of thing from all modules, in their order."""
    return [thing for module in modules for thing in part(module)]
