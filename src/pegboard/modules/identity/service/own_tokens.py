"""One's own personal tokens, as asked for by their owner."""

from uuid import UUID

from pegboard.kernel.actor import Account, Actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import UnitOfWork
from pegboard.modules.identity import policy
from pegboard.modules.identity.service.tokens import (
    create_personal_token,
    personal_tokens_of,
    revoke_personal_token,
)
from pegboard.modules.identity.views import NewPersonalToken

__all__ = ["make_own_token", "personal_tokens_of", "revoke_own_token"]


async def make_own_token(uow: UnitOfWork, account: Account, actor: Actor, name: str) -> NewPersonalToken:
    """A token for one's own programs, here. Raises `session.needed`, `token.too_many`."""
    await policy.may_make_tokens(uow, account)
    made = await create_personal_token(uow, account.account_id, actor.org_id, actor.me, name)
    record(
        uow,
        actor,
        action="token.created",
        object_=f"token:{made.token_id}",
        personal={"name": name},
    )
    return made


async def revoke_own_token(uow: UnitOfWork, account: Account, token_id: UUID) -> None:
    """Take one of one's own tokens back, whatever organisation it is for. Raises `token.not_found`."""
    org_id = await revoke_personal_token(uow, account.account_id, token_id)
    record(uow, account, action="token.revoked", object_=f"token:{token_id}", org_id=org_id)
