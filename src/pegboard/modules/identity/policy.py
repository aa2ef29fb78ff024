"""Who may do what with an account: everybody with their own, and nobody with another's.

Every statement about sessions and tokens takes the account of the one who asks, so a stranger's id finds
nothing. What is asked here is only how they came in.
"""

from pegboard.kernel.actor import Account
from pegboard.kernel.db import UnitOfWork
from pegboard.modules.identity import store
from pegboard.modules.identity.errors import SessionNeeded


async def may_make_tokens(uow: UnitOfWork, account: Account) -> None:
    """Only somebody who signed in: a token that leaked shall not beget others that outlive it."""
    if not await uow.value(store.IS_SESSION, id=account.session_id):
        raise SessionNeeded
