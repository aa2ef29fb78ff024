"""What `activity` refuses."""

from pegboard.kernel.errors import Invalid


class RangeTooLong(Invalid):
    """At most `limit` periods at a time."""

    code = "activity.range_too_long"


class RangeReversed(Invalid):
    """It ends before it begins."""

    code = "activity.range_reversed"


ERRORS = (RangeTooLong, RangeReversed)
