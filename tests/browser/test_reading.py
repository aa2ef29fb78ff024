"""Who has read it: the writer sees it without reloading, as a number and by name."""

from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.browser.chromium import Room
from tests.browser.talking import is_marked, mark, open_conversation, said, write
from tests.support.live_server import Company

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def test_the_writer_sees_the_other_read_without_reloading(
    office: Company, room: Room, screen: dict[str, Any]
) -> None:
    await office.group("mei", "daming", name="兩人小組")
    mei = await room.seat(office["mei"], screen)
    daming = await room.seat(office["daming"], screen)
    await open_conversation(mei, "兩人小組")
    await mark(mei)
    await write(mei, "明天九點開會")
    count = said(mei, "明天九點開會").get_by_test_id("read-state")
    await expect(count).to_have_text("1 人中 0 人已讀")

    # It is in the list of the other, who has not opened it yet.
    item = daming.get_by_test_id("conversation-item").filter(has_text="兩人小組")
    await expect(item).to_contain_text("明天九點開會")
    await expect(item).to_contain_text("有未讀訊息")
    await expect(count).to_have_text("1 人中 0 人已讀")

    await open_conversation(daming, "兩人小組")
    await expect(said(daming, "明天九點開會")).to_be_visible()
    await expect(count).to_have_text("1 人中 1 人已讀")
    assert await is_marked(mei)


async def test_the_lists_name_who_has_read_and_who_has_not(office: Company, room: Room, screen: dict[str, Any]) -> None:
    await office.group("mei", "daming", "yijun", name="三人小組")
    mei = await room.seat(office["mei"], screen)
    daming = await room.seat(office["daming"], screen)
    yijun = await room.seat(office["yijun"], screen)
    await open_conversation(mei, "三人小組")
    await mark(mei)
    await write(mei, "請看附件")
    await open_conversation(daming, "三人小組")
    count = said(mei, "請看附件").get_by_test_id("read-state")
    await expect(count).to_have_text("2 人中 1 人已讀")

    await count.click()
    panel = mei.get_by_test_id("readers-panel")
    await expect_people(panel, "未讀 1", "陳怡君")
    await expect_people(panel, "已讀 1", "王大明")
    await expect_people(panel, "未讀 1", "陳怡君")

    # The open list follows: nobody touches this page any more.
    await open_conversation(yijun, "三人小組")
    await expect(panel.get_by_role("tab", name="未讀 0")).to_be_visible()
    await expect(panel.get_by_text("所有人都讀過了")).to_be_visible()
    await expect(panel.get_by_role("link")).to_have_count(0)
    await expect_people(panel, "已讀 2", "王大明", "陳怡君")
    await panel.get_by_role("button", name="關閉").click()
    await expect(count).to_have_text("2 人中 2 人已讀")
    assert await is_marked(mei)


async def expect_people(panel: Locator, tab: str, *names: str) -> None:
    """Press the tab: exactly these people stand there, in whatever order."""
    await panel.get_by_role("tab", name=tab).click()
    people = panel.get_by_role("link")
    await expect(people).to_have_count(len(names))
    for name in names:
        await expect(people.filter(has_text=name)).to_have_count(1)
