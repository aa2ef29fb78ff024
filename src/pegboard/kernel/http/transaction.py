"""One request is one transaction: who asks, may they at all, and not a byte of success before the commit."""

import hashlib
import hmac
import logging
import re
from typing import Any
from uuid import UUID

from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from pegboard.kernel.actor import Account, Actor
from pegboard.kernel.db.database import Database
from pegboard.kernel.db.work import UnitOfWork
from pegboard.kernel.errors import Forbidden, Unauthenticated
from pegboard.kernel.http import idempotency
from pegboard.kernel.http.errors import InternalError, as_refusal
from pegboard.kernel.http.gate import send_error
from pegboard.kernel.http.permissions import PUBLIC, Permission
from pegboard.kernel.http.rates import RequestRates
from pegboard.kernel.http.signed_in import (
    CSRF_HEADER,
    ORG_HEADER,
    SECURE_SESSION_COOKIE,
    SESSION_COOKIE,
    Authenticator,
    Credentials,
    SignedIn,
    is_trustworthy,
)
from pegboard.kernel.i18n import Catalogues, language_of
from pegboard.kernel.ids import OrgId
from pegboard.kernel.parts import Parts

_log = logging.getLogger(__name__)
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class NoOrganisation(Forbidden):
    """Signed in, but not as a member of an organisation."""

    code = "organisation.required"


class CsrfMissing(Forbidden):
    """A write by cookie without the token that only our own pages know."""

    code = "session.csrf"


class Transaction(ASGIMiddleware):
    """Around every route handler. Leaves `uow`, `account` and `actor` in the request's state."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._database = parts[Database]

    def __deepcopy__(self, memo: object) -> "Transaction":
        """Litestar copies a route with all that belongs to it; of us there is one."""
        return self

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Authenticate, admit, open the unit of work, run, and commit before the answer leaves."""
        asked: Any = scope
        if asked["type"] != "http":
            await next_app(scope, receive, send)
            return
        permission: Permission = asked["route_handler"].opt.get("permission", PUBLIC)
        repeatable = not asked["route_handler"].opt.get("secret_answer", False)
        state = asked["state"]
        signed_in = await self._admit(asked, permission)
        actor = signed_in.actor if signed_in else None
        account = signed_in.account if signed_in else None
        uow = UnitOfWork(self._database, orgs=(actor.org_id,) if actor else (), request_id=asked.get("request_id", ""))
        state["uow"], state["signed_in"] = uow, signed_in
        answer = _Answer(self._parts[Catalogues], asked, uow, send)
        try:
            if asked["method"] == "POST" and repeatable and account is not None:
                receive = await self._idempotent(asked, receive, answer, account, actor)
                if answer.replayed:
                    return
            await next_app(scope, receive, answer.send)
        finally:
            await uow.rollback()  # nothing is left to undo after a commit

    async def _admit(self, scope: Any, permission: Permission) -> SignedIn | None:
        credentials = credentials_of(scope)
        signed_in = None
        if credentials is not None:
            signed_in = await self._parts[Authenticator].authenticate(credentials)
        if permission.level == "public":
            self._parts[RequestRates].admit(client_ip(scope))
            return signed_in
        if signed_in is None or credentials is None:
            raise Unauthenticated
        self._parts[RequestRates].admit(str(signed_in.account.account_id))
        if credentials.by_cookie and scope["method"] not in _SAFE_METHODS:
            _check_csrf(scope, signed_in)
        if permission.level in ("member", "power"):
            if signed_in.actor is None:
                raise NoOrganisation
            if permission.level == "power" and not signed_in.actor.can(permission.name):
                raise Forbidden
        return signed_in

    async def _idempotent(
        self, scope: Any, receive: Receive, answer: "_Answer", account: Account, actor: Actor | None
    ) -> Receive:
        key = header(scope, b"idempotency-key")
        if not key:
            return receive
        content, receive = await idempotency.peek(receive)
        claim = idempotency.Claim(
            key=key,
            org_id=actor.org_id if actor else idempotency.ACCOUNT_LEVEL,
            account_id=account.account_id,
            digest=_digest(scope, content),
        )
        if (earlier := await idempotency.begin(answer.uow, claim)) is not None:
            await answer.replay(earlier)
        answer.claim = claim
        return receive


_BOUNDARY = re.compile(r"boundary=\"?([^\";,]+)")


def _digest(scope: Any, content: bytes) -> bytes:
    """Of what makes two requests the same. The boundary of a form does not: it is thrown anew each time."""
    if found := _BOUNDARY.search(header(scope, b"content-type")):
        content = content.replace(found[1].encode("latin-1"), b"")
    parts = (scope["path"].encode(), scope["query_string"], content)
    return hashlib.sha256(b"\0".join(parts)).digest()


class _Answer:
    """Holds the start of the answer back until the transaction has ended well."""

    def __init__(self, catalogues: Catalogues, scope: Any, uow: UnitOfWork, send: Send) -> None:
        self._catalogues = catalogues
        self._scope = scope
        self._send = send
        self._start: Any = None
        self._parts: list[bytes] = []
        self.uow = uow
        self.claim: idempotency.Claim | None = None
        self.replayed = False

    async def send(self, message: Message) -> None:
        """ASGI's send."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        if self._start is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        start, self._start = self._start, None
        try:
            if start["status"] >= 400:
                await self.uow.rollback()
            else:
                if self.claim is not None and not message.get("more_body"):
                    await idempotency.keep(self.uow, self.claim, start["status"], message["body"])
                await self.uow.commit()
        except Exception as exception:  # noqa: BLE001  # whatever it is, it was no success
            await self._fail(exception)
            return
        await self._send(start)
        await self._send(message)

    async def _fail(self, exception: Exception) -> None:
        """The commit failed: say so instead of the success that was prepared."""
        await self.uow.rollback()
        error = as_refusal(exception)
        request_id = self._scope.get("request_id", "")
        if isinstance(error, InternalError):
            _log.error("the commit failed", exc_info=exception, extra={"request_id": request_id})
        language = language_of(header(self._scope, b"accept-language"))
        await send_error(self._send, error, self._catalogues, language, request_id)

    async def replay(self, earlier: idempotency.Earlier) -> None:
        """Give the first answer again."""
        self.replayed = True
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(earlier.body)).encode()),
            (b"idempotent-replayed", b"true"),
        ]
        start: Any = {"type": "http.response.start", "status": earlier.status, "headers": headers}
        end: Any = {"type": "http.response.body", "body": earlier.body, "more_body": False}
        await self._send(start)
        await self._send(end)


def header(scope: Any, name: bytes) -> str:
    """The header's value, or the empty string."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def client_ip(scope: Any) -> str:
    """Where the request comes from, as the connection (or the trusted proxy, by uvicorn) says."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def credentials_of(scope: Any) -> Credentials | None:
    """The bearer token, or else the session cookie; a bearer's presence makes cookies count for nothing."""
    wanted = header(scope, ORG_HEADER.encode())
    org = parse_org(wanted) if wanted else None
    authorization = header(scope, b"authorization")
    if authorization:
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token:
            return None
        return Credentials(token=token.strip(), by_cookie=False, wanted_org=org, client_ip=client_ip(scope))
    token = session_cookie(
        header(scope, b"cookie"), plain_allowed=not is_trustworthy(scope["scheme"], header(scope, b"host"))
    )
    if not token:
        return None
    return Credentials(token=token, by_cookie=True, wanted_org=org, client_ip=client_ip(scope))


def session_cookie(cookies: str, *, plain_allowed: bool) -> str:
    """The session's token among the cookies, or the empty string.

    The plain cookie counts only where no `__Host-` one can be set: elsewhere a neighbouring host may have planted it.
    """
    names = (SECURE_SESSION_COOKIE, SESSION_COOKIE) if plain_allowed else (SECURE_SESSION_COOKIE,)
    for part in cookies.split(";"):
        name, _, value = part.strip().partition("=")
        if name in names:
            return value
    return ""


def parse_org(text: str) -> OrgId:
    """The organisation that the header names; one that is no id at all is nobody's."""
    try:
        return OrgId(UUID(text))
    except ValueError:
        raise NoOrganisation from None


def _check_csrf(scope: Any, signed_in: SignedIn) -> None:
    given = header(scope, CSRF_HEADER.encode())
    if not hmac.compare_digest(given.encode(), signed_in.csrf_token.encode()):
        raise CsrfMissing
