"""Identity through HTTP: cookies, CSRF, sessions, tokens, one's own password."""

import asyncio
import logging
from http.cookies import Morsel, SimpleCookie
from typing import Any

import httpx
import pytest

from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.modules.identity import api, cookies
from tests.modules.identity.conftest import PASSWORD, Person, make_person

pytestmark = pytest.mark.anyio

_NEW = "a wholly other secret"


async def _sign_in(http: httpx.AsyncClient, login: str, password: str = PASSWORD, **more: Any) -> httpx.Response:
    return await http.post("/sessions", json={"login": login, "password": password}, **more)


def _set_cookies(answer: httpx.Response) -> dict[str, "Morsel[str]"]:
    found: SimpleCookie = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        found.load(line)
    return dict(found)


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def _by_cookie(database: Database, http: httpx.AsyncClient, person: Person) -> dict[str, str]:
    """Headers of a browser that has signed in: its cookie, and the CSRF token that the page knows."""
    cookie = _set_cookies(await _sign_in(http, person.mobile))["__Host-pegboard"].value
    http.cookies.clear()
    holder = await api.session_of(database, cookie)
    assert holder is not None
    return {"cookie": f"__Host-pegboard={cookie}", "pegboard-csrf": holder.csrf_token}


def _code(answer: httpx.Response) -> str:
    code: str = answer.json()["error"]["code"]
    return code


async def test_signing_in_answers_token_and_person(http: httpx.AsyncClient, person: Person) -> None:
    answer = await _sign_in(http, person.mobile, headers={"user-agent": "Firefox on a test"})
    assert answer.status_code == 201
    assert answer.json()["user"] == {"id": str(person.account_id), "name": "王小明"}
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()["token"]
    assert token.startswith("pbs_")
    (session,) = (await http.get("/sessions", headers=_bearer(token))).json()["items"]
    assert session["device"] == "Firefox on a test"
    assert session["current"] is True
    assert session["ip"] == "127.0.0.1"


@pytest.mark.parametrize("case", ["unknown", "wrong password", "no password", "left", "wrong code"])
async def test_every_wrong_credential_looks_the_same(
    wired: Database, http: httpx.AsyncClient, person: Person, case: str
) -> None:
    login, password, code = person.mobile, PASSWORD, None
    if case == "unknown":
        login = "nobody@nowhere.example"
    elif case == "wrong password":
        password = "wrong guess"
    elif case == "no password":
        login = (await make_person(wired, password=None)).mobile
    elif case == "wrong code":
        login, code = person.userid, "elsewhere"
    else:
        async with UnitOfWork(wired) as uow:
            await api.set_membership_states(uow, person.org_id, [person.member_id], "left")
    answer = await http.post("/sessions", json={"login": login, "password": password, "org_code": code})
    assert answer.status_code == 401
    error = answer.json()["error"]
    assert (error["code"], error["fields"]) == ("session.wrong_credentials", [])
    assert "set-cookie" not in answer.headers


async def test_userid_and_code(http: httpx.AsyncClient, person: Person) -> None:
    body = {"login": person.userid, "password": PASSWORD, "org_code": person.org_code.upper()}
    assert (await http.post("/sessions", json=body)).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"login": "x"},
        {"login": "x", "password": ""},
        {"login": "", "password": "x"},
        {"login": "x", "password": "x" * 1025},
        {"login": "x" * 321, "password": "x"},
        {"login": 139, "password": "x"},
        {"login": "x", "password": "x", "admin": True},
        {"login": "x", "password": "a\0b"},
        {"login": "x", "password": "x", "org_code": "c" * 65},
    ],
)
async def test_input_that_is_no_sign_in(http: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert (await http.post("/sessions", json=body)).status_code == 422


async def test_half_a_character_in_a_password(http: httpx.AsyncClient, person: Person) -> None:
    content = f'{{"login": "{person.mobile}", "password": "\\ud83d"}}'
    answer = await http.post("/sessions", content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 422


async def test_wrong_guesses_lock_with_a_time_to_come_back(http: httpx.AsyncClient, person: Person) -> None:
    for _ in range(5):
        assert (await _sign_in(http, person.mobile, "wrong guess")).status_code == 401
    answer = await _sign_in(http, person.mobile)
    assert (answer.status_code, _code(answer)) == (429, "session.locked")
    assert 1 <= int(answer.headers["retry-after"]) <= 6


async def test_a_browser_that_signed_in_before_is_not_held_up(http: httpx.AsyncClient, person: Person) -> None:
    device = _set_cookies(await _sign_in(http, person.mobile))["pegboard_device"]
    assert (device["path"], device["httponly"], device["samesite"]) == ("/api/v1", True, "lax")
    http.cookies.clear()
    for _ in range(6):
        await _sign_in(http, person.mobile, "wrong guess")
    assert (await _sign_in(http, person.mobile)).status_code == 429
    known = {"cookie": f"pegboard_device={device.value}"}
    assert (await _sign_in(http, person.mobile, headers=known)).status_code == 201


@pytest.mark.parametrize(
    ("base", "secure"),
    [
        ("http://127.0.0.1:8700", True),
        ("http://127.8.9.10", True),
        ("http://[::1]:8700", True),
        ("http://localhost:8700", True),
        ("http://LOCALHOST", True),
        ("https://work.example", True),
        ("https://10.1.2.3:8443", True),
        ("http://work.example:8700", False),
        ("http://10.1.2.3:8700", False),
        ("http://128.0.0.1", False),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://[2001:db8::1]:8700", False),
    ],
)
async def test_the_cookie_is_as_strict_as_the_place_allows(
    http: httpx.AsyncClient, person: Person, base: str, secure: bool
) -> None:
    answer = await _sign_in_at(http, base, person)
    found = _set_cookies(answer)
    name = "__Host-pegboard" if secure else "pegboard"
    assert set(found) == {name, "pegboard_device"}
    cookie = found[name]
    assert cookie.value == answer.json()["token"]
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert cookie["httponly"]
    assert bool(cookie["secure"]) is bool(found["pegboard_device"]["secure"]) is secure
    assert cookie["samesite"].lower() == "lax"


async def _sign_in_at(http: httpx.AsyncClient, base: str, person: Person) -> httpx.Response:
    body = {"login": person.mobile, "password": PASSWORD}
    return await http.post(f"{base}/api/v1/sessions", json=body)


async def test_a_plain_cookie_is_warned_of_once(
    http: httpx.AsyncClient, person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    cookies._warned.clear()
    with caplog.at_level(logging.WARNING, logger=cookies.__name__):
        for _ in range(2):
            await _sign_in_at(http, "http://work.example", person)
    assert [record.message for record in caplog.records if "clear text" in record.message] == [
        caplog.records[0].message
    ]


async def test_another_sites_form_cannot_sign_anybody_in(http: httpx.AsyncClient, person: Person) -> None:
    content = f'{{"login":"{person.mobile}","password":"{PASSWORD}"}}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = await http.post("/sessions", content=content, headers={"content-type": kind})
        assert answer.status_code in (400, 415, 422), kind
        assert "set-cookie" not in answer.headers


async def test_a_write_by_cookie_needs_the_csrf_token(wired: Database, http: httpx.AsyncClient, person: Person) -> None:
    headers = await _by_cookie(wired, http, person)
    body = {"language": "zh-TW"}
    without = {"cookie": headers["cookie"]}
    for wrong in (without, {**without, "pegboard-csrf": "x"}, {**without, "pegboard-csrf": ""}):
        answer = await http.patch("/me", json=body, headers=wrong)
        assert (answer.status_code, _code(answer)) == (403, "session.csrf")
    assert (await http.get("/sessions", headers=without)).status_code == 200
    assert (await http.delete("/sessions/current", headers=without)).status_code == 403
    assert (await http.patch("/me", json=body, headers=headers)).status_code == 200


async def test_with_a_bearer_cookies_count_for_nothing(
    wired: Database, http: httpx.AsyncClient, person: Person
) -> None:
    mine = await _by_cookie(wired, http, person)
    other = (await _sign_in(http, (await make_person(wired)).mobile)).json()
    http.cookies.clear()
    headers = {**mine, **_bearer(other["token"])}
    answer = await http.patch("/me", json={}, headers=headers)
    assert answer.json()["user"]["id"] == other["user"]["id"]
    headers["authorization"] = "Bearer nonsense"
    assert (await http.get("/sessions", headers=headers)).status_code == 401
    headers["authorization"] = "Basic eDp5"
    assert (await http.get("/sessions", headers=headers)).status_code == 401


async def test_signing_out(wired: Database, http: httpx.AsyncClient, person: Person) -> None:
    headers = await _by_cookie(wired, http, person)
    answer = await http.delete("/sessions/current", headers=headers)
    assert answer.status_code == 204
    cookie = _set_cookies(answer)["__Host-pegboard"]
    assert (cookie.value, cookie["max-age"], bool(cookie["secure"]), cookie["path"]) == ("", "0", True, "/")
    assert (await http.get("/sessions", headers=headers)).status_code == 401


async def test_ending_another_of_ones_sessions(wired: Database, http: httpx.AsyncClient, person: Person) -> None:
    here = _bearer((await _sign_in(http, person.mobile)).json()["token"])
    there = _bearer((await _sign_in(http, person.email)).json()["token"])
    stranger = _bearer((await _sign_in(http, (await make_person(wired)).mobile)).json()["token"])
    http.cookies.clear()
    items = (await http.get("/sessions", headers=here)).json()["items"]
    assert [item["current"] for item in items] == [True, False]
    target = f"/sessions/{items[1]['id']}"
    foreign = await http.delete(target, headers=stranger)
    unknown = await http.delete(f"/sessions/{person.account_id}", headers=stranger)
    assert foreign.status_code == unknown.status_code == 404
    assert _code(foreign) == _code(unknown) == "session.not_found"
    assert (await http.get("/sessions", headers=there)).status_code == 200
    assert (await http.delete(target, headers=here)).status_code == 204
    assert (await http.get("/sessions", headers=there)).status_code == 401
    assert (await http.delete(target, headers=here)).status_code == 404


async def test_personal_tokens(wired: Database, http: httpx.AsyncClient, person: Person) -> None:
    mine = _bearer((await _sign_in(http, person.mobile)).json()["token"])
    http.cookies.clear()
    made = await http.post("/tokens", json={"name": "nightly build"}, headers=mine)
    assert made.status_code == 201
    token = _bearer(made.json()["token"])
    (item,) = (await http.get("/tokens", headers=token)).json()["items"]
    assert (item["id"], item["name"], item["org_id"]) == (
        made.json()["id"],
        "nightly build",
        str(person.org_id),
    )
    assert "token" not in item
    begotten = await http.post("/tokens", json={"name": "child"}, headers=token)
    assert (begotten.status_code, _code(begotten)) == (403, "session.needed")
    stranger = _bearer((await _sign_in(http, (await make_person(wired)).mobile)).json()["token"])
    http.cookies.clear()
    assert (await http.delete(f"/tokens/{item['id']}", headers=stranger)).status_code == 404
    assert (await http.delete(f"/tokens/{item['id']}", headers=mine)).status_code == 204
    assert (await http.get("/tokens", headers=token)).status_code == 401
    assert (await http.get("/tokens", headers=mine)).json()["items"] == []
    async with UnitOfWork(wired, orgs=[person.org_id]) as uow:
        rows = await uow.rows(sql("SELECT action FROM audit_log WHERE org_id = :org_id ORDER BY seq"))
    assert [row["action"] for row in rows] == ["session.started", "token.created", "token.revoked"]


async def test_a_personal_token_may_revoke_itself(http: httpx.AsyncClient, person: Person) -> None:
    mine = _bearer((await _sign_in(http, person.mobile)).json()["token"])
    http.cookies.clear()
    made = await http.post("/tokens", json={"name": "x"}, headers=mine)
    token = _bearer(made.json()["token"])
    assert (await http.delete("/sessions/current", headers=token)).status_code == 204
    assert (await http.get("/tokens", headers=token)).status_code == 401


async def test_a_token_takes_an_organisation(wired: Database, http: httpx.AsyncClient) -> None:
    invited = await make_person(wired, state="invited")
    mine = _bearer((await _sign_in(http, invited.mobile)).json()["token"])
    answer = await http.post("/tokens", json={"name": "x"}, headers=mine)
    assert (answer.status_code, _code(answer)) == (403, "organisation.required")


async def test_a_new_password_ends_all_other_sessions(wired: Database, http: httpx.AsyncClient, person: Person) -> None:
    browser = await _by_cookie(wired, http, person)
    other = _bearer((await _sign_in(http, person.mobile)).json()["token"])
    http.cookies.clear()
    body = {"current": PASSWORD, "new": _NEW}
    answer = await http.post("/me/password", json=body, headers=browser)
    assert answer.status_code == 204
    # The browser's session goes on under another token; its page keeps the CSRF token that it knows.
    assert (await http.get("/sessions", headers=browser)).status_code == 401
    rotated = {**browser, "cookie": f"__Host-pegboard={_set_cookies(answer)['__Host-pegboard'].value}"}
    assert (await http.patch("/me", json={}, headers=rotated)).status_code == 200
    assert (await http.get("/sessions", headers=other)).status_code == 401
    http.cookies.clear()
    assert (await _sign_in(http, person.mobile)).status_code == 401
    assert (await _sign_in(http, person.mobile, _NEW)).status_code == 201


async def test_changing_the_password_by_bearer_keeps_the_token(http: httpx.AsyncClient, person: Person) -> None:
    mine = _bearer((await _sign_in(http, person.mobile)).json()["token"])
    http.cookies.clear()
    answer = await http.post("/me/password", json={"current": PASSWORD, "new": _NEW}, headers=mine)
    assert answer.status_code == 204
    assert "set-cookie" not in answer.headers
    assert (await http.get("/sessions", headers=mine)).status_code == 200


async def test_the_current_password_is_asked_and_guessing_it_is_locked(http: httpx.AsyncClient, person: Person) -> None:
    mine = _bearer((await _sign_in(http, person.mobile)).json()["token"])
    http.cookies.clear()
    wrong = {"current": "wrong guess", "new": _NEW}
    for _ in range(5):
        answer = await http.post("/me/password", json=wrong, headers=mine)
        assert (answer.status_code, _code(answer)) == (403, "password.wrong")
    right = {"current": PASSWORD, "new": _NEW}
    answer = await http.post("/me/password", json=right, headers=mine)
    assert (answer.status_code, _code(answer)) == (429, "session.locked")
    assert (await _sign_in(http, person.mobile)).status_code == 201  # the owner is not locked out by it


@pytest.mark.parametrize("new", ["short", "password", "8613", "x" * 1024 + "y", "釘" * 400])
async def test_a_weak_new_password(http: httpx.AsyncClient, person: Person, new: str) -> None:
    mine = _bearer((await _sign_in(http, person.mobile)).json()["token"])
    http.cookies.clear()
    answer = await http.post("/me/password", json={"current": PASSWORD, "new": new}, headers=mine)
    assert answer.status_code == 422
    assert answer.json()["error"]["fields"][0]["path"] == "new"


async def test_many_changes_at_once_never_wait_for_one_another(
    wired: Database, http: httpx.AsyncClient, person: Person
) -> None:
    mine = _bearer((await _sign_in(http, person.mobile)).json()["token"])
    http.cookies.clear()
    body = {"current": PASSWORD, "new": _NEW}
    # With an Idempotency-Key each holds a connection before the verb begins: they are more than the pool has.
    answers = await asyncio.wait_for(
        asyncio.gather(
            *(
                http.post("/me/password", json=body, headers={**mine, "idempotency-key": f"change-{number}"})
                for number in range(40)
            )
        ),
        timeout=60,
    )
    statuses = {answer.status_code for answer in answers}
    assert 204 in statuses
    assert statuses <= {204, 403, 429}


async def test_language(http: httpx.AsyncClient, person: Person) -> None:
    mine = _bearer((await _sign_in(http, person.mobile)).json()["token"])
    http.cookies.clear()
    answer = await http.patch("/me", json={"language": "zh-CN"}, headers=mine)
    assert answer.json()["user"] == {
        "id": str(person.account_id),
        "name": "王小明",
        "mobile": person.mobile,
        "email": person.email,
        "language": "zh-CN",
    }
    assert (await http.patch("/me", json={"language": "tlh"}, headers=mine)).status_code == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/sessions"),
        ("DELETE", "/sessions/current"),
        ("DELETE", "/sessions/00000000-0000-7000-8000-000000000000"),
        ("GET", "/tokens"),
        ("POST", "/tokens"),
        ("DELETE", "/tokens/00000000-0000-7000-8000-000000000000"),
        ("POST", "/me/password"),
        ("PATCH", "/me"),
    ],
)
async def test_nobody_gets_nothing(http: httpx.AsyncClient, method: str, path: str) -> None:
    for headers in ({}, _bearer("pbs_" + "a" * 43), {"cookie": "__Host-pegboard=x"}):
        answer = await http.request(method, path, headers=headers)
        assert (answer.status_code, _code(answer)) == (401, "session.required")
