"""What a job is, and what it is given when it runs."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pegboard.kernel.db.work import UnitOfWork
from pegboard.kernel.ids import OrgId


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """Which run this is. `attempt` counts from 1; `last_attempt` says that a failure now makes a dead
    letter.
    """

    job_id: UUID
    org_id: OrgId
    name: str
    attempt: int
    max_attempts: int
    created_at: datetime

    @property
    def last_attempt(self) -> bool:
        """Whether nobody will try again after this."""
        return self.attempt >= self.max_attempts


Body = Callable[[UnitOfWork, Any, JobContext], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A kind of background work. `name` is its stable identity in the queue (`identity.forget_sessions`).

    `run(uow, payload, context)` gets a unit of work in the job's organisation (in none for NO_ORG) under the
    application's role, or under the system's with `system=True`; what it writes there comes true together
    with the mark that the job is done, or not at all. `payload` is the type that the stored JSON is read as:
    `dict` or a msgspec Struct. What it does outside PostgreSQL can happen more than once and has to bear it.

    The lease (`lease_s` seconds) is renewed while the job runs; it only has to outlast a pause of the
    process. A run longer than `timeout_s` seconds is broken off and counts as failed.
    """

    name: str
    run: Body
    payload: Any = dict
    max_attempts: int = 10
    lease_s: int = 60
    timeout_s: float = 600.0
    system: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """Runs the job named `job` every so often, once for the whole installation, in no organisation.

    A turn is left out while the one before still waits or runs; turns missed while nothing ran are not made
    up.
    """

    job: str
    every: timedelta


class Retry(Exception):
    """Raised by a job that wants to be called again after `after_s` seconds; counts as an attempt."""

    def __init__(self, after_s: float) -> None:
        super().__init__(f"again in {after_s} s")
        self.after_s = after_s


class LeaseLost(Exception):
    """Somebody else has the job by now: this run took longer than its lease without renewing. Its writes are
    undone.
    """
