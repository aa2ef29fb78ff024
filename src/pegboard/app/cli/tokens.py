"""`pegboard token …`."""

import argparse

from pegboard.app.cli.outcome import tell
from pegboard.app.cli.running import existing, org_of, unit, with_parts
from pegboard.kernel.actor import operator_actor
from pegboard.kernel.audit import record
from pegboard.kernel.errors import NotFound
from pegboard.kernel.names import clean_name
from pegboard.kernel.parts import Parts
from pegboard.modules.identity import api as identity


class MemberUnknown(NotFound):
    """There is no active member with this userid."""

    code = "command.member_unknown"


def create(parsed: argparse.Namespace) -> int:
    """Make bearer tokens, all in one transaction; several userids get several."""
    tokens = with_parts(parsed, lambda parts: _create(parts, parsed))
    if len(parsed.userid) == 1:
        return tell({"token": tokens[0][1]}, as_json=parsed.json)
    answer = {"tokens": [{"userid": userid, "token": token} for userid, token in tokens]}
    return tell(answer, as_json=parsed.json)


async def _create(parts: Parts, parsed: argparse.Namespace) -> list[tuple[str, str]]:
    org_id, name = org_of(parsed.org), clean_name(parsed.name)
    operator = operator_actor(org_id)
    tokens = []
    async with unit(parts, org_id) as uow:
        await existing(uow)
        members = await identity.memberships_by_userids(uow, org_id, parsed.userid)
        for userid in dict.fromkeys(parsed.userid):
            member = members.get(userid)
            if member is None or member.state != "active":
                raise MemberUnknown(userid=userid)
            made = await identity.create_personal_token(uow, member.account_id, org_id, member.member_id, name)
            record(
                uow,
                operator,
                action="token.created",
                object_=f"member:{userid}",
                detail={"token_id": str(made.token_id)},
            )
            tokens.append((userid, made.token))
    return tokens
