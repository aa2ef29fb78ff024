"""From the tree of departments to a word with somebody, and the same by search."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.chromium import Room
from tests.browser.talking import open_conversation, said, write
from tests.support.live_server import Company

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def test_from_the_tree_to_a_direct_message_that_is_read(
    office: Company, room: Room, screen: dict[str, Any]
) -> None:
    mei = await room.seat(office["mei"], screen)
    daming = await room.seat(office["daming"], screen)
    await mei.get_by_role("link", name="通訊錄").click()
    await mei.get_by_role("treeitem", name="研發部").click()
    await expect(mei.get_by_role("heading", name="研發部", level=1)).to_contain_text("2 人")
    await mei.get_by_role("main").get_by_role("link", name="王大明").click()
    await expect(mei.get_by_role("heading", name="王大明", level=1)).to_be_visible()
    await expect(mei.get_by_role("definition").filter(has_text="研發部")).to_be_visible()

    await mei.get_by_test_id("send-message").click()
    await expect(mei.get_by_role("heading", name="王大明", level=1)).to_be_visible()
    await write(mei, "你好，我是美玲")
    state = said(mei, "你好，我是美玲").get_by_test_id("read-state")
    await expect(state).to_have_text("未讀")
    await open_conversation(daming, "林美玲")
    await expect(said(daming, "你好，我是美玲")).to_be_visible()
    await expect(state).to_have_text("已讀")


async def test_initials_and_syllables_find_people(office: Company, room: Room) -> None:
    mei = await room.seat(office["mei"])
    await mei.get_by_role("link", name="通訊錄").click()
    box = mei.get_by_role("textbox", name="搜尋人員")
    found = mei.get_by_role("list", name="搜尋結果").get_by_role("listitem")
    for typed, name in (("wdm", "王大明"), ("chenyi", "陳怡君"), ("志偉", "李志偉")):
        await box.fill(typed)
        await expect(found).to_have_count(1)
        await expect(found).to_contain_text(name)
    await box.fill("zzz")
    await expect(mei.get_by_text("找不到符合的人")).to_be_visible()
    await box.fill("wdm")
    await found.get_by_role("link").click()
    await expect(mei).to_have_url(f"{room.url}/w/contacts/members/daming")
    await expect(mei.get_by_role("heading", name="王大明", level=1)).to_be_visible()
