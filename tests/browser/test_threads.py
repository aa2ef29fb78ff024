"""Replies gather in a thread: seen live, read only by those who opened it, followed by those whom it concerns."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.chromium import PHONE, Room
from tests.browser.talking import is_marked, mark, open_conversation, open_thread, said, write, write_in_thread
from tests.support.live_server import Company

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def test_a_reply_is_seen_live_and_read_only_in_its_thread(office: Company, room: Room) -> None:
    await office.group("mei", "daming", name="專案小組")
    mei = await room.seat(office["mei"])
    daming = await room.seat(office["daming"], PHONE)
    await open_conversation(mei, "專案小組")
    await write(mei, "週五的驗收誰去")
    await open_conversation(daming, "專案小組")
    for page in (mei, daming):
        await mark(page)
    await open_thread(mei, "週五的驗收誰去")
    reply = await write_in_thread(mei, "我想請大明去")

    # The main line shows that there is a reply, and nothing of it; it is no news of the conversation.
    chip = said(daming, "週五的驗收誰去").get_by_test_id("thread-chip")
    await expect(chip).to_contain_text("1 則回覆")
    await expect(daming.get_by_role("log").get_by_text("我想請大明去")).to_have_count(0)
    await expect(said(mei, "週五的驗收誰去").first.get_by_test_id("read-state")).to_have_text("1 人中 1 人已讀")
    await expect(reply.get_by_test_id("read-state")).to_have_text("1 人中 0 人已讀")

    await chip.click()
    panel = daming.get_by_test_id("thread-panel")
    await expect(panel.get_by_text("我想請大明去")).to_be_visible()
    await expect(daming).to_have_url(re.compile("panel=thread"))
    await expect(reply.get_by_test_id("read-state")).to_have_text("1 人中 1 人已讀")

    # Live in both directions, in the panel and on the message it hangs on.
    answer = await write_in_thread(daming, "可以，我排開了")
    await expect(mei.get_by_test_id("thread-panel").get_by_text("可以，我排開了")).to_be_visible()
    await expect(said(mei, "週五的驗收誰去").first.get_by_test_id("thread-chip")).to_contain_text("2 則回覆")
    await expect(answer.get_by_test_id("read-state")).to_have_text("1 人中 1 人已讀")

    # A reply for the conversation too stands in both.
    await panel.get_by_label("也傳送到對話").check()
    await write_in_thread(daming, "已跟客戶約好十點")
    await expect(said(mei, "已跟客戶約好十點")).to_have_count(2)
    await expect(panel.get_by_label("也傳送到對話")).not_to_be_checked()
    await daming.go_back()
    await expect(panel).to_have_count(0)
    await expect(said(daming, "已跟客戶約好十點")).to_be_visible()
    for page in (mei, daming):
        assert await is_marked(page)


async def test_followed_threads_are_listed_with_what_is_new(office: Company, room: Room) -> None:
    group = await office.group("mei", "daming", "yijun", name="專案小組")
    root = (await office["mei"].send(group, "下季預算的草稿"))["seq"]
    mei = await room.seat(office["mei"])
    await mei.goto("/w/messages/threads")
    await expect(mei.get_by_text("還沒有追蹤的討論串")).to_be_visible()

    await office["daming"].send(group, "第三頁少了差旅", reply_to=root)
    thread = mei.get_by_test_id("followed-thread")
    await expect(thread).to_contain_text("下季預算的草稿")
    await expect(thread).to_contain_text("1 則未讀")
    # A reply to one's own words calls; it has called until it was read in its thread.
    item = mei.get_by_test_id("conversation-item").filter(has_text="專案小組")
    await expect(item).to_contain_text("[有人提到您]")
    await thread.click()
    panel = mei.get_by_test_id("thread-panel")
    await expect(panel.get_by_text("第三頁少了差旅")).to_be_visible()
    await expect(item).not_to_contain_text("[有人提到您]")
    await mei.go_back()
    await expect(thread).not_to_contain_text("未讀")
    await mei.get_by_label("只看未讀").click()
    await expect(mei.get_by_text("討論串都讀完了")).to_be_visible()

    # Whoever follows no longer is left in peace.
    await mei.get_by_label("只看未讀").click()
    await thread.click()
    await panel.get_by_test_id("follow-thread").click()
    await expect(panel.get_by_test_id("follow-thread")).to_have_attribute("aria-pressed", "false")
    await mei.go_back()
    await expect(mei.get_by_text("還沒有追蹤的討論串")).to_be_visible()
