"""What `identity` refuses."""

from pegboard.kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated


class WrongCredentials(Unauthenticated):
    """Unknown login, wrong password, no password, shut account: never told apart."""

    code = "session.wrong_credentials"


class SignInLocked(TooMany):
    """Too many wrong guesses for this login, or from this address; the password was not looked at."""

    code = "session.locked"


class SignInBusy(TooMany):
    """More passwords wait to be hashed than the machine can do; the password was not looked at."""

    code = "session.busy"


class SessionNotFound(NotFound):
    """No such session, or somebody else's."""

    code = "session.not_found"


class SessionNeeded(Forbidden):
    """A personal token may not do this: it takes somebody who signed in."""

    code = "session.needed"


class TokenNotFound(NotFound):
    """No such token, or somebody else's."""

    code = "token.not_found"


class TooManyTokens(Conflict):
    """The account has as many personal tokens as it may."""

    code = "token.too_many"


class WrongPassword(Forbidden):
    """The current password, asked for again, is wrong."""

    code = "password.wrong"


class WeakPassword(Invalid):
    """Too short, too common, or the person's own name."""

    code = "password.weak"


class MembershipNotFound(NotFound):
    """The account is not invited there, or there is no such place."""

    code = "membership.not_found"


class LoginTaken(Conflict):
    """Mobile or email belongs to another account."""

    code = "account.login_taken"


class AccountNotFound(NotFound):
    """No such account."""

    code = "account.not_found"
