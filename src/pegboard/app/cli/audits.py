"""`pegboard audit …`."""

import argparse
from typing import Any

from pegboard.app.cli.outcome import CommandRefused, tell
from pegboard.app.cli.running import existing, org_of, unit, with_parts
from pegboard.kernel import audit
from pegboard.kernel.actor import operator_actor
from pegboard.kernel.ids import NO_ORG, OrgId
from pegboard.kernel.parts import Parts
from pegboard.modules.directory import api as directory


class AuditBroken(CommandRefused):
    """Somebody has touched the log."""

    code = "audit.broken"
    status = 409


def verify(parsed: argparse.Namespace) -> int:
    """Walk every chain, or one; end at the first bad entry."""
    answer = with_parts(parsed, lambda parts: _verify(parts, parsed))
    if not answer["ok"]:
        raise AuditBroken(answer, org_id=answer["org_id"], seq=answer["first_bad_seq"], reason=answer["reason"])
    return tell(answer, as_json=parsed.json)


async def _verify(parts: Parts, parsed: argparse.Namespace) -> dict[str, Any]:
    chains = await _chains(parts, parsed.org)
    answer: dict[str, Any] = {
        "organisations": len([chain for chain in chains if chain != NO_ORG]),
        "rows": 0,
        "ok": True,
    }
    for org_id in chains:
        async with unit(parts, org_id) as uow:
            found = await audit.verify(uow)
        answer["rows"] += found.rows
        if not found.ok:
            bad = {"org_id": str(org_id), "first_bad_seq": found.first_bad_seq, "reason": found.reason}
            answer = {**answer, "ok": False, **bad}
            break
    async with unit(parts, NO_ORG) as uow:
        audit.record(uow, operator_actor(NO_ORG), action="audit.verified", object_="audit", detail=answer)
    return answer


async def _chains(parts: Parts, only: str | None) -> list[OrgId]:
    """The chains to look at; with those of all organisations also that of deeds outside every one."""
    if only is not None:
        org_id = org_of(only)
        async with unit(parts, org_id) as uow:
            await existing(uow)
        return [org_id]
    async with unit(parts) as uow:
        return [*await directory.all_organisations(uow), NO_ORG]
