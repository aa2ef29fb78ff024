"""The small frozen values that cross the doors of `identity`."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from pegboard.kernel.ids import AccountId, MemberId, OrgId

MembershipState = Literal["invited", "active", "suspended", "left"]
TokenKind = Literal["session", "personal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """That an account belongs to an organisation, and as whom; the rest of a member is the directory's."""

    account_id: AccountId
    org_id: OrgId
    member_id: MemberId
    userid: str
    state: MembershipState


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenHolder:
    """Whom a token speaks for; at most 5 s old.

    `session_id` names the session or the personal token. `org_id` is the organisation to act in where a
    request names none: a personal token's only one, else the last used one that the account is an active
    member of (None: it is active nowhere). `memberships` holds all organisations that it has not left; a
    personal token's only one.
    """

    account_id: AccountId
    session_id: UUID
    kind: TokenKind
    name: str
    language: str
    csrf_token: str
    org_id: OrgId | None
    memberships: tuple[Membership, ...]

    def membership_in(self, org_id: OrgId | None) -> Membership | None:
        """Its active membership in that organisation; None if there is none."""
        for membership in self.memberships:
            if membership.org_id == org_id and membership.state == "active":
                return membership
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """An account as its owner and the directory may see it."""

    account_id: AccountId
    name: str
    mobile: str | None
    email: str | None
    language: str
    has_password: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonKey:
    """A person for whom an account is looked up, or made: mobile in E.164, email in any case.

    Without mobile and email there is nothing to be found by, so a new account is made, reached by userid and
    the organisation's code only. `password_hash` (from `hash_password`) is for a new account alone.
    """

    name: str
    mobile: str | None = None
    email: str | None = None
    password_hash: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMatch:
    """The account of one `PersonKey`. `existed`: it was there before and is unchanged, so its owner has to
    confirm.

    `account_id` is None where mobile and email belong to two different accounts.
    """

    account_id: AccountId | None
    existed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session just begun. The plain tokens exist here and with the client only.

    `device_token` goes into the device's cookie: signing in with it again is not held up by the guesses of
    others.
    """

    session_id: UUID
    account_id: AccountId
    name: str
    language: str
    token: str
    csrf_token: str
    device_token: str
    org_id: OrgId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """One line of the list of sessions."""

    session_id: UUID
    device: str
    ip: str
    created_at: datetime
    last_used_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalTokenView:
    """One line of the list of personal tokens."""

    token_id: UUID
    org_id: OrgId
    name: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPersonalToken:
    """A personal token just made; `token` is shown this once."""

    token_id: UUID
    name: str
    token: str = field(repr=False)
