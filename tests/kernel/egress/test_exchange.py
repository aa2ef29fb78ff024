"""What goes out with a request, and how much of an answer comes in."""

import asyncio
import gzip
import ssl
import tracemalloc
from typing import Any

import pytest

from pegboard.kernel.egress import (
    AnswerTooLarge,
    Egress,
    EgressFailed,
    EgressRefused,
    ForbiddenAddress,
    ForbiddenHeader,
    ForbiddenPort,
    ForbiddenUrl,
    TooManyRedirects,
)
from pegboard.kernel.egress.client import Method
from tests.support.small_web import PUBLIC, Request, Web, leads_to, page, pages

pytestmark = pytest.mark.anyio

OPEN = "http://open.example/"


@pytest.fixture(autouse=True)
def names(web: Web) -> None:
    web.names = {
        "open.example": [[PUBLIC]],
        "second.example": [["1.1.1.1"]],
        "inner.example": [["10.0.0.1"]],
    }


# --- what goes out ---------------------------------------------------------------------------------------------------


async def test_a_request_is_only_what_the_caller_said(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://user:password@127.0.0.1:1/")
    web.serve = page(set_cookie="session=1", www_authenticate="Basic")
    egress = web.egress()
    for _ in range(2):
        await egress.request("POST", f"{OPEN}path?q=1#part", headers={"X-Key": "k"}, body=b'{"a":1}')
    for request in web.requests:
        assert request.line == "POST /path?q=1 HTTP/1.1"
        assert request.body == b'{"a":1}'
        assert sorted(line.lower() for line in request.headers) == [
            "accept-encoding: identity",
            "connection: close",
            "content-length: 7",
            "host: open.example",
            "user-agent: pegboard",
            "x-key: k",
        ]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "inner.example"},
        {"content-length": "0"},
        {"Transfer-Encoding": "chunked"},
        {"connection": "upgrade"},
        {"x-a": "b\r\nx-c: d"},
        {"x-a": "b\0"},
        {"x a": "b"},
        {"": "b"},
        {"名": "b"},
        {"x:a": "b"},
    ],
)
async def test_headers_that_are_not_the_callers(web: Web, headers: dict[str, str]) -> None:
    with pytest.raises(ForbiddenHeader):
        await web.egress().request("GET", OPEN, headers=headers)
    assert web.dialled == []


async def test_every_status_is_an_answer(web: Web) -> None:
    web.serve = page(b"no", status="503 Service Unavailable", retry_after="5", x_a="1", X_A="2")
    answer = await web.egress().request("PUT", OPEN)
    assert (answer.status, answer.body, answer.url) == (503, b"no", OPEN)
    assert (answer.headers["retry-after"], answer.headers["x-a"]) == ("5", "1, 2")


# --- redirects -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_redirects_are_followed(web: Web, status: str) -> None:
    web.serve = pages({"/": leads_to("../a?b#c", status), "/a?b": page(b"here")})
    answer = await web.egress().request("GET", OPEN)
    assert (answer.body, answer.url) == (b"here", f"{OPEN}a?b")


async def test_three_redirects_and_no_more(web: Web) -> None:
    web.serve = pages({"/": leads_to("/1"), **{f"/{number}": leads_to(f"/{number + 1}") for number in range(1, 9)}})
    with pytest.raises(TooManyRedirects):
        await web.egress().request("GET", OPEN)
    assert [request.path for request in web.requests] == ["/", "/1", "/2", "/3"]


@pytest.mark.parametrize(
    ("location", "refused"),
    [
        ("http://inner.example/", ForbiddenAddress),
        ("//inner.example/", ForbiddenAddress),
        ("http://127.0.0.1/", ForbiddenAddress),
        ("http://[::ffff:127.0.0.1]/", ForbiddenAddress),
        ("http://169.254.169.254/latest/meta-data/", ForbiddenAddress),
        ("http://2130706433/", ForbiddenUrl),
        ("http://open.example:6379/", ForbiddenPort),
        ("http://user:password@second.example/", ForbiddenUrl),
        ("file:///etc/passwd", ForbiddenUrl),
        ("gopher://open.example/", ForbiddenUrl),
        ("http://[", ForbiddenUrl),
        ("http://second.example/\x01", ForbiddenUrl),
    ],
)
async def test_a_redirect_is_judged_like_the_first_address(
    web: Web, location: str, refused: type[EgressRefused]
) -> None:
    web.serve = leads_to(location)
    with pytest.raises(refused):
        await web.egress().request("GET", OPEN)
    assert web.dialled == [(PUBLIC, 80, None)]


async def test_a_name_that_rebinds_between_redirects_is_looked_up_and_judged_again(web: Web) -> None:
    web.names["open.example"] = [[PUBLIC], ["127.0.0.1"]]
    web.serve = leads_to("/again")
    with pytest.raises(ForbiddenAddress):
        await web.egress().request("GET", OPEN)
    assert web.dialled == [(PUBLIC, 80, None)]


async def test_secrets_stay_with_their_origin(web: Web) -> None:
    web.serve = pages({"/": leads_to("/same"), "/same": leads_to("http://second.example/"), "/other": page()})
    with pytest.raises(TooManyRedirects):
        await web.egress().request(
            "GET", OPEN, headers={"authorization": "Bearer x", "x-key": "k", "accept-language": "zh-TW"}
        )
    sent = [[line.lower() for line in request.headers] for request in web.requests]
    assert "authorization: bearer x" in sent[1]
    assert "x-key: k" in sent[1]
    assert not any(line.startswith(("authorization", "x-key")) for line in sent[2] + sent[3])
    assert "accept-language: zh-tw" in sent[2]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_what_changes_something_is_not_sent_on(web: Web, method: Method) -> None:
    web.serve = leads_to("http://second.example/", "307 Temporary")
    answer = await web.egress().request(method, OPEN, body=b"secret")
    assert (answer.status, answer.headers["location"], len(web.requests)) == (307, "http://second.example/", 1)


# --- how much comes in -----------------------------------------------------------------------------------------------

GIB_10 = 10 * 1024**3


async def test_ten_gigabytes_are_refused_at_the_head(web: Web) -> None:
    web.serve = page(b"x" * 1000, content_length=str(GIB_10))
    with pytest.raises(AnswerTooLarge):
        await web.egress().request("GET", OPEN)


@pytest.mark.parametrize("chunked", [False, True])
async def test_ten_gigabytes_without_a_length_are_cut_off(web: Web, *, chunked: bool) -> None:
    sent = 0

    async def endless(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        coding = b"transfer-encoding: chunked\r\n" if chunked else b""
        writer.write(b"HTTP/1.1 200 OK\r\n" + coding + b"\r\n")
        piece = b"x" * 65536
        while sent < GIB_10:
            writer.write(b"10000\r\n" + piece + b"\r\n" if chunked else piece)
            await writer.drain()  # ends with a reset, when the other side has had enough
            sent += len(piece)

    web.serve = endless
    with pytest.raises(AnswerTooLarge):
        await web.egress().request("GET", OPEN, limit_bytes=100_000, timeout_s=60)
    assert sent < 64 * 1024 * 1024  # what the buffers of two sockets hold


async def test_the_limit_itself_is_allowed(web: Web) -> None:
    web.serve = page(b"x" * 1000)
    assert len((await web.egress().request("GET", OPEN, limit_bytes=1000)).body) == 1000
    with pytest.raises(AnswerTooLarge):
        await web.egress().request("GET", OPEN, limit_bytes=999)


async def test_a_head_without_end_is_cut_off(web: Web) -> None:
    web.serve = page(x_long="x" * 100_000)
    with pytest.raises(EgressFailed):
        await web.egress().request("GET", OPEN)


async def test_answers_before_the_answer_come_to_an_end(web: Web) -> None:
    async def hints(request: Request, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" * 1000)
            await writer.drain()

    web.serve = hints
    with pytest.raises(AnswerTooLarge):
        await web.egress().request("GET", OPEN, limit_bytes=10_000, timeout_s=60)


async def test_marks_of_chunks_count_too(web: Web) -> None:
    web.serve = page(b"1\r\nx\r\n" * 30_000 + b"0\r\n\r\n", transfer_encoding="chunked")
    with pytest.raises(AnswerTooLarge):
        await web.egress().request("GET", OPEN, limit_bytes=30_000)


@pytest.mark.parametrize("size", [1000, 50_000_000])
async def test_packed_answers_are_unpacked_within_the_limit(web: Web, size: int) -> None:
    web.serve = page(gzip.compress(b"x" * size), content_encoding="gzip")
    if size == 1000:
        assert (await web.egress().request("GET", OPEN)).body == b"x" * size
    else:
        with pytest.raises(AnswerTooLarge):
            await web.egress().request("GET", OPEN)


async def test_a_bomb_is_not_unpacked(web: Web) -> None:
    web.serve = page(gzip.compress(bytes(200_000_000), 1), content_encoding="gzip")
    tracemalloc.start()
    try:
        with pytest.raises(AnswerTooLarge):
            await web.egress().request("GET", OPEN, timeout_s=60)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


# --- how long --------------------------------------------------------------------------------------------------------


async def _drip(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def _drip_head(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def _silent(request: Request, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize("serve", [_drip, _drip_head, _silent])
async def test_who_drips_is_ended(web: Web, serve: Any) -> None:
    web.serve = serve
    with pytest.raises(EgressFailed) as failed:
        await web.egress().request("GET", OPEN, timeout_s=0.2)
    assert failed.value.reason == "timeout"


async def test_redirects_share_the_time(web: Web) -> None:
    async def slowly(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.15)
        await leads_to("/next")(request, writer)

    web.serve = slowly
    with pytest.raises(EgressFailed) as failed:
        await web.egress().request("GET", OPEN, timeout_s=0.2)
    assert failed.value.reason == "timeout"


async def test_a_resolver_that_hangs_is_ended(web: Web) -> None:
    async def hang(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    with pytest.raises(EgressFailed) as failed:
        await Egress(resolve=hang).request("GET", OPEN, timeout_s=0.1)
    assert failed.value.reason == "timeout"


# --- what is no answer -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"hello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1, 2\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\nnot packed",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\n\r\nxx",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n",
        b"\x16\x03\x01\x00\x00",
    ],
)
async def test_garbage_failed(web: Web, said: bytes) -> None:
    async def garbage(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()
        writer.write_eof()

    web.serve = garbage
    with pytest.raises(EgressFailed) as failed:
        await web.egress().request("GET", OPEN)
    assert failed.value.reason == "protocol"


async def test_nobody_there(web: Web) -> None:
    async def nobody(address: str, port: int, tls: ssl.SSLContext | None, host: str | None) -> Any:
        web.dialled.append((address, port, host))
        raise ConnectionRefusedError

    web.names["open.example"] = [[PUBLIC, "1.1.1.1", "9.9.9.9", "8.8.8.8"]]
    with pytest.raises(EgressFailed) as failed:
        await Egress(resolve=web.resolve, dial=nobody).request("GET", OPEN)
    assert failed.value.reason == "connect"
    assert [address for address, _, _ in web.dialled] == [PUBLIC, "1.1.1.1", "9.9.9.9"]
