"""What those who notify people of a message ask: who has not read it, and what of it somebody may be shown."""

from collections.abc import Collection
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.ids import MemberId
from pegboard.modules.messaging import policy, store
from pegboard.modules.messaging.content import excerpt
from pegboard.modules.messaging.store import notices

Asked = tuple[MemberId, UUID, int]
"""A reader, a conversation and a seq."""


async def must_read(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: int) -> None:
    """Refuse as for an unknown message, unless the actor may read this one."""
    access = await policy.reading(uow, actor, conversation_id)
    await policy.message(uow, access, seq)


async def unread_members(
    uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: int, *, at_most: int
) -> list[MemberId]:
    """Exactly those in the conversation who have not read the message; its sender does not count.

    Refuses whoever may not open its unread list. More than `at_most` are not looked up.
    """
    access = await policy.reading(uow, actor, conversation_id)
    policy.may_see_readers(access)
    row = await policy.message(uow, access, seq)
    found: list[MemberId] = []
    after: UUID | None = None
    while len(found) < at_most:
        page = await store.readers_page(uow, conversation_id, row, after=after, limit=1000)
        found += [MemberId(each["member_id"]) for each in page if not each["has_read"] and not each["has_left"]]
        if len(page) < 1000:
            break
        after = page[-1]["member_id"]
    return found[:at_most]


async def excerpts(uow: UnitOfWork, asked: Collection[Asked]) -> dict[Asked, str]:
    """The first words of these messages, each for the one reader; missing where that reader may not read it (now)."""
    if not asked:
        return {}
    rows = await uow.rows(
        notices.READABLE,
        members=[member for member, _, _ in asked],
        conversations=[conversation for _, conversation, _ in asked],
        seqs=[seq for _, _, seq in asked],
    )
    return {
        (MemberId(row["member_id"]), row["conversation_id"], row["seq"]): excerpt(row["kind"], row["content"])
        for row in rows
    }
