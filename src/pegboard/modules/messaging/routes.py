"""HTTP: parse, one verb, answer."""

from typing import Annotated, Any, Literal
from urllib.parse import unquote
from uuid import UUID

from litestar import Response, delete, get, patch, post, put
from litestar.params import Parameter, QueryParameter

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.http.cursors import DEFAULT_LIMIT, MAX_LIMIT, Page, decode_cursor, page_of
from pegboard.kernel.http.permissions import Permission, requires
from pegboard.kernel.parts import Parts
from pegboard.modules.messaging.schemas import (
    HIGHEST,
    Added,
    Bookmark,
    BookmarkNote,
    Conversation,
    ConversationChange,
    Edit,
    EditedContent,
    FileLink,
    FolderRead,
    Forwarding,
    GroupMember,
    GroupMemberChange,
    JoinRequest,
    Message,
    Mine,
    MineChange,
    NewConversation,
    NewMessage,
    People,
    Person,
    Readers,
    ReadPosition,
    ReadTo,
    Sent,
    ThreadReadTo,
    ThreadState,
    Waiting,
)
from pegboard.modules.messaging.service import (
    bookmarks,
    changing,
    conversations,
    folder_reading,
    forwarding,
    membership,
    reading,
    threads,
)
from pegboard.modules.messaging.service.sending import Messenger, sent

USE_MESSAGING = Permission(name="messaging.use", level="member", scope="own conversations")

Limit = Annotated[int, Parameter(ge=1, le=MAX_LIMIT)]
MessageLimit = Annotated[int, Parameter(ge=1, le=reading.MESSAGES_AT_ONCE)]
Cursor = Annotated[str | None, Parameter(max_length=500)]
Seq = Annotated[int, Parameter(ge=1, le=HIGHEST)]
Position = Annotated[int | None, Parameter(ge=0, le=HIGHEST)]
Rev = Annotated[int, Parameter(ge=0, le=HIGHEST)]
Userid = Annotated[str, Parameter(min_length=1, max_length=64)]

_ONE = "/conversations/{conversation_id:uuid}"
_MESSAGE = _ONE + "/messages/{seq:int}"
_THREAD = _ONE + "/threads/{seq:int}"
_OPTIONS: dict[str, Any] = {"opt": requires(USE_MESSAGING), "tags": ["messaging"]}


@get("/conversations", operation_id="list_conversations", **_OPTIONS)
async def list_conversations(
    uow: UnitOfWork, actor: Actor, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[Conversation]:
    """The caller's conversations: pinned first, then the one with the newest message."""
    return await conversations.conversations(uow, actor, cursor=cursor, limit=limit)


@post("/conversations", operation_id="begin_conversation", also=(200,), **_OPTIONS)
async def begin_conversation(uow: UnitOfWork, actor: Actor, data: NewConversation) -> Response[Conversation]:
    """A new group, or the direct conversation with somebody (200 if there is one)."""
    conversation, new = await conversations.begin(uow, actor, data)
    return Response(conversation, status_code=201 if new else 200)


@get(_ONE, operation_id="get_conversation", **_OPTIONS)
async def get_conversation(uow: UnitOfWork, actor: Actor, conversation_id: UUID) -> Conversation:
    """One conversation."""
    return await conversations.conversation(uow, actor, conversation_id)


@patch(_ONE, operation_id="change_conversation", **_OPTIONS)
async def change_conversation(
    uow: UnitOfWork, actor: Actor, conversation_id: UUID, data: ConversationChange
) -> Conversation:
    """Change a group's name, topic, notice, avatar or rules."""
    return await conversations.change(uow, actor, conversation_id, data)


@delete(_ONE, operation_id="dissolve_conversation", **_OPTIONS)
async def dissolve_conversation(uow: UnitOfWork, actor: Actor, conversation_id: UUID) -> None:
    """End a group; it stays readable."""
    await conversations.dissolve(uow, actor, conversation_id)


@patch(_ONE + "/mine", operation_id="change_my_side", **_OPTIONS)
async def change_my_side(uow: UnitOfWork, actor: Actor, conversation_id: UUID, data: MineChange) -> Mine:
    """Pin, mute, hide, mark unread, or keep a draft."""
    return await conversations.change_mine(uow, actor, conversation_id, data)


@post(_ONE + "/read", operation_id="read_conversation", status_code=200, **_OPTIONS)
async def read_conversation(parts: Parts, actor: Actor, conversation_id: UUID, data: ReadTo) -> ReadPosition:
    """Move the caller's cursor forward: everything in the main line up to `seq` was seen.

    A reply that stands in its thread only moves the cursor of that thread too; without `seq` all is read, everywhere.
    """
    return await parts[Messenger].read(actor, conversation_id, data.seq)


@post("/folders/{folder_id:uuid}/read", operation_id="read_folder", status_code=200, **_OPTIONS)
async def mark_folder_read(parts: Parts, actor: Actor, folder_id: UUID) -> FolderRead:
    """Mark every conversation of the caller's in a folder read."""
    return FolderRead(conversations=await folder_reading.read_folder(parts, actor, folder_id))


# --- members -------------------------------------------------------------------------------------------------------


@get(_ONE + "/members", operation_id="list_group_members", **_OPTIONS)
async def list_group_members(
    uow: UnitOfWork,
    actor: Actor,
    conversation_id: UUID,
    text: Annotated[str | None, QueryParameter(name="query", max_length=64)] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[GroupMember]:
    """Who is in it; with `query` those of them whom the directory's search finds."""
    position = decode_cursor(cursor, UUID)
    found = await membership.members(
        uow, actor, conversation_id, query=text, after=position[0] if position else None, limit=limit + 1
    )
    page = page_of(found, limit, lambda each: (each[0],))
    return Page(items=[member for _, member in page.items], next=page.next)


@post(_ONE + "/members", operation_id="add_group_members", status_code=200, **_OPTIONS)
async def add_group_members(uow: UnitOfWork, actor: Actor, conversation_id: UUID, data: People) -> Added:
    """Bring people in."""
    return Added(added=await membership.add_members(uow, actor, conversation_id, data.userids))


@delete(_ONE + "/members/{userid:str}", operation_id="remove_group_member", **_OPTIONS)
async def remove_group_member(uow: UnitOfWork, actor: Actor, conversation_id: UUID, userid: Userid) -> None:
    """Take somebody out."""
    await membership.remove_member(uow, actor, conversation_id, userid)


@patch(_ONE + "/members/{userid:str}", operation_id="change_group_member", **_OPTIONS)
async def change_group_member(
    uow: UnitOfWork, actor: Actor, conversation_id: UUID, userid: Userid, data: GroupMemberChange
) -> GroupMember:
    """Make somebody an administrator or a member again; let them speak or not."""
    return await membership.change_member(uow, actor, conversation_id, userid, data)


@post(_ONE + "/join", operation_id="join_conversation", status_code=200, also=(202,), **_OPTIONS)
async def join_conversation(uow: UnitOfWork, actor: Actor, conversation_id: UUID) -> Response[Conversation | Waiting]:
    """Come into an open group, or ask to (202)."""
    answer = await membership.join(uow, actor, conversation_id)
    return Response(answer, status_code=202 if isinstance(answer, Waiting) else 200)


@get(_ONE + "/join-requests", operation_id="list_group_join_requests", **_OPTIONS)
async def list_group_join_requests(uow: UnitOfWork, actor: Actor, conversation_id: UUID) -> Page[JoinRequest]:
    """Who asks to be let in."""
    return Page(items=await membership.join_requests(uow, actor, conversation_id))


@post(
    _ONE + "/join-requests/{userid:str}/{decision:str}",
    operation_id="decide_group_join_request",
    status_code=204,
    **_OPTIONS,
)
async def decide_group_join_request(
    uow: UnitOfWork,
    actor: Actor,
    conversation_id: UUID,
    userid: Userid,
    decision: Literal["approve", "reject"],
) -> None:
    """Let somebody in who asked, or not."""
    await membership.decide(uow, actor, conversation_id, userid, approved=decision == "approve")


@post(_ONE + "/leave", operation_id="leave_conversation", status_code=204, **_OPTIONS)
async def leave_conversation(uow: UnitOfWork, actor: Actor, conversation_id: UUID) -> None:
    """Leave a group."""
    await membership.leave(uow, actor, conversation_id)


@post(_ONE + "/owner", operation_id="change_group_owner", status_code=200, **_OPTIONS)
async def change_group_owner(uow: UnitOfWork, actor: Actor, conversation_id: UUID, data: Person) -> Conversation:
    """Make somebody else in the group its owner."""
    return await membership.give_away(uow, actor, conversation_id, data.userid)


# --- messages ------------------------------------------------------------------------------------------------------


@get(_ONE + "/messages", operation_id="list_messages", **_OPTIONS)
async def list_messages(
    uow: UnitOfWork,
    actor: Actor,
    conversation_id: UUID,
    after_seq: Position = None,
    before_seq: Position = None,
    line: Literal["all", "main"] = "all",
    cursor: Cursor = None,
    limit: MessageLimit = DEFAULT_LIMIT,
) -> Page[Message]:
    """Messages after one, or the newest before one, or the newest; the oldest first.

    `line=main` leaves out the replies that stand in threads only.

    `next` is the position to go on from: give it back as `cursor` with the same direction.
    """
    after_seq, before_seq = _going_on(cursor, after_seq, before_seq)
    return await reading.messages(
        uow,
        actor,
        conversation_id,
        after_seq=after_seq,
        before_seq=before_seq,
        limit=limit,
        main_only=line == "main",
    )


def _going_on(cursor: str | None, after_seq: int | None, before_seq: int | None) -> tuple[int | None, int | None]:
    """(after_seq, before_seq) of the next page in the same direction."""
    position = decode_cursor(cursor, int)
    if not position:
        return after_seq, before_seq
    return (position[0], before_seq) if after_seq is not None else (None, position[0])


@post(_ONE + "/messages", operation_id="send_message", also=(200,), **_OPTIONS)
async def send_message(parts: Parts, actor: Actor, conversation_id: UUID, data: NewMessage) -> Response[Sent]:
    """Send a message; the answer leaves after the commit (200 when its client_id was known)."""
    message = await parts[Messenger].send(actor, conversation_id, data)
    return Response(sent(message), status_code=201 if message.fresh else 200)


@get(_MESSAGE, operation_id="get_message", **_OPTIONS)
async def get_message(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: Seq) -> Message:
    """One message."""
    return await reading.message(uow, actor, conversation_id, seq)


@patch(_MESSAGE, operation_id="edit_message", **_OPTIONS)
async def edit_message(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: Seq, data: Edit) -> Message:
    """Give one's own message new content."""
    return await changing.edit(uow, actor, conversation_id, seq, data)


@post(_MESSAGE + "/recall", operation_id="recall_message", status_code=200, **_OPTIONS)
async def recall_message(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: Seq) -> Message:
    """Take a message back; its place stays."""
    return await changing.recall(uow, actor, conversation_id, seq)


@put(_MESSAGE + "/reactions/{emoji:str}", operation_id="add_reaction", **_OPTIONS)
async def add_reaction(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: Seq, emoji: str) -> Message:
    """React with an emoji."""
    return await changing.react(uow, actor, conversation_id, seq, unquote(emoji))


@delete(_MESSAGE + "/reactions/{emoji:str}", operation_id="remove_reaction", status_code=200, **_OPTIONS)
async def remove_reaction(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: Seq, emoji: str) -> Message:
    """Take one's reaction back."""
    return await changing.unreact(uow, actor, conversation_id, seq, unquote(emoji))


@get(_MESSAGE + "/history", operation_id="list_edits", **_OPTIONS)
async def list_edits(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: Seq) -> Page[EditedContent]:
    """What a message said before its edits."""
    return Page(items=await changing.history(uow, actor, conversation_id, seq))


@get(_MESSAGE + "/readers", operation_id="list_readers", **_OPTIONS)
async def list_readers(
    uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: Seq, cursor: Cursor = None
) -> Readers:
    """Who has read the message, and who has not; exact."""
    return await reading.readers(uow, actor, conversation_id, seq, cursor=cursor)


@get(_MESSAGE + "/file", operation_id="get_message_file", **_OPTIONS)
async def get_message_file(
    uow: UnitOfWork,
    actor: Actor,
    conversation_id: UUID,
    seq: Seq,
    variant: Literal["original", "thumbnail"] = "original",
    file_id: UUID | None = None,
) -> FileLink:
    """A short-lived personal link to the message's file; `file_id` chooses among those of a forward."""
    return await reading.file_link(uow, actor, conversation_id, seq, variant, file_id=file_id)


@get(_ONE + "/changes", operation_id="list_changes", **_OPTIONS)
async def list_changes(
    uow: UnitOfWork, actor: Actor, conversation_id: UUID, after_rev: Rev, limit: MessageLimit = DEFAULT_LIMIT
) -> Page[Message]:
    """Messages changed after a revision, in the order of the changes; `next` is the revision to go on from."""
    items, following = await reading.changes(uow, actor, conversation_id, after_rev, limit)
    return Page(items=items, next=None if following is None else str(following))


@post(_ONE + "/forwards", operation_id="forward_messages", **_OPTIONS)
async def forward_messages(parts: Parts, actor: Actor, conversation_id: UUID, data: Forwarding) -> Page[Sent]:
    """Send messages of another conversation on."""
    return Page(items=await forwarding.forward(parts, actor, conversation_id, data))


# --- threads -------------------------------------------------------------------------------------------------------


@get("/threads", operation_id="list_threads", **_OPTIONS)
async def list_threads(
    uow: UnitOfWork, actor: Actor, unread: bool = False, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[ThreadState]:
    """The threads that the caller follows, the one with the newest reply first; `unread`: only those with new ones."""
    return await threads.followed(uow, actor, only_unread=unread, cursor=cursor, limit=limit)


@get(_THREAD, operation_id="get_thread", **_OPTIONS)
async def get_thread(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: Seq) -> ThreadState:
    """The thread of a message, and how the caller stands with it; there may be no replies yet."""
    return await threads.thread(uow, actor, conversation_id, seq)


@get(_THREAD + "/messages", operation_id="list_thread_messages", **_OPTIONS)
async def list_thread_messages(
    uow: UnitOfWork,
    actor: Actor,
    conversation_id: UUID,
    seq: Seq,
    after_seq: Position = None,
    before_seq: Position = None,
    cursor: Cursor = None,
    limit: MessageLimit = DEFAULT_LIMIT,
) -> Page[Message]:
    """The replies in a thread, in pages as those of a conversation."""
    after_seq, before_seq = _going_on(cursor, after_seq, before_seq)
    return await threads.replies(
        uow, actor, conversation_id, seq, after_seq=after_seq, before_seq=before_seq, limit=limit
    )


@post(_THREAD + "/read", operation_id="read_thread", status_code=200, **_OPTIONS)
async def read_thread(parts: Parts, actor: Actor, conversation_id: UUID, seq: Seq, data: ThreadReadTo) -> ThreadState:
    """Move the caller's cursor in a thread forward: everything in it up to `seq` was seen."""
    return await threads.read(parts, actor, conversation_id, seq, data.seq)


@put(_THREAD + "/following", operation_id="follow_thread", **_OPTIONS)
async def follow_thread(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: Seq) -> ThreadState:
    """Follow a thread."""
    return await threads.follow(uow, actor, conversation_id, seq, following=True)


@delete(_THREAD + "/following", operation_id="unfollow_thread", status_code=200, **_OPTIONS)
async def unfollow_thread(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: Seq) -> ThreadState:
    """Follow a thread no longer."""
    return await threads.follow(uow, actor, conversation_id, seq, following=False)


# --- pins and bookmarks --------------------------------------------------------------------------------------------


@put(_MESSAGE + "/pin", operation_id="pin_message", **_OPTIONS)
async def pin_message(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: Seq) -> Message:
    """Pin a message for everybody in the conversation."""
    return await changing.pin(uow, actor, conversation_id, seq)


@delete(_MESSAGE + "/pin", operation_id="unpin_message", status_code=200, **_OPTIONS)
async def unpin_message(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: Seq) -> Message:
    """Take the pin of a message away."""
    return await changing.unpin(uow, actor, conversation_id, seq)


@get(_ONE + "/pins", operation_id="list_pins", **_OPTIONS)
async def list_pins(uow: UnitOfWork, actor: Actor, conversation_id: UUID) -> Page[Message]:
    """What is pinned, the latest pin first; all of it."""
    return Page(items=await reading.pins(uow, actor, conversation_id))


@put(_MESSAGE + "/bookmark", operation_id="bookmark_message", status_code=204, **_OPTIONS)
async def bookmark_message(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: Seq, data: BookmarkNote) -> None:
    """Mark a message for oneself, or give the mark another note."""
    await bookmarks.mark(uow, actor, conversation_id, seq, data.note)


@delete(_MESSAGE + "/bookmark", operation_id="remove_bookmark", **_OPTIONS)
async def remove_bookmark(uow: UnitOfWork, actor: Actor, conversation_id: UUID, seq: Seq) -> None:
    """Take one's mark away."""
    await bookmarks.unmark(uow, actor, conversation_id, seq)


@get("/bookmarks", operation_id="list_bookmarks", **_OPTIONS)
async def list_bookmarks(
    uow: UnitOfWork, actor: Actor, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[Bookmark]:
    """What the caller has marked and may read now, the newest mark first."""
    return await bookmarks.bookmarks(uow, actor, cursor=cursor, limit=limit)


ROUTES = (
    list_conversations,
    begin_conversation,
    get_conversation,
    change_conversation,
    dissolve_conversation,
    change_my_side,
    read_conversation,
    mark_folder_read,
    list_group_members,
    add_group_members,
    remove_group_member,
    change_group_member,
    join_conversation,
    list_group_join_requests,
    decide_group_join_request,
    leave_conversation,
    change_group_owner,
    list_messages,
    send_message,
    get_message,
    edit_message,
    recall_message,
    add_reaction,
    remove_reaction,
    list_edits,
    list_readers,
    get_message_file,
    list_changes,
    forward_messages,
    list_threads,
    get_thread,
    list_thread_messages,
    read_thread,
    follow_thread,
    unfollow_thread,
    pin_message,
    unpin_message,
    list_pins,
    bookmark_message,
    remove_bookmark,
    list_bookmarks,
)
