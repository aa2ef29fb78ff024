"""`pegboard group …`."""

import argparse
import base64
from uuid import UUID

from pegboard.app.cli.outcome import tell
from pegboard.app.cli.running import existing, org_of, unit, with_parts
from pegboard.app.cli.tokens import MemberUnknown
from pegboard.kernel.actor import operator_actor
from pegboard.kernel.audit import record
from pegboard.kernel.names import clean_name
from pegboard.kernel.parts import Parts
from pegboard.modules.directory import api as directory
from pegboard.modules.messaging import api as messaging


def create(parsed: argparse.Namespace) -> int:
    """Begin a group of these members."""
    made = with_parts(parsed, lambda parts: _create(parts, parsed))
    answer = {"conversation_id": str(made), "open_conversation_id": open_conversation_id(made)}
    return tell(answer, as_json=parsed.json)


async def _create(parts: Parts, parsed: argparse.Namespace) -> UUID:
    org_id, name = org_of(parsed.org), clean_name(parsed.name)
    async with unit(parts, org_id) as uow:
        await existing(uow)
        people = await directory.by_userids(uow, [parsed.owner, *parsed.member])
        for userid in (parsed.owner, *parsed.member):
            if userid not in people:
                raise MemberUnknown(userid=userid)
        members = [people[userid].member_id for userid in dict.fromkeys(parsed.member)]
        made = await messaging.create_group(uow, people[parsed.owner].member_id, name, members)
        record(
            uow,
            operator_actor(org_id),
            action="conversation.created",
            object_=f"conversation:{made}",
            detail={"name": name, "owner": parsed.owner, "members": len({parsed.owner, *parsed.member})},
        )
    return made


def open_conversation_id(conversation_id: UUID) -> str:
    """The conversation's name on the other platform's wire: the same 128 bits in its shape."""
    return "cid" + base64.b64encode(conversation_id.bytes).decode()
