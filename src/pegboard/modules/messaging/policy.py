"""Who may do what with conversations and messages: one function an action, and the only road to the data."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.modules.directory import api as directory
from pegboard.modules.messaging import store
from pegboard.modules.messaging.errors import (
    ConversationNotFound,
    Dissolved,
    FixedMembership,
    MentionAllRestricted,
    MessageNotFound,
    NotAllowedToSpeak,
    NotGroupAdmin,
    NotGroupOwner,
    ReadListsOff,
    Silenced,
)
from pegboard.modules.messaging.views import Access, ConversationRow, MessageRow, Rules, Standing


async def reading(uow: UnitOfWork, actor: Actor, conversation_id: UUID, *, lock: bool = False) -> Access:
    """The conversation for one who is in it; anybody else learns nothing of it. `lock` holds it until the commit."""
    if lock:
        await store.lock_conversation(uow, conversation_id)
    found = await store.conversation_with(uow, conversation_id, actor.me)
    if found is None:
        raise ConversationNotFound
    conversation, participant = found
    first_seq = 1 if conversation.rules.history_for_new else participant.joined_seq
    return Access(
        conversation=conversation,
        participant=participant,
        first_seq=first_seq,
        read_lists=await _shows_read_lists(uow, conversation.rules, conversation.member_count),
    )


async def readings(uow: UnitOfWork, actor: Actor, conversation_ids: Collection[UUID]) -> dict[UUID, Access]:
    """Those of these conversations that the actor is in, for lists across them: counts of readers are not in those."""
    return {
        conversation.id: Access(
            conversation=conversation,
            participant=participant,
            first_seq=1 if conversation.rules.history_for_new else participant.joined_seq,
            read_lists=False,
        )
        for conversation, participant in await store.conversations_with(uow, conversation_ids, actor.me)
    }


def readable(accesses: Mapping[UUID, Access], rows: Iterable[MessageRow]) -> list[MessageRow]:
    """Those of these messages that the reader may see."""
    return [row for row in rows if (access := accesses.get(row.conversation_id)) and row.seq >= access.first_seq]


async def shows_read_lists(uow: UnitOfWork, conversation_id: UUID) -> bool:
    """Whether counts of readers may leave the server for this conversation."""
    rules, member_count = await store.rules_and_size(uow, conversation_id)
    return await _shows_read_lists(uow, rules, member_count)


async def _shows_read_lists(uow: UnitOfWork, rules: Rules, member_count: int) -> bool:
    settings = await directory.organisation_settings(uow)
    if settings.read_lists == "off" or not rules.read_lists:
        return False
    limit = settings.read_lists_up_to
    return limit is None or member_count <= limit


async def message(uow: UnitOfWork, access: Access, seq: int) -> MessageRow:
    """One message that the reader may see."""
    found = await store.message(uow, access.conversation.id, seq) if seq >= access.first_seq else None
    if found is None:
        raise MessageNotFound
    return found


def may_send(standing: Standing, *, mention_all: bool, thread_only: bool = False) -> None:
    """Say something in it; called with the conversation locked, for each message of a commit."""
    if not standing.is_in:
        raise ConversationNotFound
    if standing.dissolved:
        raise Dissolved
    if standing.is_admin:
        return
    rules = standing.rules
    if standing.silenced or rules.mute_all:
        raise Silenced
    if rules.speak == "admins" and not (thread_only and standing.kind == "all"):
        raise NotAllowedToSpeak
    if mention_all and rules.mention_all == "admins":
        raise MentionAllRestricted


def may_see_readers(access: Access) -> None:
    """Open the read and unread lists."""
    if not access.read_lists:
        raise ReadListsOff


def must_be_living(access: Access) -> None:
    """The group was not dissolved."""
    if access.conversation.dissolved_at is not None:
        raise Dissolved


def may_speak_up(access: Access) -> None:
    """Edit and react: whoever has been silenced is silent in these ways too."""
    must_be_living(access)
    participant = access.participant
    if not participant.is_admin and (participant.silenced or access.conversation.rules.mute_all):
        raise Silenced


def may_pin(access: Access) -> None:
    """Pin messages for everybody; between two people both may."""
    may_speak_up(access)
    conversation = access.conversation
    if conversation.kind != "direct" and conversation.rules.pin == "admins" and not access.participant.is_admin:
        raise NotGroupAdmin


def may_administer(access: Access) -> None:
    """Run the group: roles, rules, removing others."""
    must_be_living(access)
    if access.conversation.kind == "direct":
        raise FixedMembership
    if not access.participant.is_admin:
        raise NotGroupAdmin


def may_own(access: Access) -> None:
    """Dissolve it or give it away."""
    must_be_living(access)
    if access.participant.role != "owner":
        raise NotGroupOwner


def may_edit_group(access: Access) -> None:
    """Change name, topic, notice and avatar."""
    must_be_living(access)
    if access.conversation.kind == "direct":
        raise FixedMembership
    if access.conversation.rules.edit == "admins" and not access.participant.is_admin:
        raise NotGroupAdmin


def may_invite(access: Access) -> None:
    """Bring others in."""
    must_be_living(access)
    has_free_membership(access.conversation)
    if access.conversation.rules.invite == "admins" and not access.participant.is_admin:
        raise NotGroupAdmin


def has_free_membership(conversation: ConversationRow) -> None:
    """Only groups are joined and left by will; the other kinds follow the directory."""
    if conversation.kind != "group":
        raise FixedMembership
