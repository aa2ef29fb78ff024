"""Leaving: what ends, what goes over, what stays; and coming back by hand."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from pegboard.kernel.realtime.hub import Hub
from pegboard.modules.directory.errors import OwnerStays
from pegboard.modules.directory.policy import MANAGE_MEMBERS
from pegboard.modules.directory.service.leaving import leave
from pegboard.modules.directory.views import AdminKind
from tests.modules.directory.conftest import Caller, Company, caller
from tests.modules.directory.joining.conftest import Office
from tests.modules.directory.joining.lists import staff_list

pytestmark = pytest.mark.anyio


class Socket:
    """Hears a topic."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def send_soon(self, frame: bytes) -> None:
        self.frames.append(frame)


async def hired(company: Company, http: httpx.AsyncClient, userid: str, *places: UUID) -> Caller:
    """A member who is signed in."""
    await company.member(userid, "", *places, account_id=await company.account())
    return await caller(company, http, userid)


async def test_who_leaves_is_signed_out_at_once_and_stays_readable(
    company: Company, office: Office, boss: Caller, http: httpx.AsyncClient
) -> None:
    li = await hired(company, http, "li")
    token = (await li("POST", "/tokens", status=201, json={"name": "script"}))["token"]
    socket, hub = Socket(), company.database.parts[Hub]
    hub.subscribe(socket, ("member", (await company.person("li")).member_id))
    left = await boss("POST", "/members/li/leave")
    assert (left["state"], left["departments"]) == ("left", [])
    assert await li.refused("GET", "/me", 401) == "session.required"
    script = Caller(http=http, headers={"authorization": f"Bearer {token}"})
    assert await script.refused("GET", "/me", 401) == "session.required"
    assert [b"session.ended" in frame for frame in socket.frames] == [True]
    assert (await boss("GET", "/members/li"))["name"] == "li"
    assert "li" not in [member["userid"] for member in (await boss("GET", "/members"))["items"]]
    (fact,) = await company.facts("member.left")
    assert (fact["handed_over_to"], fact["department_ids"]) == (None, [str(company.root)])
    assert (await company.facts("department.members_changed"))[-1]["left"] == [fact["member_id"]]
    assert await boss.refused("POST", "/members/li/leave", 409) == "member.wrong_state"


async def test_they_sign_in_no_more(office: Office, company: Company, boss: Caller, mobile: str) -> None:
    await office.take({"userid": "li", "mobile": mobile, "password": "a b c d"})
    await office.sign_in(mobile, "a b c d")
    await boss("POST", "/members/li/leave")
    with pytest.raises(Exception, match="wrong_credentials"):
        await office.sign_in(mobile, "a b c d")
    with pytest.raises(Exception, match="wrong_credentials"):
        await office.sign_in("li", "a b c d", org_code=company.created.corp_id)


async def test_suspending_closes_sockets_too(
    company: Company, office: Office, boss: Caller, http: httpx.AsyncClient
) -> None:
    li = await hired(company, http, "li")
    socket, hub = Socket(), company.database.parts[Hub]
    hub.subscribe(socket, ("member", (await company.person("li")).member_id))
    await boss("POST", "/members/li/suspend")
    assert len(socket.frames) == 1
    assert await li.refused("GET", "/members", 401)


async def test_departments_and_people_are_handed_over(company: Company, boss: Caller) -> None:
    lab = await company.department("Lab")
    for userid in ("chief", "li", "wang", "zhao", "chen"):
        await company.member(userid, "", lab)
    await _manage(boss, {"li": "chief", "wang": "li", "zhao": "wang", "chen": "li"})
    revision = (await boss("GET", f"/departments/{lab}"))["revision"]
    await boss("PATCH", f"/departments/{lab}", json={"leaders": ["li"], "revision": revision})
    # zhao reports to wang, and wang to li: as zhao takes over, wang cannot report to them.
    await boss("POST", "/members/li/leave", json={"hand_over_to": "zhao"})
    managers = {
        userid: (await boss("GET", f"/members/{userid}"))["manager_userid"] for userid in ("wang", "zhao", "chen")
    }
    assert managers == {"wang": "chief", "zhao": "wang", "chen": "zhao"}
    leaders = (await boss("GET", f"/departments/{lab}"))["leaders"]
    assert [leader["userid"] for leader in leaders] == ["zhao"]
    (fact,) = await company.facts("member.left")
    assert fact["handed_over_to"] == str((await company.person("zhao")).member_id)


async def _manage(boss: Caller, manager_of: dict[str, str]) -> None:
    for userid, manager in manager_of.items():
        revision = (await boss("GET", f"/members/{userid}"))["revision"]
        await boss("PATCH", f"/members/{userid}", json={"manager_userid": manager, "revision": revision})


async def test_without_an_heir_nobody_leads_and_manages(company: Company, boss: Caller) -> None:
    lab = await company.department("Lab")
    for userid in ("li", "wang"):
        await company.member(userid, "", lab)
    await _manage(boss, {"wang": "li"})
    await boss("PATCH", f"/departments/{lab}", json={"leaders": ["li"], "revision": 1})
    await boss("POST", "/members/li/leave", json={})
    assert (await boss("GET", "/members/wang"))["manager_userid"] is None
    assert (await boss("GET", f"/departments/{lab}"))["leaders"] == []


async def test_roles_and_powers_end(company: Company, boss: Caller, http: httpx.AsyncClient) -> None:
    lab = await company.department("Lab")
    await hired(company, http, "li", lab)
    await company.appoint("li", AdminKind.SUB, [MANAGE_MEMBERS.name], lab)
    role = (await boss("POST", "/roles", status=201, json={"name": "Fire warden"}))["id"]
    await boss("PUT", f"/roles/{role}/members/li", status=204)
    await boss("POST", "/members/li/leave")
    assert [admin["userid"] for admin in (await boss("GET", "/administrators"))["items"]] == ["boss"]
    assert (await boss("GET", "/roles"))["items"][0]["member_count"] == 0
    assert [fact["kind"] for fact in await company.facts("administrator.changed")] == ["sub", None]


@pytest.mark.parametrize("heir", ["nobody", "li", "gone"])
async def test_an_heir_is_an_active_member_and_another_one(company: Company, boss: Caller, heir: str) -> None:
    for userid in ("li", "gone"):
        await company.member(userid)
    await boss("POST", "/members/gone/leave")
    answer = await boss("POST", "/members/li/leave", status=422, json={"hand_over_to": heir})
    assert answer["error"]["fields"][0]["path"] == "hand_over_to"


async def test_the_owner_hands_the_organisation_over_first(
    company: Company, boss: Caller, http: httpx.AsyncClient
) -> None:
    ann = await hired(company, http, "ann")
    await company.appoint("ann", AdminKind.SUPER)
    assert await ann.refused("POST", "/members/boss/leave", 403) == "member.outranks"
    assert await ann.refused("POST", "/organisation/owner", 403, json={"userid": "ann"}) == "permission.denied"
    await boss("POST", "/organisation/owner", status=204, json={"userid": "ann"})
    kinds = {admin["userid"]: admin["kind"] for admin in (await boss("GET", "/administrators"))["items"]}
    assert kinds == {"ann": "owner", "boss": "super"}
    assert await boss.refused("POST", "/organisation/owner", 403, json={"userid": "boss"}) == "permission.denied"
    assert (await ann("POST", "/members/boss/leave", json={"hand_over_to": "ann"}))["state"] == "left"


async def test_the_owner_cannot_leave(company: Company) -> None:
    with pytest.raises(OwnerStays):
        async with company.work() as uow:
            await leave(uow, company.operator, "boss")


async def test_only_those_who_manage_members_let_them_leave(
    company: Company, boss: Caller, http: httpx.AsyncClient
) -> None:
    north, south = await company.department("North"), await company.department("South")
    sub, plain = await hired(company, http, "sub", north), await hired(company, http, "plain", north)
    await company.appoint("sub", AdminKind.SUB, [MANAGE_MEMBERS.name], north)
    await company.member("far", "", south)
    assert await plain.refused("POST", "/members/sub/leave", 403) == "permission.denied"
    assert await sub.refused("POST", "/members/far/leave", 403) == "permission.outside_scope"
    assert (await sub("POST", "/members/plain/leave"))["state"] == "left"


async def test_added_again_they_are_the_same_member(
    company: Company, office: Office, boss: Caller, mobile: str
) -> None:
    await office.take({"userid": "li", "name": "李明", "mobile": mobile, "title": "Clerk", "password": "a b c d"})
    before = await company.person("li")
    await boss("POST", "/members/li/leave")
    new: dict[str, Any] = {"userid": "li", "name": "Another Person"}
    assert await boss.refused("POST", "/members", 409, json=new) == "member.userid_taken"
    back = await boss("POST", "/members", status=201, json={"userid": "li", "name": "李明", "title": "Chief"})
    assert (back["state"], back["title"], back["mobile"]) == ("active", "Chief", mobile)
    assert (await company.person("li")).member_id == before.member_id
    assert (await office.sign_in(mobile, "a b c d")).org_id == company.org_id


async def test_an_import_does_not_bring_back_what_they_led(company: Company, office: Office, boss: Caller) -> None:
    await office.take({"userid": "li", "name": "李明"})
    await boss("POST", "/members/li/leave")
    await office.take_file(staff_list({"userid": "li", "name": "李明"}))
    li = await company.detail("li")
    assert (li.state, li.admin, li.roles, [place.leader for place in li.departments]) == ("active", None, (), [False])
