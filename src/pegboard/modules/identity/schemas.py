"""The wire shapes of `identity`."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from pegboard.kernel.ids import OrgId

Login = Annotated[str, Meta(min_length=1, max_length=320)]
Password = Annotated[str, Meta(min_length=1, max_length=1024)]


class SignIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`login` is a mobile, an email, or together with the organisation's code a userid."""

    login: Login
    password: Password
    org_code: Annotated[str, Meta(max_length=64)] | None = None


class SessionUser(msgspec.Struct, kw_only=True):
    """Who signed in."""

    id: UUID
    name: str


class SessionOpened(msgspec.Struct, kw_only=True):
    """`token` goes into `Authorization: Bearer`; browsers have it as a cookie, too, and need not keep it."""

    token: str
    user: SessionUser


class SessionItem(msgspec.Struct, kw_only=True):
    """A session; `current` is the one that asks."""

    id: UUID
    device: str
    ip: str
    created_at: datetime
    last_used_at: datetime
    current: bool


class NewToken(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`name` says what the token is for."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]


class TokenMade(msgspec.Struct, kw_only=True):
    """`token` is shown this once."""

    id: UUID
    name: str
    token: str


class TokenItem(msgspec.Struct, kw_only=True):
    """A personal token and the organisation it is bound to."""

    id: UUID
    org_id: OrgId
    name: str
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


class PasswordChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The password as it is, and as it shall be."""

    current: Password
    new: Password


class AccountChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What people set for themselves, in all their organisations."""

    language: Literal["zh-TW", "zh-CN", "en"] | None = None


class AccountUser(msgspec.Struct, kw_only=True):
    """The account, as in `GET /me`."""

    id: UUID
    name: str
    mobile: str | None
    email: str | None
    language: str


class AccountChanged(msgspec.Struct, kw_only=True):
    """The part of `GET /me` that changed."""

    user: AccountUser
