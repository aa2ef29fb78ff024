"""The staff list through the browser: errors are shown and nothing is stored, then the mended list comes in."""

import secrets
from collections.abc import Sequence
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.chromium import Room
from tests.browser.office import Colleague, staff_list
from tests.support.live_server import PASSWORD, Company

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

COLUMNS = ("userid", "name", "email", "title", "departments", "manager_userid", "password")


async def test_a_broken_list_shows_its_errors_and_a_good_one_comes_in(
    office: Company, room: Room, screen: dict[str, Any]
) -> None:
    domain = f"{secrets.token_hex(6)}.example"
    good = [
        ("jiahao", "張家豪", f"jiahao@{domain}", "業務", "業務部", "zhiwei", PASSWORD),
        ("shufen", "吳淑芬", f"shufen@{domain}", "會計", "財務部", "mei", PASSWORD),
    ]
    broken = [
        *good,
        ("wenbin", "", f"wenbin@{domain}", "技師", "生產部", "", PASSWORD),
        ("liyun", "許麗雲", "no address", "技師", "生產部", "", PASSWORD),
        ("qingfa", "郭清發", f"qingfa@{domain}", "技師", "生產部", "nobody", PASSWORD),
        ("jiahao", "張家豪", f"jiahao2@{domain}", "業務", "業務部", "", PASSWORD),
    ]
    mei = await room.seat(office["mei"], screen)
    await mei.get_by_role("link", name="匯入").click()

    await mei.get_by_test_id("import-input").set_input_files(csv("broken.csv", broken))
    await expect(mei.get_by_text("發現 4 個錯誤")).to_be_visible()
    errors = mei.get_by_role("table").get_by_role("row")
    for row, column, problem in (
        (4, "name", "必填"),
        (5, "email", "格式錯誤"),
        (6, "manager_userid", "找不到"),
        (7, "userid", "重複"),
    ):
        found = errors.filter(has=mei.get_by_role("cell", name=str(row), exact=True))
        await expect(found).to_have_count(1)
        await expect(found).to_contain_text(f"{column}{problem}")
    await expect(mei.get_by_test_id("import-start")).to_be_disabled()
    assert await members(office) == 4

    await mei.get_by_role("button", name="換一個檔案").click()
    await mei.get_by_test_id("import-input").set_input_files(csv("good.csv", good))
    await expect(mei.get_by_text("沒有錯誤，可以匯入。")).to_be_visible()
    assert await members(office) == 4
    await mei.get_by_test_id("import-start").click()
    await expect(mei.get_by_test_id("import-result")).to_contain_text("已匯入 2 位成員")
    assert await members(office) == 6

    # They are in the tree at once, and can sign in.
    await mei.get_by_test_id("import-result").get_by_role("link", name="前往通訊錄").click()
    await expect(mei.get_by_role("treeitem", name="財務部")).to_contain_text("1")
    jiahao = Colleague(
        server=office.server,
        userid="jiahao",
        member_id=None,
        token="",
        org_id=office.org_id,
        name="張家豪",
        login=f"jiahao@{domain}",
    )
    await room.seat(jiahao, screen)


async def test_who_may_not_import_is_told_so(office: Company, room: Room) -> None:
    daming = await room.seat(office["daming"])
    await expect(daming.get_by_role("link", name="匯入")).to_have_count(0)
    await daming.goto("/w/admin/import")
    await expect(daming.get_by_text("您沒有這裡的權限")).to_be_visible()
    await expect(daming.get_by_test_id("import-input")).to_have_count(0)


def csv(name: str, rows: Sequence[tuple[str, ...]]) -> Any:
    """A file as the chooser takes it."""
    return {"name": name, "mimeType": "text/csv", "buffer": staff_list(rows, COLUMNS)}


async def members(office: Company) -> int:
    """How many people the company has."""
    return len((await office["mei"].get("/members", limit=200))["items"])
