import asyncio
from http import HTTPStatus

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect

from pegboard.kernel.realtime import Handler, Handshake, Refusal
from tests.kernel.realtime.serving import Serve, until
from tests.kernel.realtime.wire import KEY, PONG, TEXT, RawClient, Recorder, Recording, masked, request

pytestmark = pytest.mark.anyio


async def answer(port: int, data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the HTTP answer to a handshake; the server then closes."""
    async with RawClient(*await asyncio.open_connection("127.0.0.1", port)) as client:
        client.send(data)
        status, *lines = (await client.head()).decode().rstrip().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        return int(status.split()[1]), headers, await client.reader.read()


async def test_echo_with_a_client_that_others_wrote(serve: Serve) -> None:
    running = await serve()
    async with connect(f"ws://127.0.0.1:{running.port}/echo?a=b") as client:
        for text in ("hello", "吃飯了嗎", "", "x" * 70_000, "y" * (1 << 20)):
            await client.send(text)
            assert await client.recv() == text
        assert client.protocol.extensions == []
    assert (client.close_code, running.echo.last.codes) == (1000, [1000])
    await until(lambda: running.connections == 0)


async def test_the_endpoint_hears_who_asks(serve: Serve) -> None:
    running = await serve()
    cookies = 'theme=dark; __Host-pegboard="s3cret"; a=b=c'
    async with connect(
        f"ws://127.0.0.1:{running.port}/%65cho?a=%20b&c", additional_headers={"Cookie": cookies, "X-One": "1"}
    ) as client:
        [handshake] = running.echo.handshakes
        assert (handshake.path, handshake.query, handshake.scheme) == ("/echo", "a=%20b&c", "ws")
        assert handshake.client == client.local_address[:2]
        assert handshake.header("x-one") == "1"
        assert handshake.header("x-two") is None
        assert handshake.cookie("__Host-pegboard") == "s3cret"
        assert handshake.cookie("a") == "b=c"
        assert handshake.cookie("pegboard") is None


async def test_an_unknown_path_is_a_plain_404_in_the_envelope_of_the_api(serve: Serve) -> None:
    running = await serve()
    status, headers, body = await answer(running.port, request("/nothing"))
    assert (status, headers["content-type"]) == (404, "application/json")
    error = msgspec.json.decode(body)["error"]
    assert (error["code"], error["fields"]) == ("not_found", [])
    assert error["request_id"]
    await until(lambda: running.connections == 0)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (request(method="POST"), 400, "request.malformed"),
        (request(sec_websocket_key=None), 400, "request.malformed"),
        (request(sec_websocket_key="c2hvcnQ="), 400, "request.malformed"),
        (request(sec_websocket_key="not base64 at all"), 400, "request.malformed"),
        (request(Sec_WebSocket_Key=KEY), 400, "request.malformed"),
        (request(sec_websocket_version=None), 426, "websocket.version"),
        (request(sec_websocket_version="8"), 426, "websocket.version"),
        (request(sec_websocket_version="13, 8"), 426, "websocket.version"),
    ],
)
async def test_a_bad_handshake_gets_a_clear_answer(serve: Serve, data: bytes, status: int, code: str) -> None:
    running = await serve()
    got, headers, body = await answer(running.port, data)
    assert (got, msgspec.json.decode(body)["error"]["code"]) == (status, code)
    assert status != HTTPStatus.UPGRADE_REQUIRED or headers["sec-websocket-version"] == "13"
    assert running.echo.handshakes == []


async def test_an_endpoint_may_refuse(serve: Serve) -> None:
    def only_own_pages(handshake: Handshake) -> Handler | Refusal:
        if not handshake.same_origin():
            return Refusal(status=403, code="origin.foreign", message="Not from there.", headers=[("x-a", "b")])
        return Recorder()

    running = await serve(endpoints={"/guarded": Recording(only_own_pages)})
    status, headers, body = await answer(running.port, request("/guarded", origin="https://evil.test"))
    assert (status, headers["x-a"]) == (403, "b")
    assert msgspec.json.decode(body)["error"]["code"] == "origin.foreign"
    async with connect(
        f"ws://127.0.0.1:{running.port}/guarded",
        origin=f"http://127.0.0.1:{running.port}",  # type: ignore[arg-type]  # a plain string does for the client
    ):
        pass


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "same"),
    [
        (None, "a.test", "ws", True),
        ("http://a.test", "a.test", "ws", True),
        ("http://A.test", "a.TEST:80", "ws", True),
        ("https://a.test", "a.test", "ws", True),
        ("https://a.test", "a.test:443", "wss", True),
        ("http://a.test:8700", "a.test:8700", "ws", True),
        ("http://[::1]:8700", "[::1]:8700", "ws", True),
        ("https://public.test", "a.test", "ws", True),
        ("http://a.test", "a.test", "wss", False),
        ("http://a.test:8700", "a.test", "ws", False),
        ("http://a.test.evil.test", "a.test", "ws", False),
        ("null", "a.test", "ws", False),
        ("", "a.test", "ws", False),
        ("http://", "", "ws", False),
        ("http://a.test:port", "a.test", "ws", False),
        ("chrome-extension://abc", "abc", "ws", False),
    ],
)
def test_same_origin(origin: str | None, host: str, scheme: str, same: bool) -> None:
    headers = [("host", host)] + ([("origin", origin)] if origin is not None else [])
    handshake = Handshake(path="/", query="", headers=headers, client=None, scheme=scheme)
    assert handshake.same_origin(["https://public.test"]) is same


async def test_an_endpoint_that_fails_answers_500(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    def fail(handshake: Handshake) -> Handler | Refusal:
        raise RuntimeError("broken")

    running = await serve(endpoints={"/broken": Recording(fail)})
    status, _, body = await answer(running.port, request("/broken"))
    assert (status, msgspec.json.decode(body)["error"]["code"]) == (500, "internal")
    assert b"broken" not in body
    assert "endpoint failed" in caplog.text


async def test_a_handshake_and_frames_byte_by_byte(serve: Serve) -> None:
    running = await serve()
    async with RawClient(*await asyncio.open_connection("127.0.0.1", running.port)) as client:
        for byte in request():
            client.send(bytes((byte,)))
            await asyncio.sleep(0)
        assert (await client.head()).startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        for byte in masked(TEXT, b"slow " * 60) + masked(PONG) + masked(TEXT, b"ok"):
            client.send(bytes((byte,)))
            await asyncio.sleep(0)
        assert await client.frame() == (TEXT, b"slow " * 60)
        assert await client.frame() == (TEXT, b"ok")


async def test_http_works_beside_the_sockets(serve: Serve) -> None:
    running = await serve()
    async with RawClient(*await asyncio.open_connection("127.0.0.1", running.port)) as client:
        client.send(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        assert b" 200 " in await client.head()
        assert await client.reader.readexactly(5) == b"hello"
        # The same connection may become a socket later.
        client.send(request())
        assert b" 101 " in await client.head()
        client.send(masked(TEXT, b"hi"))
        assert await client.frame() == (TEXT, b"hi")
        async with httpx.AsyncClient(trust_env=False) as http:
            response = await http.get(f"http://127.0.0.1:{running.port}/echo")
        assert response.text == "hello"
