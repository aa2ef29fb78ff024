"""A DING: written, shown over any page until it is acknowledged, and followed by its sender as it happens."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.chromium import DESKTOP, PHONE, Room
from tests.browser.talking import is_marked, mark, open_conversation, said, write
from tests.support.live_server import Company

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def test_with_steps_to_a_department_acknowledged_on_the_phone_and_watched_live(
    office: Company, room: Room
) -> None:
    mei = await room.seat(office["mei"])
    daming = await room.seat(office["daming"], PHONE)
    yijun = await room.seat(office["yijun"])
    await daming.get_by_role("link", name="通訊錄").click()

    await mei.get_by_role("link", name="DING").click()
    await mei.get_by_test_id("new-ding").click()
    composer = mei.get_by_test_id("ding-composer")
    await composer.get_by_label("內容").fill("三號線停機，請立刻到現場")
    await composer.get_by_test_id("choose-recipients").click()
    await mei.get_by_role("checkbox", name="整個研發部").check()
    await mei.get_by_role("button", name="選好了").click()
    await expect(composer.get_by_text("研發部")).to_be_visible()
    await composer.get_by_role("button", name="自訂").click()
    await composer.get_by_label("第 2 步在幾分鐘後").fill("10")
    await mei.get_by_test_id("send-ding").click()

    await expect(mei.get_by_role("heading", name="我發出的 DING")).to_be_visible()
    await mark(mei)
    for page in (daming, yijun):
        await expect(sheet(page)).to_contain_text("三號線停機，請立刻到現場")
    await expect(recipient(mei, "王大明")).to_contain_text("已送達")
    await expect(recipient(mei, "陳怡君")).to_contain_text("已送達")
    await expect(counts(mei)).to_have_text("已送達 2")

    # Escape and a look around put it aside; it does not go away.
    await yijun.keyboard.press("Escape")
    await expect(yijun.get_by_test_id("ding-bar")).to_contain_text("三號線停機")
    await expect(yijun.get_by_role("link", name="DING 1 則等您處理")).to_be_visible()
    await yijun.reload()
    await expect(sheet(yijun)).to_be_visible()

    await sheet(daming).get_by_label("回覆").fill("馬上到")
    await sheet(daming).get_by_role("button", name="確認收到").click()
    await expect(sheet(daming)).to_have_count(0)
    await expect(daming.get_by_role("tree")).to_be_visible()
    await expect(recipient(mei, "王大明")).to_contain_text("已確認")
    await expect(recipient(mei, "王大明")).to_contain_text("馬上到")
    await expect(counts(mei)).to_have_text("已確認 1已送達 1")
    item = mei.get_by_test_id("ding-item").filter(has_text="三號線停機")
    await expect(item).to_contain_text("2 人中 1 人已確認")

    # The second step, ten minutes later, is for her alone.
    await yijun.get_by_role("button", name="先看看").click()
    await expect(sheet(yijun)).to_have_count(0)
    office.server.clock.offset += timedelta(minutes=10)
    await expect(sheet(yijun)).to_be_visible()
    await expect(sheet(daming)).to_have_count(0)
    await sheet(yijun).get_by_role("button", name="確認收到").click()
    await expect(counts(mei)).to_have_text("已確認 2")
    await expect(item).to_contain_text("2 人中 2 人已確認")
    assert await is_marked(mei)


async def test_a_ding_to_exactly_those_who_have_not_read(office: Company, room: Room, screen: dict[str, Any]) -> None:
    await office.group("mei", "daming", "yijun", "zhiwei", name="四人小組")
    mei = await room.seat(office["mei"], screen)
    daming = await room.seat(office["daming"])
    yijun = await room.seat(office["yijun"], PHONE)
    zhiwei = await room.seat(office["zhiwei"])
    await open_conversation(mei, "四人小組")
    await write(mei, "盤點表今天要交")
    await open_conversation(daming, "四人小組")
    count = said(mei, "盤點表今天要交").get_by_test_id("read-state")
    await expect(count).to_have_text("3 人中 1 人已讀")

    await count.click()
    await mei.get_by_test_id("ding-unread").click()
    composer = mei.get_by_test_id("ding-composer")
    await expect(composer.get_by_label("內容")).to_have_value("盤點表今天要交")
    await expect(composer).to_contain_text("正是還沒有讀這則訊息的 2 人")
    await mei.get_by_test_id("send-ding").click()
    await expect(composer).to_have_count(0)
    for page in (yijun, zhiwei):
        await expect(sheet(page)).to_contain_text("盤點表今天要交")
    # Straight to the message, with the bar above it; and back to it by one press.
    await sheet(yijun).get_by_role("link", name="盤點表今天要交").click()
    await expect(said(yijun, "盤點表今天要交")).to_be_visible()
    await expect(count).to_have_text("3 人中 2 人已讀")
    await yijun.get_by_test_id("ding-bar").get_by_role("button", name="確認收到").click()
    await expect(yijun.get_by_test_id("ding-bar")).to_have_count(0)
    await sheet(zhiwei).get_by_role("button", name="確認收到").click()
    await expect(sheet(zhiwei)).to_have_count(0)
    await expect(sheet(daming)).to_have_count(0)
    assert (await office["daming"].get("/dings", box="received"))["items"] == []


async def test_add_people_remind_export_and_cancel(office: Company, room: Room) -> None:
    mei = await room.seat(office["mei"])
    zhiwei = await room.seat(office["zhiwei"])
    sent = await office["mei"].do("POST", "/dings", {"content": "=1+1 請回電", "userids": ["daming"]})
    await mei.goto(f"/w/dings/{sent['id']}?box=sent")
    await expect(recipient(mei, "王大明")).to_be_visible()

    await mei.get_by_role("button", name="加人").click()
    await mei.get_by_label("搜尋人員").fill("lizhiwei")
    await mei.get_by_role("checkbox", name="李志偉").click()
    await mei.get_by_role("dialog").get_by_role("button", name="加人").click()
    await expect(recipient(mei, "李志偉")).to_be_visible()
    await expect(sheet(zhiwei)).to_contain_text("請回電")
    await zhiwei.get_by_role("button", name="先看看").click()

    async with mei.expect_download() as download:
        await mei.get_by_role("button", name="匯出").click()
    path = await (await download.value).path()
    table = path.read_text(encoding="utf-8-sig")
    assert "王大明" in table
    assert "李志偉" in table

    office.server.clock.offset += timedelta(minutes=3)
    await mei.get_by_role("button", name="再提醒").click()
    await expect(mei.get_by_role("dialog")).to_contain_text("2 人")
    await mei.get_by_role("dialog").get_by_role("button", name="再提醒").click()
    await expect(sheet(zhiwei)).to_be_visible()

    await mei.get_by_role("button", name="取消這則 DING").click()
    await mei.get_by_role("dialog").get_by_role("button", name="取消這則 DING").click()
    await expect(sheet(zhiwei)).to_have_count(0)
    await expect(counts(mei)).to_have_text("已取消 2")


async def test_a_scheduled_one_comes_when_its_time_has_come(office: Company, room: Room) -> None:
    daming = await room.seat(office["daming"])
    mei = await room.seat(office["mei"], DESKTOP)
    await mei.goto("/w/dings?box=sent")
    await mei.get_by_test_id("new-ding").click()
    composer = mei.get_by_test_id("ding-composer")
    await composer.get_by_label("內容").fill("下午的會提前")
    await composer.get_by_test_id("choose-recipients").click()
    await mei.get_by_label("搜尋人員").fill("wdm")
    await mei.get_by_role("checkbox", name="王大明").click()
    await mei.get_by_role("button", name="選好了").click()
    await composer.get_by_label("定時發送").check()
    await expect(composer.get_by_label("發送時間")).not_to_have_value("")
    await mei.get_by_test_id("send-ding").click()
    await expect(mei.get_by_test_id("ding-item")).to_contain_text("定時")
    await expect(sheet(daming)).to_have_count(0)
    office.server.clock.offset += timedelta(hours=2)
    await expect(sheet(daming)).to_contain_text("下午的會提前")
    await expect(mei.get_by_test_id("ding-item")).to_contain_text("1 人中 0 人已確認")


async def test_written_and_acknowledged_by_keyboard_alone(office: Company, room: Room) -> None:
    daming = await room.seat(office["daming"])
    await office["mei"].do("POST", "/dings", {"content": "請按確認", "userids": ["daming"]})
    await expect(sheet(daming)).to_be_visible()
    # What is being typed when it comes acknowledges nothing.
    await daming.keyboard.press("Space")
    await daming.keyboard.press("Enter")
    await expect(sheet(daming)).to_be_visible()
    button = sheet(daming).get_by_role("button", name="確認收到")
    for _ in range(10):
        if await button.evaluate("element => element === document.activeElement"):
            break
        await daming.keyboard.press("Tab")
    await daming.keyboard.press("Enter")
    await expect(sheet(daming)).to_have_count(0)


def sheet(page: Page) -> Locator:
    """What waits over the page."""
    return page.get_by_test_id("ding-sheet")


def recipient(page: Page, name: str) -> Locator:
    """One line of the sender's list."""
    return page.get_by_test_id("ding-recipient").filter(has_text=name)


def counts(page: Page) -> Locator:
    """The counts under the bar."""
    return page.get_by_test_id("ding-counts")
