"""HTTP: sessions, personal tokens, one's own account."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, delete, get, patch, post

from pegboard.kernel.actor import Account, Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.http.cursors import Page
from pegboard.kernel.http.permissions import ACCOUNT, MEMBER, PUBLIC, requires
from pegboard.kernel.http.signed_in import is_trustworthy
from pegboard.kernel.http.transaction import client_ip
from pegboard.modules.identity.cookies import (
    DEVICE_COOKIE,
    device_cookie,
    ended_cookie,
    session_cookie,
)
from pegboard.modules.identity.schemas import (
    AccountChange,
    AccountChanged,
    AccountUser,
    NewToken,
    PasswordChange,
    SessionItem,
    SessionOpened,
    SessionUser,
    SignIn,
    TokenItem,
    TokenMade,
)
from pegboard.modules.identity.service import accounts, own_password, own_tokens, sessions, sign_in
from pegboard.modules.identity.settings import settings_of

_TAGS = ["identity"]
_AnyRequest = Request[Any, Any, Any]


@post(
    "/sessions",
    opt=requires(PUBLIC, secret_answer=True),
    tags=_TAGS,
    summary="Sign in",
    operation_id="signIn",
    status_code=201,
)
async def _sign_in(request: _AnyRequest, data: SignIn, uow: UnitOfWork) -> Response[SessionOpened]:
    """Begin a session with mobile or email, or userid and the organisation's code, and the password.

    Browsers get the session as a cookie, too. Wrong passwords make the next ones wait (429 `session.locked`).
    """
    session = await sign_in.sign_in(
        uow,
        login=data.login,
        password=data.password,
        org_code=data.org_code,
        device=request.headers.get("user-agent", ""),
        ip=client_ip(request.scope),
        device_token=request.cookies.get(DEVICE_COOKIE),
    )
    trustworthy = _is_trustworthy(request)
    days = settings_of(uow.parts).session_max_days
    return Response(
        SessionOpened(token=session.token, user=SessionUser(id=session.account_id, name=session.name)),
        cookies=[
            session_cookie(session.token, trustworthy=trustworthy, days=days),
            device_cookie(session.device_token, trustworthy=trustworthy),
        ],
        headers={"cache-control": "no-store"},
    )


@delete(
    "/sessions/current",
    opt=requires(ACCOUNT),
    tags=_TAGS,
    summary="Sign out",
    operation_id="signOut",
    status_code=204,
)
async def _sign_out(request: _AnyRequest, account: Account, uow: UnitOfWork) -> Response[None]:
    """End this session, and close its sockets. A personal token that asks for it is revoked."""
    await sessions.sign_out(uow, account)
    return Response(None, status_code=204, cookies=[ended_cookie(trustworthy=_is_trustworthy(request))])


@get("/sessions", opt=requires(ACCOUNT), tags=_TAGS, summary="List my sessions", operation_id="listSessions")
async def _sessions(account: Account, uow: UnitOfWork) -> Page[SessionItem]:
    """All sessions of one's own account, on all devices."""
    return Page(
        items=[
            SessionItem(
                id=session.session_id,
                device=session.device,
                ip=session.ip,
                created_at=session.created_at,
                last_used_at=session.last_used_at,
                current=session.session_id == account.session_id,
            )
            for session in await sessions.sessions_of(uow, account.account_id)
        ]
    )


@delete(
    "/sessions/{session_id:uuid}",
    opt=requires(ACCOUNT),
    tags=_TAGS,
    summary="End one of my sessions",
    operation_id="endSession",
    status_code=204,
)
async def _end_session(session_id: UUID, account: Account, uow: UnitOfWork) -> None:
    """Sign another of one's own devices out; its sockets are closed."""
    await sessions.revoke_session(uow, account, session_id)


@get("/tokens", opt=requires(ACCOUNT), tags=_TAGS, summary="List my personal tokens", operation_id="listTokens")
async def _tokens(account: Account, uow: UnitOfWork) -> Page[TokenItem]:
    """One's own tokens in all organisations, without the secrets."""
    return Page(
        items=[
            TokenItem(
                id=token.token_id,
                org_id=token.org_id,
                name=token.name,
                created_at=token.created_at,
                last_used_at=token.last_used_at,
                expires_at=token.expires_at,
            )
            for token in await own_tokens.personal_tokens_of(uow, account.account_id)
        ]
    )


@post(
    "/tokens",
    opt=requires(MEMBER, secret_answer=True),
    tags=_TAGS,
    summary="Make a personal token",
    operation_id="createToken",
    status_code=201,
)
async def _create_token(data: NewToken, account: Account, actor: Actor, uow: UnitOfWork) -> TokenMade:
    """A bearer token for programs that act as oneself in the chosen organisation. It is shown this once."""
    made = await own_tokens.make_own_token(uow, account, actor, data.name)
    return TokenMade(id=made.token_id, name=made.name, token=made.token)


@delete(
    "/tokens/{token_id:uuid}",
    opt=requires(ACCOUNT),
    tags=_TAGS,
    summary="Revoke a personal token",
    operation_id="revokeToken",
    status_code=204,
)
async def _revoke_token(token_id: UUID, account: Account, uow: UnitOfWork) -> None:
    """The token is worth nothing any more; its sockets are closed."""
    await own_tokens.revoke_own_token(uow, account, token_id)


@post(
    "/me/password",
    opt=requires(ACCOUNT),
    tags=_TAGS,
    summary="Change my password",
    operation_id="changePassword",
    status_code=204,
)
async def _change_password(
    request: _AnyRequest, data: PasswordChange, account: Account, uow: UnitOfWork
) -> Response[None]:
    """Takes the current password. All other sessions end; a browser's own goes on under a new cookie."""
    token = await own_password.change_password(
        uow, account, current=data.current, new=data.new, rotate="authorization" not in request.headers
    )
    if token is None:
        return Response(None, status_code=204)
    days = settings_of(uow.parts).session_max_days
    cookie = session_cookie(token, trustworthy=_is_trustworthy(request), days=days)
    return Response(None, status_code=204, cookies=[cookie])


@patch("/me", opt=requires(ACCOUNT), tags=_TAGS, summary="Change my account", operation_id="changeMe")
async def _change_me(data: AccountChange, account: Account, uow: UnitOfWork) -> AccountChanged:
    """Set the language in which one reads Pegboard."""
    changed = await accounts.change_account(uow, account.account_id, language=data.language)
    return AccountChanged(
        user=AccountUser(
            id=changed.account_id,
            name=changed.name,
            mobile=changed.mobile,
            email=changed.email,
            language=changed.language,
        )
    )


def _is_trustworthy(request: _AnyRequest) -> bool:
    return is_trustworthy(request.scope["scheme"], request.headers.get("host", ""))


ROUTES = [
    _sign_in,
    _sign_out,
    _sessions,
    _end_session,
    _tokens,
    _create_token,
    _revoke_token,
    _change_password,
    _change_me,
]
