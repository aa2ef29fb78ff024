"""Pictures of the main pages, for the README: `python -m tests.browser.screenshots [DIR]`.

The demonstration company is made on a fresh database, somebody's morning in it is played through the API, and every
page is taken on a large and a small screen, in light and dark.
"""

import argparse
import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio.from_thread import start_blocking_portal
from playwright.async_api import Browser, expect

from pegboard.app import demo, demo_script
from pegboard.kernel.ids import OrgId
from pegboard.kernel.postgres import EmbeddedPostgres
from tests.browser.chromium import DESKTOP, PHONE, Room, launched, sign_in
from tests.browser.office import Colleague, staff_list
from tests.support.live_server import LiveServer, running
from tests.support.postgres import SETTINGS, TestServer, make_template

GROUP = "2.4 版上線"
SCREENS = {"desktop": DESKTOP, "phone": PHONE | {"device_scale_factor": 2}}
SCHEMES: tuple[Any, ...] = ("light", "dark")
COLOURS = 128  # enough for flat pages, and a third of the bytes
BROKEN = staff_list([
    ("wenhui", "林文慧", "wenhui@demo.example", "採購", "生產部/採購組", ""),
    ("yucheng", "", "yucheng@demo.example", "技師", "生產部", ""),
    ("zhihao", "周志豪", "zhihao@", "技師", "生產部", ""),
    ("wenhui", "林文惠", "wenhui2@demo.example", "採購", "生產部/採購組", ""),
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
    with tempfile.TemporaryDirectory() as data, start_blocking_portal() as portal:
        engine = EmbeddedPostgres(Path(data, "postgres"), settings=SETTINGS)
        address = portal.call(engine.start)
        try:
            portal.call(make_template, address)
            database_url = TestServer(address=address, portal=portal).create_database()
            with running(database_url, Path(data, "files")) as server:
                asyncio.run(take(server, folder))
        finally:
            portal.call(engine.stop)


async def take(server: LiveServer, folder: Path) -> None:
    """Play the morning, then go round."""
    await server.acall(lambda: demo.announce_demo(server.parts))
    async with launched() as browser:
        people = {person.userid: await colleague(browser, server, person) for person in demo_script.PEOPLE[:12]}
        group, seq = await play(people)
        places = (
            Place(name="messages", path=f"/w/messages/{group}", there="[data-seq] img"),
            Place(name="readers", path=f"/w/messages/{group}?panel=readers&seq={seq}", there="[role=tabpanel] a"),
            Place(name="contacts", path="/w/contacts", there="[role=treeitem]"),
            Place(name="member", path="/w/contacts/members/zhiwei", there="dl a"),
        )
        for size, screen in SCREENS.items():
            for scheme in SCHEMES:
                room = Room(browser=browser, url=server.url)
                page = await room.seat(None, screen, color_scheme=scheme)
                await page.goto("/w/sign-in")
                await expect(page.get_by_role("button", name="登入", exact=True)).to_be_visible()
                await save(page, folder / f"sign-in-{size}-{scheme}.png")
                await sign_in(page, people["mei"])
                await expect(page.get_by_test_id("conversation-item").first).to_be_visible()
                if size == "phone":
                    await save(page, folder / f"conversations-{size}-{scheme}.png")
                for place in places:
                    await page.goto(place.path)
                    await expect(page.locator(place.there).first).to_be_visible()
                    if place.name == "contacts":
                        await open_department(page)
                    await save(page, folder / f"{place.name}-{size}-{scheme}.png")
                await page.goto("/w/admin/import")
                await page.get_by_test_id("import-input").set_input_files(
                    {"name": "員工名冊.csv", "mimeType": "text/csv", "buffer": BROKEN}
                )
                await expect(page.get_by_role("table")).to_be_visible()
                await save(page, folder / f"import-{size}-{scheme}.png")
                await room.leave()


async def colleague(browser: Browser, server: LiveServer, person: demo_script.Person) -> Colleague:
    """Somebody of the demonstration company, with a token."""
    context = await browser.new_context(base_url=server.url)
    answer = await context.request.post("/api/v1/sessions", data={"login": person.email, "password": demo.PASSWORD})
    assert answer.status == 201, await answer.text()
    token = (await answer.json())["token"]
    await context.close()
    return Colleague(
        server=server,
        userid=person.userid,
        member_id=None,
        token=token,
        org_id=OrgId(server.parts and __import__("uuid").UUID(int=0)),
        name=person.name,
        login=person.email,
    )
