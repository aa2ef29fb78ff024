"""Searching messages through HTTP: what is found, in which order, and by whom not.

Each test of finding runs twice: once with everything in the index, once with nothing in it yet.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from pegboard.kernel.db import UnitOfWork, sql
from pegboard.kernel.db.database import Database
from pegboard.kernel.events import Relay
from pegboard.modules.messaging.service import indexing, searching
from pegboard.modules.messaging.store import indexing as segments
from tests.modules.messaging.refusals import refused, text
from tests.support.live_server import Company, LiveServer, Person, Socket
from tests.support.polling import until

pytestmark = pytest.mark.anyio

Index = Callable[[Company], Awaitable[None]]
Work = Callable[[Company, Callable[[UnitOfWork], Any]], Any]

_INDEXED = sql("""
    SELECT conversation_id::text, indexed_seq, pending_since IS NULL AS done FROM message_indexing
    WHERE org_id = :org_id
""")


@pytest.fixture
def indexed(work: Work) -> Index:
    """Brings a company's index up to its heads, and makes sure that it is used."""

    async def run(company: Company) -> None:
        await work(company, indexing.begin_again)
        while await work(company, indexing.index_some):
            pass

    return run


@pytest.fixture(params=["indexed", "fresh"])
def settle(request: pytest.FixtureRequest, indexed: Index, work: Work) -> Index:
    """Brings everything into the index, or takes everything out of it."""

    async def fresh(company: Company) -> None:
        await work(company, indexing.begin_again)

    return indexed if request.param == "indexed" else fresh


@pytest.fixture(autouse=True)
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job of the server keeps still: the tests say what is indexed."""
    monkeypatch.setattr(indexing, "fell_behind", _nothing)


async def _nothing(*_: object) -> None:
    pass


async def _found(person: Person, q: str, **filters: Any) -> list[str]:
    answer = await person.get("/search/messages", q=q, **filters)
    return [item["message"]["content"].get("text", item["excerpt"]["text"]) for item in answer["items"]]


async def test_words_are_found_in_all_their_forms(company: Company, settle: Index) -> None:
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob", name="Sales")
    for words in (
        "今天的會議紀錄",
        "会议改到下午三点",
        "The REPORT is late",
        "完全没有关系",
        "Ｒｅｐｏｒｔｓ for you",
        "50% off",
        "O'Brien",
    ):
        await ann.send(conversation, words)
    await settle(company)
    bob = company["Bob"]
    assert await _found(bob, "会议") == ["会议改到下午三点", "今天的會議紀錄"]
    assert await _found(bob, "會議") == ["会议改到下午三点", "今天的會議紀錄"]
    assert await _found(bob, "议") == ["会议改到下午三点", "今天的會議紀錄"]
    assert await _found(bob, "点") == ["会议改到下午三点"]
    assert await _found(bob, "會議 紀錄") == ["今天的會議紀錄"]
    assert await _found(bob, "repo") == ["Ｒｅｐｏｒｔｓ for you", "The REPORT is late"]
    assert await _found(bob, "report late") == ["The REPORT is late"]
    assert await _found(bob, "repo late") == []
    assert await _found(bob, "50%") == ["50% off"]
    assert await _found(bob, "o'brien") == ["O'Brien"]
    assert await _found(bob, "议会") == []
    assert await _found(bob, "銷售") == []


async def test_what_is_found_says_where_and_shows_it(company: Company, settle: Index) -> None:
    ann, bob = company["Ann"], company["Bob"]
    group = await company.group("Ann", "Bob", name="Sales")
    direct = (await ann.do("POST", "/conversations", {"kind": "direct", "userid": "Bob"}))["id"]
    sent = await ann.send(group, "👍 前面的話 " * 30 + "會議")
    await ann.send(direct, "只有我們的会议")
    await settle(company)
    private, public = (await bob.get("/search/messages", q="会议"))["items"]
    assert private["conversation"] == {"id": direct, "kind": "direct", "name": "Ann"}
    assert public["conversation"] == {"id": group, "kind": "group", "name": "Sales"}
    assert public["message"]["seq"] == sent["seq"]
    assert public["message"]["sender"] == {"userid": "Ann", "name": "Ann"}
    [[start, end]] = public["excerpt"]["marks"]
    utf16 = public["excerpt"]["text"].encode("utf-16-le")
    assert utf16[start * 2 : end * 2].decode("utf-16-le") == "會議"
    around = await bob.get(f"/conversations/{group}/messages", before_seq=sent["seq"] + 1, limit=1)
    assert around["items"][0]["id"] == public["message"]["id"]


@pytest.mark.parametrize(
    ("kind", "content", "q", "others"),
    [
        ("markdown", {"title": "週報", "text": "# 第**一**季"}, "周报", ["第"]),
        (
            "link",
            {"url": "https://example.com/secret", "title": "Timetable", "text": "of trains"},
            "timetable",
            ["trains"],
        ),
    ],
)
async def test_other_kinds_are_found_by_what_they_show(
    company: Company, settle: Index, kind: str, content: dict[str, Any], q: str, others: list[str]
) -> None:
    conversation = await company.group("Ann", "Bob")
    body = {"kind": kind, "content": content}
    await company["Ann"].do("POST", f"/conversations/{conversation}/messages", body)
    await settle(company)
    for each in (q, *others):
        assert len(await _found(company["Bob"], each)) == 1, each
        assert len(await _found(company["Bob"], each, kind=kind)) == 1
        assert await _found(company["Bob"], each, kind="file") == []


async def test_files_and_forwards_are_found(company: Company, settle: Index) -> None:
    ann = company["Ann"]
    here, there = await company.group("Ann", "Bob"), await company.group("Ann", "Cleo")
    async with ann.http as client:
        answer = await client.post("/files", files={"file": ("預算表 2026.xlsx", b"numbers")})
    body = {"kind": "file", "content": {"file_id": answer.json()["file_id"]}}
    await ann.do("POST", f"/conversations/{here}/messages", body)
    said = await ann.send(here, "照旧办理")
    forward = {"from_conversation_id": here, "seqs": [said["seq"]], "merged": True}
    await ann.do("POST", f"/conversations/{there}/forwards", forward)
    await settle(company)
    assert await _found(company["Bob"], "预算") == ["預算表 2026.xlsx"]
    assert await _found(company["Cleo"], "照舊") == ["照旧办理"]
    assert await _found(company["Cleo"], "预算") == []


async def test_filters(company: Company, settle: Index, later: Callable[..., None]) -> None:
    ann, bob = company["Ann"], company["Bob"]
    one, two = await company.group("Ann", "Bob"), await company.group("Ann", "Bob")
    await ann.send(one, "apple 1")
    await bob.send(one, "apple 2")
    later(days=2)
    await ann.send(two, "apple 3")
    await settle(company)
    day = (await ann.get("/search/messages", q="apple"))["items"][0]["message"]["sent_at"][:10] + "T00:00:00Z"
    assert await _found(ann, "apple") == ["apple 3", "apple 2", "apple 1"]
    assert await _found(ann, "apple", conversation_id=one) == ["apple 2", "apple 1"]
    assert await _found(ann, "apple", sender="Bob") == ["apple 2"]
    assert await _found(ann, "apple", after=day) == ["apple 3"]
    assert await _found(ann, "apple", before=day) == ["apple 2", "apple 1"]
    assert await _found(ann, "apple", before=day, sender="Ann", conversation_id=one) == ["apple 1"]


async def test_edited_and_recalled_messages(
    company: Company, server: LiveServer, settle: Index, indexed: Index
) -> None:
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob")
    edited = (await ann.send(conversation, "the old words"))["seq"]
    recalled = (await ann.send(conversation, "the regretted words"))["seq"]
    await settle(company)
    one = f"/conversations/{conversation}/messages"
    await ann.do("PATCH", f"{one}/{edited}", {"content": {"text": "the new 文字"}, "rev": 0})
    await ann.do("POST", f"{one}/{recalled}/recall")
    await server.acall(lambda: _told(server))
    assert await _found(ann, "old") == []
    assert await _found(ann, "regretted") == []
    assert await _found(ann, "文字") == ["the new 文字"]
    assert await _found(ann, "new") == ["the new 文字"]
    rev = (await ann.get(f"{one}/{edited}"))["rev"]
    await ann.do("PATCH", f"{one}/{edited}", {"content": {"text": "the newest 文字"}, "rev": rev})
    await server.acall(lambda: _told(server))
    assert await _found(ann, "newest") == ["the newest 文字"]
    assert await _found(ann, "new 文") == []
    await indexed(company)
    assert await _found(ann, "newest") == ["the newest 文字"]


async def _told(server: LiveServer) -> None:
    """Everything in the outbox has reached its handlers."""
    database = server.parts[Database]
    while True:
        async with UnitOfWork(database, system=True) as uow:
            if not await uow.value(sql("SELECT count(*) FROM outbox")):
                return
        server.parts[Relay].wake()
        await asyncio.sleep(0.02)


# --- who may not ---------------------------------------------------------------------------------------------------


async def test_others_conversations_do_not_exist(company: Company, settle: Index) -> None:
    ann = company["Ann"]
    direct = (await ann.do("POST", "/conversations", {"kind": "direct", "userid": "Bob"}))["id"]
    group = await company.group("Ann", "Bob")
    await ann.send(direct, "秘密的话")
    await ann.send(group, "秘密的事")
    await settle(company)
    assert len(await _found(company["Bob"], "秘密")) == 2
    assert await _found(company["Cleo"], "秘密") == []
    for conversation in (direct, group):
        hidden = await company["Cleo"].ask(
            "GET", "/search/messages", params={"q": "秘密", "conversation_id": conversation}
        )
        refused(hidden, 404, "conversation.not_found")


async def test_another_organisation_sees_nothing(
    company: Company, found: Callable[..., Awaitable[Company]], settle: Index
) -> None:
    other = await found("Ann", "Bob")
    conversation = ""
    for each in (company, other):
        conversation = await each.group("Ann", "Bob")
        await each["Ann"].send(conversation, f"秘密 {each.org_id}")
        await settle(each)
    for each in (company, other):
        assert await _found(each["Bob"], "秘密") == [f"秘密 {each.org_id}"]
    elsewhere = {"q": "秘密", "conversation_id": conversation}
    refused(await company["Ann"].ask("GET", "/search/messages", params=elsewhere), 404, "conversation.not_found")


async def test_who_left_finds_nothing_and_who_came_back_what_they_may_read(company: Company, settle: Index) -> None:
    ann, bob = company["Ann"], company["Bob"]
    open_, hidden = await company.group("Ann", "Bob"), await company.group("Ann", "Bob", history_for_new=False)
    for conversation in (open_, hidden):
        await ann.send(conversation, "秘密 one")
        await ann.do("DELETE", f"/conversations/{conversation}/members/Bob")
        await ann.send(conversation, "秘密 two")
    await settle(company)
    assert await _found(bob, "秘密") == []
    for conversation in (open_, hidden):
        await ann.do("POST", f"/conversations/{conversation}/members", {"userids": ["Bob"]})
        await ann.send(conversation, "秘密 three")
    await settle(company)
    readable = {}
    for conversation in (open_, hidden):
        items = (await bob.get(f"/conversations/{conversation}/messages", limit=100))["items"]
        readable[conversation] = [item["content"]["text"] for item in reversed(items) if item["kind"] == "text"]
        assert await _found(bob, "秘密", conversation_id=conversation) == readable[conversation]
    assert readable[open_] == ["秘密 three", "秘密 two", "秘密 one"]
    assert readable[hidden] == ["秘密 three"]


async def test_history_hidden_from_newcomers(company: Company, settle: Index) -> None:
    ann, dan = company["Ann"], company["Dan"]
    conversation = await company.group("Ann", "Bob", history_for_new=False)
    await ann.send(conversation, "秘密 before")
    await ann.do("POST", f"/conversations/{conversation}/members", {"userids": ["Dan"]})
    await ann.send(conversation, "秘密 after")
    await settle(company)
    assert await _found(company["Bob"], "秘密") == ["秘密 after", "秘密 before"]
    assert await _found(dan, "秘密") == ["秘密 after"]


# --- bad questions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("q", ["", " ", "%", "'", "“”", "_", "👍", "\\"])
async def test_signs_are_nothing_to_look_for(company: Company, q: str) -> None:
    answer = await company["Ann"].ask("GET", "/search/messages", params={"q": q})
    refused(answer, 422, "search.no_words")


@pytest.mark.parametrize("q", ["x" * 201, "会" * 201, "x" * 10_000])
async def test_too_long_a_question(company: Company, q: str) -> None:
    answer = await company["Ann"].ask("GET", "/search/messages", params={"q": q})
    assert "200" in refused(answer, 422, "search.too_long")["message"]


async def test_the_longest_question_works(company: Company, settle: Index) -> None:
    words = "".join(chr(0x4E00 + number) for number in range(200))
    conversation = await company.group("Ann", "Bob")
    await company["Ann"].send(conversation, words)
    await company["Ann"].send(conversation, words[:199])
    await settle(company)
    assert await _found(company["Bob"], words) == [words]


@pytest.mark.parametrize(
    "params",
    [{}, {"cursor": "x"}, {"limit": 0}, {"limit": 101}, {"kind": "image"}, {"after": "now"}, {"conversation_id": "x"}],
)
async def test_wrong_parameters(company: Company, params: dict[str, Any]) -> None:
    answer = await company["Ann"].ask("GET", "/search/messages", params={"q": "x"} | params if params else {})
    assert answer.status_code in (400, 422), answer.text


async def test_an_unknown_sender(company: Company) -> None:
    answer = await company["Ann"].ask("GET", "/search/messages", params={"q": "x", "sender": "nobody"})
    refused(answer, 422, "people.unknown")


# --- pages -----------------------------------------------------------------------------------------------------------


async def _all_pages(person: Person, **params: Any) -> tuple[list[tuple[str, int]], int]:
    """(conversation, seq) of everything found, and in how many pages."""
    places, pages, cursor = [], 0, None
    while True:
        page = await person.get("/search/messages", **params, **({"cursor": cursor} if cursor else {}))
        places += [(item["conversation"]["id"], item["message"]["seq"]) for item in page["items"]]
        pages, cursor = pages + 1, page["next"]
        if cursor is None:
            return places, pages


async def test_pages_of_several_conversations_are_one_list_by_time(company: Company, settle: Index) -> None:
    ann = company["Ann"]
    conversations = [await company.group("Ann", "Bob", name=str(number)) for number in range(3)]
    socket = await ann.socket()
    sent = []
    for number in range(90):
        conversation = conversations[number * number % 3]
        word = "苹果" if number % 2 else "香蕉"
        answer = await _say(socket, conversation, f"{word} {number}")
        sent.append((answer["sent_at"], conversation, answer["seq"], word))
    await settle(company)
    for q, limit in (("苹果", 7), ("香蕉", 20), ("苹", 100)):
        places, pages = await _all_pages(company["Bob"], q=q, limit=limit)
        expected = sorted((each for each in sent if each[3][0] == q[0]), reverse=True)
        assert places == [(conversation, seq) for _, conversation, seq, _ in expected]
        assert pages == -(-45 // limit)


async def _say(socket: Socket, conversation: str, words: str) -> Any:
    return await socket.ask("message.send", conversation_id=conversation, **text(words))


async def test_a_page_ends_when_enough_was_read_and_the_next_goes_on(
    company: Company, settle: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most messages have both words, but not beside each other as they are asked for."""
    monkeypatch.setattr(searching, "MESSAGES_READ", 20)
    socket = await company["Ann"].socket()
    conversations = [await company.group("Ann", "Bob") for _ in range(3)]
    for number in range(120):
        words = "中文字" if number in (0, 60, 61, 119) else "中文 文字"
        await _say(socket, conversations[number % 3], f"{words} {number}")
    await settle(company)
    places, pages = await _all_pages(company["Bob"], q="中文字", limit=2)
    assert len(places) == len(set(places)) == 4
    assert pages > 3


# --- the index -------------------------------------------------------------------------------------------------------


async def test_segments_hold_each_message_once_however_it_grew(
    company: Company, work: Work, superuser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_LARGEST", 64)
    monkeypatch.setattr(segments, "LEVELS", ((3, 64), (2, 16), (1, 4)))
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob")
    socket = await ann.socket()
    number = 0
    for step in (1, 1, 1, 1, 1, 3, 2, 9, 1, 20, 1, 1, 60, 2, 1, 1):
        for _ in range(step):
            number += 1
            await _say(socket, conversation, f"苹果 {number}")
        await work(company, lambda uow: segments.mark_behind(uow, [UUID(conversation)], uow.now()))
        while await work(company, indexing.index_some):
            pass
        rows = await superuser.fetch(
            "SELECT from_seq, to_seq FROM message_segments WHERE conversation_id = $1 ORDER BY from_seq", conversation
        )
        covered = [seq for row in rows for seq in range(row["from_seq"], row["to_seq"] + 1)]
        assert covered == sorted(set(covered)), "a message stands in two segments"
        assert len(rows) <= 4 + 4 + 4 + 8
        places, _ = await _all_pages(ann, q="苹果", limit=100)
        assert len(places) == len(set(places)) == number


async def test_the_job_follows_what_is_said(company: Company, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    conversation = await company.group("Ann", "Bob")
    seq = (await company["Ann"].send(conversation, "苹果"))["seq"]

    async def in_the_index() -> bool:
        rows = await work(company, lambda uow: uow.rows(_INDEXED))
        done = {row["conversation_id"]: row["indexed_seq"] for row in rows if row["done"]}
        return bool(done.get(conversation) == seq)

    await until(in_the_index)
    assert await _found(company["Bob"], "苹果") == ["苹果"]
