"""Addresses, organisations, and the door: every place can be linked to, and no place asks for the password twice."""

import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.chromium import Room, sign_in
from tests.browser.office import login_of, open_office
from tests.browser.talking import open_conversation, said
from tests.support.live_server import Company, LiveServer

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def test_an_address_survives_sign_in_reload_back_and_forward(office: Company, room: Room) -> None:
    first = await office.group("mei", "daming", name="甲群組")
    second = await office.group("mei", "daming", name="乙群組")
    for number in range(1, 41):
        await office["daming"].send(first, f"第 {number} 則")
    mei = await room.seat()
    heading = mei.get_by_role("heading", level=1)

    # A link that somebody sent: sign in on the way, and arrive at the message it names.
    link = f"/w/messages/{first}?at=5"
    await mei.goto(link)
    await expect(mei).to_have_url(re.compile(r"/w/sign-in\?next="))
    await sign_in(mei, login_of(office["mei"]))
    await expect(mei).to_have_url(room.url + link)
    await expect(heading).to_have_text("甲群組")
    named = mei.locator("[data-seq='5']")
    await expect(named).to_be_in_viewport()
    await mei.reload()
    await expect(named).to_be_in_viewport()

    await open_conversation(mei, "乙群組")
    await mei.get_by_test_id("conversation-details").click()
    await expect(mei).to_have_url(f"{room.url}/w/messages/{second}?panel=details")
    await mei.reload()
    await expect(mei.get_by_test_id("details-panel")).to_be_visible()
    await mei.get_by_role("link", name="通訊錄").click()
    await expect(mei.get_by_role("tree")).to_be_visible()
    await mei.go_back()
    await expect(mei.get_by_test_id("details-panel")).to_be_visible()
    await mei.go_back()
    await expect(mei.get_by_test_id("details-panel")).to_have_count(0)
    await expect(heading).to_have_text("乙群組")
    await mei.go_back()
    await expect(heading).to_have_text("甲群組")
    await mei.go_forward()
    await expect(heading).to_have_text("乙群組")


async def test_what_is_not_there_says_so(office: Company, room: Room) -> None:
    room.forgive("status of 404")
    mei = await room.seat(office["mei"])
    await mei.goto("/w/messages/00000000-0000-7000-8000-000000000000")
    await expect(mei.get_by_text("找不到這個對話")).to_be_visible()
    await mei.goto("/w/contacts/members/nobody")
    await expect(mei.get_by_text("沒有成功")).to_be_visible()
    await mei.goto("/w/nowhere")
    await expect(mei.get_by_text("找不到這個頁面")).to_be_visible()
    await mei.get_by_role("link", name="回到訊息").click()
    await expect(mei).to_have_url(f"{room.url}/w/messages")


async def test_another_organisation_is_one_press_away(
    server: LiveServer, office: Company, room: Room, screen: dict[str, Any]
) -> None:
    other = await open_office(server, name="第二家公司", guest=office["mei"])
    await office["mei"].do("POST", f"/memberships/{other.org_id}/confirm")
    await office.group("mei", "daming", name="第一家的群組")
    guests = await other["mei"].do(
        "POST", "/conversations", {"kind": "group", "name": "第二家的群組", "members": ["guest"]}
    )
    mei = await room.seat(office["mei"], screen)
    items = mei.get_by_test_id("conversation-item")
    await expect(items.filter(has_text="第一家的群組")).to_have_count(1)
    await expect(items.filter(has_text="第二家的群組")).to_have_count(0)

    await mei.get_by_test_id("me-menu").click()
    await mei.get_by_role("menuitemradio", name="第二家公司").click()
    await expect(items.filter(has_text="第二家的群組")).to_have_count(1)
    await expect(items.filter(has_text="第一家的群組")).to_have_count(0)
    await mei.reload()
    await open_conversation(mei, "第二家的群組")
    # Live too: the socket speaks for the organisation on the screen.
    await other["mei"].send(guests["id"], "歡迎")
    await expect(said(mei, "歡迎")).to_be_visible()

    await mei.goto("/w/messages")
    await mei.get_by_test_id("me-menu").click()
    await mei.get_by_role("menuitemradio", name="釘板測試").click()
    await expect(items.filter(has_text="第一家的群組")).to_have_count(1)


async def test_signed_out_is_out_on_every_page(office: Company, room: Room) -> None:
    await office.group("mei", "daming", name="保密小組")
    mei = await room.seat(office["mei"])
    second = await mei.context.new_page()
    await second.goto("/w/messages")
    await expect(second.get_by_text("保密小組").first).to_be_visible()

    await mei.get_by_test_id("me-menu").click()
    await mei.get_by_role("menuitem", name="登出").click()
    for page in (mei, second):
        await expect(page).to_have_url(re.compile(r"/w/sign-in"))
        await expect(page.get_by_text("保密小組")).to_have_count(0)
    await mei.go_back()
    await expect(mei).to_have_url(re.compile(r"/w/sign-in"))
    await mei.goto("/w/contacts")
    await expect(mei).to_have_url(re.compile(r"/w/sign-in"))
