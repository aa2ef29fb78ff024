"""What one does in a conversation, the other sees at once; a line that breaks loses and doubles nothing."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.chromium import Room
from tests.browser.talking import choose, is_marked, mark, open_conversation, said, write
from tests.support.live_server import Company

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def test_mention_reply_reaction_edit_and_recall_arrive_live(office: Company, room: Room) -> None:
    await office.group("mei", "daming", "yijun", name="專案小組")
    mei = await room.seat(office["mei"])
    daming = await room.seat(office["daming"])
    await open_conversation(mei, "專案小組")

    # The popup finds by initials; arrows and Enter choose.
    box = mei.get_by_test_id("composer")
    await box.press_sequentially("@wdm")
    option = mei.get_by_role("listbox", name="提及").get_by_role("option")
    await expect(option).to_have_count(1)
    await expect(option).to_contain_text("王大明")
    await box.press("Enter")
    await expect(box).to_have_value("@王大明 ")
    await box.press_sequentially("合約好了嗎")
    await box.press("Enter")
    await expect(box).to_have_value("")
    item = daming.get_by_test_id("conversation-item").filter(has_text="專案小組")
    await expect(item).to_contain_text("[有人提到您]")
    await open_conversation(daming, "專案小組")
    await expect(item).not_to_contain_text("[有人提到您]")
    for page in (mei, daming):
        await mark(page)

    await choose(said(daming, "合約好了嗎"), "引用回覆")
    await expect(daming.get_by_text("回覆 林美玲")).to_be_visible()
    await write(daming, "今天簽回")
    await expect(said(mei, "今天簽回").get_by_role("button", name=re.compile("林美玲.*合約好了嗎"))).to_be_visible()

    await act(mei, "今天簽回", "以 👍 回應")
    await expect(said(daming, "今天簽回").get_by_role("button", name="👍 1 人")).to_be_visible()
    await expect(said(mei, "今天簽回").get_by_role("button", name="👍 1 人")).to_have_attribute("aria-pressed", "true")

    box = daming.get_by_test_id("composer")
    await box.press("ArrowUp")
    await expect(box).to_have_value("今天簽回")
    await box.fill("明天簽回")
    await box.press("Enter")
    await expect(said(mei, "明天簽回")).to_contain_text("已編輯")
    await expect(said(mei, "今天簽回")).to_have_count(0)

    await act(daming, "明天簽回", "收回")
    await daming.get_by_role("dialog").get_by_role("button", name="收回").click()
    await expect(mei.get_by_role("log").get_by_text("王大明 收回了一則訊息")).to_be_visible()
    await expect(daming.get_by_role("log").get_by_text("您收回了一則訊息")).to_be_visible()
    await expect(said(mei, "明天簽回")).to_have_count(0)
    for page in (mei, daming):
        assert await is_marked(page)


async def test_what_is_written_without_a_line_leaves_once_when_it_is_back(office: Company, room: Room) -> None:
    room.forgive("ERR_INTERNET_DISCONNECTED")
    group = await office.group("mei", "daming", name="外勤小組")
    mei = await room.seat(office["mei"])
    daming = await room.seat(office["daming"])
    await open_conversation(mei, "外勤小組")
    await open_conversation(daming, "外勤小組")
    await mark(mei)

    await mei.context.set_offline(True)
    await expect(mei.get_by_text("目前離線，正在重新連線。")).to_be_visible()
    box = mei.get_by_test_id("composer")
    await box.fill("在路上寫的")
    await box.press("Enter")
    outgoing = mei.get_by_test_id("outgoing")
    await expect(outgoing).to_contain_text("在路上寫的")
    await expect(outgoing).to_contain_text("等待連線後傳送")
    await write(daming, "你到哪了")
    await expect(said(mei, "你到哪了")).to_have_count(0)

    await mei.context.set_offline(False)
    await expect(outgoing).to_have_count(0)
    await expect(said(mei, "在路上寫的").get_by_test_id("read-state")).to_have_text("1 人中 1 人已讀")
    await expect(said(mei, "你到哪了")).to_be_visible()
    await expect(mei.get_by_text("目前離線")).to_have_count(0)
    await expect(said(daming, "在路上寫的")).to_have_count(1)
    messages = (await office["mei"].get(f"/conversations/{group}/messages"))["items"]
    assert [m["content"]["text"] for m in messages if m["kind"] == "text"] == ["你到哪了", "在路上寫的"]
    assert await is_marked(mei)


async def act(page: Page, text: str, name: str) -> None:
    """Choose from the menu of the message."""
    await said(page, text).hover()
    await said(page, text).get_by_test_id("message-actions").click()
    await page.get_by_role("menuitem", name=name).click()
