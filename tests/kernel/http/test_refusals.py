"""Hostile and mistaken input: every refusal is the envelope, with the right status, before anything happens."""

from typing import Any

import httpx
import pytest

from pegboard.kernel.db import Database
from pegboard.kernel.ids import OrgId
from tests.kernel.http.conftest import People, deeds

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024


def refusal(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The error of an answer that must be a refusal in our shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
    body = response.json()
    assert list(body) == ["error"]
    assert set(body["error"]) == {"code", "message", "fields", "request_id"}
    assert body["error"]["code"] == code
    assert body["error"]["message"] not in ("", code)
    assert body["error"]["request_id"] == response.headers["x-request-id"]
    error: dict[str, Any] = body["error"]
    return error


def only_field(response: httpx.Response, path: str, code: str) -> None:
    fields = refusal(response, 422, "request.invalid")["fields"]
    assert [(field["path"], field["code"]) for field in fields] == [(path, code)]
    assert fields[0]["message"]


JSON = {"content-type": "application/json"}


async def test_what_is_in_order_is_taken(http: httpx.AsyncClient, database: Database, org_id: OrgId) -> None:
    response = await http.post("/things", json={"name": "釘子", "count": 5})
    assert response.status_code == 201
    assert response.json()["name"] == "釘子"
    assert [entry.action for entry in await deeds(database, org_id)] == ["thing.made"]


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({}, "name", "required"),
        ({"name": "x", "more": 1}, "more", "unknown"),
        ({"name": ""}, "name", "too_short"),
        ({"name": "123456789"}, "name", "too_long"),
        ({"name": "x", "count": 0}, "count", "too_small"),
        ({"name": "x", "count": 6}, "count", "too_large"),
        ({"name": "x", "count": "2"}, "count", "invalid"),
        ({"name": "x", "count": 2.5}, "count", "invalid"),
        ({"name": "x", "count": True}, "count", "invalid"),
        ({"name": None}, "name", "invalid"),
        ([], "", "invalid"),
        ("text", "", "invalid"),
    ],
)
async def test_a_field_that_is_wrong_is_named(http: httpx.AsyncClient, body: Any, path: str, code: str) -> None:
    only_field(await http.post("/things", json=body), path, code)


@pytest.mark.parametrize("content", [b"{", b"{'name': 'x'}", b'{"name": "x"} tail', b"nonsense", b'{"name": "\\x"}'])
async def test_malformed_json(http: httpx.AsyncClient, content: bytes) -> None:
    refusal(await http.post("/things", content=content, headers=JSON), 400, "request.malformed")


async def test_no_body_where_one_is_needed(http: httpx.AsyncClient) -> None:
    only_field(await http.post("/things"), "", "required")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"name": "\xff"}', "utf8"),
        (b'{"name": "\xed\xa0\x80"}', "utf8"),
        (b'{"name": "\\u0000"}', "nul"),
        (b'{"name": "x", "inside": {"\\u0000": 1}}', "nul"),
        (b'{"name": "\\ud800"}', "surrogate"),
        (b'{"name": "\\udc00\\ud800"}', "surrogate"),
    ],
)
async def test_text_that_is_none(http: httpx.AsyncClient, content: bytes, code: str) -> None:
    only_field(await http.post("/things", content=content, headers=JSON), "", code)


async def test_whole_surrogate_pairs_are_text(http: httpx.AsyncClient) -> None:
    response = await http.post("/things", content=b'{"name": "\\ud83d\\udccc"}', headers=JSON)
    assert response.json()["name"] == "📌"


async def test_depth_32_is_taken_and_33_is_not(http: httpx.AsyncClient) -> None:
    def nested(depth: int) -> bytes:
        return b'{"name": "x", "inside": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"

    assert (await http.post("/things", content=nested(32), headers=JSON)).status_code == 201
    only_field(await http.post("/things", content=nested(33), headers=JSON), "", "too_deep")


async def test_brackets_in_texts_are_no_depth(http: httpx.AsyncClient) -> None:
    body = {"name": "x", "inside": ["[" * 100, '\\"{' * 100]}
    assert (await http.post("/things", json=body)).status_code == 201


async def test_10000_keys_are_taken_and_10001_are_not(http: httpx.AsyncClient) -> None:
    def keys(count: int) -> dict[str, Any]:
        return {"name": "x", "inside": {str(number): 1 for number in range(count - 2)}}

    assert (await http.post("/things", json=keys(10_000))).status_code == 201
    only_field(await http.post("/things", json=keys(10_001)), "", "too_many")


async def test_a_body_over_1_mib(http: httpx.AsyncClient) -> None:
    def sized(size: int) -> bytes:
        return b'{"name": "x", "inside": ["' + b"a" * (size - 29) + b'"]}'

    assert len(sized(MIB)) == MIB
    assert (await http.post("/things", content=sized(MIB), headers=JSON)).status_code == 201
    refusal(await http.post("/things", content=sized(MIB + 1), headers=JSON), 413, "request.too_large")

    async def pieces() -> Any:
        for _ in range(17):
            yield b" " * 65536

    # Chunked, so that nothing announces the size.
    refusal(await http.post("/things", content=pieces(), headers=JSON), 413, "request.too_large")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
async def test_a_body_that_does_not_say_it_is_json(http: httpx.AsyncClient, kind: str) -> None:
    headers = {"content-type": kind} if kind else {}
    response = await http.post("/things", content=b'{"name": "x"}', headers=headers)
    refusal(response, 415, "request.unsupported_media")


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "identity, gzip"])
async def test_compressed_bodies_are_not_unpacked(http: httpx.AsyncClient, coding: str) -> None:
    response = await http.post("/things", content=b"\x1f\x8b", headers={**JSON, "content-encoding": coding})
    refusal(response, 415, "request.unsupported_media")


@pytest.mark.parametrize("path", ["/nothing", "/things/not-a-uuid", "/things/1/2", "/%00", "/%ff", "/../../etc"])
async def test_unknown_paths(http: httpx.AsyncClient, path: str) -> None:
    refusal(await http.get(path), 404, "not_found")


async def test_the_wrong_method_says_which_are_right(http: httpx.AsyncClient) -> None:
    for method in ("PUT", "TRACE", "HEAD"):
        response = await http.request(method, "/things")
        assert response.status_code == 405
        assert {"GET", "POST"} <= set(response.headers["allow"].split(", "))
    refusal(await http.put("/things"), 405, "request.method_not_allowed")


@pytest.mark.parametrize(
    ("query", "path", "code"),
    [
        ("name=%00", "query", "nul"),
        ("name=%ff", "query", "utf8"),
        ("name=%ed%a0%80", "query", "utf8"),
        ("limit=0", "limit", "too_small"),
        ("limit=201", "limit", "too_large"),
        ("limit=many", "limit", "invalid"),
        ("limit=", "limit", "invalid"),
        ("cursor=", "cursor", "invalid"),
        ("cursor=x", "cursor", "invalid"),
        ("cursor=bm9wZQ", "cursor", "invalid"),
        ("cursor=%5B1%5D", "cursor", "invalid"),
        ("cursor=" + "A" * 4000, "cursor", "invalid"),
    ],
)
async def test_a_query_that_is_wrong(http: httpx.AsyncClient, query: str, path: str, code: str) -> None:
    only_field(await http.get(f"/things?{query}"), path, code)


async def test_pages_lead_on_and_a_cursor_of_ours_only(http: httpx.AsyncClient) -> None:
    first = (await http.get("/things?limit=4")).json()
    second = (await http.get("/things", params={"limit": 4, "cursor": first["next"]})).json()
    last = (await http.get("/things", params={"limit": 4, "cursor": second["next"]})).json()
    assert [first["items"], second["items"], last["items"]] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert last["next"] is None
    for tampered in (first["next"][:-1], first["next"] + "x", "A" + first["next"][1:], first["next"][::-1]):
        response = await http.get("/things", params={"cursor": tampered})
        assert response.status_code in (200, 422)  # what still reads as a position of the right kind is one


async def test_an_error_of_ours_shows_nothing_of_it(http: httpx.AsyncClient) -> None:
    response = await http.post("/crashes")
    refusal(response, 500, "internal")
    assert "secret" not in response.text
    assert "Traceback" not in response.text


async def test_messages_come_in_the_language_of_the_caller(http: httpx.AsyncClient, people: People) -> None:
    texts = {
        (await http.get("/nothing", headers={"accept-language": language})).json()["error"]["message"]
        for language in ("zh-TW", "zh-CN", "en")
    }
    assert len(texts) == 3


async def test_every_answer_has_a_request_id_and_keeps_a_fit_one(http: httpx.AsyncClient) -> None:
    kept = await http.get("/public", headers={"x-request-id": "caller-made.1"})
    assert kept.headers["x-request-id"] == "caller-made.1"
    for unfit in ("short", "x" * 65, "with space and more", "line\tbreak--"):
        made = (await http.get("/public", headers={"x-request-id": unfit})).headers["x-request-id"]
        assert made != unfit
        assert len(made) == 32


async def test_every_answer_has_the_security_headers_once(http: httpx.AsyncClient) -> None:
    plain = await http.get("/public")
    assert plain.headers["x-frame-options"] == "DENY"
    assert plain.headers["referrer-policy"] == "same-origin"
    own = await http.get("/cookies")
    assert own.headers.get_list("x-frame-options") == ["SAMEORIGIN"]
