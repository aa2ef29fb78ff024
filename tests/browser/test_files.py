"""Files and pictures: up through the composer, and down again with the same bytes."""

import asyncio
import secrets
import struct
import zlib
from typing import Any

import anyio
import pytest
from playwright.async_api import Route, expect

from tests.browser.chromium import Room
from tests.browser.talking import open_conversation, said
from tests.support.live_server import Company

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def test_a_file_goes_up_with_progress_and_comes_down_whole(
    office: Company, room: Room, screen: dict[str, Any]
) -> None:
    await office.group("mei", "daming", name="檔案小組")
    mei = await room.seat(office["mei"], screen)
    daming = await room.seat(office["daming"], screen)
    await open_conversation(mei, "檔案小組")
    await open_conversation(daming, "檔案小組")

    # Pieces are of 1 MiB. The second one waits on its way until the progress of the first was seen.
    content = secrets.token_bytes(2_600_000)
    seen = asyncio.Event()

    async def hold(route: Route) -> None:
        if not (await route.request.header_value("content-range") or "").startswith("bytes 0-"):
            await seen.wait()
        await route.continue_()

    await mei.route("**/api/v1/files/*/content", hold)
    file: Any = {"name": "季度報表.bin", "mimeType": "application/octet-stream", "buffer": content}
    await mei.get_by_test_id("file-input").set_input_files(file)
    attachment = mei.get_by_role("list", name="附件").get_by_role("listitem")
    await expect(attachment).to_contain_text("40%")
    await expect(attachment.get_by_role("progressbar", name="季度報表.bin")).to_be_visible()
    await expect(mei.get_by_test_id("send")).to_be_disabled()
    seen.set()
    await expect(attachment.get_by_role("progressbar")).to_have_count(0)
    await mei.get_by_test_id("send").click()
    await expect(said(mei, "季度報表.bin").get_by_test_id("read-state")).to_have_text("1 人中 1 人已讀")

    async with daming.expect_download() as download:
        await said(daming, "季度報表.bin").get_by_role("button", name="下載 季度報表.bin").click()
    saved = await download.value
    assert saved.suggested_filename == "季度報表.bin"
    assert await anyio.Path(await saved.path()).read_bytes() == content


async def test_a_picture_shows_small_and_large(office: Company, room: Room, screen: dict[str, Any]) -> None:
    await office.group("mei", "daming", name="照片小組")
    mei = await room.seat(office["mei"], screen)
    daming = await room.seat(office["daming"], screen)
    await open_conversation(mei, "照片小組")
    await open_conversation(daming, "照片小組")
    file: Any = {"name": "廠房.png", "mimeType": "image/png", "buffer": picture(1200, 900)}
    await mei.get_by_test_id("file-input").set_input_files(file)
    await expect(mei.get_by_test_id("send")).to_be_enabled()
    await mei.get_by_test_id("send").click()

    small = daming.get_by_test_id("message").get_by_role("img", name="[圖片]")
    await expect(small).to_have_js_property("complete", value=True)
    width = await small.evaluate("image => image.naturalWidth")
    assert 0 < width < 1200
    await daming.get_by_role("button", name="放大圖片").click()
    large = daming.get_by_role("dialog", name="[圖片]").get_by_role("img")
    await expect(large).to_have_js_property("naturalWidth", 1200)
    await daming.get_by_role("dialog").get_by_role("button", name="關閉").click()
    await expect(daming.get_by_role("dialog")).to_have_count(0)


def picture(width: int, height: int) -> bytes:
    """A PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x20\x60\xa0" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
