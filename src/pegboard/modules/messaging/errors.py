"""What messaging refuses."""

from pegboard.kernel.errors import Conflict, Forbidden, Invalid, NotFound, PegboardError, TooLarge, TooMany


class ConversationNotFound(NotFound):
    """No such conversation, or the caller is not in it."""

    code = "conversation.not_found"


class MessageNotFound(NotFound):
    """No such message, or not one that the caller may read."""

    code = "message.not_found"


class NotAllowedToSpeak(Forbidden):
    """The group lets only its administrators speak."""

    code = "conversation.speak_restricted"


class Silenced(Forbidden):
    """The caller, or everybody, has been muted in this group."""

    code = "conversation.muted"


class MentionAllRestricted(Forbidden):
    """Only administrators may mention everybody here."""

    code = "conversation.mention_all_restricted"


class NotGroupAdmin(Forbidden):
    """Only the group's administrators may do this."""

    code = "conversation.admins_only"


class NotGroupOwner(Forbidden):
    """Only the group's owner may do this."""

    code = "conversation.owner_only"


class FixedMembership(Conflict):
    """Who is in this conversation follows from the directory (or it is between two people)."""

    code = "conversation.fixed_membership"


class OwnerMustStay(Conflict):
    """The owner hands the group over, or dissolves it, before leaving."""

    code = "conversation.owner_must_hand_over"


class GroupFull(Conflict):
    """The group has as many members as it may have."""

    code = "conversation.full"


class Dissolved(Conflict):
    """The group was dissolved: it can be read, nothing more."""

    code = "conversation.dissolved"


class UnknownPeople(Invalid):
    """Some userids are not active members of the organisation."""

    code = "people.unknown"


class MentionNotMember(Invalid):
    """Somebody mentioned is not in the conversation."""

    code = "message.mention_not_member"


class UnknownKind(Invalid):
    """There is no such kind of message; the answer lists those that there are."""

    code = "message.unknown_kind"


class TextTooLong(TooLarge):
    """The text is over its limit, which the answer names."""

    code = "message.text_too_long"


class ReplyNotFound(Invalid):
    """The message replied to does not exist here."""

    code = "message.reply_not_found"


class FileNotUsable(Invalid):
    """The file is not the sender's, or not uploaded completely."""

    code = "message.file_not_usable"


class NotOwnMessage(Forbidden):
    """Only its sender may do this to a message."""

    code = "message.not_own"


class NotEditable(Conflict):
    """Messages of this kind cannot be edited, or this one has been recalled."""

    code = "message.not_editable"


class EditTooLate(Conflict):
    """The time for editing is over."""

    code = "message.edit_too_late"


class RecallTooLate(Conflict):
    """The time for recalling is over."""

    code = "message.recall_too_late"


class AlreadyRecalled(Conflict):
    """The message has been recalled."""

    code = "message.recalled"


class TooManyReactions(Conflict):
    """The message has as many different reactions as it may have."""

    code = "message.too_many_reactions"


class TooManyPins(Conflict):
    """The conversation has as many pinned messages as it may have."""

    code = "message.too_many_pins"


class TooManyBookmarks(Conflict):
    """The member has as many bookmarks as one may have."""

    code = "bookmark.too_many"


class ThreadNotFound(NotFound):
    """No such message that the caller may read, or one that stands in a thread itself."""

    code = "thread.not_found"


class ReadListsOff(Forbidden):
    """The organisation or the group shows no read lists here."""

    code = "readers.off"


class TooFast(TooMany):
    """More messages in a second than one person, or one conversation, may get."""

    code = "message.too_fast"


class NothingToFind(Invalid):
    """There is no word in what is looked for: only signs, or nothing."""

    code = "search.no_words"


class SearchTooLong(Invalid):
    """What is looked for is longer than the limit, which the answer names."""

    code = "search.too_long"


ERRORS: tuple[type[PegboardError], ...] = (
    ConversationNotFound,
    MessageNotFound,
    NotAllowedToSpeak,
    Silenced,
    MentionAllRestricted,
    NotGroupAdmin,
    NotGroupOwner,
    FixedMembership,
    OwnerMustStay,
    GroupFull,
    Dissolved,
    UnknownPeople,
    MentionNotMember,
    UnknownKind,
    TextTooLong,
    ReplyNotFound,
    FileNotUsable,
    NotOwnMessage,
    NotEditable,
    EditTooLate,
    RecallTooLate,
    AlreadyRecalled,
    TooManyReactions,
    TooManyPins,
    TooManyBookmarks,
    ThreadNotFound,
    ReadListsOff,
    TooFast,
    NothingToFind,
    SearchTooLong,
)
