"""The edge cases that simple builds get wrong (§9), those of sending, cursors, changes and words. See also test_crowds,
test_files and test_leaving.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.modules.messaging.refusals import refused, refused_over, text
from tests.support.live_server import Company, LiveServer, Person, Socket
from tests.support.polling import until

pytestmark = pytest.mark.anyio


async def _messages(person: Person, conversation: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await person.get(f"/conversations/{conversation}/messages", limit=1000))["items"]
    assert [item["seq"] for item in items] == list(range(1, len(items) + 1))
    return items


async def _texts(person: Person, conversation: str) -> list[str]:
    return [item["content"]["text"] for item in await _messages(person, conversation) if item["kind"] == "text"]


# --- sending twice ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{}, {"mentions": ["Cleo"]}], ids=["plain", "mentioning"])
async def test_two_devices_send_the_same_client_id_at_once(company: Company, more: dict[str, Any]) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    path, body = f"/conversations/{conversation}/messages", text("once", client_id="c1", **more)
    devices = [await ann.socket(), await ann.socket()]
    listening = await bob.socket()
    async with ann.http as one, ann.http as other:

        async def over_http(client: httpx.AsyncClient) -> tuple[int, Any]:
            answer = await client.post(path, json=body)
            return answer.status_code, answer.json()

        async def over_socket(socket: Socket) -> tuple[int, Any]:
            return 0, await socket.ask("message.send", conversation_id=conversation, **body)

        answers = await asyncio.gather(
            *(ask for _ in range(5) for ask in (over_http(one), over_http(other), *map(over_socket, devices)))
        )
    assert all(answer == answers[0][1] for _, answer in answers)
    assert [status for status, _ in answers].count(201) <= 1
    assert await _texts(bob, conversation) == ["once"]
    await ann.send(conversation, "after")
    await listening.event("message.created", lambda event: event["message"]["content"] == {"text": "after"})
    told = [event["message"]["content"] for event in listening.events if event["type"] == "message.created"]
    assert told == [{"text": "once"}, {"text": "after"}]


async def test_two_devices_send_the_same_waiting_messages_at_once(company: Company) -> None:
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob")
    devices = [await ann.socket(), await ann.socket()]

    async def send(device: Socket, number: int) -> Any:
        body = text(f"m{number}", client_id=f"c{number}")
        return await device.ask("message.send", conversation_id=conversation, **body)

    # So many that both copies of a message often come within one commit.
    answers = await asyncio.gather(*(send(device, number) for number in range(60) for device in devices))
    assert answers[::2] == answers[1::2]
    assert sorted(await _texts(company["Bob"], conversation)) == sorted(f"m{number}" for number in range(60))


async def test_the_same_client_id_over_http_201_once_and_200_else(company: Company) -> None:
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob")
    async with ann.http as client:
        ask = [
            client.post(f"/conversations/{conversation}/messages", json=text("x", client_id="c1")) for _ in range(20)
        ]
        answers = await asyncio.gather(*ask)
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.content for answer in answers}) == 1


async def test_a_client_id_belongs_to_its_sender_and_conversation(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    one, other = await company.group("Ann", "Bob"), await company.group("Ann", "Bob")
    sent = [
        await ann.send(one, "a", client_id="c1"),
        await bob.send(one, "b", client_id="c1"),
        await ann.send(other, "c", client_id="c1"),
    ]
    assert len({each["id"] for each in sent}) == 3
    assert await ann.send(one, "other words", client_id="c1") == sent[0]
    assert await _texts(ann, one) == ["a", "b"]


async def test_message_committed_but_the_answer_lost_client_sends_again(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    listening = await bob.socket()

    # Over HTTP: the request leaves, the connection breaks before the answer comes.
    host, port = ann.server.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    body = b'{"kind":"text","content":{"text":"http"},"client_id":"c1"}'
    writer.write(
        f"POST /api/v1/conversations/{conversation}/messages HTTP/1.1\r\nhost: {host}\r\n"
        f"authorization: Bearer {ann.token}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await writer.drain()
    http = await listening.event("message.created")
    writer.transport.abort()
    again = await ann.ask("POST", f"/conversations/{conversation}/messages", text("http", client_id="c1"))
    assert again.status_code == 200
    assert again.json()["seq"] == http["message"]["seq"]

    # Over a socket.
    broken = await ann.socket()
    sending = asyncio.create_task(
        broken.ask("message.send", conversation_id=conversation, **text("socket", client_id="c2"))
    )
    seen = await listening.event("message.created", lambda event: event["message"]["content"] == {"text": "socket"})
    broken.connection.transport.abort()
    await asyncio.gather(sending, return_exceptions=True)
    repeated = await (await ann.socket()).ask(
        "message.send", conversation_id=conversation, **text("socket", client_id="c2")
    )
    assert repeated["id"] == seen["message"]["id"]
    assert await _texts(bob, conversation) == ["http", "socket"]


async def test_sent_again_after_losing_the_right_still_gets_its_answer(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    sent = await bob.send(conversation, "before", client_id="c1")
    await ann.do("PATCH", f"/conversations/{conversation}/members/Bob", {"muted": True})
    assert await bob.send(conversation, "before", client_id="c1") == sent


async def test_member_removed_while_sending(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    socket = await bob.socket()

    async def send(number: int) -> dict[str, Any]:
        return await socket.reply(
            "message.send", conversation_id=conversation, **text(f"m{number}", client_id=f"c{number}")
        )

    async def remove() -> None:
        await ann.do("DELETE", f"/conversations/{conversation}/members/Bob")

    first = await asyncio.gather(*map(send, range(5)))
    assert all("ok" in answer for answer in first)
    removing = asyncio.create_task(remove())
    answers: list[dict[str, Any]] = []
    while not removing.done():
        answers += await asyncio.gather(*map(send, range(len(answers) + 5, len(answers) + 15)))
    await removing
    answers += await asyncio.gather(*map(send, range(len(answers) + 5, len(answers) + 10)))

    items = await _messages(company["Cleo"], conversation)
    [gone] = [item["seq"] for item in items if item["content"].get("event") == "removed"]
    assert all(item["seq"] < gone for item in items if item["kind"] == "text")
    assert {answer["ok"]["seq"] for answer in (*first, *answers) if "ok" in answer} == {
        item["seq"] for item in items if item["kind"] == "text"
    }
    assert {answer["error"]["code"] for answer in answers if "error" in answer} == {"conversation.not_found"}
    await socket.event("conversation.left")
    await company["Cleo"].send(conversation, "among ourselves")
    assert await socket.ask("ping") == {}
    assert "among ourselves" not in str(socket.events)


# --- cursors ---------------------------------------------------------------------------------------------------------


async def _read(person: Person, conversation: str, seq: int | None = None) -> int:
    seen: int = (await person.do("POST", f"/conversations/{conversation}/read", {"seq": seq}))["read_seq"]
    return seen


async def test_cursor_set_ahead_of_head_stops_there(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    head = (await ann.send(conversation, "one"))["seq"]
    assert await _read(bob, conversation, head + 1000) == head
    socket = await bob.socket()
    assert await socket.ask("conversation.read", conversation_id=conversation, seq=2**62) == {
        "read_seq": head,
        "threads_read_seq": 0,
    }
    await ann.send(conversation, "two")
    mine = (await bob.get(f"/conversations/{conversation}"))["mine"]
    assert (mine["read_seq"], mine["unread"]) == (head, 1)
    assert await _read(bob, conversation) == head + 1  # none: to the head


@pytest.mark.parametrize("number", [2**63, 2**64, 10**30])
async def test_numbers_beyond_all_seqs_are_refused_not_broken(company: Company, number: int) -> None:
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob")
    one = f"/conversations/{conversation}"
    for method, path, body in (
        ("POST", f"{one}/read", {"seq": number}),
        ("POST", f"{one}/messages", text("x", reply_to=number)),
        ("POST", f"{one}/forwards", {"from_conversation_id": conversation, "seqs": [number]}),
        ("PATCH", one, {"revision": number, "name": "X"}),
        ("PATCH", f"{one}/messages/1", {"rev": number, "content": {"text": "x"}}),
        ("GET", f"{one}/messages?after_seq={number}", None),
        ("GET", f"{one}/messages?before_seq={number}", None),
        ("GET", f"{one}/changes?after_rev={number}", None),
        ("GET", f"{one}/messages/{number}", None),
    ):
        answer = await ann.ask(method, path, body)
        assert answer.status_code in {404, 409, 422, 403}, (path, answer.text)
    socket = await ann.socket()
    for command, params in (
        ("conversation.read", {"seq": number}),
        ("messages.after", {"seq": number}),
        ("messages.changed", {"rev": number}),
        ("readers", {"seq": number}),
        ("message.send", text("x", reply_to=number)),
    ):
        await refused_over(socket, "request.invalid", command, conversation_id=conversation, **params)


async def test_cursor_set_backwards_stays(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    seqs = [(await ann.send(conversation, f"m{n}"))["seq"] for n in range(3)]
    assert await _read(bob, conversation, seqs[2]) == seqs[2]
    assert await _read(bob, conversation, seqs[0]) == seqs[2]
    socket = await bob.socket()
    assert await socket.ask("conversation.read", conversation_id=conversation, seq=0) == {
        "read_seq": seqs[2],
        "threads_read_seq": 0,
    }
    readers = await ann.get(f"/conversations/{conversation}/messages/{seqs[2]}/readers")
    assert [each["userid"] for each in readers["read"]] == ["Bob"]


async def test_read_list_of_a_member_who_joined_later_left_and_rejoined(company: Company) -> None:
    ann, dan = company["Ann"], company["Dan"]
    conversation = await company.group("Ann", "Bob", "Cleo")
    one = f"/conversations/{conversation}"

    async def lists(seq: int) -> tuple[dict[str, bool], dict[str, bool]]:
        """Who has read and who has not, each with whether they are marked as gone."""
        found = await ann.get(f"{one}/messages/{seq}/readers")
        item = await ann.get(f"{one}/messages/{seq}")
        assert item["receipts"] == {"read": len(found["read"]), "total": found["total"]}
        assert len(found["read"]) + len(found["unread"]) == found["total"]
        read, unread = (
            {each["userid"]: each.get("left", False) for each in found[name]} for name in ("read", "unread")
        )
        return read, unread

    before = (await ann.send(conversation, "before Dan"))["seq"]
    await ann.do("POST", f"{one}/members", {"userids": ["Dan"]})
    seen = (await ann.send(conversation, "seen by Dan"))["seq"]
    await _read(dan, conversation, seen)
    unseen = (await ann.send(conversation, "not seen by Dan"))["seq"]
    await dan.do("POST", f"{one}/leave")
    without = (await ann.send(conversation, "without Dan"))["seq"]
    assert await lists(before) == ({}, {"Bob": False, "Cleo": False})
    assert await lists(seen) == ({"Dan": True}, {"Bob": False, "Cleo": False})
    assert await lists(unseen) == ({}, {"Bob": False, "Cleo": False, "Dan": True})
    assert await lists(without) == ({}, {"Bob": False, "Cleo": False})

    await ann.do("POST", f"{one}/members", {"userids": ["Dan"]})
    again = (await ann.send(conversation, "Dan again"))["seq"]
    assert await lists(before) == ({}, {"Bob": False, "Cleo": False})
    assert await lists(seen) == ({"Dan": False}, {"Bob": False, "Cleo": False})
    assert await lists(without) == ({}, {"Bob": False, "Cleo": False})
    assert await lists(again) == ({}, {"Bob": False, "Cleo": False, "Dan": False})
    await _read(dan, conversation)
    assert await lists(before) == ({}, {"Bob": False, "Cleo": False})
    assert await lists(without) == ({}, {"Bob": False, "Cleo": False})
    assert await lists(again) == ({"Dan": False}, {"Bob": False, "Cleo": False})
    page = (await ann.get(f"{one}/messages"))["items"]
    totals = {item["seq"]: item["receipts"]["total"] for item in page if item["receipts"]}
    assert totals == {before: 2, seen: 3, unseen: 3, without: 2, again: 3}


# --- changes ---------------------------------------------------------------------------------------------------------


async def test_edit_after_recall_is_refused(company: Company) -> None:
    bob = company["Bob"]
    conversation = await company.group("Ann", "Bob")
    seq = (await bob.send(conversation, "oh"))["seq"]
    path = f"/conversations/{conversation}/messages/{seq}"
    recalled = await bob.do("POST", f"{path}/recall")
    assert recalled["content"] == {}
    for rev in (0, recalled["rev"]):
        answer = await bob.ask("PATCH", path, {"content": {"text": "better"}, "rev": rev})
        refused(answer, 409, "message.not_editable")
    refused(await bob.ask("POST", f"{path}/recall"), 409, "message.recalled")
    refused(await bob.ask("PUT", f"{path}/reactions/%F0%9F%91%8D"), 409, "message.recalled")
    assert await bob.get(path) == recalled


async def test_edit_and_recall_at_once_leave_nothing_of_the_content(company: Company) -> None:
    bob = company["Bob"]
    conversation = await company.group("Ann", "Bob")
    for _ in range(5):
        seq = (await bob.send(conversation, "secret"))["seq"]
        path = f"/conversations/{conversation}/messages/{seq}"
        edit, recall = await asyncio.gather(
            bob.ask("PATCH", path, {"content": {"text": "secret 2"}, "rev": 0}), bob.ask("POST", f"{path}/recall")
        )
        assert recall.status_code == 200
        assert edit.status_code in {200, 409}
        assert (await bob.get(path))["content"] == {}
        assert (await company["Ann"].get(f"{path}/history"))["items"] == []


async def test_reply_to_a_recalled_message_quotes_without_excerpt(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    listening = await ann.socket()
    seq = (await bob.send(conversation, "secret"))["seq"]
    early = (await ann.send(conversation, "what?", reply_to=seq))["seq"]
    path = f"/conversations/{conversation}/messages"
    quote = {"seq": seq, "sender": {"userid": "Bob", "name": "Bob"}, "kind": "text", "excerpt": "secret"}
    assert (await ann.get(f"{path}/{early}"))["reply_to"] == quote

    await bob.do("POST", f"{path}/{seq}/recall")
    late = (await ann.send(conversation, "what was that?", reply_to=seq))["seq"]
    told = await listening.event("message.created", lambda event: event["message"]["seq"] == late)
    assert told["message"]["reply_to"] == quote | {"excerpt": ""}
    for reply in (early, late):
        assert (await ann.get(f"{path}/{reply}"))["reply_to"] == quote | {"excerpt": ""}


async def test_reply_to_what_is_not_there_is_refused(company: Company) -> None:
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob")
    head = (await ann.send(conversation, "one"))["seq"]
    body = text("?", reply_to=head + 1)
    answer = await ann.ask("POST", f"/conversations/{conversation}/messages", body)
    refused(answer, 422, "message.reply_not_found")
    await refused_over(
        await ann.socket(), "message.reply_not_found", "message.send", conversation_id=conversation, **body
    )


@pytest.mark.parametrize("userid", ["Dan", "Nobody"])
async def test_mention_of_somebody_who_is_not_a_member_is_refused(company: Company, userid: str) -> None:
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob")
    body = text("look", mentions=["Bob", userid], client_id="c1")
    answer = await ann.ask("POST", f"/conversations/{conversation}/messages", body)
    refused(answer, 422, "message.mention_not_member")
    socket = await ann.socket()
    await refused_over(socket, "message.mention_not_member", "message.send", conversation_id=conversation, **body)
    assert (await company["Bob"].get(f"/conversations/{conversation}"))["mine"]["mentioned"] is False
    await ann.send(conversation, "look", mentions=["Bob"], client_id="c1")


async def test_mention_of_somebody_who_left_is_refused(company: Company) -> None:
    conversation = await company.group("Ann", "Bob", "Cleo")
    await company["Cleo"].do("POST", f"/conversations/{conversation}/leave")
    answer = await company["Ann"].ask(
        "POST", f"/conversations/{conversation}/messages", text("look", mentions=["Cleo"])
    )
    refused(answer, 422, "message.mention_not_member")


# --- clocks ----------------------------------------------------------------------------------------------------------


async def test_clock_of_a_client_1_day_ahead_the_servers_sent_at_counts(company: Company, server: LiveServer) -> None:
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob")
    ahead = server.clock.now() + timedelta(days=1)
    path = f"/conversations/{conversation}/messages"
    refused(await ann.ask("POST", path, text("x", sent_at=ahead.isoformat())), 422, "request.invalid")
    before = server.clock.now()
    date = ahead.strftime("%a, %d %b %Y %H:%M:%S GMT")
    answer = await ann.ask("POST", path, text("now"), headers={"date": date})
    assert before <= datetime.fromisoformat(answer.json()["sent_at"]) <= server.clock.now()


async def test_clock_of_the_server_jumps_and_the_order_stays(company: Company, later: Callable[..., None]) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    for jump, words in ((0, "now"), (86_400, "tomorrow"), (-172_800, "yesterday"), (86_400, "now again")):
        later(seconds=jump)
        await ann.send(conversation, words)
    assert await _texts(bob, conversation) == ["now", "tomorrow", "yesterday", "now again"]
    assert await _read(bob, conversation) == 5


# --- words -----------------------------------------------------------------------------------------------------------

JOINED = "👩‍👩‍👧‍👦🏳️‍🌈👍🏽 e\u0301 שלום مرحبا می‌خواهم \u200b|\u2060|\ufeff \u202eevil\u202c 字"


async def test_a_20000_character_line_without_spaces(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    listening = await bob.socket()
    line = "𠮷" * 20_000  # 80,000 bytes
    seq = (await ann.send(conversation, line))["seq"]
    assert (await listening.event("message.created"))["message"]["content"] == {"text": line}
    reply = (
        await (await ann.socket()).ask(
            "message.send", conversation_id=conversation, **text(line, reply_to=seq, also_in_main=True)
        )
    )["seq"]
    shown = await bob.get(f"/conversations/{conversation}/messages/{reply}")
    assert shown["content"] == {"text": line}
    assert len(shown["reply_to"]["excerpt"]) <= 80
    assert (await bob.get("/conversations"))["items"][0]["last_message"]["seq"] == reply


@pytest.mark.parametrize("kind", ["text", "markdown"])
async def test_texts_arrive_as_they_were_written(company: Company, kind: str) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    listening = await bob.socket()
    words = JOINED + '\n\t<b onclick="x">&amp;</b> %s {} \\ \u2028\u2029 \'; DROP TABLE messages; --'
    content = {"text": words}
    seq = (await ann.do("POST", f"/conversations/{conversation}/messages", {"kind": kind, "content": content}))["seq"]
    assert (await listening.event("message.created"))["message"]["content"] == content
    assert (await bob.get(f"/conversations/{conversation}/messages/{seq}"))["content"] == content


@pytest.mark.parametrize(
    "name", ["👩‍👩‍👧‍👦 家人", "שלום", "قسم المبيعات", "می‌خواهم", "a\u200db", "x" * 64, "𠮷" * 64, "一"]
)
async def test_names_with_joiners_and_right_to_left_letters_are_welcome(company: Company, name: str) -> None:
    conversation = await company.group("Ann", "Bob", name=name)
    assert (await company["Bob"].get(f"/conversations/{conversation}"))["name"] == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "\u200b",
        "\u200d\u200c\ufeff",
        "\u2060 \u00ad",
        "a\nb",
        "a\tb",
        "a\u202eb",
        "\u2066a",
        "a\u2029b",
        "x" * 65,
    ],
)
async def test_names_of_zero_width_characters_alone_or_with_controls_are_refused(company: Company, name: str) -> None:
    ann = company["Ann"]
    body = {"kind": "group", "name": name, "members": ["Bob"]}
    error = refused(await ann.ask("POST", "/conversations", body), 422, "request.invalid")
    assert [field["path"] for field in error["fields"]] == ["name"]
    conversation = await company.group("Ann", "Bob")
    revision = (await ann.get(f"/conversations/{conversation}"))["revision"]
    answer = await ann.ask("PATCH", f"/conversations/{conversation}", {"revision": revision, "name": name})
    refused(answer, 422, "request.invalid")


async def test_two_who_name_a_group_at_once_one_is_told_to_look_again(company: Company) -> None:
    conversation = await company.group("Ann", "Bob", edit="everyone")
    revision = (await company["Ann"].get(f"/conversations/{conversation}"))["revision"]
    answers = await asyncio.gather(
        *(
            company[name].ask("PATCH", f"/conversations/{conversation}", {"revision": revision, "name": name})
            for name in ("Ann", "Bob")
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    [refusal] = [answer for answer in answers if answer.status_code == 409]
    refused(refusal, 409, "revision.mismatch")


# --- people who are gone ---------------------------------------------------------------------------------------------


async def test_sender_suspended_cannot_send_any_more(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    socket = await bob.socket()
    await bob.send(conversation, "before")
    await ann.do("POST", "/members/Bob/suspend")
    assert await socket.closed() == 4401
    assert [event["type"] for event in socket.events][-1] == "session.ended"

    async def shut_out() -> bool:
        answer = await bob.ask("POST", f"/conversations/{conversation}/messages", text("after"))
        return answer.status_code in {401, 403}

    await until(shut_out, deadline_s=10)
    with pytest.raises((ConnectionError, AssertionError)):
        await bob.socket()
    assert "after" not in await _texts(ann, conversation)
