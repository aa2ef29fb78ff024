"""What `ding` refuses."""

from pegboard.kernel.errors import Conflict, Forbidden, Invalid, NotFound, PegboardError, TooMany


class DingNotFound(NotFound):
    """No such DING, or neither sent nor received by the caller."""

    code = "ding.not_found"


class NotDingSender(Forbidden):
    """A recipient tries what is the sender's."""

    code = "ding.sender_only"


class UnknownRecipients(Invalid):
    """`userids` names somebody who is not an active member."""

    code = "ding.unknown_people"


class NobodyToTell(Invalid):
    """Nobody is left whom it could be for."""

    code = "ding.nobody"


class TooManyRecipients(Conflict):
    """One DING goes to at most `limit` people."""

    code = "ding.too_many_people"


class DailyLimit(TooMany):
    """The sender has used up today's DINGs; comes with the time until tomorrow."""

    code = "ding.daily_limit"


class RemindedLately(TooMany):
    """Reminders need some time between them."""

    code = "ding.reminded_lately"


class NoSuchChannel(Conflict):
    """A step asks for a channel that the organisation has no adapter for."""

    code = "ding.channel_unavailable"


class NoReceiptAddress(Conflict):
    """A template wants `{receipt_url}`, and the server has no public address."""

    code = "ding.no_public_url"


class DingOver(Conflict):
    """It was cancelled."""

    code = "ding.cancelled"


class NotSentYet(Conflict):
    """It is scheduled, and nobody has it yet."""

    code = "ding.not_sent_yet"


class ReceiptInvalid(NotFound):
    """Not an address for receipts that we have given."""

    code = "ding.receipt_not_found"


ERRORS: tuple[type[PegboardError], ...] = (
    DingNotFound,
    NotDingSender,
    UnknownRecipients,
    NobodyToTell,
    TooManyRecipients,
    DailyLimit,
    RemindedLately,
    NoSuchChannel,
    NoReceiptAddress,
    DingOver,
    NotSentYet,
    ReceiptInvalid,
)
