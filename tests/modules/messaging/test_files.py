"""Files in messages: whose they are, who may open them, and when they are collected."""

import struct
import zlib
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.files import open_for
from pegboard.kernel.files.errors import FileNotFound
from pegboard.kernel.files.uploads import COLLECT
from pegboard.kernel.jobs import enqueue
from tests.modules.messaging.refusals import refused, refused_over, text
from tests.support.live_server import Company, Person
from tests.support.polling import until

pytestmark = pytest.mark.anyio


def _png(width: int, height: int) -> bytes:
    """A black picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\0" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def _upload(person: Person, name: str, content: bytes) -> str:
    async with person.http as client:
        answer = await client.post("/files", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    file_id: str = answer.json()["file_id"]
    return file_id


async def _download(person: Person, url: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=person.server.url) as client:
        return await client.get(url)


def _message(kind: str, file_id: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "content": {"file_id": file_id}, **more}


async def test_image_gets_its_measures_from_the_server(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    listening = await bob.socket()
    file_id = await _upload(ann, "p.png", _png(30, 20))
    body = {"kind": "image", "content": {"file_id": file_id, "width": 9999, "height": 1}}
    seq = (await ann.do("POST", f"/conversations/{conversation}/messages", body))["seq"]
    content = {"file_id": file_id, "width": 30, "height": 20}
    assert (await listening.event("message.created"))["message"]["content"] == content
    assert (await bob.get(f"/conversations/{conversation}/messages/{seq}"))["content"] == content


async def test_file_gets_name_size_and_type_from_the_server(company: Company) -> None:
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob")
    file_id = await _upload(ann, "報告.txt", b"hello")
    body = {"kind": "file", "content": {"file_id": file_id, "name": "virus.exe", "size": 1, "type": "image/png"}}
    seq = (await ann.do("POST", f"/conversations/{conversation}/messages", body))["seq"]
    content = (await company["Bob"].get(f"/conversations/{conversation}/messages/{seq}"))["content"]
    assert content["size"] == 5
    assert content["type"] == "text/plain"
    assert content["name"].startswith("報告")


async def test_somebody_elses_file_is_refused(company: Company, found: Callable[..., Awaitable[Company]]) -> None:
    conversation = await company.group("Ann", "Bob")
    elsewhere = await found("Ann")
    bobs = await _upload(company["Bob"], "b.txt", b"Bob's")
    foreign = await _upload(elsewhere["Ann"], "f.txt", b"foreign")
    begun = (await company["Ann"].do("POST", "/files", {"name": "half", "size": 10}))["file_id"]
    no_picture = await _upload(company["Ann"], "t.png", b"no picture")
    socket = await company["Ann"].socket()
    for body in (
        _message("file", bobs),
        _message("file", foreign),
        _message("file", str(uuid4())),
        _message("file", begun),
        _message("image", no_picture),
    ):
        answer = await company["Ann"].ask("POST", f"/conversations/{conversation}/messages", body)
        refused(answer, 422, "message.file_not_usable")
        await refused_over(socket, "message.file_not_usable", "message.send", conversation_id=conversation, **body)


async def test_link_works_for_the_member_and_not_after_expiry(company: Company, later: Callable[..., None]) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    file_id = await _upload(ann, "n.txt", b"for us")
    seq = (await ann.do("POST", f"/conversations/{conversation}/messages", _message("file", file_id)))["seq"]
    path = f"/conversations/{conversation}/messages/{seq}/file"
    refused(await company["Dan"].ask("GET", path), 404, "conversation.not_found")
    link = await bob.get(path)
    answer = await _download(bob, link["url"])
    assert (answer.status_code, answer.content) == (200, b"for us")
    assert answer.headers["content-disposition"].startswith("attachment")
    refused(await _download(bob, link["url"][:-2] + "xx"), 404, "file.link_invalid")
    later(minutes=6)
    refused(await _download(bob, link["url"]), 404, "file.link_invalid")
    assert (await _download(bob, (await bob.get(path))["url"])).content == b"for us"


async def test_no_link_to_what_is_no_file_or_recalled(company: Company) -> None:
    ann, bob = company["Ann"], company["Bob"]
    conversation = await company.group("Ann", "Bob")
    one = f"/conversations/{conversation}/messages"
    words = (await ann.send(conversation, "words"))["seq"]
    refused(await bob.ask("GET", f"{one}/{words}/file"), 404, "message.not_found")
    seq = (await ann.do("POST", one, _message("image", await _upload(ann, "p.png", _png(3, 3)))))["seq"]
    assert (await _download(bob, (await bob.get(f"{one}/{seq}/file", variant="thumbnail"))["url"])).status_code == 200
    await ann.do("POST", f"{one}/{seq}/recall")
    refused(await bob.ask("GET", f"{one}/{seq}/file"), 404, "message.not_found")


async def test_a_file_uploaded_but_its_message_never_sent_is_collected_after_24_h(
    company: Company, later: Callable[..., None], work: Any
) -> None:
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob")
    lost, used, refused_one = [await _upload(ann, f"{n}.txt", b"x") for n in range(3)]
    await ann.do("POST", f"/conversations/{conversation}/messages", _message("file", used))
    answer = await ann.ask(
        "POST", f"/conversations/{conversation}/messages", _message("file", refused_one, mentions=["Dan"])
    )
    assert answer.status_code == 422

    async def kept(file_id: str) -> bool:
        async def look(uow: UnitOfWork) -> bool:
            try:
                await open_for(uow, UUID(file_id))
            except FileNotFound:
                return False
            return True

        there: bool = await work(company, look)
        return there

    async def collect(uow: UnitOfWork) -> None:
        await enqueue(uow, COLLECT, {}, key="now")

    later(hours=23)
    marker = await _upload(ann, "m.txt", b"x")
    await work(company, collect)
    assert [await kept(file_id) for file_id in (lost, used, refused_one)] == [True, True, True]
    later(hours=1, minutes=1)
    await work(company, collect)

    async def collected() -> bool:
        return not await kept(lost) and not await kept(refused_one)

    await until(collected)
    assert await kept(used)
    assert await kept(marker)
    answer = await ann.ask("POST", f"/conversations/{conversation}/messages", _message("file", lost))
    refused(answer, 422, "message.file_not_usable")


async def test_a_forwarded_file_opens_for_those_it_was_forwarded_to(company: Company) -> None:
    ann = company["Ann"]
    source, target = await company.group("Ann", "Bob"), await company.group("Ann", "Cleo")
    file_id = await _upload(ann, "f.txt", b"passed on")
    seq = (await ann.do("POST", f"/conversations/{source}/messages", _message("file", file_id)))["seq"]
    other = await _upload(ann, "g.txt", b"this too")
    await ann.do("POST", f"/conversations/{source}/messages", _message("file", other))
    body = {"from_conversation_id": source, "seqs": [seq, seq + 1], "merged": True}
    [merged] = (await ann.do("POST", f"/conversations/{target}/forwards", body))["items"]
    cleo, path = company["Cleo"], f"/conversations/{target}/messages/{merged['seq']}/file"
    for named, content in ((file_id, b"passed on"), (other, b"this too")):
        assert (await _download(cleo, (await cleo.get(path, file_id=named))["url"])).content == content
    refused(await cleo.ask("GET", path), 404, "message.not_found")  # which of them?
    refused(await cleo.ask("GET", path, params={"file_id": str(uuid4())}), 404, "message.not_found")
    refused(await company["Dan"].ask("GET", path, params={"file_id": file_id}), 404, "conversation.not_found")

    # Forwarded once more: within the forward, and by itself.
    last = await company.group("Cleo", "Dan")
    body = {"from_conversation_id": target, "seqs": [merged["seq"]], "merged": False}
    [nested] = (await cleo.do("POST", f"/conversations/{last}/forwards", body))["items"]
    path = f"/conversations/{last}/messages/{nested['seq']}/file"
    link = await company["Dan"].get(path, file_id=other)
    assert (await _download(company["Dan"], link["url"])).content == b"this too"


async def test_text_of_a_message_is_never_taken_for_a_file(company: Company) -> None:
    ann = company["Ann"]
    conversation = await company.group("Ann", "Bob")
    file_id = await _upload(ann, "f.txt", b"x")
    seq = (await ann.do("POST", f"/conversations/{conversation}/messages", text(file_id)))["seq"]
    answer = await company["Bob"].ask(
        "GET", f"/conversations/{conversation}/messages/{seq}/file", params={"file_id": file_id}
    )
    refused(answer, 404, "message.not_found")
