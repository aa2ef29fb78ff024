"""Any word is found again: two Chinese characters, the way to their place, and the way back to what was found."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.chromium import DESKTOP, PHONE, Room
from tests.browser.talking import said
from tests.support.live_server import Company

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_two_characters_are_found_shown_in_their_place_and_left_again(
    office: Company, room: Room, screen: dict[str, object]
) -> None:
    group = await office.group("mei", "daming", name="專案小組")
    other = await office.group("mei", "yijun", name="行銷小組")
    await office["daming"].send(group, "廠商的合約明天簽回")
    for number in range(120):
        await office["daming"].send(group, f"進度 {number}")
    await office["yijun"].send(other, "合約請法務再看一次")
    mei = await room.seat(office["mei"], screen)
    await mei.get_by_role("link", name="搜尋", exact=True).click()
    await mei.get_by_label("搜尋訊息").fill("合約")
    await mei.keyboard.press("Enter")
    hits = mei.get_by_test_id("search-hit")
    await expect(hits).to_have_count(2)
    await expect(hits.first).to_contain_text("行銷小組")
    await expect(hits.locator("mark")).to_have_text(["合約", "合約"])

    await hits.last.click()
    await expect(mei.get_by_role("heading", name="專案小組", level=1)).to_be_visible()
    await expect(said(mei, "廠商的合約明天簽回")).to_be_in_viewport()
    await expect(mei.get_by_test_id("to-latest")).to_be_visible()
    await mei.get_by_test_id("back-to-results").click()
    await expect(hits).to_have_count(2)
    await expect(mei.get_by_label("搜尋訊息")).to_have_value("合約")

    # By the browser's own way back too, and simplified characters find traditional ones.
    await hits.first.click()
    await expect(said(mei, "合約請法務再看一次")).to_be_in_viewport()
    await mei.go_back()
    await expect(hits).to_have_count(2)
    await mei.get_by_label("搜尋訊息").fill("合约")
    await mei.keyboard.press("Enter")
    await expect(mei).to_have_url(re.compile("q=%E5%90%88%E7%BA%A6"))
    await expect(hits).to_have_count(2)


async def test_filters_stand_in_the_address_and_refusals_say_why(office: Company, room: Room) -> None:
    room.forgive("status of 422")
    group = await office.group("mei", "daming", "yijun", name="專案小組")
    await office["daming"].send(group, "合約由大明送件")
    root = (await office["yijun"].send(group, "合約由怡君歸檔"))["seq"]
    await office["daming"].send(group, "合約影本在我這裡", reply_to=root)
    mei = await room.seat(office["mei"])
    await mei.goto("/w/messages/search?q=合約&by=yijun")
    hits = mei.get_by_test_id("search-hit")
    await expect(hits).to_have_count(1)
    await expect(hits).to_contain_text("由怡君歸檔")
    await mei.goto(f"/w/messages/search?q=合約&in={group}&kind=file")
    await expect(mei.get_by_text("找不到「合約」")).to_be_visible()
    await mei.goto("/w/messages/search?q=合約&to=2001-01-01")
    await expect(mei.get_by_text("找不到「合約」")).to_be_visible()

    # What was said in a thread is shown in its thread.
    await mei.goto("/w/messages/search?q=影本")
    await expect(hits).to_contain_text("討論串")
    await hits.click()
    await expect(mei.get_by_test_id("thread-panel").get_by_text("合約影本在我這裡")).to_be_visible()
    await mei.get_by_test_id("back-to-results").click()
    await expect(hits).to_have_count(1)

    for nothing in ("%", "'"):
        await mei.get_by_label("搜尋訊息").fill(nothing)
        await mei.keyboard.press("Enter")
        await expect(mei.get_by_role("alert")).to_have_attribute("data-code", "search.no_words")
    await mei.get_by_label("搜尋訊息").fill("長" * 201)
    await mei.keyboard.press("Enter")
    await expect(mei.get_by_role("alert")).to_have_attribute("data-code", "search.too_long")
