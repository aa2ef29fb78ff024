"""One press marks a whole folder read."""

import asyncio
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.parts import Parts
from pegboard.modules.messaging.errors import ConversationNotFound
from pegboard.modules.messaging.service.conversations import unread_in_folder
from pegboard.modules.messaging.service.sending import Messenger


async def read_folder(parts: Parts, actor: Actor, folder_id: UUID) -> int:
    """Read every conversation of the actor's in the folder to its head; how many were not. Raises `folder.not_found`.

    The cursors go with the next group commit, which would wait for rows that a transaction of ours still held.
    """
    async with UnitOfWork(parts[Database], orgs=(actor.org_id,)) as uow:
        unread = await unread_in_folder(uow, actor, folder_id)
    messenger = parts[Messenger]
    read = await asyncio.gather(
        *(messenger.read(actor, conversation_id, None) for conversation_id in unread), return_exceptions=True
    )
    for outcome in read:
        if isinstance(outcome, BaseException) and not isinstance(outcome, ConversationNotFound):  # left meanwhile
            raise outcome
    return len(unread)
