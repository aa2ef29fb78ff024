"""Coming into a conversation and leaving it."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.errors import NotFound
from pegboard.kernel.events import emit
from pegboard.kernel.ids import MemberId, OrgId
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.batch import events_frame
from pegboard.kernel.realtime.hints import Hearing, Hint, tell_others
from pegboard.kernel.realtime.hub import Hub
from pegboard.kernel.realtime.live import encode_event, tell
from pegboard.modules.directory import api as directory
from pegboard.modules.messaging import policy, store
from pegboard.modules.messaging.errors import (
    ConversationNotFound,
    GroupFull,
    NotGroupAdmin,
    OwnerMustStay,
    UnknownPeople,
)
from pegboard.modules.messaging.events import ParticipantsJoined, ParticipantsLeft
from pegboard.modules.messaging.live import (
    ConversationChanged,
    ConversationJoined,
    ConversationLeft,
    MineChanged,
)
from pegboard.modules.messaging.schemas import (
    Conversation,
    GroupMember,
    GroupMemberChange,
    JoinRequest,
    Waiting,
)
from pegboard.modules.messaging.service import rendering, system_messages
from pegboard.modules.messaging.service.publishing import member_topic, topic
from pegboard.modules.messaging.settings import MessagingSettings
from pegboard.modules.messaging.views import ConversationRow, Participant

_log = logging.getLogger(__name__)

JOINED, LEFT, REMOVED = "joined", "left", "removed"


async def resolve(uow: UnitOfWork, userids: Collection[str]) -> list[MemberId]:
    """The active members with these userids; refuses if one is unknown."""
    found = await directory.by_userids(uow, userids)
    if missing := [userid for userid in userids if userid not in found]:
        raise UnknownPeople(userids=missing[:10])
    return [found[userid].member_id for userid in dict.fromkeys(userids)]


async def bring_in(
    uow: UnitOfWork,
    conversation: ConversationRow,
    roles: Mapping[MemberId, str],
    *,
    by: MemberId | None,
    quietly: bool = False,
) -> list[MemberId]:
    """Make people members of a locked conversation; who of them is new. Said in it unless `quietly`.

    Refuses when the conversation would become larger than it may.
    """
    limit = uow.parts[MessagingSettings].group_limit
    present = await store.participants_among(uow, conversation.id, list(roles))
    new = {member: role for member, role in roles.items() if member not in present}
    if not new:
        return []
    if conversation.member_count + len(new) > limit:
        raise GroupFull(limit=limit)
    if quietly:
        seq = conversation.head_seq + 1  # the first message that there will be
    else:
        seq = await system_messages.say(
            uow,
            conversation,
            JOINED,
            members=await system_messages.named(uow, list(new)),
            count=len(new),
            by=await system_messages.actor_named(uow, by),
        )
    hidden = not conversation.rules.history_for_new
    added = await store.add_participants(uow, conversation.id, new, joined_seq=seq, hidden=hidden, at=uow.now())
    emit(uow, ParticipantsJoined(conversation_id=conversation.id, member_ids=list(added), seq=seq), actor_id=by)
    await _greet(uow, conversation.id, added)
    return added


async def take_out(
    uow: UnitOfWork,
    conversation: ConversationRow,
    members: Sequence[MemberId],
    *,
    by: MemberId | None,
    event: str,
) -> list[MemberId]:
    """End the membership of people in a locked conversation; who of them was in."""
    present = await store.participants_among(uow, conversation.id, members)
    if not present:
        return []
    gone = list(present)
    seq = await system_messages.say(
        uow,
        conversation,
        event,
        members=await system_messages.named(uow, gone),
        count=len(gone),
        by=await system_messages.actor_named(uow, by),
    )
    await store.remove_participants(uow, conversation.id, gone, left_seq=seq)
    emit(uow, ParticipantsLeft(conversation_id=conversation.id, member_ids=list(gone), seq=seq), actor_id=by)
    for member in gone:
        _farewell(uow, conversation.id, member)
    await tell_changed(uow, conversation.id)
    return gone


async def _greet(uow: UnitOfWork, conversation_id: UUID, members: Sequence[MemberId]) -> None:
    """Let the devices of new members hear the conversation, and everybody know its size.

    A device that connects while this commits is subscribed too; it learns of the conversation from `changed`.
    """
    if Hub in uow.parts:
        hub = uow.parts[Hub]
        uow.after_commit(partial(_subscribe, hub, conversation_id, members))
        here = {member: None for member in members if hub.subscribers(member_topic(member))}
        others = [member for member in members if member not in here]
        tell_others(uow, Joined(org_id=uow.org_id, conversation_id=conversation_id, told=list(here), untold=others))
        for member in here:
            shown = await _shown(uow, _as_reader(uow.org_id, member), conversation_id)
            tell(uow, member_topic(member), ConversationJoined(conversation=shown))
    await tell_changed(uow, conversation_id)


def _as_reader(org_id: OrgId, member: MemberId) -> Actor:
    return Actor(org_id=org_id, member_id=member, userid="", name="")


def _subscribe(hub: Hub, conversation_id: UUID, members: Sequence[MemberId]) -> None:
    for member in members:
        for connection in hub.subscribers(member_topic(member)):
            hub.subscribe(connection, topic(conversation_id))


def _unsubscribe(hub: Hub, conversation_id: UUID, member: MemberId) -> None:
    for connection in hub.subscribers(member_topic(member)):
        hub.unsubscribe(connection, topic(conversation_id))


class Joined(Hint, frozen=True, kw_only=True, tag="messaging.joined"):
    """People have come into a conversation: their devices, wherever they are, hear it from now on.

    `told`: the process that says so shows them the conversation as well; the others know nothing of it yet.
    """

    org_id: OrgId
    conversation_id: UUID
    told: list[MemberId]
    untold: list[MemberId]


class Left(Hint, frozen=True, kw_only=True, tag="messaging.left"):
    """Somebody is in a conversation no longer."""

    conversation_id: UUID
    member_id: MemberId


def _joined(parts: Parts, hint: Joined) -> None:
    hub = parts[Hub]
    _subscribe(hub, hint.conversation_id, [*hint.told, *hint.untold])
    if online := [member for member in hint.untold if hub.subscribers(member_topic(member))]:
        task = asyncio.get_running_loop().create_task(_show_joined(parts, hint, online))
        _showing.add(task)
        task.add_done_callback(_showing.discard)


_showing: set[asyncio.Task[None]] = set()


async def _show_joined(parts: Parts, hint: Joined, members: Sequence[MemberId]) -> None:
    try:
        async with UnitOfWork(parts[Database], orgs=(hint.org_id,)) as uow:
            for member in members:
                shown = await _shown(uow, _as_reader(hint.org_id, member), hint.conversation_id)
                event = ConversationJoined(conversation=shown)
                parts[Hub].publish_here(member_topic(member), events_frame([encode_event(event)]))
    except Exception:  # noqa: BLE001  # they learn of it from `conversation.changed`, or have left again
        _log.warning("showing new members their conversation", exc_info=True)


def _left(parts: Parts, hint: Left) -> None:
    _unsubscribe(parts[Hub], hint.conversation_id, hint.member_id)


HEARINGS = (Hearing(hint=Joined, hear=_joined), Hearing(hint=Left, hear=_left))


def _farewell(uow: UnitOfWork, conversation_id: UUID, member: MemberId) -> None:
    if Hub not in uow.parts:
        return
    hub = uow.parts[Hub]
    uow.after_commit(partial(_unsubscribe, hub, conversation_id, member))
    tell_others(uow, Left(conversation_id=conversation_id, member_id=member))
    tell(uow, member_topic(member), ConversationLeft(conversation_id=conversation_id))


async def tell_changed(uow: UnitOfWork, conversation_id: UUID) -> None:
    """Tell everybody in it how the conversation is now."""
    row = await system_messages.locked(uow, conversation_id)
    if row is None:
        return
    owner = await directory.people(uow, [row.owner_id]) if row.owner_id else {}
    tell(
        uow,
        topic(conversation_id),
        ConversationChanged(
            conversation_id=row.id,
            name=row.name,
            topic=row.topic,
            notice=row.notice,
            avatar_file_id=row.avatar_file_id,
            rules=row.rules,
            owner_userid=owner[row.owner_id].userid if row.owner_id and row.owner_id in owner else None,
            member_count=row.member_count,
            dissolved=row.dissolved_at is not None,
            revision=row.revision,
        ),
    )


async def tell_own_side(uow: UnitOfWork, conversation_id: UUID, member: MemberId) -> Conversation:
    """Tell the member's devices what is theirs in the conversation; the conversation as they see it."""
    shown = await _shown(uow, _as_reader(uow.org_id, member), conversation_id)
    tell(
        uow,
        member_topic(member),
        MineChanged(
            conversation_id=conversation_id,
            head_seq=shown.head_seq,
            my_role=shown.my_role,
            mine=shown.mine,
            folder_ids=shown.folder_ids,
        ),
    )
    return shown


# --- verbs ---------------------------------------------------------------------------------------------------------


async def add_members(uow: UnitOfWork, actor: Actor, conversation_id: UUID, userids: Sequence[str]) -> list[str]:
    """Bring people in; the userids of those who are new."""
    access = await policy.reading(uow, actor, conversation_id, lock=True)
    policy.may_invite(access)
    members = await resolve(uow, userids)
    added = await bring_in(uow, access.conversation, dict.fromkeys(members, "member"), by=actor.me)
    people = await directory.people(uow, added)
    return [people[member].userid for member in added]


async def remove_member(uow: UnitOfWork, actor: Actor, conversation_id: UUID, userid: str) -> None:
    """Take somebody out. Administrators remove members, the owner removes administrators too."""
    access = await policy.reading(uow, actor, conversation_id, lock=True)
    policy.may_administer(access)
    policy.has_free_membership(access.conversation)
    member = await _participant(uow, conversation_id, userid)
    if member.member_id == access.conversation.owner_id:
        raise OwnerMustStay
    if member.is_admin and access.participant.role != "owner":
        raise NotGroupAdmin
    await take_out(uow, access.conversation, [member.member_id], by=actor.me, event=REMOVED)
    record(
        uow,
        actor,
        action="conversation.member_removed",
        object_=f"conversation:{conversation_id}",
        detail={"userid": userid},
    )


async def leave(uow: UnitOfWork, actor: Actor, conversation_id: UUID) -> None:
    """Leave a group; its owner hands it over first."""
    access = await policy.reading(uow, actor, conversation_id, lock=True)
    policy.has_free_membership(access.conversation)
    if access.participant.role == "owner" and access.conversation.dissolved_at is None:
        raise OwnerMustStay
    await take_out(uow, access.conversation, [actor.me], by=None, event=LEFT)


async def join(uow: UnitOfWork, actor: Actor, conversation_id: UUID) -> Conversation | Waiting:
    """Come into an open group, or ask to; other groups are as good as unknown."""
    conversation = await system_messages.locked(uow, conversation_id)
    if conversation is None or conversation.kind != "group" or conversation.dissolved_at is not None:
        raise ConversationNotFound
    if await store.participants_among(uow, conversation_id, [actor.me]):
        return await _shown(uow, actor, conversation_id)
    match conversation.rules.join:
        case "open":
            await bring_in(uow, conversation, {actor.me: "member"}, by=None)
            return await _shown(uow, actor, conversation_id)
        case "approve":
            await store.request_to_join(uow, conversation_id, actor.me, uow.now())
            return Waiting()
        case _:
            raise ConversationNotFound


async def join_requests(uow: UnitOfWork, actor: Actor, conversation_id: UUID) -> list[JoinRequest]:
    """Who asks to be let in."""
    access = await policy.reading(uow, actor, conversation_id)
    policy.may_administer(access)
    rows = await store.join_requests_of(uow, conversation_id)
    people = await directory.people(uow, [row["member_id"] for row in rows])
    return [
        JoinRequest(userid=person.userid, name=person.name, at=row["at"])
        for row in rows
        if (person := people.get(row["member_id"]))
    ]


async def decide(uow: UnitOfWork, actor: Actor, conversation_id: UUID, userid: str, *, approved: bool) -> None:
    """Let somebody in who asked, or not."""
    access = await policy.reading(uow, actor, conversation_id, lock=True)
    policy.may_administer(access)
    found = await directory.by_userids(uow, [userid])
    person = found.get(userid)
    if person is None or not await store.forget_join_request(uow, conversation_id, person.member_id):
        raise NotFound
    if approved:
        await bring_in(uow, access.conversation, {person.member_id: "member"}, by=actor.me)


async def change_member(
    uow: UnitOfWork, actor: Actor, conversation_id: UUID, userid: str, change: GroupMemberChange
) -> GroupMember:
    """Make somebody an administrator or a member again (the owner does), or let them speak or not."""
    access = await policy.reading(uow, actor, conversation_id, lock=True)
    policy.may_administer(access)
    member = await _participant(uow, conversation_id, userid)
    role = change.role if isinstance(change.role, str) else None
    if role is not None:
        policy.may_own(access)
    if member.member_id == access.conversation.owner_id or (member.is_admin and access.participant.role != "owner"):
        raise NotGroupAdmin
    muted = change.muted if isinstance(change.muted, bool) else None
    await store.change_participant(uow, conversation_id, member.member_id, role=role, silenced=muted)
    if role is not None:
        await system_messages.say(
            uow,
            access.conversation,
            "role_changed",
            members=await system_messages.named(uow, [member.member_id]),
            role=role,
            by=await system_messages.actor_named(uow, actor.me),
        )
        await tell_own_side(uow, conversation_id, member.member_id)
    await tell_changed(uow, conversation_id)
    record(
        uow,
        actor,
        action="conversation.member_changed",
        object_=f"conversation:{conversation_id}",
        detail={"userid": userid, "role": role, "muted": muted},
    )
    [shown] = await _shown_members(uow, [(await _participant(uow, conversation_id, userid))])
    return shown


async def give_away(uow: UnitOfWork, actor: Actor, conversation_id: UUID, userid: str) -> Conversation:
    """Make somebody else in the group its owner."""
    access = await policy.reading(uow, actor, conversation_id, lock=True)
    policy.may_own(access)
    heir = await _participant(uow, conversation_id, userid)
    await pass_on(uow, access.conversation, actor.me, heir.member_id)
    record(
        uow,
        actor,
        action="conversation.owner_changed",
        object_=f"conversation:{conversation_id}",
        detail={"owner": userid},
    )
    return await _shown(uow, actor, conversation_id)


async def pass_on(uow: UnitOfWork, conversation: ConversationRow, old: MemberId | None, new: MemberId) -> None:
    """Change the owner of a locked conversation, and say so in it."""
    if old is not None:
        await store.change_participant(uow, conversation.id, old, role="member")
    await store.change_participant(uow, conversation.id, new, role="owner")
    await store.change_conversation(uow, conversation.id, {"owner_id": new})
    await system_messages.say(uow, conversation, "owner_changed", members=await system_messages.named(uow, [new]))
    for member in (old, new):
        if member is not None:
            await tell_own_side(uow, conversation.id, member)
    await tell_changed(uow, conversation.id)


async def members(
    uow: UnitOfWork,
    actor: Actor,
    conversation_id: UUID,
    *,
    query: str | None,
    after: UUID | None,
    limit: int,
) -> list[tuple[MemberId, GroupMember]]:
    """Who is in it, by id; with `query` those of them whom the directory's search finds."""
    await policy.reading(uow, actor, conversation_id)
    only = None
    if query:
        only = [person.member_id for person in await directory.search(uow, actor, query, limit=200)]
    found = await store.group_members(uow, conversation_id, after=after, only=only, limit=limit)
    return list(zip([each.member_id for each in found], await _shown_members(uow, found), strict=True))


async def _shown_members(uow: UnitOfWork, found: Sequence[Participant]) -> list[GroupMember]:
    people = await directory.people(uow, [each.member_id for each in found])
    return [
        GroupMember(
            userid=people[each.member_id].userid,
            name=people[each.member_id].name,
            title=people[each.member_id].title,
            avatar_file_id=people[each.member_id].avatar_file_id,
            role=each.role,
            muted=each.silenced,
            state=str(people[each.member_id].state),
            joined_at=each.joined_at,
        )
        for each in found
    ]


async def _participant(uow: UnitOfWork, conversation_id: UUID, userid: str) -> Participant:
    found = (await directory.by_userids(uow, [userid], active_only=False)).get(userid)
    place = await store.participants_among(uow, conversation_id, [found.member_id]) if found else {}
    if found is None or found.member_id not in place:
        raise NotFound
    return place[found.member_id]


async def _shown(uow: UnitOfWork, actor: Actor, conversation_id: UUID) -> Conversation:
    [shown] = await rendering.conversations(
        uow, actor, await store.conversations_of(uow, actor.me, limit=1, only=conversation_id)
    )
    return shown
