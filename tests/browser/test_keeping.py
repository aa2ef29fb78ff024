"""What is to be found again: pinned for everybody, marked for oneself, forwarded with its pictures."""

import io

import pytest
from PIL import Image
from playwright.async_api import FilePayload, expect

from tests.browser.chromium import PHONE, Room
from tests.browser.talking import choose, open_conversation, said, write
from tests.support.live_server import Company

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def test_a_pin_is_everybodys_and_a_bookmark_is_ones_own(office: Company, room: Room) -> None:
    await office.group("mei", "daming", name="專案小組")
    mei = await room.seat(office["mei"])
    daming = await room.seat(office["daming"], PHONE)
    await open_conversation(mei, "專案小組")
    await write(mei, "會議室密碼 8848")
    await open_conversation(daming, "專案小組")

    await choose(said(mei, "會議室密碼 8848"), "釘選")
    await expect(said(mei, "會議室密碼 8848").get_by_test_id("pinned")).to_be_visible()
    await expect(said(daming, "會議室密碼 8848").get_by_test_id("pinned")).to_be_visible()
    await daming.get_by_test_id("conversation-details").click()
    pins = daming.get_by_test_id("pins")
    await expect(pins.get_by_role("link")).to_contain_text("會議室密碼 8848")
    await expect(pins.get_by_role("button", name="取消釘選")).to_have_count(0)
    await pins.get_by_role("link").click()
    await expect(said(daming, "會議室密碼 8848")).to_be_in_viewport()

    await choose(said(mei, "會議室密碼 8848"), "加入書籤")
    await expect(said(mei, "會議室密碼 8848").get_by_test_id("bookmarked")).to_be_visible()
    await mei.get_by_role("link", name="書籤", exact=True).click()
    mark = mei.get_by_test_id("bookmark")
    await mark.get_by_role("button", name="加上備註").click()
    await mei.get_by_role("textbox", name="備註").fill("週五用")
    await mei.get_by_role("button", name="儲存").click()
    await expect(mark).to_contain_text("週五用")
    await mei.reload()
    await expect(mark).to_contain_text("週五用")
    await mark.get_by_role("link").click()
    await expect(said(mei, "會議室密碼 8848")).to_be_in_viewport()
    await expect(said(daming, "會議室密碼 8848").get_by_test_id("bookmarked")).to_have_count(0)

    await mei.get_by_test_id("conversation-details").click()
    await mei.get_by_test_id("pins").get_by_role("button", name="取消釘選").click()
    await expect(mei.get_by_text("還沒有釘選的訊息")).to_be_visible()
    await expect(said(daming, "會議室密碼 8848").get_by_test_id("pinned")).to_have_count(0)
    await choose(said(mei, "會議室密碼 8848"), "移除書籤")
    await mei.get_by_role("link", name="書籤", exact=True).click()
    await expect(mei.get_by_text("還沒有書籤")).to_be_visible()


async def test_a_merged_forward_shows_its_pictures_and_files(office: Company, room: Room) -> None:
    await office.group("mei", "daming", name="工地回報")
    await office.group("mei", "yijun", name="行銷小組")
    mei = await room.seat(office["mei"])
    yijun = await room.seat(office["yijun"])
    await open_conversation(mei, "工地回報")
    await write(mei, "今天的現場")
    picture = io.BytesIO()
    Image.new("RGB", (320, 200), (40, 120, 90)).save(picture, "PNG")
    photo = FilePayload(name="site.png", mimeType="image/png", buffer=picture.getvalue())
    checklist = FilePayload(name="清單.txt", mimeType="text/plain", buffer="三項".encode())
    await mei.get_by_test_id("file-input").set_input_files([photo, checklist])
    await expect(mei.get_by_test_id("send")).to_be_enabled()
    await mei.get_by_test_id("send").click()
    await expect(mei.get_by_role("img", name="[圖片]")).to_be_visible()
    await expect(said(mei, "清單.txt")).to_be_visible()

    await choose(said(mei, "今天的現場"), "選取")
    boxes = mei.get_by_role("log").get_by_role("checkbox")
    for index in range(1, await boxes.count()):
        await boxes.nth(index).check()
    await mei.get_by_role("button", name="轉傳").click()
    dialog = mei.get_by_role("dialog")
    await dialog.get_by_role("radio", name="行銷小組").click()
    await dialog.get_by_label("合併 3 則為一則訊息").check()
    await dialog.get_by_role("button", name="轉傳").click()
    await expect(dialog).to_have_count(0)

    await open_conversation(yijun, "行銷小組")
    forwarded = yijun.get_by_test_id("forwarded")
    await forwarded.get_by_role("button", name="展開").click()
    await expect(forwarded.get_by_role("img", name="[圖片]")).to_be_visible()
    shown = forwarded.get_by_role("img", name="[圖片]")
    await expect(shown).to_have_js_property("naturalWidth", 320)
    async with yijun.expect_download() as download:
        await forwarded.get_by_role("button", name="清單.txt").click()
    assert (await (await download.value).path()).read_text() == "三項"
