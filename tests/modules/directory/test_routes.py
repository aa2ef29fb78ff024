"""The directory over HTTP: shapes, statuses, refusals."""

from uuid import uuid4

import httpx
import pytest

from pegboard.modules.directory.views import AdminKind
from tests.modules.directory.conftest import PASSWORD, Caller, Company, caller, found

pytestmark = pytest.mark.anyio


@pytest.fixture
async def li(company: Company, http: httpx.AsyncClient) -> Caller:
    """A plain member."""
    await company.member("li", "李明", account_id=await company.account())
    return await caller(company, http, "li")


# --- me -------------------------------------------------------------------------------------------------------------


async def test_me(company: Company, boss: Caller, li: Caller) -> None:
    me = await boss("GET", "/me")
    assert (me["org"]["org_id"], me["org"]["code"]) == (str(company.org_id), company.created.corp_id)
    assert (me["member"]["userid"], me["member"]["admin"], me["user"]["name"]) == ("boss", "owner", "Boss")
    assert [(place["userid"], place["state"]) for place in me["organisations"]] == [("boss", "active")]
    assert "administrators.manage" in me["powers"]
    assert me["csrf_token"]
    assert (await li("GET", "/me"))["powers"] == []


async def test_me_in_no_organisation(company: Company, boss: Caller, http: httpx.AsyncClient) -> None:
    elsewhere = Caller(http=http, headers=boss.headers | {"pegboard-org": str(uuid4())})
    me = await elsewhere("GET", "/me")
    assert (me["org"], me["member"], me["powers"], len(me["organisations"])) == (None, None, [], 1)
    assert await elsewhere.refused("GET", "/members", 403) == "organisation.required"


async def test_the_last_used_organisation_is_the_default(company: Company, boss: Caller) -> None:
    del boss.headers["pegboard-org"]
    assert (await boss("GET", "/me"))["org"]["org_id"] == str(company.org_id)


async def test_nobody(http: httpx.AsyncClient) -> None:
    nobody = Caller(http=http, headers={})
    for path in ("/me", "/members", "/departments", "/audit", "/organisation"):
        assert await nobody.refused("GET", path, 401) == "session.required"


# --- organisation ---------------------------------------------------------------------------------------------------


async def test_organisation(boss: Caller, li: Caller) -> None:
    organisation = await li("GET", "/organisation")
    assert organisation["settings"] == {
        "read_lists": "on", "read_lists_up_to": None, "presence": False, "show_mobiles": False, "link_previews": True,
    }  # fmt: skip
    change = {"name": "New", "revision": organisation["revision"], "settings": {"read_lists_up_to": 500}}
    assert await li.refused("PATCH", "/organisation", 403, json=change) == "permission.denied"
    changed = await boss("PATCH", "/organisation", json=change)
    assert (changed["name"], changed["settings"]["read_lists_up_to"]) == ("New", 500)
    assert await boss.refused("PATCH", "/organisation", 409, json=change) == "revision.mismatch"
    for wrong in ({"settings": {"read_lists_up_to": 1}}, {"unknown": 1}, {"name": "x" * 65}):
        assert await boss.refused("PATCH", "/organisation", 422, json={"revision": 2, **wrong}) == "request.invalid"


# --- members --------------------------------------------------------------------------------------------------------


async def test_a_member_from_first_to_last(company: Company, boss: Caller, http: httpx.AsyncClient) -> None:
    made = await boss(
        "POST",
        "/members",
        status=201,
        json={
            "userid": "E1",
            "name": "王小明",
            "mobile": "139 1111 0000",
            "departments": ["root"],
            "manager_userid": "boss",
            "password": PASSWORD,
        },
    )
    assert made == await boss("GET", "/members/E1")
    assert made["departments"] == [
        {
            "id": str(company.root), "name": "Pegboard & Co", "path": ["Pegboard & Co"],
            "main": True, "leader": False, "order": 0,
        }
    ]  # fmt: skip
    answer = await http.post(
        "/sessions", json={"login": "E1", "password": PASSWORD, "org_code": company.created.corp_id}
    )
    assert answer.status_code == 201
    changed = await boss("PATCH", "/members/E1", json={"revision": made["revision"], "title": "經理", "mobile": None})
    assert (changed["title"], changed["mobile"], changed["name"]) == ("經理", None, "王小明")
    assert (await boss("POST", "/members/E1/suspend"))["state"] == "suspended"
    assert await boss.refused("POST", "/members/E1/suspend", 409) == "member.wrong_state"
    assert (await boss("POST", "/members/E1/resume"))["state"] == "active"


async def test_members_are_listed_and_found(company: Company, boss: Caller, li: Caller) -> None:
    assert [item["userid"] for item in (await li("GET", "/members"))["items"]] == ["boss", "li"]
    first = await li("GET", "/members", params={"limit": 1})
    second = await li("GET", "/members", params={"limit": 1, "cursor": first["next"]})
    assert (first["items"][0]["userid"], second["items"][0]["userid"], second["next"]) == ("boss", "li", None)
    (item,) = (await li("GET", "/members", params={"query": "李"}))["items"]
    assert item == {
        "userid": "li", "name": "李明", "title": "", "avatar_file_id": None, "state": "active",
        "main_department": {"id": str(company.root), "name": "Pegboard & Co"},
    }  # fmt: skip
    assert (await li("GET", "/members", params={"state": "invited"}))["items"] == []
    for wrong in ({"limit": 0}, {"limit": 201}, {"state": "nowhere"}, {"cursor": "!"}, {"query": "x" * 101}):
        assert await li.refused("GET", "/members", 422, params=wrong) == "request.invalid"
    assert await li.refused("GET", "/members", 404, params={"department_id": "x"}) == "department.not_found"


async def test_plain_members_change_nothing(company: Company, li: Caller) -> None:
    assert await li.refused("POST", "/members", 403, json={"name": "x"}) == "permission.denied"
    assert await li.refused("PATCH", "/members/boss", 403, json={"revision": 1, "title": "x"}) == "permission.denied"
    assert await li.refused("POST", "/members/boss/suspend", 403) == "permission.denied"
    assert (await li("PATCH", "/members/li", json={"revision": 1, "hide_mobile": True}))["hide_mobile"]


async def test_refusals_say_where(boss: Caller) -> None:
    answer = await boss("POST", "/members", status=422, json={"name": "a\u202eb"})
    assert [(field["path"], field["code"]) for field in answer["error"]["fields"]] == [("name", "invalid")]
    answer = await boss(
        "POST", "/members", status=422, json={"name": "x", "mobile": "1"}, headers={"accept-language": "zh-TW"}
    )
    assert answer["error"]["message"] == "部分輸入無法接受。" or answer["error"]["message"]
    assert await boss.refused("GET", "/members/nobody", 404) == "member.not_found"


# --- departments ----------------------------------------------------------------------------------------------------


async def test_a_department_from_first_to_last(company: Company, boss: Caller, li: Caller) -> None:
    made = await boss("POST", "/departments", status=201, json={"name": "Sales", "parent_id": "root"})
    assert made["path"] == [
        {"id": str(company.root), "name": "Pegboard & Co"}, {"id": made["id"], "name": "Sales"},
    ]  # fmt: skip
    team = await boss("POST", "/departments", status=201, json={"name": "Team", "parent_id": made["id"]})
    listed = await li("GET", "/departments")
    assert [(item["name"], item["child_count"]) for item in listed["items"]] == [("Sales", 1)]
    path = f"/departments/{made['id']}"
    changed = await boss("PATCH", path, json={"revision": 1, "name": "Sales & Co", "leaders": ["li"], "order": 3})
    assert (changed["name"], changed["leaders"], changed["order"]) == (
        "Sales & Co", [{"userid": "li", "name": "李明"}], 3,
    )  # fmt: skip
    cycle = {"revision": 2, "parent_id": team["id"]}
    assert await boss.refused("PATCH", path, 409, json=cycle) == "department.cycle"
    answer = await boss("DELETE", path, status=409, params={"revision": 2})
    assert answer["error"]["code"] == "department.not_empty"
    assert "0 members and 1 departments" in answer["error"]["message"]
    await boss("DELETE", f"/departments/{team['id']}", status=204, params={"revision": 1})
    await boss("DELETE", path, status=204, params={"revision": 2})
    assert await boss.refused("GET", path, 404) == "department.not_found"
    assert await li.refused("POST", "/departments", 403, json={"name": "x", "parent_id": "root"}) == "permission.denied"


async def test_the_people_of_a_department(company: Company, boss: Caller) -> None:
    sales = await company.department("Sales")
    for number in range(3):
        await company.member(f"s{number}", "", sales)
    page = await boss("GET", f"/departments/{sales}/members", params={"limit": 2})
    rest = await boss("GET", f"/departments/{sales}/members", params={"limit": 2, "cursor": page["next"]})
    assert [item["userid"] for item in (*page["items"], *rest["items"])] == ["s0", "s1", "s2"]
    assert [item["userid"] for item in (await boss("GET", "/departments/root/members"))["items"]] == ["boss"]


# --- roles and administrators ---------------------------------------------------------------------------------------


async def test_roles(boss: Caller, li: Caller) -> None:
    role = await boss("POST", "/roles", status=201, json={"name": "Cashier", "group": "Money"})
    await boss("PUT", f"/roles/{role['id']}/members/li", status=204)
    assert (await li("GET", "/roles"))["items"] == [role | {"member_count": 1}]
    assert (await li("GET", "/members/li"))["roles"] == [{"id": role["id"], "name": "Cashier"}]
    assert (await boss("PATCH", f"/roles/{role['id']}", json={"name": "Treasurer"}))["name"] == "Treasurer"
    await boss("DELETE", f"/roles/{role['id']}/members/li", status=204)
    await boss("DELETE", f"/roles/{role['id']}", status=204)
    assert await boss.refused("DELETE", f"/roles/{role['id']}", 404) == "role.not_found"
    assert await li.refused("POST", "/roles", 403, json={"name": "x"}) == "permission.denied"


async def test_administrators(company: Company, boss: Caller, li: Caller) -> None:
    sales = await company.department("Sales")
    body = {"kind": "sub", "departments": [str(sales)], "powers": ["directory.members.manage"]}
    made = await boss("PUT", "/administrators/li", json=body)
    assert made["departments"] == [{"id": str(sales), "name": "Sales"}]
    assert (await li("GET", "/me"))["powers"] == ["directory.members.manage"], "at once"
    assert [item["userid"] for item in (await li("GET", "/administrators"))["items"]] == ["boss", "li"]
    assert await li.refused("POST", "/members", 403, json={"name": "x"}) == "permission.outside_scope"
    await li("POST", "/members", status=201, json={"name": "x", "departments": [str(sales)]})
    await boss("DELETE", "/administrators/li", status=204)
    assert await li.refused("GET", "/administrators", 403) == "permission.denied"
    powers = await li("GET", "/powers", headers={"accept-language": "zh-TW"})
    titles = {item["name"]: item["title"] for item in powers["items"]}
    assert titles["directory.members.manage"] == "管理成員"
    assert "administrators.manage" not in titles


# --- audit ----------------------------------------------------------------------------------------------------------


async def test_audit(company: Company, boss: Caller, li: Caller) -> None:
    await boss("POST", "/departments", status=201, json={"name": "Sales", "parent_id": "root"})
    (entry,) = (await boss("GET", "/audit", params={"action": "department.created"}))["items"]
    assert (entry["actor"]["name"], entry["detail"]["name"]) == ("Boss", "Sales")
    page = await boss("GET", "/audit", params={"limit": 1, "actor": "boss"})
    assert (page["items"], page["next"]) == ([entry], None)
    assert (await boss("GET", "/audit", params={"before": "2020-01-01T00:00:00Z"}))["items"] == []
    assert await li.refused("GET", "/audit", 403) == "permission.denied"
    verified = await boss("GET", "/audit/verification")
    assert (verified["ok"], verified["first_bad_seq"]) == (True, None)
    assert verified["rows"] >= 3
    await company.appoint("li", AdminKind.SUB, ["audit.read"], company.root)
    assert (await li("GET", "/audit"))["items"]


# --- two organisations ----------------------------------------------------------------------------------------------


async def test_the_other_organisation_does_not_exist(company: Company, boss: Caller) -> None:
    other = await found(company.database, "Other")
    theirs = await other.department("Theirs")
    await other.member("spy", "諜")
    for path in (f"/departments/{theirs}", f"/departments/{theirs}/members", "/members/spy"):
        assert (await boss.refused("GET", path, 404)).endswith(".not_found")
    assert (await boss("GET", "/members", params={"query": "諜"}))["items"] == []
    body = {"kind": "sub", "departments": [str(theirs)], "powers": ["directory.members.manage"]}
    await company.member("li")
    assert await boss.refused("PUT", "/administrators/li", 404, json=body) == "department.not_found"
    headers = {"pegboard-org": str(other.org_id)}
    assert await boss.refused("GET", "/members", 403, headers=headers) == "organisation.required"
