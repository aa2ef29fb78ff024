"""Forwarding: what the actor may read elsewhere is sent on, with its source."""

from typing import Any
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.parts import Parts
from pegboard.modules.directory import api as directory
from pegboard.modules.messaging import policy, store
from pegboard.modules.messaging.content import encode, files_in
from pegboard.modules.messaging.errors import MessageNotFound
from pegboard.modules.messaging.schemas import Forwarding, Sent
from pegboard.modules.messaging.service import rendering
from pegboard.modules.messaging.service.sending import Messenger, sent
from pegboard.modules.messaging.views import MessageDraft

NOT_FORWARDED = ("system",)


async def forward(parts: Parts, actor: Actor, conversation_id: UUID, wanted: Forwarding) -> list[Sent]:
    """Send messages on, one by one or merged into one `forward` message; each stored before this returns."""
    async with UnitOfWork(parts[Database], orgs=(actor.org_id,)) as uow:
        items = await _items(uow, actor, wanted)
    messenger = parts[Messenger]
    bundles = [items] if wanted.merged else [[item] for item in items]
    done = []
    for number, bundle in enumerate(bundles):
        client_id = f"{wanted.client_id}:{number}" if wanted.client_id else None
        content = encode({"items": [item.shown for item in bundle]})
        files = tuple(file_id for item in bundle for file_id in item.file_ids)
        draft = MessageDraft(kind="forward", content=content, client_id=client_id, file_ids=files)
        done.append(sent(await messenger.send_draft(actor, conversation_id, draft)))
    return done


class _Item:
    """One forwarded message: where it comes from, who wrote it when, and what it says."""

    def __init__(self, shown: dict[str, Any], file_ids: tuple[UUID, ...]) -> None:
        self.shown = shown
        self.file_ids = file_ids


async def _items(uow: UnitOfWork, actor: Actor, wanted: Forwarding) -> list[_Item]:
    access = await policy.reading(uow, actor, wanted.from_conversation_id)
    seqs = sorted(set(wanted.seqs))
    rows = [
        row
        for row in await store.messages_at(uow, wanted.from_conversation_id, seqs)
        if row.seq >= access.first_seq and row.recalled_at is None and row.kind not in NOT_FORWARDED
    ]
    if len(rows) < len(seqs):
        raise MessageNotFound
    people = await directory.people(uow, {row.sender_id for row in rows if row.sender_id})
    items = []
    for row in rows:
        who = rendering.sender(row.sender_id, people)
        shown = {
            "conversation_id": row.conversation_id,
            "seq": row.seq,
            "sender": who,
            "kind": row.kind,
            "content": row.content,
            "sent_at": row.sent_at,
        }
        items.append(_Item(shown, tuple(files_in(row.kind, row.content))))
    return items
