"""Pictures of the main pages, for the README: `python -m tests.browser.screenshots [DIR]`.

`pegboard serve --demo` makes the demonstration company, some more of a morning is played through the API, and every
page is taken on a large and a small screen, in light and dark.
"""

import argparse
import asyncio
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, ImageDraw
from playwright.async_api import Browser, Page, expect

from pegboard.app import demo, demo_script
from tests.browser.chromium import DESKTOP, PHONE, Room, launched, sign_in
from tests.browser.office import staff_list

GROUP = "2.4 版上線"
SCREENS = {"desktop": DESKTOP, "phone": PHONE | {"device_scale_factor": 2}}
SCHEMES: tuple[Any, ...] = ("light", "dark")
CHECKLIST = """**上線檢查清單**

1. 備份 `pegboard backup create`
2. 資料庫遷移（約 40 秒，不停機）
3. 冒煙測試：登入、匯出、手機版
4. ~~通知客戶~~ 已由思涵完成

> 有任何一項失敗就回滾，不要等。"""
BROKEN = staff_list([
    ("wenhui", "林文慧", "wenhui@demo.example", "採購專員", "生產部/採購組", ""),
    ("yucheng", "", "yucheng@demo.example", "技師", "生產部", ""),
    ("zhihao", "周志豪", "zhihao@", "技師", "生產部", ""),
    ("wenhui", "林文惠", "wenhui2@demo.example", "採購專員", "生產部/採購組", ""),
])  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A page: where it is, and what has to be there before it is taken."""

    name: str
    path: str
    there: str


def main() -> None:
    """Make all pictures."""
    parser = argparse.ArgumentParser(description="Pictures of the main pages.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("docs/screenshots"))
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, served(Path(data, "data")) as url:
        asyncio.run(take(url, folder))
    total = sum(picture.stat().st_size for picture in folder.glob("*.png"))
    print(f"{folder}: {len(list(folder.glob('*.png')))} pictures, {total // 1024} KiB")


@contextmanager
def served(data: Path) -> Iterator[str]:
    """The program with its demonstration company; its address."""
    command = (sys.executable, "-m", "pegboard", "serve", "--demo", "--port", "0", "--data", str(data))
    path = os.pathsep.join(entry for entry in sys.path if entry)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": path}) as server:
        assert server.stdout is not None
        try:
            for line in server.stdout:
                if "ready" in line:
                    yield line.split()[-1]
                    break
            else:
                raise RuntimeError(f"the server ended with {server.wait()}")
        finally:
            server.terminate()


async def take(url: str, folder: Path) -> None:
    """Play the morning, then go round."""
    group, seq = await play(url)
    places = (
        Place(name="messages", path=f"/w/messages/{group}", there="[data-seq] img"),
        Place(name="read-list", path=f"/w/messages/{group}?panel=readers&seq={seq}", there="[role=tabpanel] a"),
        Place(name="contacts", path="/w/contacts", there="[role=treeitem]"),
        Place(name="member", path="/w/contacts/members/zhiwei", there="dl a"),
        Place(name="import", path="/w/admin/import", there="input[type=file]"),
    )
    async with launched() as browser:
        for size, screen in SCREENS.items():
            for scheme in SCHEMES:
                await go_round(browser, url, places, screen | {"color_scheme": scheme}, folder, f"{size}-{scheme}")


async def go_round(
    browser: Browser, url: str, places: tuple[Place, ...], screen: dict[str, Any], folder: Path, suffix: str
) -> None:
    """All pages on one kind of screen."""
    room = Room(browser=browser, url=url)
    page = await room.seat(None, screen)
    await page.goto("/w/sign-in")
    await expect(page.get_by_role("button", name="登入", exact=True)).to_be_visible()
    await page.get_by_label("手機號碼或電子郵件").fill(demo_script.OWNER.email)
    await page.get_by_label("密碼", exact=True).fill(demo.PASSWORD)
    await save(page, folder / f"sign-in-{suffix}.png")
    await sign_in(page, demo_script.OWNER.email, demo.PASSWORD)
    await expect(page.get_by_test_id("conversation-item").first).to_be_visible()
    if "is_mobile" in screen:
        await save(page, folder / f"list-{suffix}.png")
    for place in places:
        await page.goto(place.path)
        there = page.locator(place.there).first
        await expect(there).to_be_attached()
        if place.name == "contacts":
            await page.get_by_role("treeitem", name="業務部").click()
            await expect(page.get_by_role("main").get_by_role("link", name="客戶服務組")).to_be_visible()
        elif place.name == "import":
            file: Any = {"name": "員工名冊.csv", "mimeType": "text/csv", "buffer": BROKEN}
            await there.set_input_files(file)
            await expect(page.get_by_role("table")).to_be_visible()
        await save(page, folder / f"{place.name}-{suffix}.png")
    await room.leave()


async def save(page: Page, path: Path) -> None:
    """The page as it is, once everything on it has been drawn."""
    await page.mouse.move(0, 0)
    await page.wait_for_load_state("networkidle")
    await page.evaluate("document.fonts.ready.then(() => null)")
    taken = Image.open(io.BytesIO(await page.screenshot(animations="disabled", caret="hide")))
    taken.convert("RGB").save(path, optimize=True)


# --- the morning -----------------------------------------------------------------------------------------------------


async def play(url: str) -> tuple[str, int]:
    """More talk in `GROUP`: its id, and a message of the owner that some have read."""
    base = f"{url}/api/v1"

    async def person(userid: str) -> httpx.AsyncClient:
        login = next(one.email for one in demo_script.PEOPLE if one.userid == userid)
        client = httpx.AsyncClient(base_url=base, timeout=30, verify=False)
        answer = await client.post("/sessions", json={"login": login, "password": demo.PASSWORD})
        token = answer.raise_for_status().json()["token"]
        # The session's cookie would ask for its own proof; the token speaks alone.
        client.cookies.clear()
        client.headers["authorization"] = f"Bearer {token}"
        return client

    mei, junhong, guanlin, zhiwei = [await person(name) for name in ("mei", "junhong", "guanlin", "zhiwei")]
    conversations = (await mei.get("/conversations")).raise_for_status().json()["items"]
    group: str = next(found["id"] for found in conversations if found["name"] == GROUP)
    messages = f"/conversations/{group}/messages"

    async def say(who: httpx.AsyncClient, kind: str, content: dict[str, Any], **more: Any) -> int:
        answer = await who.post(messages, json={"kind": kind, "content": content, **more})
        seq: int = answer.raise_for_status().json()["seq"]
        return seq

    async def upload(who: httpx.AsyncClient, name: str, content: bytes) -> str:
        answer = await who.post("/files", files={"file": (name, content)})
        file_id: str = answer.raise_for_status().json()["file_id"]
        return file_id

    checklist = await say(zhiwei, "markdown", {"text": CHECKLIST})
    chart = await upload(guanlin, "通過率.png", drawn_chart())
    await say(guanlin, "image", {"file_id": chart})
    report = await upload(guanlin, "回歸測試報告.xlsx", bytes(184_320))
    await say(guanlin, "file", {"file_id": report, "name": "回歸測試報告.xlsx"})
    seq = await say(mei, "text", {"text": "看過了，照清單走。明早我七點到。"}, reply_to=checklist)
    for who, emoji in ((junhong, "👍"), (guanlin, "👍"), (zhiwei, "🎉")):
        (await who.put(f"{messages}/{seq}/reactions/{emoji}")).raise_for_status()
        (await who.post(f"/conversations/{group}/read", json={})).raise_for_status()
    (await mei.post(f"/conversations/{group}/read", json={})).raise_for_status()
    for client in (mei, junhong, guanlin, zhiwei):
        await client.aclose()
    return group, seq


def drawn_chart() -> bytes:
    """A bar chart as somebody pastes it."""
    image = Image.new("RGB", (720, 400), "#ffffff")
    draw = ImageDraw.Draw(image)
    for line in range(5):
        draw.line((60, 60 + 70 * line, 690, 60 + 70 * line), fill="#e3e8e7", width=2)
    for number, share in enumerate((0.62, 0.71, 0.78, 0.9, 0.97, 0.99)):
        left = 90 + number * 100
        draw.rectangle((left, 340 - round(280 * share), left + 56, 340), fill="#2a7f77" if number == 5 else "#9ccbc5")
    stored = io.BytesIO()
    image.save(stored, "PNG")
    return stored.getvalue()


if __name__ == "__main__":
    main()
