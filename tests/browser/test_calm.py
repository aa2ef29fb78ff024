"""Calm: numbers only by the server's rule, folders, and quiet hours by the clock."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.chromium import Room
from tests.browser.test_ding import sheet
from tests.support.live_server import Company

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


# What mei has founded: the group of everybody, and one of her own.
OWNED = ("甲專案", "釘板測試")


async def test_a_number_only_for_what_waits_for_me(office: Company, room: Room, screen: dict[str, Any]) -> None:
    group = await office.group("daming", "mei", "yijun", name="專案群組")
    mei = await room.seat(office["mei"], screen)
    other = await room.seat(office["mei"])
    number = messages_of(mei)
    await office["daming"].send(group, "大家早")
    await expect(conversation(mei, "專案群組")).to_contain_text("有未讀訊息")
    await expect(number).to_have_accessible_name("訊息")
    await office["daming"].send(group, "@林美玲 看一下", mentions=["mei"])
    await expect(number).to_have_accessible_name("訊息 1 則等您處理")
    direct = await office["yijun"].do("POST", "/conversations", {"kind": "direct", "userid": "mei"})
    await office["yijun"].send(direct["id"], "在嗎")
    await office["yijun"].send(direct["id"], "有件事")
    await expect(number).to_have_accessible_name("訊息 3 則等您處理")
    await expect(conversation(mei, "陳怡君")).to_contain_text("2")

    # Why: in words, by what has come.
    await act(mei, "專案群組", "為什麼會看到？")
    why = mei.get_by_role("dialog")
    await expect(why.get_by_role("listitem")).to_have_count(2)
    await expect(why).to_contain_text("有人提到了你。")
    await expect(why).to_contain_text("你所在的群組有新訊息。")
    await why.get_by_role("link", name="通知與免打擾設定").click()

    # No numbers at all: on every device of hers, at once.
    await mei.get_by_role("switch", name="完全不要數字").click()
    for page in (mei, other):
        await expect(messages_of(page)).to_have_accessible_name("訊息")
    await expect(conversation(other, "陳怡君")).to_contain_text("有未讀訊息")
    await mei.get_by_role("switch", name="完全不要數字").click()
    await expect(number).to_have_accessible_name("訊息 3 則等您處理")

    # Muted, only what calls her by name comes through, while she wants it.
    await number.click()
    await act(mei, "專案群組", "一小時")
    await expect(number).to_have_accessible_name("訊息 3 則等您處理")
    await mei.goto("/w/settings/notifications")
    await mei.get_by_role("switch", name="免打擾的對話裡").click()
    await expect(number).to_have_accessible_name("訊息 2 則等您處理")


async def test_folders_hold_conversations_by_hand_and_by_rule(office: Company, room: Room) -> None:
    first = await office.group("mei", "daming", name="甲專案")
    await office["mei"].do("PATCH", f"/conversations/{first}/mine", {"pinned": True})
    second = await office.group("daming", "mei", "yijun", name="乙專案")
    mei = await room.seat(office["mei"])
    other = await room.seat(office["mei"])
    await mei.get_by_test_id("folders").click()
    await mei.get_by_role("button", name="新增分組").click()
    await mei.get_by_label("名稱", exact=True).fill("要緊的")
    await mei.get_by_role("button", name="儲存").click()
    await mei.get_by_role("button", name="新增分組").click()
    await mei.get_by_label("名稱", exact=True).fill("我管的")
    await mei.get_by_role("button", name="加規則").click()
    await mei.get_by_label("規則 1", exact=True).select_option(label="我擁有的群組")
    await mei.get_by_role("button", name="儲存").click()
    await expect(mei.get_by_test_id("folder-row")).to_have_count(2)
    await expect(mei.get_by_role("dialog")).to_have_count(1)
    await mei.get_by_role("dialog").get_by_role("button", name="關閉").click()

    # By rule at once, by hand when it is dragged; a conversation may stand in both.
    await expect(lines(mei)).to_have_text(["要緊的", "把對話拖到這裡", "我管的", *OWNED, "其他對話", "乙專案"])
    await conversation(mei, "乙專案").drag_to(folder(mei, "要緊的"))
    await expect(lines(mei)).to_have_text(["要緊的", "乙專案", "我管的", *OWNED, "其他對話"])
    await act(mei, "甲專案", "放入分組…")
    await mei.get_by_role("checkbox", name="要緊的").click()
    await expect(mei.get_by_role("checkbox", name="要緊的")).to_be_checked()
    await mei.get_by_role("button", name="完成").click()
    for page in (mei, other):
        await expect(conversation(page, "甲專案")).to_have_count(2)

    # Order and folding are hers on every device.
    await folder(mei, "我管的").drag_to(folder(mei, "要緊的"))
    await expect(other.get_by_test_id("folder")).to_have_text(["我管的", "要緊的"])
    await folder(mei, "要緊的").get_by_role("button", name="要緊的", exact=True).click()
    await expect(conversation(other, "乙專案")).to_have_count(0)
    await office["daming"].send(second, "@林美玲 請看", mentions=["mei"])
    await expect(folder(mei, "要緊的")).to_contain_text("1 則等您處理")

    # One press, and everything in it is read.
    await folder(mei, "要緊的").get_by_role("button", name="要緊的的操作").click()
    await mei.get_by_role("menuitem", name="全部標為已讀").click()
    for page in (mei, other):
        await expect(folder(page, "要緊的")).not_to_contain_text("等您處理")
        await expect(messages_of(page)).to_have_accessible_name("訊息")
    await folder(mei, "要緊的").get_by_role("button", name="要緊的", exact=True).click()
    await conversation(mei, "乙專案").drag_to(mei.get_by_text("其他對話"))
    await expect(lines(mei)).to_have_text(["我管的", *OWNED, "要緊的", "甲專案", "其他對話", "乙專案"])


async def test_a_folder_for_everybody(office: Company, room: Room) -> None:
    daming = await room.seat(office["daming"])
    await expect(daming.get_by_test_id("conversation-item").first).to_be_visible()
    await office["mei"].do("POST", "/folders", {"name": "公司", "scope": "organisation", "rules": [{"kind": "groups"}]})
    await expect(folder(daming, "公司")).to_be_visible()
    await expect(lines(daming)).to_have_text(["公司", "釘板測試", "其他對話"])
    await folder(daming, "公司").get_by_role("button", name="公司的操作").click()
    await expect(daming.get_by_role("menuitem", name="名稱與規則")).to_have_count(0)
    await daming.get_by_role("menuitem", name="不顯示這個分組").click()
    await expect(folder(daming, "公司")).to_have_count(0)
    await daming.get_by_test_id("folders").click()
    await daming.get_by_role("switch", name="顯示公司").click()
    await expect(folder(daming, "公司")).to_be_visible()


async def test_quiet_hours_hold_a_ding_until_they_end(office: Company, room: Room, screen: dict[str, Any]) -> None:
    clock = office.server.clock
    zone = ZoneInfo("Asia/Taipei")
    mei = await room.seat(office["mei"], screen)
    await mei.get_by_test_id("me-menu").click()
    await mei.get_by_role("menuitem", name="通知與免打擾").click()
    await mei.get_by_role("switch", name="開啟勿擾時段").click()
    await mei.get_by_label("時區").select_option("Asia/Taipei")
    now = clock.now().astimezone(zone)
    starts, ends = now - timedelta(hours=1), now + timedelta(hours=2)
    for label, at in (("從", starts), ("到", ends)):
        field = mei.get_by_label(label, exact=True)
        await field.fill(at.strftime("%H:%M"))
        await field.press("Enter")
    await expect(mei.get_by_role("status").filter(has_text="勿擾中")).to_be_visible()

    # A direct message still counts; a DING waits.
    direct = await office["daming"].do("POST", "/conversations", {"kind": "direct", "userid": "mei"})
    await office["daming"].send(direct["id"], "晚安")
    await expect(messages_of(mei)).to_have_accessible_name("訊息 1 則等您處理")
    sent = await office["daming"].do("POST", "/dings", {"content": "明早的事", "userids": ["mei"]})
    daming = await room.seat(office["daming"])
    await daming.goto(f"/w/dings/{sent['id']}?box=sent")
    await expect(daming.get_by_test_id("ding-recipient")).to_contain_text("等待送達")
    await expect(sheet(mei)).to_have_count(0)
    clock.offset += timedelta(hours=3)
    await expect(sheet(mei)).to_contain_text("明早的事")
    await expect(daming.get_by_test_id("ding-recipient")).to_contain_text("已送達")


def messages_of(page: Page) -> Locator:
    """The way to the messages in the rail, with what waits there."""
    return page.get_by_role("navigation", name="主選單").get_by_role("link", name="訊息")


def conversation(page: Page, name: str) -> Locator:
    """Its lines in the list."""
    return page.get_by_test_id("conversation-item").filter(has=page.get_by_text(name, exact=True))


def folder(page: Page, name: str) -> Locator:
    """The line above a folder."""
    return page.get_by_test_id("folder").filter(has_text=name)


def lines(page: Page) -> Locator:
    """The names in the list, of folders and conversations, from above."""
    return page.get_by_test_id("list-line")


async def act(page: Page, name: str, action: str) -> None:
    """Choose from the menu of a conversation, as a finger or the right button does."""
    await conversation(page, name).first.get_by_role("link").click(button="right")
    await page.get_by_role("menuitem", name=action).click()
