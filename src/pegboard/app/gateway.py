"""The realtime endpoint: authenticates sockets, greets them with the state, and runs their commands."""

import asyncio
import json
import logging
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import msgspec

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.errors import BadRequest, NotFound, PegboardError, TooMany, Unauthenticated, invalid
from pegboard.kernel.http import body as bodies
from pegboard.kernel.http.errors import InternalError, as_refusal, from_msgspec
from pegboard.kernel.http.rates import TokenBuckets
from pegboard.kernel.http.signed_in import SECURE_SESSION_COOKIE, SESSION_COOKIE, Authenticator, Credentials
from pegboard.kernel.http.transaction import parse_org
from pegboard.kernel.i18n import Catalogues, language_of
from pegboard.kernel.ids import uuid7
from pegboard.kernel.metrics import REALTIME_CONNECTIONS, REALTIME_RESYNCS
from pegboard.kernel.parts import Parts
from pegboard.kernel.realtime.batch import events_frame, reply, reply_error
from pegboard.kernel.realtime.bus import Bus
from pegboard.kernel.realtime.commands import Command
from pegboard.kernel.realtime.handshake import Handshake, Refusal
from pegboard.kernel.realtime.hub import Hub
from pegboard.kernel.realtime.live import SIGNED_OUT, Greeting
from pegboard.kernel.realtime.websocket import RESYNC, Connection
from pegboard.kernel.settings import LimitsSettings, Settings

_log = logging.getLogger(__name__)

BAD_FRAME = 4400
NOT_AUTHENTICATED = 4408
TOO_MANY = 4429

AUTHENTICATE_WITHIN_S = 10
STRANGERS_BYTES = 4096
"""The largest frame of somebody who has not said yet who they are."""

_encoder = msgspec.json.Encoder()


class _Envelope(msgspec.Struct):
    """What every frame of a client has; the rest belongs to the command."""

    id: int
    do: str


class Authenticate(msgspec.Struct, forbid_unknown_fields=True, tag_field="do", tag="authenticate"):
    """The first command. Without `token` the session cookie of the handshake counts."""

    id: int
    token: str | None = None
    org_id: str | None = None


class HelloSession(msgspec.Struct):
    """The account, the organisation and the member of this connection."""

    user_id: str
    org_id: str
    userid: str


_envelopes = msgspec.json.Decoder(_Envelope)
_authenticates = msgspec.json.Decoder(Authenticate)


class Gateway:
    """`/api/v1/realtime` for the protocol class in kernel/realtime."""

    def __init__(self, parts: Parts, commands: Sequence[Command], greetings: Sequence[Greeting]) -> None:
        self.parts = parts
        self.database = parts[Database]
        self.hub = parts[Hub]
        self.greetings = greetings
        self.commands: Mapping[str, tuple[Command, msgspec.json.Decoder[Any]]] = {
            command.name: (command, msgspec.json.Decoder(_with_envelope(command))) for command in commands
        }
        limits = parts[Settings][LimitsSettings]
        self.process = parts[Bus].name if Bus in parts else "main"
        self.frames = TokenBuckets(limits.frames_per_s, limits.frames_burst)
        self.tasks: set[asyncio.Task[None]] = set()

    def accept(self, handshake: Handshake) -> "Session | Refusal":
        """Take everybody from our own pages or from no page at all; who they are comes with the first frame."""
        cookie = handshake.cookie(SECURE_SESSION_COOKIE) or handshake.cookie(SESSION_COOKIE) or ""
        if not handshake.same_origin():
            cookie = ""  # another site's page may connect, but not as the person whose browser it is
        client_ip = handshake.client[0] if handshake.client else ""
        return Session(self, cookie, language_of(handshake.header("accept-language")), client_ip)

    def spawn(self, work: Any) -> None:
        """Run a coroutine beside the loop and keep hold of it."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


class Session:
    """One socket. Before it is authenticated `actor` is None."""

    __slots__ = ("_client_ip", "_cookie", "_gateway", "_language", "_usual_limit", "actor", "connection")

    def __init__(self, gateway: Gateway, cookie: str, language: str, client_ip: str) -> None:
        self._gateway = gateway
        self._cookie = cookie
        self._language = language
        self._client_ip = client_ip
        self.actor: Actor | None = None
        self.connection: Connection | None = None
        self._usual_limit = 0

    def on_open(self, connection: Connection) -> None:
        """Give it some seconds to say who it is."""
        self.connection = connection
        self._usual_limit, connection.message_limit = connection.message_limit, STRANGERS_BYTES
        REALTIME_CONNECTIONS.inc()
        connection.close_after(AUTHENTICATE_WITHIN_S, NOT_AUTHENTICATED, "authenticate first")

    def on_close(self, connection: Connection, code: int) -> None:
        """Hear nothing more."""
        REALTIME_CONNECTIONS.dec()
        if code == RESYNC:
            REALTIME_RESYNCS.inc()
        self._gateway.hub.drop(connection)
        self.connection = None

    def on_text(self, connection: Connection, payload: bytes) -> None:
        """One command."""
        gateway = self._gateway
        try:
            envelope = _envelopes.decode(payload)
        except msgspec.DecodeError:
            if (command_id := _id_of_half_characters(payload)) is None:
                connection.close(BAD_FRAME, "not a command")
            else:  # a client that sent again what it was closed for would never stop
                _Answer(self, command_id).refuse(invalid("", "surrogate"))
            return
        answer = _Answer(self, envelope.id)
        try:
            if wait_s := gateway.frames.take(id(self)):
                raise TooMany(retry_after_s=wait_s)
            if b"\\u" in payload:
                bodies.check_json(payload)
            if envelope.do == "authenticate":
                gateway.spawn(self._authenticate(answer, _authenticates.decode(payload)))
                return
            if self.actor is None:
                raise Unauthenticated
            found = gateway.commands.get(envelope.do)
            if found is None:
                raise NotFound
            command, decoder = found
            params = decoder.decode(payload)
            if command.submit is not None:
                command.submit(gateway.parts, self.actor, params, answer)
            else:
                gateway.spawn(self._run(command, params, self.actor, answer))
        except msgspec.ValidationError as error:
            answer.refuse(from_msgspec(error))
        except msgspec.DecodeError:
            answer.refuse(BadRequest())
        except PegboardError as error:
            answer.refuse(error)

    async def _run(self, command: Command, params: Any, actor: Actor, answer: "_Answer") -> None:
        assert command.run is not None  # noqa: S101  # a command has one or the other
        try:
            async with UnitOfWork(self._gateway.database, orgs=(actor.org_id,), request_id=uuid7().hex) as uow:
                result = await command.run(uow, actor, params)
        except Exception as exception:  # noqa: BLE001  # a boundary: the client hears of it
            answer.refuse(_refusal(exception))
        else:
            answer.ok(result)

    async def _authenticate(self, answer: "_Answer", asked: Authenticate) -> None:
        if self.connection is not None:
            self.connection.forget_deadline()  # from here on it is us that are waited for
        try:
            await self._sign_in(answer, asked)
        except Exception as exception:  # noqa: BLE001  # a boundary: the client hears of it
            answer.refuse(_refusal(exception))
            if self.connection is not None and self.actor is None:
                self.connection.close_after(AUTHENTICATE_WITHIN_S, NOT_AUTHENTICATED, "authenticate first")

    async def _sign_in(self, answer: "_Answer", asked: Authenticate) -> None:
        gateway, connection = self._gateway, self.connection
        token = asked.token or self._cookie
        if self.actor is not None or not token:
            raise Unauthenticated
        credentials = Credentials(
            token=token,
            by_cookie=asked.token is None,
            wanted_org=parse_org(asked.org_id) if asked.org_id else None,
            client_ip=self._client_ip,
        )
        signed_in = await gateway.parts[Authenticator].authenticate(credentials)
        if signed_in is None or signed_in.actor is None or connection is None or not connection.is_open:
            raise Unauthenticated
        actor = signed_in.actor
        own: list[Hashable] = [
            ("member", actor.member_id),
            ("session", signed_in.account.session_id),
            ("org", actor.org_id),
        ]
        gateway.hub.subscribe_all(connection, own)
        state: dict[str, Any] = {}
        async with UnitOfWork(gateway.database, orgs=(actor.org_id,)) as uow:
            for greeting in gateway.greetings:
                await self._subscribe(uow, greeting, actor, connection)
                state |= await greeting.state(uow, actor)
        if self.connection is None:  # closed meanwhile
            gateway.hub.drop(connection)
            return
        still = await gateway.parts[Authenticator].authenticate(credentials)
        if still is None or still.actor is None:
            raise Unauthenticated  # ended, suspended or left before this socket could hear of it
        self.actor = actor
        self._cookie = ""
        connection.message_limit = self._usual_limit
        hello = {
            "type": "hello",
            "session": HelloSession(
                user_id=str(signed_in.account.account_id), org_id=str(actor.org_id), userid=actor.userid
            ),
            "process": gateway.process,
            **state,
        }
        connection.send_soon(events_frame([reply(answer.id), _encoder.encode(hello)]))

    async def _subscribe(self, uow: UnitOfWork, greeting: Greeting, actor: Actor, connection: Connection) -> None:
        """Hear the actor's topics. Whoever ended one meanwhile could not know that we were about to subscribe to it."""
        hub = self._gateway.hub
        topics = set(await greeting.topics(uow, actor))
        hub.subscribe_all(connection, topics)
        while ended := topics - (now := set(await greeting.topics(uow, actor))):
            for topic in ended:
                hub.unsubscribe(connection, topic)
            hub.subscribe_all(connection, now)
            topics = now


class _Answer:
    """The way back for one command."""

    __slots__ = ("_session", "id")

    def __init__(self, session: Session, id: int) -> None:
        self._session = session
        self.id = id

    def ok(self, result: Any) -> None:
        """Send the result."""
        if (connection := self._session.connection) is not None:
            connection.send_soon(events_frame([reply(self.id, _encoder.encode(result))]))

    def refuse(self, error: PegboardError) -> None:
        """Send the refusal, in the language of the connection."""
        session = self._session
        if (connection := session.connection) is None:
            return
        message = session._gateway.parts[Catalogues].text(error.code, session._language, **error.params)
        connection.send_soon(events_frame([reply_error(self.id, error.code, message)]))
        if isinstance(error, Unauthenticated):
            connection.close(SIGNED_OUT, "not signed in")


def _id_of_half_characters(payload: bytes) -> int | None:
    """The id of a command that holds half of a surrogate pair, which JSON can write and our parser does not read."""
    if b"\\u" not in payload:
        return None
    try:
        value = json.loads(payload)  # the standard parser lets them pass
    except ValueError:
        return None
    command_id = value.get("id") if isinstance(value, dict) else None
    return command_id if isinstance(command_id, int) else None


def _refusal(exception: Exception) -> PegboardError:
    error = as_refusal(exception)
    if isinstance(error, InternalError):
        _log.error("a command failed", exc_info=exception)
    return error


def _with_envelope(command: Command) -> type[msgspec.Struct]:
    """The command's parameters and the two fields that every frame has, so that one pass decodes both."""
    fields: list[Any] = [("id", int), ("do", str)]
    return msgspec.defstruct(command.params.__name__, fields, bases=(command.params,), kw_only=True)
