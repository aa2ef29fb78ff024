"""One request to the outside: resolved once, judged, and sent to the very address that was judged."""

import asyncio
import re
import socket
import ssl
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import h11

from pegboard.kernel.egress.addresses import Address, is_public, read_address, read_networks
from pegboard.kernel.egress.errors import (
    AnswerTooLarge,
    EgressFailed,
    ForbiddenAddress,
    ForbiddenHeader,
    ForbiddenPort,
    TooManyRedirects,
)
from pegboard.kernel.egress.urls import Target

LIMIT_BYTES = 2 * 1024 * 1024
TIMEOUT_S = 5.0
REDIRECTS = 3
WEB_PORTS = frozenset({80, 443})

_HEAD_BYTES = 16 * 1024
_OVERHEAD_BYTES = 64 * 1024  # heads and the marks between chunks, which the body's limit does not count
_READ_BYTES = 64 * 1024
_ADDRESSES_TRIED = 3
_CONNECT_SHARE = 0.6  # of the time that is left may go into one address, when there is another
_RESOLVER_THREADS = 8
_MOVED = frozenset({301, 302, 303, 307, 308})
_OURS = frozenset(
    {b"host", b"connection", b"content-length", b"transfer-encoding", b"accept-encoding", b"te", b"upgrade", b"trailer"}
)
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_NOT_IN_A_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
# What says nothing of the asker, and may go along when another origin is asked instead.
_HARMLESS = frozenset({b"accept", b"accept-language", b"user-agent"})

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host name; raises OSError."""
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[str, int, ssl.SSLContext | None, str | None], Awaitable[Stream]]
"""A connection to an address and port, under TLS for this host name if there is a context; raises OSError."""
_Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the other side said. `url` is who said it, after redirects; the names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Egress:
    """The process's way out for requests whose address somebody else chose. It has no memory: no cookies, no
    credentials, no proxies of the environment, no connections kept open.

    Only public addresses are reached, at the ports of the web; networks in `allowed` are free of both rules.
    """

    def __init__(
        self,
        allowed: Iterable[str] = (),
        *,
        ports: frozenset[int] = WEB_PORTS,
        resolve: Resolve | None = None,
        dial: Dial | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = read_networks(allowed)
        self._ports = ports
        self._resolve = resolve or self._ask_system
        self._dial = dial or _dial
        self._given_tls = tls

    async def request(
        self,
        method: Method,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        limit_bytes: int = LIMIT_BYTES,
        timeout_s: float = TIMEOUT_S,
    ) -> Answer:
        """Ask, and wait for the whole answer, whatever its status.

        GET and HEAD follow redirects, each judged anew; other methods get the redirect as the answer. `timeout_s` is
        for everything together. Raises `EgressRefused` (it must not be, or is too much) and `EgressFailed` (it did
        not work).
        """
        target = Target.of(url)
        wanted = _checked({"user-agent": "Pegboard", **(headers or {})})
        try:
            async with asyncio.timeout(timeout_s):
                for _ in range(REDIRECTS + 1):
                    answer = await self._ask(method, target, wanted, body, limit_bytes)
                    location = answer.headers.get("location")
                    if answer.status not in _MOVED or location is None or method not in ("GET", "HEAD"):
                        return answer
                    before, target = target, target.to(location)
                    if target.origin != before.origin:
                        wanted = [(name, value) for name, value in wanted if name in _HARMLESS]
                raise TooManyRedirects
        except TimeoutError:
            raise EgressFailed("timeout") from None

    async def check(self, url: str) -> Target:
        """Judge an address without asking it anything (for a form where an administrator enters one). It is judged
        again at every request. Raises as `request` does.
        """
        target = Target.of(url)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._judged(target)
        except TimeoutError:
            raise EgressFailed("timeout") from None
        return target

    def close(self) -> None:
        """Let go of the threads that ask the system's resolver."""
        if "_threads" in self.__dict__:
            self._threads.shutdown(wait=False, cancel_futures=True)

    # --- whom ----------------------------------------------------------------------------------------------------

    async def _judged(self, target: Target) -> list[str]:
        """The addresses of the target that may be reached: these, and not the name, are what is dialled."""
        literal = read_address(target.host)
        addresses = [literal] if literal is not None else await self._resolved(target)
        if not addresses:
            raise EgressFailed("resolve")
        if good := [str(address) for address in addresses if self._may(address, target.port)]:
            return good[:_ADDRESSES_TRIED]
        if target.port not in self._ports and any(is_public(address) for address in addresses):
            raise ForbiddenPort(ports=sorted(self._ports))
        raise ForbiddenAddress

    def _may(self, address: Address, port: int) -> bool:
        if any(address in network for network in self._allowed):
            return True
        return port in self._ports and is_public(address)

    async def _resolved(self, target: Target) -> list[Address]:
        try:
            found = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError):
            raise EgressFailed("resolve") from None
        return [address for text in dict.fromkeys(found) if (address := read_address(text)) is not None]

    async def _ask_system(self, host: str, port: int) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _getaddrinfo, host, port)
        return [str(entry[4][0]) for entry in found]

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        """Of our own: names that are slow to resolve shall not hold up others who use threads."""
        return ThreadPoolExecutor(_RESOLVER_THREADS, thread_name_prefix="egress-resolver")

    # --- how -----------------------------------------------------------------------------------------------------

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._given_tls or ssl.create_default_context()

    async def _ask(self, method: Method, target: Target, headers: _Headers, body: bytes, limit_bytes: int) -> Answer:
        reader, writer = await self._connected(target)
        try:
            return await _exchange(reader, writer, method, target, headers, body, limit_bytes)
        except (h11.LocalProtocolError, h11.RemoteProtocolError, OSError, EOFError, zlib.error):
            raise EgressFailed("protocol") from None
        finally:
            writer.transport.abort()

    async def _connected(self, target: Target) -> Stream:
        tls, name = (self._tls, target.host) if target.scheme == "https" else (None, None)
        *first, last = await self._judged(target)
        for address in first:
            try:
                async with asyncio.timeout(TIMEOUT_S * _CONNECT_SHARE / len(first)):
                    return await self._dial(address, target.port, tls, name)
            except OSError:  # TimeoutError too: the next may be nearer
                continue
        try:
            return await self._dial(last, target.port, tls, name)
        except ssl.SSLError:
            raise EgressFailed("tls") from None
        except TimeoutError:
            raise EgressFailed("timeout") from None
        except OSError:
            raise EgressFailed("connect") from None


def _getaddrinfo(host: str, port: int) -> Sequence[tuple[object, object, object, object, tuple[object, ...]]]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


async def _dial(address: str, port: int, tls: ssl.SSLContext | None, host: str | None) -> Stream:
    return await asyncio.open_connection(address, port, ssl=tls, server_hostname=host, limit=_READ_BYTES)


def _checked(headers: Mapping[str, str]) -> _Headers:
    """The caller's headers as bytes; those that frame the request are ours."""
    try:
        found = {name.lower().encode("ascii"): value.strip().encode("utf-8") for name, value in headers.items()}
    except UnicodeEncodeError:
        raise ForbiddenHeader from None
    for name, value in found.items():
        if name in _OURS or not _TOKEN.fullmatch(name) or _NOT_IN_A_VALUE.search(value):
            raise ForbiddenHeader
    return list(found.items())


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    method: Method,
    target: Target,
    headers: _Headers,
    body: bytes,
    limit_bytes: int,
) -> Answer:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_BYTES)
    sent = [
        (b"host", target.authority.encode("ascii")),
        (b"connection", b"close"),
        (b"accept-encoding", b"identity"),
        *headers,
    ]
    if body or method in ("POST", "PUT", "PATCH"):
        sent.append((b"content-length", str(len(body)).encode("ascii")))
    request = h11.Request(method=method, target=target.path, headers=sent)
    writer.write(connection.send(request) or b"")
    if body:
        writer.write(connection.send(h11.Data(data=body)) or b"")
    connection.send(h11.EndOfMessage())
    drain = asyncio.ensure_future(writer.drain())  # an answer may come before all of a large body is sent
    try:
        return await _answer(connection, reader, method, target, limit_bytes)
    finally:
        drain.cancel()
        await asyncio.gather(drain, return_exceptions=True)


async def _answer(
    connection: h11.Connection, reader: asyncio.StreamReader, method: Method, target: Target, limit_bytes: int
) -> Answer:
    body = bytearray()
    response: h11.Response | None = None
    unpack: Callable[[bytes], bytes] = bytes
    came = 0
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(_READ_BYTES)
            came += len(data)
            if came > limit_bytes + _OVERHEAD_BYTES:
                raise AnswerTooLarge(limit=limit_bytes)
            connection.receive_data(data)
        elif isinstance(event, h11.Response):
            response = event
            declared = _header(event, b"content-length")
            if method != "HEAD" and declared.isdigit() and int(declared) > limit_bytes:
                raise AnswerTooLarge(limit=limit_bytes)
            unpack = _unpacker(_header(event, b"content-encoding"), limit_bytes)
        elif isinstance(event, h11.Data):
            body += unpack(bytes(event.data))
            if len(body) > limit_bytes:
                raise AnswerTooLarge(limit=limit_bytes)
        elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)) or event is h11.PAUSED:
            break
    if response is None:
        raise EOFError
    return Answer(status=response.status_code, headers=_joined(response), body=bytes(body), url=str(target))


def _header(response: h11.Response, name: bytes) -> bytes:
    return next((value for found, value in response.headers if found == name), b"").strip().lower()


def _joined(response: h11.Response) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in response.headers:
        key, text = name.decode("ascii"), value.decode("utf-8", "replace")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _unpacker(encoding: bytes, limit_bytes: int) -> Callable[[bytes], bytes]:
    """We ask for none, but there are servers that pack all the same. What comes out is under the same limit."""
    if encoding in (b"", b"identity"):
        return bytes
    if encoding not in (b"gzip", b"x-gzip", b"deflate"):
        raise EgressFailed("protocol")
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, as its first bytes say

    def unpack(data: bytes) -> bytes:
        return inflater.decompress(data, limit_bytes + 1)

    return unpack
