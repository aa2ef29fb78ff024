"""Link previews, from the message to what everybody sees."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.egress import Egress
from pegboard.modules.messaging.service.previews import JOB, Previewer
from pegboard.modules.messaging.settings import MessagingSettings
from tests.support.live_server import Company, LiveServer, found_company
from tests.support.polling import until
from tests.support.race import Client, fresh_picture
from tests.support.small_web import PUBLIC, Request, Web, leads_to, page, pages

pytestmark = pytest.mark.anyio

HTML = "text/html; charset=utf-8"
_MADE = sql("SELECT count(*) FROM jobs WHERE name = :name")
_WAITING = sql("SELECT count(*) FROM jobs WHERE name = :name AND state <> 'done'")
_UNTOLD = sql("SELECT count(*) FROM outbox")


@pytest.fixture
def small_web(web: Web, server: LiveServer) -> Iterator[Web]:
    """The web that the server's previews see."""
    web.names = {"news.example": [[PUBLIC]], "inner.example": [["10.0.0.1"]]}
    web.serve = pages(
        {
            "/": page(b"<title>News</title><meta name=description content='All of it'>", content_type=HTML),
            "/other": page(b"<title>Other</title><meta property=og:site_name content=Daily>", content_type=HTML),
            "/picture": page(b"<title>No page</title>", content_type="image/png"),
            "/gone": page(b"<title>Gone</title>", status="404 Not Found", content_type=HTML),
            "/untitled": page(b"<p>hello</p>", content_type=HTML),
            "/inside": leads_to("http://inner.example/"),
            "/big": page(b"<title>Big</title>", content_type=HTML, content_length=str(10 * 1024**3)),
        }
    )
    with _Previews(server, web):
        yield web


class _Previews:
    """A previewer over this web, while the block runs."""

    def __init__(self, server: LiveServer, web: Web, **settings: Any) -> None:
        self._parts = server.parts
        self._new = Previewer(web.egress(), MessagingSettings(**settings))

    def __enter__(self) -> None:
        self._before = self._parts[Previewer]
        self._parts.put(Previewer, self._new)

    def __exit__(self, *args: object) -> None:
        self._parts.put(Previewer, self._before)


async def _settled(server: LiveServer) -> None:
    """All that was sent has been looked at, and all links looked up."""

    async def nothing_waits() -> bool:
        async def look() -> bool:
            async with UnitOfWork(server.parts[Database], system=True) as uow:
                return not await uow.value(_UNTOLD) and not await uow.value(_WAITING, name=JOB)

        return bool(await server.acall(look))

    await until(nothing_waits)


async def _shown(company: Company, group: str, seq: int) -> list[dict[str, Any]]:
    await _settled(company.server)
    found = await company["Bob"].get(f"/conversations/{group}/messages", after_seq=seq - 1, limit=1)
    previews: list[dict[str, Any]] = found["items"][0]["previews"]
    return previews


async def test_a_link_gets_a_title(company: Company, small_web: Web) -> None:
    group = await company.group("Ann", "Bob")
    sent = await company["Ann"].send(group, "Look: http://news.example/, and http://news.example/other!")
    assert await _shown(company, group, sent["seq"]) == [
        {"url": "http://news.example/", "title": "News", "description": "All of it", "site": "news.example"},
        {"url": "http://news.example/other", "title": "Other", "description": "", "site": "Daily"},
    ]
    assert sorted(request.path for request in small_web.requests) == ["/", "/other"]
    for request in small_web.requests:
        assert not any(line.lower().startswith(("cookie", "authorization", "referer")) for line in request.headers)


@pytest.mark.parametrize("path", ["/picture", "/gone", "/untitled", "/inside", "/big", ":81/", "/\x20"], ids=repr)
async def test_what_is_refused_or_says_nothing_shows_nothing(company: Company, small_web: Web, path: str) -> None:
    group = await company.group("Ann", "Bob")
    sent = await company["Ann"].send(group, f"http://news.example{path} http://inner.example/ http://127.0.0.1/")
    shown = await _shown(company, group, sent["seq"])
    assert [preview["title"] for preview in shown] == (["News"] if path == "/\x20" else [])
    assert {address for address, _, _ in small_web.dialled} <= {PUBLIC}
    assert not any("127.0.0.1" in name for name in small_web.looked_up)


async def test_a_page_is_asked_once_however_many_share_it(company: Company, small_web: Web) -> None:
    group = await company.group("Ann", "Bob")
    for text in ("http://news.example/", "again http://news.example/"):
        for person in ("Ann", "Bob"):
            await company[person].send(group, text)
    last = await company["Ann"].send(group, "and again http://news.example/")
    assert [preview["title"] for preview in await _shown(company, group, last["seq"])] == ["News"]
    assert len(small_web.requests) == 1


async def test_a_page_that_fails_is_not_asked_again(company: Company, small_web: Web) -> None:
    async def rude(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"what?\r\n\r\n")

    small_web.serve = rude
    group = await company.group("Ann", "Bob")
    seqs = [(await company["Ann"].send(group, "http://news.example/"))["seq"] for _ in range(3)]
    for seq in seqs:
        assert await _shown(company, group, seq) == []
    assert len(small_web.requests) == 1


async def test_an_edit_brings_new_previews_and_a_recall_takes_them(company: Company, small_web: Web) -> None:
    group = await company.group("Ann", "Bob")
    seq = (await company["Ann"].send(group, "http://news.example/"))["seq"]
    assert len(await _shown(company, group, seq)) == 1
    path = f"/conversations/{group}/messages/{seq}"

    async def edit(text: str) -> None:
        found = await company["Ann"].get(f"/conversations/{group}/messages", after_seq=seq - 1, limit=1)
        edited = await company["Ann"].do("PATCH", path, {"content": {"text": text}, "rev": found["items"][0]["rev"]})
        assert edited["previews"] == []

    await edit("http://news.example/other")
    assert [preview["title"] for preview in await _shown(company, group, seq)] == ["Other"]
    await edit("no link any more")
    assert await _shown(company, group, seq) == []
    await edit("http://news.example/")
    assert len(await _shown(company, group, seq)) == 1
    await company["Ann"].do("POST", f"{path}/recall")
    assert await _shown(company, group, seq) == []


async def test_an_organisation_that_wants_none_asks_nobody(company: Company, small_web: Web) -> None:
    organisation = await company["Ann"].get("/organisation")
    assert organisation["settings"]["link_previews"] is True
    change = {"revision": organisation["revision"], "settings": {"link_previews": False}}
    await company["Ann"].do("PATCH", "/organisation", change)
    group = await company.group("Ann", "Bob")
    sent = await company["Ann"].send(group, "http://news.example/")
    assert await _shown(company, group, sent["seq"]) == []
    assert small_web.requests == []


async def test_an_operator_who_wants_none_asks_nobody(company: Company, small_web: Web, server: LiveServer) -> None:
    group = await company.group("Ann", "Bob")
    with _Previews(server, small_web, link_previews=False):
        sent = await company["Ann"].send(group, "http://news.example/")
        assert await _shown(company, group, sent["seq"]) == []
    assert small_web.requests == []


async def test_nobody_makes_the_server_knock_without_end(company: Company, small_web: Web, server: LiveServer) -> None:
    group = await company.group("Ann", "Bob")
    with _Previews(server, small_web, previews_per_person=0.001, previews_per_person_burst=2):
        small_web.serve = page(b"<title>Page</title>", content_type=HTML)
        for number in range(5):
            await company["Ann"].send(group, f"http://news.example/other?{number}")
        await _settled(server)
    assert len(small_web.requests) == 2


async def test_messages_without_links_make_no_job(company: Company, small_web: Web, server: LiveServer) -> None:
    async def jobs() -> int:
        async with UnitOfWork(server.parts[Database], system=True) as uow:
            return int(await uow.value(_MADE, name=JOB))

    group = await company.group("Ann", "Bob")
    before = await server.acall(jobs)
    for text in ("hello", "a:b //c", "ftp://news.example/", "http://user:password@news.example/"):
        await company["Ann"].send(group, text)
    await _settled(server)
    assert await server.acall(jobs) == before


async def test_state_and_events_agree(company: Company, small_web: Web) -> None:
    """Race test: previews come while others edit, react and look."""
    group = await company.group("Ann", "Bob", "Cleo")
    client = Client(company["Bob"])
    await client.connect()
    for number in range(6):
        sent = await company["Ann"].send(group, f"{number} http://news.example/{'other' if number % 2 else ''}")
        if number == 2:
            await client.reconnect()
        if number == 3:
            await company["Cleo"].do("PUT", f"/conversations/{group}/messages/{sent['seq']}/reactions/👍")
    await _settled(company.server)
    await client.ping()
    await client.settle()
    assert await fresh_picture(company["Bob"]) == client.picture()
    assert "message.changed" in {event["type"] for event in client.seen}


async def test_newcomers_do_not_hear_of_what_was_before_them(company: Company, small_web: Web) -> None:
    group = await company.group("Ann", "Bob", history_for_new=False)
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slowly(request: Request, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await answer.wait()
        await page(b"<title>Secret</title>", content_type=HTML)(request, writer)

    small_web.serve = slowly
    await company["Ann"].send(group, "http://news.example/")
    await asyncio.wait_for(asked.wait(), 20)
    await company["Ann"].do("POST", f"/conversations/{group}/members", {"userids": ["Cleo"]})
    cleo, bob = await company["Cleo"].socket(), await company["Bob"].socket()
    answer.set()
    await bob.event("message.changed")
    await cleo.ask("ping")
    assert not [event for event in cleo.events if event["type"] == "message.changed"]


async def test_what_was_edited_meanwhile_gets_no_preview_of_before(company: Company, small_web: Web) -> None:
    group = await company.group("Ann", "Bob")
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slowly(request: Request, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await answer.wait()
        await page(b"<title>Before</title>", content_type=HTML)(request, writer)

    small_web.serve = slowly
    seq = (await company["Ann"].send(group, "http://news.example/ and more"))["seq"]
    await asyncio.wait_for(asked.wait(), 20)
    path = f"/conversations/{group}/messages/{seq}"
    edited = await company["Ann"].do("PATCH", path, {"content": {"text": "never mind"}, "rev": 0})
    answer.set()
    assert await _shown(company, group, seq) == []
    assert (await company["Ann"].get(f"/conversations/{group}"))["head_rev"] == edited["rev"]


async def test_other_organisations_have_their_own_rows(company: Company, small_web: Web, server: LiveServer) -> None:
    other = await found_company(server, "Ann", "Bob", name="Other")
    groups = [(each, await each.group("Ann", "Bob")) for each in (company, other)]
    sent = [await each["Ann"].send(group, "http://news.example/") for each, group in groups]
    for (each, group), message in zip(groups, sent, strict=True):
        assert [preview["title"] for preview in await _shown(each, group, message["seq"])] == ["News"]


def test_the_way_out_is_on_the_shelf(server: LiveServer) -> None:
    assert isinstance(server.parts[Egress], Egress)
