"""What `identity` reports. Facts of an account that belongs to no organisation in particular carry NO_ORG."""

from typing import ClassVar, Literal
from uuid import UUID

from pegboard.kernel.events import Event
from pegboard.kernel.ids import AccountId, OrgId

SessionEndReason = Literal["signed_out", "revoked", "password_changed", "membership_ended", "expired"]


class AccountCreated(Event, frozen=True, kw_only=True):
    """There is a new account. Not told for the many of an import: ask `accounts_for` what existed."""

    name: ClassVar[str] = "account.created"
    account_id: AccountId


class SessionStarted(Event, frozen=True, kw_only=True):
    """Somebody signed in."""

    name: ClassVar[str] = "session.started"
    session_id: UUID
    account_id: AccountId


class SessionEnded(Event, frozen=True, kw_only=True):
    """A session or personal token is worth nothing any more; its sockets are closed."""

    name: ClassVar[str] = "session.ended"
    session_id: UUID
    account_id: AccountId
    reason: SessionEndReason


class PasswordChanged(Event, frozen=True, kw_only=True):
    """An account has a new password."""

    name: ClassVar[str] = "account.password_changed"
    account_id: AccountId


class TokenCreated(Event, frozen=True, kw_only=True):
    """A personal token was made."""

    name: ClassVar[str] = "token.created"
    token_id: UUID
    account_id: AccountId
    org_id: OrgId


class TokenRevoked(Event, frozen=True, kw_only=True):
    """A personal token was taken back."""

    name: ClassVar[str] = "token.revoked"
    token_id: UUID
    account_id: AccountId
    org_id: OrgId
