"""Conversations by name, for lists that go across them."""

from collections.abc import Iterable
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.modules.directory import api as directory
from pegboard.modules.messaging.schemas import ConversationName
from pegboard.modules.messaging.service import rendering
from pegboard.modules.messaging.views import Access


async def names(uow: UnitOfWork, actor: Actor, accesses: Iterable[Access]) -> dict[UUID, ConversationName]:
    """What these conversations are called; a direct one like the other person."""
    conversations = [access.conversation for access in accesses]
    peers = {each.id: rendering.peer_of(each, actor.me) for each in conversations if each.direct_key}
    people = await directory.people(uow, set(peers.values())) if peers else {}
    return {
        each.id: ConversationName(
            id=each.id,
            kind=each.kind,
            name=people[peers[each.id]].name if each.id in peers and peers[each.id] in people else each.name,
        )
        for each in conversations
    }
