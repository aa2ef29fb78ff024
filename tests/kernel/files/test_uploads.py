"""Uploading: whole, in parts, broken off, and everything that is refused."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from pegboard.kernel.actor import Actor
from pegboard.kernel.clock import MovableClock
from pegboard.kernel.db import Database, UnitOfWork
from pegboard.kernel.files import FileNotFound, FileStore, attach, file_jobs, open_for
from pegboard.kernel.files.keys import content_key
from pegboard.kernel.files.uploads import KEPT
from pegboard.kernel.http.gate import Gate
from pegboard.kernel.ids import MemberId, OrgId, uuid7
from pegboard.kernel.jobs import JobRunner
from pegboard.kernel.parts import Parts
from tests.kernel.files.conftest import MAX_BYTES
from tests.kernel.files.pictures import picture, png_that_claims

pytestmark = pytest.mark.anyio

TEXT = b"hello world"


async def upload(http: httpx.AsyncClient, content: bytes, *, name: str = "a.txt", type: str = "text/plain") -> Any:
    response = await http.post("/files", files={"file": (name, content, type)})
    assert response.status_code == 201, response.text
    return response.json()


async def announce(http: httpx.AsyncClient, **wanted: Any) -> Any:
    response = await http.post("/files", json={"name": "a.bin", "size": len(TEXT), **wanted})
    assert response.status_code == 201, response.text
    return response.json()


async def send(
    http: httpx.AsyncClient, file_id: str, start: int, content: Any, total: int, *, length: int | None = None
) -> httpx.Response:
    end = start + (len(content) if length is None else length) - 1
    headers = {"content-range": f"bytes {start}-{end}/{total}", "content-type": "application/octet-stream"}
    return await http.put(f"/files/{file_id}/content", content=content, headers=headers)


def refusal(response: httpx.Response, status: int, code: str) -> Any:
    assert (response.status_code, response.json()["error"]["code"]) == (status, code), response.text
    return response.json()["error"]


async def stored(database: Database, org_id: OrgId, file_id: str) -> bytes:
    """The content as the store has it."""
    from uuid import UUID

    kind: Any = FileStore
    store: FileStore = database.parts[kind]
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        file = await open_for(uow, UUID(file_id))
    content = b"".join([chunk async for chunk in store.get(content_key(org_id, file.file_id))])
    assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    return content


def left_over(directory: Path) -> list[str]:
    """Everything that lies in the store."""
    return [path.name for path in (directory / "files").rglob("*") if path.is_file()]


# --- in one piece --------------------------------------------------------------------------------------------


async def test_a_file_is_stored_whole(http: httpx.AsyncClient, database: Database, org_id: OrgId) -> None:
    file = await upload(http, TEXT, name="報告 1.txt")
    assert file | {"file_id": ""} == {
        "file_id": "",
        "name": "報告 1.txt",
        "size": len(TEXT),
        "type": "text/plain",
        "sha256": hashlib.sha256(TEXT).hexdigest(),
        "width": None,
        "height": None,
    }
    assert await stored(database, org_id, file["file_id"]) == TEXT


async def test_a_picture_comes_with_its_size(http: httpx.AsyncClient) -> None:
    file = await upload(http, picture("JPEG"), name="p.jpg", type="image/jpeg")
    assert (file["type"], file["width"], file["height"]) == ("image/jpeg", 640, 320)


async def test_a_large_file_streams_through(http: httpx.AsyncClient, database: Database, org_id: OrgId) -> None:
    content = bytes(range(256)) * 4 * 1024 * 20
    file = await upload(http, content, type="application/octet-stream")
    assert await stored(database, org_id, file["file_id"]) == content


async def test_an_empty_file_is_a_file(http: httpx.AsyncClient) -> None:
    assert (await upload(http, b""))["size"] == 0


async def test_too_large_is_refused_and_leaves_nothing(http: httpx.AsyncClient, directory: Path) -> None:
    response = await http.post("/files", files={"file": ("a", bytes(MAX_BYTES + 1))})
    error = refusal(response, 413, "file.too_large")
    assert str(MAX_BYTES) in error["message"]
    refusal(await http.post("/files", json={"name": "a", "size": MAX_BYTES + 1}), 413, "file.too_large")
    assert left_over(directory) == []


@pytest.mark.parametrize(
    ("content", "type"),
    [(TEXT, "video/mp4"), (b"MZ\x90\0 program", "image/png"), (b"\0\0\0\x18ftypmp42", "text/plain")],
)
async def test_blocked_types_are_refused_as_declared_and_as_found(
    http: httpx.AsyncClient, directory: Path, content: bytes, type: str
) -> None:
    refusal(await http.post("/files", files={"file": ("a", content, type)}), 422, "file.type_not_allowed")
    assert left_over(directory) == []


async def test_a_picture_bomb_is_refused(http: httpx.AsyncClient, directory: Path) -> None:
    bomb = png_that_claims(60_000, 60_000)
    refusal(await http.post("/files", files={"file": ("a.png", bomb)}), 422, "file.image_too_large")
    assert left_over(directory) == []


async def test_the_file_may_stand_among_other_fields(http: httpx.AsyncClient) -> None:
    response = await http.post("/files", data={"note": "x" * 1000}, files={"file": ("a", TEXT)})
    assert response.json()["size"] == len(TEXT)


FORM = {"content-type": "multipart/form-data; boundary=b"}
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhello'


@pytest.mark.parametrize(
    ("headers", "content", "status", "code"),
    [
        (FORM, b"", 400, "request.malformed"),
        (FORM, b"no form at all", 400, "request.malformed"),
        (FORM, PART, 400, "request.malformed"),
        (FORM, PART + b"\r\n--b", 400, "request.malformed"),
        (FORM, b"--b--\r\n", 422, "request.invalid"),
        (FORM, PART.replace(b'"file"', b'"fill"') + b"\r\n--b--\r\n", 422, "request.invalid"),
        (FORM, b"--b\r\n" + b"x" * 10_000 + b"\r\n\r\nx\r\n--b--\r\n", 400, "request.malformed"),
        ({"content-type": "multipart/form-data"}, b"", 400, "request.malformed"),
        ({"content-type": "text/plain"}, TEXT, 415, "request.unsupported_media"),
        ({"content-type": "application/json"}, b"{", 400, "request.malformed"),
        ({"content-type": "application/json"}, b"{}", 422, "request.invalid"),
        ({"content-type": "application/json"}, b'{"name":"a","size":-1}', 422, "request.invalid"),
        ({"content-type": "application/json"}, b'{"name":"a","size":1,"sha256":"x"}', 422, "request.invalid"),
        ({"content-type": "application/json"}, b'{"name":"a","size":1,"x":1}', 422, "request.invalid"),
    ],
)
async def test_what_is_no_upload_is_refused(
    http: httpx.AsyncClient, directory: Path, headers: dict[str, str], content: bytes, status: int, code: str
) -> None:
    refusal(await http.post("/files", content=content, headers=headers), status, code)
    assert left_over(directory) == []


async def test_nobody_uploads_unsigned(http: httpx.AsyncClient) -> None:
    response = await http.post("/files", files={"file": ("a", TEXT)}, headers={"authorization": ""})
    refusal(response, 401, "session.required")


# --- in parts ------------------------------------------------------------------------------------------------


async def test_an_upload_in_parts_becomes_the_file(
    http: httpx.AsyncClient, database: Database, org_id: OrgId, directory: Path
) -> None:
    content = bytes(range(256)) * 4 * 1024 * 20  # 20 MiB: several parts of ours in each of two requests
    sha256 = hashlib.sha256(content).hexdigest()
    upload = await announce(http, size=len(content), sha256=sha256, type="application/zip", name="x.zip")
    assert (upload["offset"], upload["complete"]) == (0, False)
    half = len(content) // 2 + 1
    state = (await send(http, upload["file_id"], 0, content[:half], len(content))).json()
    assert (state["offset"], state["complete"], state["file"]) == (half, False, None)
    state = (await http.get(f"/files/{upload['file_id']}/upload")).json()
    assert (state["offset"], state["size"], state["complete"]) == (half, len(content), False)
    with pytest.raises(FileNotFound):
        await stored(database, org_id, upload["file_id"])
    response = await send(http, upload["file_id"], half, content[half:], len(content))
    state = response.json()
    assert (response.status_code, state["offset"], state["complete"]) == (200, len(content), True)
    assert (state["file"]["sha256"], state["file"]["name"]) == (sha256, "x.zip")
    assert await stored(database, org_id, upload["file_id"]) == content
    assert left_over(directory) == [upload["file_id"]]


async def test_a_wrong_offset_is_told_the_right_one(http: httpx.AsyncClient) -> None:
    upload = await announce(http)
    await send(http, upload["file_id"], 0, TEXT[:5], len(TEXT))
    for start in (0, 4, 6):
        response = await send(http, upload["file_id"], start, TEXT[start:8], len(TEXT))
        assert "byte 5" in refusal(response, 409, "file.wrong_offset")["message"]
    assert (await send(http, upload["file_id"], 5, TEXT[5:], len(TEXT))).json()["complete"] is True


async def put_and_break_off(application: Gate, path: str, headers: dict[str, str], *contents: bytes) -> None:
    """A request whose connection ends after these bytes, as uvicorn would show it."""
    messages: list[Any] = [{"type": "http.request", "body": content, "more_body": True} for content in contents]
    messages.append({"type": "http.disconnect"})

    async def receive() -> Any:
        return messages.pop(0)

    async def ignore(message: Any) -> None:
        pass

    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "PUT" if path.endswith("/content") else "POST",
        "scheme": "http",
        "path": f"/api/v1{path}",
        "raw_path": f"/api/v1{path}".encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("pegboard.test", 80),
    }
    await application(scope, receive, ignore)


async def test_what_arrived_before_the_connection_broke_stays(
    http: httpx.AsyncClient, application: Gate, database: Database, org_id: OrgId
) -> None:
    upload = await announce(http)
    headers = {
        "authorization": "Bearer ann",
        "content-type": "application/octet-stream",
        "content-range": f"bytes 0-{len(TEXT) - 1}/{len(TEXT)}",
    }
    await put_and_break_off(application, f"/files/{upload['file_id']}/content", headers, TEXT[:3], TEXT[3:6])
    state = (await http.get(f"/files/{upload['file_id']}/upload")).json()
    assert state["offset"] == 6
    assert (await send(http, upload["file_id"], 6, TEXT[6:], len(TEXT))).json()["complete"] is True
    assert await stored(database, org_id, upload["file_id"]) == TEXT


async def test_a_damaged_file_is_refused_and_dropped(http: httpx.AsyncClient, directory: Path) -> None:
    upload = await announce(http, sha256="0" * 64)
    response = await send(http, upload["file_id"], 0, TEXT, len(TEXT))
    refusal(response, 422, "file.checksum_mismatch")
    refusal(await http.get(f"/files/{upload['file_id']}/upload"), 404, "file.not_found")
    assert left_over(directory) == []


async def test_what_shows_only_at_the_end_is_refused_there(http: httpx.AsyncClient, directory: Path) -> None:
    for content, code in (
        (b"MZ program!", "file.type_not_allowed"),
        (png_that_claims(9000, 9000), "file.image_too_large"),
    ):
        upload = await announce(http, size=len(content), type="image/png")
        refusal(await send(http, upload["file_id"], 0, content, len(content)), 422, code)
    assert left_over(directory) == []


async def test_two_that_send_the_same_bytes_at_once_end_with_one_file(
    http: httpx.AsyncClient, database: Database, org_id: OrgId, directory: Path
) -> None:
    upload = await announce(http)
    answers = await asyncio.gather(*(send(http, upload["file_id"], 0, TEXT, len(TEXT)) for _ in range(4)))
    statuses = [answer.status_code for answer in answers]
    assert 200 in statuses
    assert set(statuses) <= {200, 409}
    assert await stored(database, org_id, upload["file_id"]) == TEXT
    assert left_over(directory) == [upload["file_id"]]


async def test_a_finished_upload_takes_no_more_and_finishing_again_gives_the_same(
    http: httpx.AsyncClient,
) -> None:
    upload = await announce(http)
    first = (await send(http, upload["file_id"], 0, TEXT, len(TEXT))).json()
    refusal(await send(http, upload["file_id"], 0, TEXT, len(TEXT)), 409, "file.already_complete")
    headers = {"content-range": f"bytes */{len(TEXT)}", "content-type": "application/octet-stream"}
    again = await http.put(f"/files/{upload['file_id']}/content", headers=headers)
    assert again.json() == first
    refusal(await http.delete(f"/files/{upload['file_id']}/upload"), 409, "file.already_complete")


async def test_finishing_is_asked_for_when_the_answer_was_lost(
    http: httpx.AsyncClient, database: Database, org_id: OrgId, ann: Actor
) -> None:
    """The server died after the last byte was kept and before the file was put together."""
    from uuid import UUID

    from pegboard.kernel.files import uploads

    upload = await announce(http)

    async def content() -> AsyncIterator[bytes]:
        yield TEXT

    await uploads.append(
        database, org_id, ann.me, UUID(upload["file_id"]),
        start=0, end=len(TEXT), total=len(TEXT), content=content(),
    )  # fmt: skip
    state = (await http.get(f"/files/{upload['file_id']}/upload")).json()
    assert (state["offset"], state["complete"]) == (len(TEXT), False)
    headers = {"content-range": f"bytes */{len(TEXT)}", "content-type": "application/octet-stream"}
    response = await http.put(f"/files/{upload['file_id']}/content", headers=headers)
    assert response.json()["complete"] is True


async def test_an_empty_file_is_finished_without_a_byte(http: httpx.AsyncClient) -> None:
    upload = await announce(http, size=0)
    headers = {"content-range": "bytes */0", "content-type": "application/octet-stream"}
    response = await http.put(f"/files/{upload['file_id']}/content", headers=headers)
    assert (response.json()["complete"], response.json()["file"]["size"]) == (True, 0)


@pytest.mark.parametrize(
    "content_range",
    ["", "bytes", "bytes 0-10", "bytes 0-10/12", "bytes 5-3/11", "bytes 0-11/11", "bytes 0-10/*", "items 0-10/11",
     "bytes */12", "bytes 0-2/11", "bytes 99999999999999999999-0/11"],
)  # fmt: skip
async def test_ranges_that_do_not_fit_are_refused(http: httpx.AsyncClient, content_range: str) -> None:
    upload = await announce(http)
    headers = {"content-range": content_range, "content-type": "application/octet-stream"}
    response = await http.put(f"/files/{upload['file_id']}/content", content=TEXT, headers=headers)
    assert response.status_code == 422, response.text
    assert (await http.get(f"/files/{upload['file_id']}/upload")).json()["offset"] == 0


async def test_without_a_range_it_is_refused(http: httpx.AsyncClient) -> None:
    upload = await announce(http)
    headers = {"content-type": "application/octet-stream"}
    response = await http.put(f"/files/{upload['file_id']}/content", content=TEXT, headers=headers)
    assert response.status_code == 422, response.text


async def test_an_upload_can_be_cancelled(http: httpx.AsyncClient, directory: Path) -> None:
    upload = await announce(http)
    await send(http, upload["file_id"], 0, TEXT[:5], len(TEXT))
    assert (await http.delete(f"/files/{upload['file_id']}/upload")).status_code == 204
    refusal(await http.get(f"/files/{upload['file_id']}/upload"), 404, "file.not_found")
    assert left_over(directory) == []


@pytest.mark.parametrize("token", ["colleague", "stranger"])
async def test_an_upload_is_its_owners_alone(
    http: httpx.AsyncClient, colleague: Actor, stranger: Actor, token: str
) -> None:
    upload = await announce(http)
    theirs = {"authorization": f"Bearer {token}", "content-type": "application/octet-stream"}
    put_headers = theirs | {"content-range": f"bytes 0-10/{len(TEXT)}"}
    answers = [
        await http.get(f"/files/{upload['file_id']}/upload", headers=theirs),
        await http.delete(f"/files/{upload['file_id']}/upload", headers=theirs),
        await http.put(f"/files/{upload['file_id']}/content", content=TEXT, headers=put_headers),
    ]
    unknown = refusal(await http.get(f"/files/{uuid4()}/upload", headers=theirs), 404, "file.not_found")
    for answer in answers:
        error = refusal(answer, 404, "file.not_found")
        assert error["message"] == unknown["message"]


async def test_a_form_that_breaks_off_leaves_nothing(
    application: Gate, ann: Actor, directory: Path, owner: Any
) -> None:
    headers = {"authorization": "Bearer ann", **FORM}
    await put_and_break_off(application, "/files", headers, PART, b"x" * 10_000_000)
    assert left_over(directory) == []
    await owner.execute(f"SET app.orgs = '{ann.org_id}'")
    assert await owner.fetchval("SELECT count(*) FROM files") == 0


# --- using and collecting ------------------------------------------------------------------------------------


@pytest.fixture
def runner(database: Database) -> JobRunner:
    return JobRunner(database, file_jobs.jobs, file_jobs.recurring)


async def _day_passes(database: Database, clock: MovableClock, owner: Any) -> None:
    clock.offset += KEPT
    await owner.execute("UPDATE jobs SET run_at = now() WHERE state = 'pending'")


async def test_a_file_that_nobody_uses_is_collected_after_a_day(
    http: httpx.AsyncClient,
    database: Database,
    clock: MovableClock,
    owner: Any,
    runner: JobRunner,
    directory: Path,
    org_id: OrgId,
) -> None:
    from uuid import UUID

    kept = await upload(http, b"kept")
    await upload(http, b"never sent")
    unfinished = await announce(http)
    await send(http, unfinished["file_id"], 0, TEXT[:5], len(TEXT))
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        owner_id = (await open_for(uow, UUID(kept["file_id"]))).owner_id
        await attach(uow, [UUID(kept["file_id"])], owner_id=owner_id)
    await owner.execute("UPDATE jobs SET run_at = now() WHERE state = 'pending'")
    await runner.run_due()
    assert len(left_over(directory)) == 3
    await _day_passes(database, clock, owner)
    await runner.run_due()
    assert left_over(directory) == [kept["file_id"]]
    await owner.execute(f"SET app.orgs = '{org_id}'")
    assert await owner.fetchval("SELECT count(*) FROM files") == 1
    assert await owner.fetchval("SELECT count(*) FROM file_parts") == 0
    # Nothing is waiting any more, so there is no timer either.
    assert await owner.fetchval("SELECT count(*) FROM jobs WHERE state = 'pending' AND org_id = $1", org_id) == 0


async def test_collecting_goes_on_with_what_comes_due_later(
    http: httpx.AsyncClient, database: Database, clock: MovableClock, owner: Any, runner: JobRunner, directory: Path
) -> None:
    await upload(http, b"first")
    clock.offset += KEPT / 2
    second = await upload(http, b"second")
    clock.offset += KEPT / 2
    await owner.execute("UPDATE jobs SET run_at = now() WHERE state = 'pending'")
    assert await runner.run_due() == 1
    assert left_over(directory) == [second["file_id"]]
    await _day_passes(database, clock, owner)
    await runner.run_due()
    assert left_over(directory) == []


async def test_an_interrupted_collection_is_taken_up_again(
    http: httpx.AsyncClient,
    database: Database,
    clock: MovableClock,
    owner: Any,
    runner: JobRunner,
    directory: Path,
    org_id: OrgId,
) -> None:
    from uuid import UUID

    file = await upload(http, TEXT)
    await owner.execute(f"SET app.orgs = '{org_id}'")
    await owner.execute("UPDATE files SET state = 'removing'")
    async with UnitOfWork(database, orgs=[org_id]) as uow:
        with pytest.raises(FileNotFound):
            await open_for(uow, UUID(file["file_id"]))
    await owner.execute("UPDATE jobs SET run_at = now() WHERE state = 'pending'")
    await runner.run_due()
    assert left_over(directory) == []
    assert await owner.fetchval("SELECT count(*) FROM files") == 0


async def test_only_ones_own_fresh_files_or_files_in_use_can_be_used(
    http: httpx.AsyncClient, database: Database, org_id: OrgId, ann: Actor, colleague: Actor, stranger: Actor
) -> None:
    from uuid import UUID

    file_id = UUID((await upload(http, TEXT))["file_id"])
    unfinished = UUID((await announce(http))["file_id"])

    async def use(org: OrgId, member: MemberId, *wanted: Any) -> list[Any]:
        async with UnitOfWork(database, orgs=[org]) as uow:
            return [file.file_id for file in await attach(uow, wanted, owner_id=member)]

    for org, member, wanted in (
        (org_id, colleague.me, file_id),
        (stranger.org_id, stranger.me, file_id),
        (org_id, ann.me, unfinished),
        (org_id, ann.me, uuid7()),
    ):
        with pytest.raises(FileNotFound):
            await use(org, member, wanted)
    assert await use(org_id, ann.me, file_id, file_id) == [file_id]
    assert await use(org_id, ann.me, file_id) == [file_id]
    # In use now: whoever may see it where it is used may use it again (a forward).
    assert await use(org_id, colleague.me, file_id) == [file_id]
    with pytest.raises(FileNotFound):
        await use(stranger.org_id, stranger.me, file_id)


async def test_no_organisation_reads_anothers_files(
    http: httpx.AsyncClient, database: Database, org_id: OrgId, stranger: Actor, parts: Parts
) -> None:
    from uuid import UUID

    file_id = UUID((await upload(http, TEXT))["file_id"])
    async with UnitOfWork(database, orgs=[stranger.org_id]) as uow:
        with pytest.raises(FileNotFound):
            await open_for(uow, file_id)
