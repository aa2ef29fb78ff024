"""`pegboard jobs …`."""

import argparse
from typing import Any
from uuid import UUID

import msgspec

from pegboard.app.cli.outcome import tell
from pegboard.app.cli.running import unit, with_parts
from pegboard.kernel import jobs
from pegboard.kernel.actor import operator_actor
from pegboard.kernel.audit import record
from pegboard.kernel.ids import NO_ORG
from pegboard.kernel.parts import Parts


def show(parsed: argparse.Namespace) -> int:
    """The latest dead letters, and how many jobs there are in which state."""

    async def work(parts: Parts) -> dict[str, Any]:
        async with unit(parts, system=True) as uow:
            dead = await jobs.dead_letters(uow, limit=parsed.limit)
            return {"counts": await jobs.job_counts(uow), "dead": msgspec.to_builtins(dead)}

    return tell(with_parts(parsed, work), as_json=parsed.json)


def retry(parsed: argparse.Namespace) -> int:
    """Give a dead letter all its attempts again."""

    async def work(parts: Parts) -> None:
        async with unit(parts, system=True) as uow:
            await jobs.retry_dead(uow, _job_id(parsed.id))
        async with unit(parts, NO_ORG) as uow:
            record(uow, operator_actor(NO_ORG), action="job.retried", object_=f"job:{parsed.id}")

    with_parts(parsed, work)
    return tell({}, as_json=parsed.json)


def _job_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise jobs.JobNotFound from None
