"""`pegboard search …`."""

import argparse
import sys
from typing import Any

from pegboard.app.cli.outcome import tell
from pegboard.app.cli.running import existing, org_of, unit, with_parts
from pegboard.kernel.actor import operator_actor
from pegboard.kernel.audit import record
from pegboard.kernel.ids import OrgId
from pegboard.kernel.parts import Parts
from pegboard.modules.directory import api as directory
from pegboard.modules.messaging import api as messaging


def rebuild(parsed: argparse.Namespace) -> int:
    """Make the index of words anew, of all organisations or of one; search works meanwhile, only slower."""
    return tell(with_parts(parsed, lambda parts: _rebuild(parts, parsed.org)), as_json=parsed.json)


async def _rebuild(parts: Parts, only: str | None) -> dict[str, Any]:
    answer = {"organisations": 0, "messages": 0}
    for org_id in await _organisations(parts, only):
        async with unit(parts, org_id) as uow:
            total = await messaging.forget_words(uow)
            record(uow, operator_actor(org_id), action="search.rebuilt", object_="search", detail={"messages": total})
        done = 0
        while True:
            async with unit(parts, org_id) as uow:
                taken = await messaging.index_words(uow)
            if not taken:
                break
            done += taken
            print(f"\r{org_id}: {min(done, total)} of {total} messages", end="", file=sys.stderr, flush=True)
        if done:
            print(file=sys.stderr)
        answer["organisations"] += 1
        answer["messages"] += done
    return answer


async def _organisations(parts: Parts, only: str | None) -> list[OrgId]:
    if only is None:
        async with unit(parts) as uow:
            return await directory.all_organisations(uow)
    async with unit(parts, org_of(only)) as uow:
        await existing(uow)
    return [org_of(only)]
