"""Every page through axe-core, light and dark, large and small; and the way by keyboard alone."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.chromium import Room, sign_in
from tests.browser.office import login_of, staff_list
from tests.browser.talking import said
from tests.browser.test_files import picture
from tests.support.live_server import PASSWORD, Company

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

AXE = Path(__file__).resolve().parents[2] / "web/node_modules/axe-core/axe.min.js"
# Dark differs in its colours only.
RUN = """
    axe.run(document, OPTIONS).then((found) => JSON.stringify(found.violations
        .filter(({impact}) => impact === "serious" || impact === "critical")
        .map(({id, nodes}) => [id, nodes.map(({html, failureSummary: why}) => `${html.slice(0, 200)} | ${why}`)])))
"""
# Two frames, in which the page hears of the other colours and is drawn in them; then what moves has come to rest.
SETTLED = """
    new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
        .then(() => Promise.all(document.getAnimations().map((moving) => moving.finished.catch(() => null))))
        .then(() => null)
"""
EVERYTHING: dict[str, Any] = {}
COLOURS: dict[str, Any] = {"runOnly": ["color-contrast"]}


async def test_no_page_has_a_serious_fault(office: Company, room: Room, screen: dict[str, Any]) -> None:
    room.forgive("status of 404")
    faults: list[str] = []
    group = await talked_in(office)
    mei = await room.seat(None, screen)
    await mei.goto("/w/sign-in")
    await mei.get_by_label("密碼", exact=True).fill("wrong")
    await mei.get_by_label("手機號碼或電子郵件").fill("nobody@example.com")
    await mei.get_by_role("button", name="登入", exact=True).click()
    await expect(mei.get_by_role("alert")).to_be_visible()
    await examine(mei, "sign in", faults)
    await mei.goto("/w/invite/none")
    await expect(mei.get_by_text("這個邀請不存在")).to_be_visible()
    await examine(mei, "an invitation that is gone", faults)
    invitation = await office["mei"].do("POST", "/invitations", {})
    await mei.goto(f"/w/invite/{invitation['code']}")
    await expect(mei.get_by_role("heading", name="加入釘板測試")).to_be_visible()
    await examine(mei, "an invitation", faults)

    await mei.goto("/w/sign-in")
    await sign_in(mei, login_of(office["mei"]))
    await expect(mei.get_by_test_id("conversation-item").first).to_be_visible()
    await examine(mei, "the list", faults)
    await mei.get_by_test_id("me-menu").click()
    await expect(mei.get_by_role("menu")).to_be_visible()
    await examine(mei, "my menu", faults)

    places = (
        (f"/w/messages/{group}", mei.get_by_role("img", name="[圖片]")),
        (f"/w/messages/{group}?panel=readers&seq=2", mei.get_by_test_id("readers-panel").get_by_role("tab").first),
        (f"/w/messages/{group}?panel=details", mei.get_by_test_id("details-panel").get_by_text("王大明")),
        (f"/w/messages/{group}?panel=thread&seq=3", mei.get_by_test_id("thread-panel").get_by_text("回覆你")),
        ("/w/messages/threads", mei.get_by_test_id("followed-thread")),
        ("/w/messages/bookmarks", mei.get_by_test_id("bookmark")),
        ("/w/messages/search?q=回應", mei.get_by_test_id("search-hit").first),
        ("/w/messages/search?q=火星", mei.get_by_text("找不到「火星」")),
        ("/w/contacts", mei.get_by_role("treeitem", name="研發部")),
        ("/w/contacts/members/daming", mei.get_by_role("heading", name="王大明", level=1)),
        ("/w/admin/import", mei.get_by_role("button", name="選擇檔案")),
        ("/w/nowhere", mei.get_by_text("找不到這個頁面")),
    )
    for path, there in places:
        await mei.goto(path)
        await expect(there).to_be_visible()
        await examine(mei, path, faults)

    await mei.goto("/w/contacts")
    await mei.get_by_role("treeitem", name="研發部").click()
    await expect(mei.get_by_role("main").get_by_role("link", name="王大明")).to_be_visible()
    await examine(mei, "a department", faults)
    await mei.goto("/w/admin/import")
    broken = staff_list([("new", "", "no address", "", "", "")])
    await mei.get_by_test_id("import-input").set_input_files(
        {"name": "broken.csv", "mimeType": "text/csv", "buffer": broken}
    )
    await expect(mei.get_by_role("table")).to_be_visible()
    await examine(mei, "import errors", faults)
    await mei.goto("/w/messages")
    await mei.get_by_test_id("new-group").click()
    await expect(mei.get_by_role("checkbox", name="林美玲")).to_be_visible()
    await examine(mei, "a new group", faults)
    assert not faults, "\n".join(faults)


async def test_nothing_urgent_or_calm_has_a_serious_fault(office: Company, room: Room, screen: dict[str, Any]) -> None:
    faults: list[str] = []
    ding = {"content": "三號線停機，請到現場", "userids": ["mei", "daming", "yijun"]}
    received = await office["zhiwei"].do("POST", "/dings", ding)
    sent = await office["mei"].do("POST", "/dings", ding)
    folder = {"name": "公司", "scope": "organisation", "rules": [{"kind": "groups"}]}
    await office["mei"].do("POST", "/folders", folder)
    seen = await office["mei"].get("/me/attention")
    quiet = {"revision": seen["revision"], "quiet_hours": {"enabled": True, "days": []}}
    await office["mei"].do("PATCH", "/me/attention", quiet)
    mei = await room.seat(office["mei"], screen)
    await expect(mei.get_by_test_id("ding-sheet")).to_be_visible()
    await examine(mei, "the sheet", faults)
    await mei.get_by_role("button", name="先看看").click()
    await expect(mei.get_by_test_id("ding-bar")).to_be_visible()
    await expect(mei.get_by_test_id("folder")).to_be_visible()
    await examine(mei, "the bar, and folders", faults)
    await mei.get_by_test_id("ding-bar").get_by_role("button", name="確認收到").click()
    await expect(mei.get_by_test_id("ding-bar")).to_have_count(0)
    places = (
        ("/w/dings?box=sent", mei.get_by_test_id("ding-item")),
        (f"/w/dings/{sent['id']}?box=sent", mei.get_by_test_id("ding-recipient").first),
        (f"/w/dings/{received['id']}", mei.get_by_role("button", name="送出回覆")),
        ("/w/settings/notifications", mei.get_by_label("時區")),
    )
    for path, there in places:
        await mei.goto(path)
        await expect(there).to_be_visible()
        await examine(mei, path, faults)
    await mei.goto("/w/dings")
    await mei.get_by_test_id("new-ding").click()
    await mei.get_by_role("button", name="自訂").click()
    await mei.get_by_label("定時發送").check()
    await examine(mei, "a new DING", faults)
    await mei.get_by_test_id("choose-recipients").click()
    await expect(mei.get_by_role("checkbox", name="整個研發部")).to_be_visible()
    await examine(mei, "its recipients", faults)
    await mei.goto("/w/messages")
    await mei.get_by_test_id("folders").click()
    await mei.get_by_role("button", name="新增分組").click()
    await mei.get_by_role("button", name="加規則").click()
    await examine(mei, "a new folder", faults)
    assert not faults, "\n".join(faults)


async def test_sign_in_send_and_read_list_by_keyboard_alone(office: Company, room: Room) -> None:
    group = await office.group("mei", "daming", "yijun", name="鍵盤小組")
    mei = await room.seat()
    keyboard = mei.keyboard
    await mei.goto("/w/sign-in")
    await expect(mei.get_by_label("手機號碼或電子郵件")).to_be_focused()
    await keyboard.type(login_of(office["mei"]))
    await keyboard.press("Tab")
    await expect(mei.get_by_label("密碼", exact=True)).to_be_focused()
    await keyboard.type(PASSWORD)
    await keyboard.press("Enter")

    link = mei.get_by_test_id("conversation-item").filter(has_text="鍵盤小組").get_by_role("link")
    await expect(link).to_be_visible()
    await tab_to(mei, link)
    await keyboard.press("Enter")
    await expect(mei.get_by_test_id("composer")).to_be_focused()
    await keyboard.type("第一行")
    await keyboard.press("Shift+Enter")
    await keyboard.type("第二行")
    await keyboard.press("Enter")
    await expect(said(mei, "第二行")).to_contain_text("第一行")
    await office["daming"].do("POST", f"/conversations/{group}/read", {})
    count = said(mei, "第二行").get_by_test_id("read-state")
    await expect(count).to_have_text("2 人中 1 人已讀")

    await tab_to(mei, count, key="Shift+Tab")
    await keyboard.press("Enter")
    panel = mei.get_by_test_id("readers-panel")
    await expect(panel.get_by_role("link", name="陳怡君")).to_be_visible()
    await tab_to(mei, panel.get_by_role("tab", name="未讀 1"))
    await keyboard.press("ArrowRight")
    await keyboard.press("Enter")
    await expect(panel.get_by_role("link", name="王大明")).to_be_visible()
    await tab_to(mei, panel.get_by_role("link", name="王大明"))
    await keyboard.press("Escape")
    await expect(panel).to_have_count(0)


async def talked_in(office: Company) -> str:
    """A group with one of every kind of message."""
    group = await office.group("mei", "daming", "yijun", name="什麼都有")
    mei, daming = office["mei"], office["daming"]
    await mei.send(group, "@王大明 請看 https://example.com", mentions=["daming"])
    seq = (await mei.send(group, "這裡有回應"))["seq"]
    await daming.do("PUT", f"/conversations/{group}/messages/{seq}/reactions/👍")
    await daming.send(group, "回覆你", reply_to=seq)
    await mei.do("PUT", f"/conversations/{group}/messages/{seq}/pin")
    await mei.do("PUT", f"/conversations/{group}/messages/{seq}/bookmark", {"note": "再看一次"})
    markdown = "# 標題\n\n**粗體** 和 `code`\n\n- 一\n- 二\n\n> 引用\n\n```\nx = 1\n```\n\n[連結](https://example.com)"
    path = f"/conversations/{group}/messages"
    await daming.do("POST", path, {"kind": "markdown", "content": {"text": markdown}})
    gone = (await daming.send(group, "收回的"))["seq"]
    await daming.do("POST", f"{path}/{gone}/recall")
    for name, content in (("報表.txt", "一二三".encode()), ("照片.png", picture(320, 200))):
        answer = await daming.ask("POST", "/files", files={"file": (name, content)})
        assert answer.status_code == 201, answer.text
        kind, file_id = ("image" if name.endswith("png") else "file"), answer.json()["file_id"]
        named = {"file_id": file_id} if kind == "image" else {"file_id": file_id, "name": name}
        await daming.do("POST", path, {"kind": kind, "content": named})
    return group


async def examine(page: Page, what: str, faults: list[str]) -> None:
    """Note the violations of these impacts, in light; and those of contrast in dark."""
    session = await page.context.new_cdp_session(page)
    # Past the page's content security policy, which would not let a test in either.
    await session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    for scheme, options in (("light", EVERYTHING), ("dark", COLOURS)):
        await page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
        await page.evaluate(SETTLED)
        expression = RUN.replace("OPTIONS", json.dumps(options))
        answer = await session.send(
            "Runtime.evaluate", {"expression": expression, "awaitPromise": True, "returnByValue": True}
        )
        found = json.loads(answer["result"]["value"])
        faults.extend(f"{what}, {scheme}: {rule}: {node}" for rule, nodes in found for node in nodes)
    await session.detach()
    await page.emulate_media(color_scheme="light")


async def tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Press Tab until this has the focus, as somebody without a mouse does."""
    for _ in range(40):
        if await wanted.evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press(key)
    raise AssertionError(f"{key} does not get to {wanted}")
