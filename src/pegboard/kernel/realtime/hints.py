"""What processes of one installation tell each other: that something is new. The truth is in PostgreSQL."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Protocol
from uuid import UUID

import msgspec

from pegboard.kernel.db.work import UnitOfWork
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.ordering import Span

Topic = tuple[str, UUID]
"""What a topic that is heard in several processes looks like: ("conversation", its id)."""


class Hint(msgspec.Struct, frozen=True, kw_only=True, tag_field="hint"):
    """Base of everything that one process tells the others. `tag=` is its name between them.

    It may be lost. Whoever hears it does what the teller has done for its own sockets and its own memory.
    `for_workers`: processes without sockets hear it too, since they remember such things.
    """

    for_workers: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What a process does at a hint: `hear(parts, hint)`, from the event loop; it must not wait.

    `missed` is called when hints may have been lost: whatever one of them would have made forget is forgotten.
    """

    hint: type[Hint]
    hear: Callable[[Parts, Any], None]
    missed: Callable[[Parts], None] | None = None


class Others(Protocol):
    """A part of a process that is not alone: the way to the others. Where there is none, nobody has to be told."""

    def tell(self, hint: Hint) -> None:
        """Have every other process hear the hint. Never waits, never fails."""
        ...

    def ring(self, bell: Hint) -> None:
        """Wake the workers; often rung is once heard."""
        ...

    def publish(self, topic: Any, frame: bytes, span: Span | None) -> None:
        """Have every other process send the frame to those who hear the topic there."""
        ...


def ring_workers(uow: UnitOfWork, bell: Hint) -> None:
    """Have the workers in other processes look at once when the unit of work has come true; they look soon anyway."""
    if Others in uow.parts:
        uow.after_commit(partial(uow.parts[Others].ring, bell))


def tell_others(uow: UnitOfWork, hint: Hint) -> None:
    """Have the other processes hear the hint once the unit of work has come true."""
    if Others in uow.parts:
        uow.after_commit(partial(uow.parts[Others].tell, hint))
