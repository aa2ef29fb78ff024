"""Every limit and refusal of the specification (§8), over HTTP and over the socket."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
import websockets

from tests.modules.messaging.refusals import refused, refused_over, text
from tests.support.live_server import Company, LiveServer, Person, Socket, found_company, running
from tests.support.polling import until
from tests.support.postgres import TestServer

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server(postgres: TestServer, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server with limits that a test can reach."""
    limits = {
        "messages_per_person": 4.0,
        "messages_per_person_burst": 10.0,
        "messages_per_conversation": 4.0,
        "messages_per_conversation_burst": 12.0,
        "group_limit": 5,
    }
    with running(database_url, tmp_path_factory.mktemp("data"), messaging=limits) as live:
        yield live


# --- rates -----------------------------------------------------------------------------------------------------------


async def _texts_in(person: Person, conversation: str) -> list[str]:
    items = (await person.get(f"/conversations/{conversation}/messages", limit=1000))["items"]
    assert [item["seq"] for item in items] == list(range(1, len(items) + 1))
    return [item["content"]["text"] for item in items if item["kind"] == "text"]


async def _send_until_taken(client: httpx.AsyncClient, path: str, words: str, waits: list[int]) -> None:
    """As a client does: the same client_id again, once the server's time is over."""
    while (answer := await client.post(path, json=text(words, client_id=words))).status_code == 429:
        refused(answer, 429, "message.too_fast")
        waits.append(int(answer.headers["retry-after"]))
        await asyncio.sleep(waits[-1])
    assert answer.status_code in {200, 201}, answer.text


async def test_over_the_rate_of_a_person_429_with_retry_after_and_nothing_is_lost(company: Company) -> None:
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob")
    path = f"/conversations/{conversation}/messages"
    waits: list[int] = []
    async with ann.http as client:
        await asyncio.gather(*(_send_until_taken(client, path, f"m{n}", waits) for n in range(16)))
    assert waits
    assert all(1 <= wait <= 3 for wait in waits)
    assert sorted(await _texts_in(company["Bob"], conversation)) == sorted(f"m{n}" for n in range(16))


async def test_over_the_rate_of_a_conversation_429_with_retry_after_and_nothing_is_lost(company: Company) -> None:
    conversation = await company.group("Ann", "Bob", "Cleo")
    path = f"/conversations/{conversation}/messages"
    waits: list[int] = []
    async with company["Ann"].http as ann, company["Bob"].http as bob:
        # Eight from each are within what one person may send, sixteen are over what the conversation takes.
        await asyncio.gather(
            *(
                _send_until_taken(client, path, f"{name}{n}", waits)
                for n in range(8)
                for name, client in (("a", ann), ("b", bob))
            )
        )
    assert waits
    assert sorted(await _texts_in(company["Cleo"], conversation)) == sorted(
        f"{name}{n}" for n in range(8) for name in "ab"
    )


async def test_over_the_rate_by_socket_refused_and_the_socket_lives(company: Company) -> None:
    conversation = await company.group("Ann", "Bob")
    socket = await company["Ann"].socket()

    async def send(words: str) -> dict[str, Any]:
        return await socket.reply("message.send", conversation_id=conversation, **text(words, client_id=words))

    answers = await asyncio.gather(*(send(f"m{n}") for n in range(16)))
    codes = {answer["error"]["code"] for answer in answers if "error" in answer}
    assert codes == {"message.too_fast"}
    taken = [f"m{n}" for n, answer in enumerate(answers) if "ok" in answer]
    assert len(taken) >= 10
    assert sorted(await _texts_in(company["Bob"], conversation)) == sorted(taken)
    assert await socket.ask("ping") == {}


# --- content ---------------------------------------------------------------------------------------------------------


async def test_text_over_size_413_with_the_limit(company: Company) -> None:
    conversation = await company.group("Ann", "Bob")
    path = f"/conversations/{conversation}/messages"
    for kind in ("text", "markdown"):
        body = {"kind": kind, "content": {"text": "字" * 20_001}}
        error = refused(await company["Ann"].ask("POST", path, body), 413, "message.text_too_long")
        assert "20000" in error["message"].replace(",", "")
        socket = await company["Ann"].socket()
        error = await refused_over(
            socket, "message.text_too_long", "message.send", conversation_id=conversation, **body
        )
        assert "20000" in error["message"].replace(",", "")
    assert await _texts_in(company["Bob"], conversation) == []


async def test_text_edited_over_size_413(company: Company) -> None:
    conversation = await company.group("Ann", "Bob")
    seq = (await company["Ann"].send(conversation, "short"))["seq"]
    body = {"content": {"text": "x" * 20_001}, "rev": 0}
    answer = await company["Ann"].ask("PATCH", f"/conversations/{conversation}/messages/{seq}", body)
    refused(answer, 413, "message.text_too_long")


@pytest.mark.parametrize("kind", ["poem", "system", "forward", "", "TEXT"])
async def test_unknown_kind_422_with_the_list(company: Company, kind: str) -> None:
    conversation = await company.group("Ann", "Bob")
    body = {"kind": kind, "content": {"text": "x"}}
    answer = await company["Ann"].ask("POST", f"/conversations/{conversation}/messages", body)
    error = refused(answer, 422, "message.unknown_kind")
    over_socket = await refused_over(
        await company["Ann"].socket(), "message.unknown_kind", "message.send", conversation_id=conversation, **body
    )
    for known in ("text", "markdown", "image", "file", "link"):
        assert known in error["message"]
        assert known in over_socket["message"]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("text", {}),
        ("text", {"text": 1}),
        ("text", {"text": " \n\t"}),
        ("text", {"text": "x", "html": "<b>"}),
        ("text", "x"),
        ("text", None),
        ("markdown", {"text": "x", "title": "t" * 201}),
        ("link", {"url": "javascript:alert(1)", "title": "t"}),
        ("link", {"url": "https://example.com/a b", "title": "t"}),
        ("link", {"url": "https://example.com", "title": ""}),
        ("image", {"file_id": "nothing"}),
        ("file", {}),
    ],
)
async def test_content_of_the_wrong_shape_422(company: Company, kind: str, content: Any) -> None:
    conversation = await company.group("Ann", "Bob")
    body = {"kind": kind, "content": content}
    refused(await company["Ann"].ask("POST", f"/conversations/{conversation}/messages", body), 422, "request.invalid")
    await refused_over(
        await company["Ann"].socket(), "request.invalid", "message.send", conversation_id=conversation, **body
    )


# --- whose conversation it is ----------------------------------------------------------------------------------------


def _doors(conversation: str) -> list[tuple[str, str, Any]]:
    one = f"/conversations/{conversation}"
    return [
        ("GET", one, None),
        ("PATCH", one, {"revision": 1, "name": "Mine"}),
        ("DELETE", one, None),
        ("PATCH", f"{one}/mine", {"pinned": True}),
        ("POST", f"{one}/read", {}),
        ("GET", f"{one}/members", None),
        ("POST", f"{one}/members", {"userids": ["Dan"]}),
        ("DELETE", f"{one}/members/Bob", None),
        ("PATCH", f"{one}/members/Bob", {"muted": True}),
        ("POST", f"{one}/join", None),
        ("GET", f"{one}/join-requests", None),
        ("POST", f"{one}/join-requests/Dan/approve", None),
        ("POST", f"{one}/leave", None),
        ("POST", f"{one}/owner", {"userid": "Dan"}),
        ("GET", f"{one}/messages", None),
        ("GET", f"{one}/messages?after_seq=0", None),
        ("POST", f"{one}/messages", text("hello")),
        ("POST", f"{one}/messages", text("hello", mentions=["Bob"])),
        ("GET", f"{one}/messages/1", None),
        ("PATCH", f"{one}/messages/1", {"content": {"text": "x"}, "rev": 0}),
        ("POST", f"{one}/messages/1/recall", None),
        ("PUT", f"{one}/messages/1/reactions/%F0%9F%91%8D", None),
        ("DELETE", f"{one}/messages/1/reactions/%F0%9F%91%8D", None),
        ("GET", f"{one}/messages/1/history", None),
        ("GET", f"{one}/messages/1/readers", None),
        ("GET", f"{one}/messages/1/file", None),
        ("GET", f"{one}/changes?after_rev=0", None),
        ("POST", f"{one}/forwards", {"from_conversation_id": conversation, "seqs": [1]}),
    ]


async def _answers(person: Person, conversation: str) -> list[tuple[int, dict[str, Any]]]:
    found = []
    async with person.http as client:
        for method, path, body in _doors(conversation):
            answer = await client.request(method, path, json=body)
            envelope = answer.json()
            envelope["error"].pop("request_id")
            found.append((answer.status_code, envelope))
    return found


async def test_not_a_member_the_same_404_as_an_unknown_id(company: Company, server: LiveServer) -> None:
    conversation = await company.group("Ann", "Bob")
    await company["Ann"].send(conversation, "secret")
    unknown = await _answers(company["Dan"], str(uuid4()))
    assert {status for status, _ in unknown} == {404}, unknown
    assert await _answers(company["Dan"], conversation) == unknown

    # Somebody who was in it, and somebody of another organisation with the same name, are strangers too.
    await company["Ann"].do("POST", f"/conversations/{conversation}/members", {"userids": ["Dan"]})
    await company["Dan"].do("POST", f"/conversations/{conversation}/leave")
    assert await _answers(company["Dan"], conversation) == unknown
    elsewhere = await found_company(server, "Ann", "Dan", "Bob")
    assert await _answers(elsewhere["Ann"], conversation) == unknown


async def test_not_a_member_by_socket_the_same_refusal_as_an_unknown_id(
    company: Company, found: Callable[..., Awaitable[Company]]
) -> None:
    conversation = await company.group("Ann", "Bob")
    await company["Ann"].send(conversation, "secret")
    elsewhere = await found("Ann")
    commands: list[tuple[str, dict[str, Any]]] = [
        ("message.send", text("hello")),
        ("message.send", text("hello", mentions=["Bob"], reply_to=1)),
        ("conversation.read", {}),
        ("messages.after", {"seq": 0}),
        ("messages.changed", {"rev": 0}),
        ("readers", {"seq": 1}),
    ]
    for person in (company["Dan"], elsewhere["Ann"]):
        socket = await person.socket()
        for command, params in commands:
            known = await socket.reply(command, conversation_id=conversation, **params)
            unknown = await socket.reply(command, conversation_id=str(uuid4()), **params)
            assert known["error"] == unknown["error"]
            assert known["error"]["code"] == "conversation.not_found"


# --- who may speak ---------------------------------------------------------------------------------------------------


async def _cannot_speak(person: Person, socket: Socket, conversation: str, code: str) -> None:
    path = f"/conversations/{conversation}/messages"
    error = refused(await person.ask("POST", path, text("no")), 403, code)
    assert error["message"]
    over_socket = await refused_over(socket, code, "message.send", conversation_id=conversation, **text("no"))
    assert over_socket["message"] == error["message"]


async def test_muted_403_with_the_reason(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    socket = await bob.socket()
    await ann.do("PATCH", f"/conversations/{conversation}/members/Bob", {"muted": True})
    await _cannot_speak(bob, socket, conversation, "conversation.muted")
    await company["Cleo"].send(conversation, "I can")

    await ann.do("PATCH", f"/conversations/{conversation}/members/Bob", {"muted": False})
    await bob.send(conversation, "me too")


async def test_mute_all_403_with_the_reason(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob", "Cleo", mute_all=True)
    await ann.do("PATCH", f"/conversations/{conversation}/members/Cleo", {"role": "admin"})
    await _cannot_speak(bob, await bob.socket(), conversation, "conversation.muted")
    await ann.send(conversation, "the owner can")
    await company["Cleo"].send(conversation, "administrators can")


async def test_not_allowed_to_speak_403_with_the_reason(company: Company) -> None:
    bob = company["Bob"]
    conversation = await company.group("Ann", "Bob", speak="admins")
    await _cannot_speak(bob, await bob.socket(), conversation, "conversation.speak_restricted")
    await company["Ann"].send(conversation, "the owner can")


async def test_not_allowed_to_mention_all_403_with_the_reason(company: Company) -> None:
    bob = company["Bob"]
    conversation = await company.group("Ann", "Bob", mention_all="admins")
    answer = await bob.ask("POST", f"/conversations/{conversation}/messages", text("all!", mentions=["all"]))
    refused(answer, 403, "conversation.mention_all_restricted")
    await bob.send(conversation, "nobody")
    await company["Ann"].send(conversation, "all!", mentions=["all"])


async def test_a_dissolved_group_409_but_readable(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    await ann.send(conversation, "the end")
    socket = await bob.socket()
    await ann.do("DELETE", f"/conversations/{conversation}")
    refused(await bob.ask("POST", f"/conversations/{conversation}/messages", text("no")), 409, "conversation.dissolved")
    await refused_over(socket, "conversation.dissolved", "message.send", conversation_id=conversation, **text("no"))
    assert await _texts_in(bob, conversation) == ["the end"]
    assert (await bob.get(f"/conversations/{conversation}"))["dissolved_at"] is not None


# --- room ------------------------------------------------------------------------------------------------------------


async def test_group_full_409(server: LiveServer) -> None:
    company = await found_company(server, "Ann", "Bob", "Cleo", "Dan", "Eve", "Fay", "Gus")
    ann, fay = company["Ann"], company["Fay"]
    conversation = await company.group("Ann", "Bob", "Cleo", "Dan", join="open")
    path = f"/conversations/{conversation}"
    error = refused(await ann.ask("POST", f"{path}/members", {"userids": ["Eve", "Fay"]}), 409, "conversation.full")
    assert "5" in error["message"]
    assert (await ann.get(path))["member_count"] == 4  # all or nobody

    # Two who want the last place at once: one gets it.
    answers = await asyncio.gather(*(company[name].ask("POST", f"{path}/join") for name in ("Eve", "Fay")))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert (await ann.get(path))["member_count"] == 5
    loser = "Fay" if answers[0].status_code == 200 else "Eve"
    refused(await company[loser].ask("POST", f"{path}/join"), 409, "conversation.full")
    await company["Bob"].do("POST", f"{path}/leave")
    await company[loser].do("POST", f"{path}/join")
    wanted = {"kind": "group", "name": "Large", "members": ["Ann", "Bob", "Cleo", "Dan", "Eve"]}
    refused(await fay.ask("POST", "/conversations", wanted), 409, "conversation.full")


async def test_more_reactions_than_fit_409(company: Company, server: LiveServer) -> None:
    conversation = await company.group("Ann", "Bob")
    seq = (await company["Ann"].send(conversation, "hm"))["seq"]
    path = f"/conversations/{conversation}/messages/{seq}/reactions"
    async with company["Bob"].http as client:
        for number in range(50):
            answer = await client.put(f"{path}/{chr(0x1F600 + number)}")
            assert answer.status_code == 200, answer.text
        refused(await client.put(f"{path}/{chr(0x1F680)}"), 409, "message.too_many_reactions")
        assert (await client.put(f"{path}/{chr(0x1F600)}")).status_code == 200  # one that is there already


# --- too late --------------------------------------------------------------------------------------------------------


async def test_recall_too_late_409(company: Company, later: Callable[..., None]) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    early, late = [(await bob.send(conversation, words))["seq"] for words in ("one", "two")]
    path = f"/conversations/{conversation}/messages"
    later(hours=23, minutes=59)
    await bob.do("POST", f"{path}/{early}/recall")
    later(minutes=2)
    refused(await bob.ask("POST", f"{path}/{late}/recall"), 409, "message.recall_too_late")
    assert (await bob.get(f"{path}/{late}"))["content"] == {"text": "two"}
    # Administrators remove what should never have been said, however old.
    assert (await ann.do("POST", f"{path}/{late}/recall"))["content"] == {}


async def test_edit_too_late_409(company: Company, later: Callable[..., None]) -> None:
    bob = company["Bob"]
    conversation = await company.group("Ann", "Bob")
    seq = (await bob.send(conversation, "one"))["seq"]
    path = f"/conversations/{conversation}/messages/{seq}"
    later(hours=23, minutes=59)
    rev = (await bob.do("PATCH", path, {"content": {"text": "two"}, "rev": 0}))["rev"]
    later(minutes=2)
    answer = await bob.ask("PATCH", path, {"content": {"text": "three"}, "rev": rev})
    refused(answer, 409, "message.edit_too_late")
    assert (await bob.get(path))["content"] == {"text": "two"}


# --- bytes that are no message ---------------------------------------------------------------------------------------


async def _post_raw(person: Person, path: str, body: bytes) -> httpx.Response:
    async with person.http as client:
        return await client.post(path, content=body, headers={"content-type": "application/json"})


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"kind":"text",}', b'{"kind":"text","content":{"text":"x"}', b"\xff", b"NaN"]
)
async def test_malformed_json_400(company: Company, body: bytes) -> None:
    conversation = await company.group("Ann", "Bob")
    answer = await _post_raw(company["Ann"], f"/conversations/{conversation}/messages", body)
    if body in {b"", b"\xff"}:  # nothing at all, and what is no text at all: answered as what they are
        refused(answer, 422, "request.invalid")
    else:
        refused(answer, 400, "request.malformed")


_MESSAGE = b'{"kind":"text","content":{"text":"%s"},"client_id":"c1"}'


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (b"\xff\xfe", "utf8"),
        (b"\xed\xa0\x80", "utf8"),  # a surrogate written as if it were a character
        (b"\xc0\x80", "utf8"),  # NUL, written too long
        (rb"a\u0000b", "nul"),
        (rb"a\ud800b", "surrogate"),
        (rb"\udc00\ud800", "surrogate"),
    ],
)
async def test_invalid_utf8_nul_and_lone_surrogates_422(company: Company, words: bytes, code: str) -> None:
    conversation = await company.group("Ann", "Bob")
    answer = await _post_raw(company["Ann"], f"/conversations/{conversation}/messages", _MESSAGE % words)
    error = refused(answer, 422, "request.invalid")
    assert [field["code"] for field in error["fields"]] == [code]
    assert await _texts_in(company["Bob"], conversation) == []
    # The client_id was not used up by what was refused.
    assert (
        await company["Ann"].ask("POST", f"/conversations/{conversation}/messages", text("ok", client_id="c1"))
    ).status_code == 201


async def test_whole_surrogate_pairs_are_characters(company: Company) -> None:
    conversation = await company.group("Ann", "Bob")
    answer = await _post_raw(
        company["Ann"], f"/conversations/{conversation}/messages", _MESSAGE % rb"\ud83d\ude00\\u0000"
    )
    assert answer.status_code == 201, answer.text
    assert await _texts_in(company["Bob"], conversation) == ["\U0001f600\\u0000"]


@pytest.mark.parametrize("words", [rb"a\u0000b", rb"a\ud800b"])
async def test_nul_and_lone_surrogates_by_socket_are_refused(company: Company, words: bytes) -> None:
    conversation = await company.group("Ann", "Bob")
    ann = company["Ann"]
    address = f"{ann.server.url.replace('http', 'ws')}/api/v1/realtime"
    async with websockets.connect(address, proxy=None) as connection:

        async def ask(frame: bytes) -> Any:
            await connection.send(frame, text=True)
            while True:  # past what is told unasked
                for event in msgspec.json.decode(await connection.recv())["events"]:
                    if event["type"] == "reply":
                        return event

        assert "ok" in await ask(b'{"id":1,"do":"authenticate","token":"%s"}' % ann.token.encode())
        command = b'{"id":2,"do":"message.send","conversation_id":"%s",%s'
        answer = await ask(command % (conversation.encode(), (_MESSAGE % words)[1:]))
        assert answer["error"]["code"] == "request.invalid"
        assert "ok" in await ask(b'{"id":3,"do":"ping"}')
    assert await _texts_in(company["Bob"], conversation) == []


@pytest.mark.parametrize(
    ("frame", "code"), [(b"{", 4400), (b"[]", 4400), (b'{"do":"ping"}', 4400), (b'{"\xff":1}', 1007)]
)
async def test_frames_that_are_no_command_close_the_socket(company: Company, frame: bytes, code: int) -> None:
    socket = await company["Ann"].socket()
    await socket.connection.send(frame, text=True)
    assert await socket.closed() == code


async def test_unknown_commands_and_wrong_parameters_by_socket_are_refused(company: Company) -> None:
    conversation = await company.group("Ann", "Bob")
    socket = await company["Ann"].socket()
    await refused_over(socket, "not_found", "message.destroy")
    await refused_over(socket, "request.invalid", "message.send", conversation_id=conversation)
    await refused_over(socket, "request.invalid", "message.send", conversation_id=conversation, colour=1, **text("x"))
    await refused_over(socket, "request.invalid", "messages.after", conversation_id=conversation, seq=-1)
    await refused_over(socket, "request.invalid", "messages.after", conversation_id=conversation, seq=0, limit=1001)
    await refused_over(socket, "request.invalid", "conversation.read", conversation_id="none")
    await refused_over(socket, "session.required", "authenticate", token="none")
    await until(lambda: socket.connection.close_code == 4401)


async def test_a_mute_without_a_zone_or_beyond_all_calendars_422(company: Company) -> None:
    conversation = await company.group("Ann", "Bob")
    path = f"/conversations/{conversation}/mine"
    for wrong in (
        "2030-01-01T00:00:00",
        "0000-01-01T00:00:00Z",
        "99999-01-01T00:00:00Z",
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+12:00",
        "tomorrow",
        5,
    ):
        refused(await company["Ann"].ask("PATCH", path, {"muted_until": wrong}), 422, "request.invalid")
    for right in ("9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z"):
        assert (await company["Ann"].do("PATCH", path, {"muted_until": right}))["muted_until"] == right


async def test_the_owner_of_a_full_group_leaves_the_organisation_to_an_heir_outside_it(server: LiveServer) -> None:
    company = await found_company(server, "Ann", "Bob", "Cleo", "Dan", "Eve", "Fay")
    conversation = await company.group("Bob", "Ann", "Cleo", "Dan", "Eve")
    await company["Ann"].do("POST", "/members/Bob/leave", {"hand_over_to": "Fay"})

    async def handed_over() -> bool:
        group = await company["Ann"].get(f"/conversations/{conversation}")
        return bool(group["owner_userid"] == "Fay" and group["member_count"] == 5)

    await until(handed_over)
    members = (await company["Fay"].get(f"/conversations/{conversation}/members"))["items"]
    assert sorted(member["userid"] for member in members) == ["Ann", "Cleo", "Dan", "Eve", "Fay"]
