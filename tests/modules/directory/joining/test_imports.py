"""Imports over HTTP: a file is sent, a job imports it, and its progress can be asked for."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from pegboard.kernel.clock import MovableClock
from pegboard.kernel.db import UnitOfWork, sql
from pegboard.modules.directory.policy import IMPORT
from pegboard.modules.directory.service import imports
from pegboard.modules.directory.views import AdminKind
from tests.modules.directory.conftest import Caller, Company, caller
from tests.modules.directory.joining.conftest import Office
from tests.modules.directory.joining.lists import crowd, staff_list

pytestmark = pytest.mark.anyio

_FILES = sql("SELECT count(*) FROM import_files WHERE org_id = :org_id")
_EARLIER = sql("UPDATE jobs SET run_at = now() WHERE name = 'directory.forget' AND org_id = :of")


async def send(who: Caller, data: bytes, name: str = "staff.csv", **params: Any) -> str:
    """Send a list; the import's id."""
    answer = await who("POST", "/imports", status=202, files={"file": (name, data)}, params=params)
    assert answer["state"] == "queued"
    import_id: str = answer["id"]
    return import_id


async def test_a_list_is_imported_in_the_background(office: Office, boss: Caller) -> None:
    import_id = await send(boss, staff_list(*crowd(25)))
    waiting = await boss("GET", f"/imports/{import_id}")
    assert (waiting["state"], waiting["rows_done"], waiting["finished_at"]) == ("queued", 0, None)
    assert await office.run_jobs() == 1
    done = await boss("GET", f"/imports/{import_id}")
    assert (done["state"], done["members"], done["departments"], done["created"]) == ("done", 25, 3, 25)
    assert (done["rows_total"], done["rows_done"], done["errors"], done["file_name"]) == (25, 25, [], "staff.csv")
    async with office.company.work() as uow:
        assert await uow.value(_FILES) == 0
    assert (await boss("GET", "/members/e7"))["name"] == "王7"


async def test_errors_are_listed_in_the_sender_s_language(office: Office, boss: Caller) -> None:
    data = staff_list({"userid": "li", "mobile": "abc"}, {"userid": "wang"})
    answer = await boss(
        "POST", "/imports", status=202, files={"file": ("a.csv", data)}, headers={"accept-language": "zh-TW"}
    )
    await office.run_jobs()
    refused = await boss("GET", f"/imports/{answer['id']}")
    assert (refused["state"], refused["members"], refused["errors_total"]) == ("refused", 0, 1)
    assert refused["errors"] == [
        {"row": 2, "column": "mobile", "code": "invalid", "message": "「abc」不是有效的電話號碼"}
    ]
    skipping = await send(boss, data, skip_errors="true")
    await office.run_jobs()
    stored = await boss("GET", f"/imports/{skipping}")
    assert (stored["state"], stored["members"], len(stored["errors"])) == ("done", 1, 1)


async def test_a_trial(office: Office, boss: Caller) -> None:
    import_id = await send(boss, staff_list(*crowd(5)), dry_run="true")
    await office.run_jobs()
    done = await boss("GET", f"/imports/{import_id}")
    assert (done["state"], done["dry_run"], done["members"], done["rows_done"]) == ("done", True, 5, 5)
    assert await boss.refused("GET", "/members/e1", 404) == "member.not_found"


async def test_what_is_no_staff_list(office: Office, boss: Caller) -> None:
    import_id = await send(boss, b"%PDF-1.7 \xff\xfe\x00\x01", "report.pdf")
    await office.run_jobs()
    refused = await boss("GET", f"/imports/{import_id}")
    (error,) = refused["errors"]
    assert (refused["state"], error["row"], error["code"]) == ("refused", 0, "import.unreadable")
    assert "neither CSV nor XLSX" in error["message"]


async def test_what_is_no_upload(boss: Caller) -> None:
    assert await boss.refused("POST", "/imports", 415, json={"file": "x"}) == "request.unsupported_media"
    assert await boss.refused("POST", "/imports", 422, files={"other": b"x"}) == "request.invalid"


async def test_a_file_that_is_too_large(boss: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "MAX_FILE_BYTES", 1000)
    assert await boss.refused("POST", "/imports", 413, files={"file": b"x" * 1001}) == "request.too_large"


async def test_no_more_than_some_at_once(office: Office, boss: Caller) -> None:
    for _ in range(3):
        await send(boss, staff_list({"userid": "li"}))
    refused = await boss.refused("POST", "/imports", 409, files={"file": staff_list({"userid": "li"})})
    assert refused == "import.too_many"
    assert await office.run_jobs() == 3
    await send(boss, staff_list({"userid": "li"}))
    await office.run_jobs()


async def test_progress_is_seen_while_the_list_is_stored(
    office: Office, boss: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = await send(boss, staff_list(*crowd(30)))
    monkeypatch.setattr("pegboard.modules.directory.service.import_storing._CHUNK", 10)
    seen: list[tuple[str, int, int]] = []
    show = imports._Run._show

    async def show_and_look(self: imports._Run, done: int, total: int) -> None:
        await show(self, done, total)
        now = await boss("GET", f"/imports/{import_id}")
        seen.append((now["state"], now["rows_done"], now["rows_total"]))
        assert await boss.refused("GET", "/members/e1", 404)  # not before all of it is true

    monkeypatch.setattr(imports._Run, "_show", show_and_look)
    await office.run_jobs()
    assert seen == [("running", done, 30) for done in (0, 10, 20, 30)]


async def test_a_job_that_runs_again_imports_once(office: Office, boss: Caller) -> None:
    """The process died between the import's commit and the job's."""
    import_id = await send(boss, staff_list(*crowd(5)))
    await office.run_jobs()
    told = await office.told()
    run = imports._Run(database=office.company.database, org_id=office.company.org_id, import_id=UUID(import_id))
    await run.run()
    assert await office.told() == told
    assert (await boss("GET", f"/imports/{import_id}"))["created"] == 5


@pytest.mark.parametrize(
    ("method", "path", "status"), [("DELETE", "/administrators/ann", 204), ("POST", "/members/ann/leave", 200)]
)
async def test_who_has_lost_the_power_imports_nothing_any_more(
    company: Company, office: Office, boss: Caller, http: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    await company.member("ann", account_id=await company.account())
    await company.appoint("ann", AdminKind.SUPER)
    ann = await caller(company, http, "ann")
    import_id = await send(ann, staff_list({"userid": "li"}))
    await boss(method, path, status=status)
    await office.run_jobs()
    (error,) = (await boss("GET", f"/imports/{import_id}"))["errors"]
    assert (error["row"], error["code"]) == (0, "permission.denied")


async def test_a_sub_administrator_sees_their_own_imports_only(
    company: Company, office: Office, boss: Caller, http: httpx.AsyncClient
) -> None:
    north = await company.department("North")
    await company.member("sub", "", north, account_id=await company.account())
    await company.member("plain", account_id=await company.account())
    await company.appoint("sub", AdminKind.SUB, [IMPORT.name], north)
    sub, plain = await caller(company, http, "sub"), await caller(company, http, "plain")
    theirs = await send(boss, staff_list({"userid": "a"}))
    own = await send(sub, staff_list({"userid": "b", "departments": "North"}))
    assert await sub.refused("GET", f"/imports/{theirs}", 404) == "import.not_found"
    assert (await sub("GET", f"/imports/{own}"))["state"] == "queued"
    assert (await boss("GET", f"/imports/{own}"))["state"] == "queued"
    assert await plain.refused("POST", "/imports", 403, files={"file": b"x"}) == "permission.denied"
    await office.run_jobs()
    assert (await sub("GET", f"/imports/{own}"))["state"] == "done"


async def test_outcomes_are_forgotten_after_a_month(office: Office, boss: Caller, clock: MovableClock) -> None:
    import_id = await send(boss, staff_list({"userid": "a"}))
    await office.run_jobs()
    for days, status in ((29, 200), (31, 404)):
        clock.offset = timedelta(days=days)
        async with UnitOfWork(office.company.database, system=True) as uow:
            await uow.execute(_EARLIER, of=office.company.org_id)
        assert await office.run_jobs() == 1
        clock.offset = timedelta()
        await boss("GET", f"/imports/{import_id}", status=status)
