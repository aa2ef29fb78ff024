"""What is refused of requests to the outside, and how they fail."""

from typing import Literal

from pegboard.kernel.errors import Invalid, Unavailable

Reason = Literal["resolve", "connect", "tls", "timeout", "protocol"]


class EgressRefused(Invalid):
    """We do not make this request, or not to its end. Asking again changes nothing."""

    code = "egress.refused"


class ForbiddenUrl(EgressRefused):
    """Not an http or https address that means the same to everybody: another scheme, a name and password in it, a
    number in disguise.
    """

    code = "egress.forbidden_url"


class ForbiddenHeader(EgressRefused):
    """A header that is not the caller's to set, or cannot be one."""

    code = "egress.forbidden_header"


class ForbiddenAddress(EgressRefused):
    """It leads into a network that is not public, and that the operator has not named."""

    code = "egress.forbidden_address"


class ForbiddenPort(EgressRefused):
    """Public addresses are asked at the ports of the web only."""

    code = "egress.forbidden_port"


class TooManyRedirects(EgressRefused):
    """It was sent on more often than we follow."""

    code = "egress.too_many_redirects"


class AnswerTooLarge(EgressRefused):
    """The answer is over the limit; what came of it is dropped."""

    code = "egress.too_large"


class EgressFailed(Unavailable):
    """The other side did not answer as it should. Asking later may help. `reason` is for logs and counters."""

    code = "egress.failed"

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason=reason)
        self.reason = reason
