"""What a client may ask over its socket, and how it is answered."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from pegboard.kernel.actor import Actor
from pegboard.kernel.db.work import UnitOfWork
from pegboard.kernel.errors import PegboardError
from pegboard.kernel.parts import Parts


class Reply(Protocol):
    """Where the answer to one command goes; exactly one of the two is called."""

    def ok(self, result: Any) -> None:
        """It is done (and committed): a Struct, or JSON that is encoded already (`msgspec.Raw`)."""
        ...

    def refuse(self, error: PegboardError) -> None:
        """It is not done."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """`{"id": n, "do": name, …params}`.

    `run` gets a unit of work that is committed before its result goes out. A command that is called thousands of
    times a second has `submit` instead: it is called from the event loop and sees to transaction and reply itself.
    """

    name: str
    params: type[msgspec.Struct]
    run: Callable[[UnitOfWork, Actor, Any], Awaitable[Any]] | None = None
    submit: Callable[[Parts, Actor, Any, Reply], None] | None = None
