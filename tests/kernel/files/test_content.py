"""Handing content out: signed links, ranges, headers, thumbnails."""

import asyncio
import base64
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from pegboard.kernel.actor import Actor
from pegboard.kernel.clock import MovableClock
from pegboard.kernel.files import FileLinkInvalid, Variant, check_link, sign_link
from pegboard.kernel.files.links import LinkKey, link_key
from pegboard.kernel.ids import MemberId, OrgId, uuid7
from pegboard.kernel.parts import Parts
from pegboard.kernel.settings import Settings, load
from tests.kernel.files.pictures import picture
from tests.kernel.files.test_uploads import TEXT, announce, refusal, upload

pytestmark = pytest.mark.anyio

NOBODY = {"authorization": "", "cookie": ""}


def link(parts: Parts, actor: Actor, file: Any, variant: Variant = "original") -> str:
    signed = sign_link(parts, org_id=actor.org_id, file_id=UUID(file["file_id"]), member_id=actor.me, variant=variant)
    return signed.url.removeprefix("/api/v1")


async def fetch(http: httpx.AsyncClient, url: str, **headers: str) -> httpx.Response:
    return await http.get(url, headers={**NOBODY, **headers})


async def test_a_link_gives_the_bytes_to_whoever_has_it(http: httpx.AsyncClient, parts: Parts, ann: Actor) -> None:
    file = await upload(http, TEXT, name='報告 "1".txt')
    response = await fetch(http, link(parts, ann, file))
    assert (response.status_code, response.content) == (200, TEXT)
    headers = response.headers
    assert headers["content-type"].startswith("text/plain")
    assert headers["content-length"] == str(len(TEXT))
    assert headers["content-disposition"] == (
        "attachment; filename=\"__ _1_.txt\"; filename*=UTF-8''%E5%A0%B1%E5%91%8A%20%221%22.txt"
    )
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"].startswith("private")
    assert "set-cookie" not in headers


@pytest.mark.parametrize(
    ("content", "name", "how"),
    [
        (picture("PNG"), "a.png", "inline"),
        (picture("JPEG"), "a.html", "inline"),
        (b"<html><script>", "a.png", "attachment"),
        (b"<svg onload='x'>", "a.svg", "attachment"),
        (b"%PDF-1.7", "a.pdf", "attachment"),
    ],
)
async def test_only_plain_pictures_are_shown_in_place(
    http: httpx.AsyncClient, parts: Parts, ann: Actor, content: bytes, name: str, how: str
) -> None:
    file = await upload(http, content, name=name, type="image/png")
    response = await fetch(http, link(parts, ann, file))
    assert response.headers["content-disposition"].startswith(how + ";")


@pytest.mark.parametrize(
    ("wanted", "status", "content", "content_range"),
    [
        ("bytes=0-4", 206, b"hello", "bytes 0-4/11"),
        ("bytes=6-", 206, b"world", "bytes 6-10/11"),
        ("bytes=-5", 206, b"world", "bytes 6-10/11"),
        ("bytes=-99", 206, TEXT, "bytes 0-10/11"),
        ("bytes=6-99", 206, b"world", "bytes 6-10/11"),
        ("bytes=10-10", 206, b"d", "bytes 10-10/11"),
        ("bytes=0-1,3-4", 200, TEXT, None),
        ("bytes=5-3", 200, TEXT, None),
        ("bytes=-", 200, TEXT, None),
        ("lines=0-4", 200, TEXT, None),
        ("nonsense", 200, TEXT, None),
    ],
)
async def test_ranges(
    http: httpx.AsyncClient,
    parts: Parts,
    ann: Actor,
    wanted: str,
    status: int,
    content: bytes,
    content_range: str | None,
) -> None:
    file = await upload(http, TEXT)
    response = await fetch(http, link(parts, ann, file), range=wanted)
    assert (response.status_code, response.content) == (status, content)
    assert response.headers.get("content-range") == content_range
    assert response.headers["content-length"] == str(len(content))
    assert response.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("wanted", ["bytes=11-", "bytes=99-100", "bytes=-0"])
async def test_a_range_outside_the_file_is_refused(
    http: httpx.AsyncClient, parts: Parts, ann: Actor, wanted: str
) -> None:
    file = await upload(http, TEXT)
    response = await fetch(http, link(parts, ann, file), range=wanted)
    refusal(response, 416, "file.range_not_satisfiable")


async def test_an_empty_file_is_handed_out(http: httpx.AsyncClient, parts: Parts, ann: Actor) -> None:
    response = await fetch(http, link(parts, ann, await upload(http, b"")))
    assert (response.status_code, response.content) == (200, b"")


async def test_what_the_browser_has_is_not_sent_again(http: httpx.AsyncClient, parts: Parts, ann: Actor) -> None:
    url = link(parts, ann, await upload(http, TEXT))
    etag = (await fetch(http, url)).headers["etag"]
    response = await fetch(http, url, **{"if-none-match": etag})
    assert (response.status_code, response.content) == (304, b"")
    assert (await fetch(http, url, **{"if-none-match": '"other"'})).status_code == 200


# --- refusals ------------------------------------------------------------------------------------------------


async def test_a_link_ends_after_five_minutes(
    http: httpx.AsyncClient, parts: Parts, ann: Actor, clock: MovableClock
) -> None:
    url = link(parts, ann, await upload(http, TEXT))
    clock.offset += timedelta(minutes=4, seconds=50)
    assert (await fetch(http, url)).status_code == 200
    clock.offset += timedelta(seconds=11)
    refusal(await fetch(http, url), 404, "file.link_invalid")


async def test_a_changed_link_is_worth_nothing(http: httpx.AsyncClient, parts: Parts, ann: Actor) -> None:
    url = link(parts, ann, await upload(http, TEXT))
    path, _, token = url.rpartition("/")
    signed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    for position in range(len(signed)):
        changed = bytearray(signed)
        changed[position] ^= 1
        with pytest.raises(FileLinkInvalid):
            check_link(parts, base64.urlsafe_b64encode(changed).decode().rstrip("="))
    for wrong in ("x", "=", "%00", token[:-4], token + "AAAA", "A" * 5000, "ä" * 30):
        response = await fetch(http, f"{path}/{wrong}")
        assert response.status_code == 404, wrong


async def test_a_link_of_another_key_is_worth_nothing(parts: Parts, ann: Actor) -> None:
    signed = sign_link(parts, org_id=ann.org_id, file_id=uuid7(), member_id=ann.me)
    token = signed.url.rpartition("/")[2]
    assert check_link(parts, token).member_id == ann.member_id
    parts.put(LinkKey, LinkKey(b"another secret"))
    with pytest.raises(FileLinkInvalid):
        check_link(parts, token)


async def test_a_link_into_another_organisation_finds_nothing(
    http: httpx.AsyncClient, parts: Parts, ann: Actor, stranger: Actor
) -> None:
    """Whoever could sign for another organisation still sees only that organisation's files."""
    file = await upload(http, TEXT)
    response = await fetch(http, link(parts, stranger, file))
    refusal(response, 404, "file.not_found")


async def test_an_unfinished_upload_is_not_handed_out(http: httpx.AsyncClient, parts: Parts, ann: Actor) -> None:
    refusal(await fetch(http, link(parts, ann, await announce(http))), 404, "file.not_found")


async def test_content_that_is_gone_is_an_error_and_not_an_empty_file(
    http: httpx.AsyncClient, parts: Parts, ann: Actor, directory: Path
) -> None:
    file = await upload(http, TEXT)
    for path in (directory / "files").rglob(file["file_id"]):
        path.unlink()
    refusal(await fetch(http, link(parts, ann, file)), 404, "file.not_found")


# --- the key -------------------------------------------------------------------------------------------------


async def test_the_key_is_kept_for_ourselves_and_survives_a_restart(parts: Parts, directory: Path) -> None:
    first = link_key(parts).mac(b"x")
    assert (directory / "secret.key").stat().st_mode & 0o777 == 0o600
    again = Parts()
    again.put(Settings, parts[Settings])
    assert link_key(again).mac(b"x") == first
    assert await asyncio.to_thread(lambda: [path.name for path in directory.glob("*.*")]) == ["secret.key"]


async def test_processes_that_start_together_agree_on_one_key(parts: Parts) -> None:
    def start() -> bytes:
        process = Parts()
        process.put(Settings, parts[Settings])
        return link_key(process).mac(b"x")

    macs = await asyncio.gather(*(asyncio.to_thread(start) for _ in range(8)))
    assert len(set(macs)) == 1


async def test_the_settings_may_give_the_key(directory: Path) -> None:
    parts = Parts()
    parts.put(Settings, load(None, {"PEGBOARD_DATA": str(directory), "PEGBOARD_SECRET_KEY": "k" * 32}))
    link_key(parts)
    assert not (directory / "secret.key").exists()


# --- thumbnails ----------------------------------------------------------------------------------------------


async def test_a_picture_has_a_small_one_that_is_made_once(
    http: httpx.AsyncClient, parts: Parts, ann: Actor, directory: Path
) -> None:
    file = await upload(http, picture("JPEG", (2000, 1000)), name="a.jpg", type="image/jpeg")
    url = link(parts, ann, file, "thumbnail")
    answers = await asyncio.gather(*(fetch(http, url) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].headers["content-type"] == "image/webp"
    assert answers[0].headers["content-disposition"].startswith("inline")
    (kept,) = await asyncio.to_thread(lambda: list((directory / "files").glob("*/thumbnails/*/*")))
    before = kept.stat().st_mtime_ns
    assert (await fetch(http, url)).content == kept.read_bytes()
    assert kept.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("content", "type"),
    [(TEXT, "text/plain"), (b"%PDF-1.7", "application/pdf"), (picture("PNG")[:150], "image/png")],
)
async def test_what_is_no_whole_picture_has_none(
    http: httpx.AsyncClient, parts: Parts, ann: Actor, content: bytes, type: str
) -> None:
    file = await upload(http, content, type=type)
    refusal(await fetch(http, link(parts, ann, file, "thumbnail")), 404, "file.no_thumbnail")


async def test_links_name_who_and_what(parts: Parts) -> None:
    org_id, member_id, file_id = OrgId(uuid7()), MemberId(uuid7()), uuid7()
    signed = sign_link(parts, org_id=org_id, file_id=file_id, member_id=member_id, variant="thumbnail")
    found = check_link(parts, signed.url.rpartition("/")[2])
    assert (found.org_id, found.member_id, found.file_id, found.variant) == (
        org_id, member_id, file_id, "thumbnail",
    )  # fmt: skip
    assert found.expires_at == signed.expires_at
