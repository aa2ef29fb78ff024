"""Invitations over HTTP: who comes in, who has to wait, and what nobody learns."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from pegboard.kernel.clock import MovableClock
from pegboard.kernel.db import UnitOfWork, sql
from pegboard.modules.directory.policy import INVITE
from pegboard.modules.directory.service.inviting import Code
from pegboard.modules.directory.service.joining import InvitationRates
from pegboard.modules.directory.views import AdminKind
from pegboard.modules.identity import api as identity
from tests.modules.directory.conftest import PASSWORD, Caller, Company, caller, found
from tests.modules.directory.joining.conftest import Office

pytestmark = pytest.mark.anyio

OWN = "a secret of my own"
_AGAIN = sql("UPDATE jobs SET run_at = now() WHERE name = 'directory.forget' AND org_id = :of")
_HASHES = sql("SELECT password_hash FROM join_requests WHERE org_id = :org_id")


@pytest.fixture
def guest(http: httpx.AsyncClient) -> Caller:
    """Somebody who is not signed in."""
    return Caller(http=http, headers={})


async def invite(who: Caller, **terms: Any) -> str:
    """A new invitation's code."""
    made = await who("POST", "/invitations", status=201, json=terms)
    assert made["url"] == f"http://127.0.0.1:8700/w/invite/{made['code']}"
    code: str = made["code"]
    return code


async def accept(guest: Caller, code: str, status: int = 201, **who: Any) -> Any:
    return await guest("POST", f"/invitations/{code}/accept", status=status, json=who)


async def signed_in(office: Office, http: httpx.AsyncClient, login: str, password: str = OWN) -> Caller:
    session = await office.sign_in(login, password)
    return Caller(http=http, headers={"authorization": f"Bearer {session.token}"})


# --- coming in --------------------------------------------------------------------------------------------------------


async def test_somebody_new_comes_in(
    company: Company, office: Office, boss: Caller, guest: Caller, http: httpx.AsyncClient, mobile: str
) -> None:
    lab = await company.department("Lab")
    code = await invite(boss, department_id=str(lab))
    preview = await guest("GET", f"/invitations/{code}/preview")
    assert (preview["org_name"], preview["inviter_name"]) == ("Pegboard & Co", "Boss")
    assert (preview["needs_approval"], preview["name"]) == (False, None)
    came = await accept(guest, code, name="李明", mobile=mobile.removeprefix("+86"), password=OWN)
    assert (came["state"], came["org_id"]) == ("active", str(company.org_id))
    li = await signed_in(office, http, mobile)
    me = (await li("GET", "/me"))["member"]
    assert (me["userid"], me["name"], me["state"]) == (came["userid"], "李明", "active")
    assert [place["name"] for place in me["departments"]] == ["Lab"]
    assert (await boss("GET", f"/members/{came['userid']}"))["mobile"] == mobile
    assert (await company.facts("member.joined"))[-1]["department_ids"] == [str(lab)]
    (entry,) = (await boss("GET", "/audit?action=invitation.accepted"))["items"]
    assert entry["object"] == f"member:{came['userid']}"


async def test_an_account_comes_in_by_its_password(
    company: Company, office: Office, boss: Caller, guest: Caller, http: httpx.AsyncClient, mobile: str
) -> None:
    await office.account(mobile=mobile)
    code = await invite(boss)
    wrong = await accept(guest, code, 401, mobile=mobile, name="Me", password="another guess")
    assert wrong["error"]["code"] == "session.wrong_credentials"
    came = await accept(guest, code, mobile=mobile, name="Ignored", password=PASSWORD)
    assert (await boss("GET", f"/members/{came['userid']}"))["name"] == "Wanderer"
    me = await (await signed_in(office, http, mobile, PASSWORD))("GET", "/me")
    assert me["org"]["org_id"] == str(company.org_id)


async def test_somebody_signed_in_comes_in_with_nothing_more(
    company: Company, office: Office, boss: Caller, http: httpx.AsyncClient, email: str
) -> None:
    await office.account(email=email)
    code = await invite(boss)
    wanderer = await signed_in(office, http, email, PASSWORD)
    came = await accept(wanderer, code)
    assert (await boss("GET", f"/members/{came['userid']}"))["email"] == email
    again = await accept(wanderer, code, 409)
    assert again["error"]["code"] == "member.exists"


async def test_somebody_of_another_organisation_comes_in(
    company: Company, boss: Caller, http: httpx.AsyncClient
) -> None:
    elsewhere = await found(company.database, "Elsewhere")
    stranger = await caller(elsewhere, http, "boss")
    came = await accept(stranger, await invite(boss))
    assert came["org_id"] == str(company.org_id)
    places = (await stranger("GET", "/me"))["organisations"]
    assert {place["name"] for place in places} == {"Elsewhere", "Pegboard & Co"}


async def test_an_invited_member_says_yes_by_accepting(
    office: Office, boss: Caller, guest: Caller, mobile: str
) -> None:
    await office.account(mobile=mobile)
    await office.take({"userid": "li", "mobile": mobile})
    came = await accept(guest, await invite(boss, needs_approval=True), mobile=mobile, password=PASSWORD)
    assert (came["state"], came["userid"]) == ("active", "li")
    assert (await boss("GET", "/members/li"))["state"] == "active"


@pytest.mark.parametrize(
    ("who", "path", "code"),
    [
        ({"name": "Li", "password": OWN}, "mobile", "required"),
        ({"name": "Li", "email": "li@example.org"}, "password", "required"),
        ({"name": "Li", "email": "li@example.org", "password": "short"}, "password", "password.weak"),
        ({"name": "\u200b", "email": "li@example.org", "password": OWN}, "name", "blank"),
        ({"name": "Li", "mobile": "12", "password": OWN}, "mobile", "invalid"),
        ({"name": "Li", "email": "li", "password": OWN}, "email", "invalid"),
    ],
)
async def test_what_is_missing(boss: Caller, guest: Caller, who: dict[str, str], path: str, code: str) -> None:
    answer = await accept(guest, await invite(boss), 422, **who)
    assert [(field["path"], field["code"]) for field in answer["error"]["fields"]] == [(path, code)]


async def test_mobile_and_email_of_two_people(
    office: Office, boss: Caller, guest: Caller, mobile: str, email: str
) -> None:
    await office.account(mobile=mobile)
    await office.account(email=email)
    answer = await accept(guest, await invite(boss), 409, name="Li", mobile=mobile, email=email, password=PASSWORD)
    assert answer["error"]["code"] == "member.logins_disagree"


async def test_nobody_takes_over_a_colleague_without_a_password(
    office: Office, boss: Caller, guest: Caller, mobile: str
) -> None:
    await office.take({"userid": "li", "mobile": mobile})
    await accept(guest, await invite(boss), 401, name="Mallory", mobile=mobile, password=OWN)


# --- how long and how often -------------------------------------------------------------------------------------------


async def test_codes_that_lead_nowhere_look_the_same(
    company: Company, boss: Caller, guest: Caller, clock: MovableClock
) -> None:
    used_up, revoked = await invite(boss, max_uses=1), await boss("POST", "/invitations", status=201, json={})
    await accept(guest, used_up, name="Li", email=f"{uuid4()}@example.com", password=OWN)
    await boss("DELETE", f"/invitations/{revoked['id']}", status=204)
    expired = await invite(boss, expires_in_hours=1)
    known = Code.new(company.org_id).text
    answers = []
    clock.offset = timedelta(hours=2)
    for code in (
        used_up,
        revoked["code"],
        expired,
        known,
        Code.new(identity_of_nobody()).text,
        "abc",
        "ü" * 43,
        "a" * 43,
    ):
        for method, path in (("GET", "preview"), ("POST", "accept")):
            body: dict[str, Any] = (
                {"json": {"name": "Li", "email": "x@example.com", "password": OWN}} if method == "POST" else {}
            )
            answer = await guest(method, f"/invitations/{code}/{path}", status=404, **body)
            answer["error"].pop("request_id")
            answers.append(answer)
    clock.offset = timedelta()
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["error"]["code"] == "invitation.not_found"


def identity_of_nobody() -> Any:
    return uuid4()


async def test_the_last_use_is_one_person_s(boss: Caller, guest: Caller) -> None:
    code = await invite(boss, max_uses=2)
    people = [{"name": f"P{n}", "email": f"{uuid4()}@example.com", "password": OWN} for n in range(4)]
    answers = await asyncio.gather(*(guest.http.post(f"/invitations/{code}/accept", json=person) for person in people))
    assert sorted(answer.status_code for answer in answers) == [201, 201, 404, 404]


async def test_invitations_are_listed_without_their_codes(company: Company, boss: Caller) -> None:
    for _ in range(3):
        await invite(boss, max_uses=5, needs_approval=True)
    page = await boss("GET", "/invitations?limit=2")
    rest = await boss("GET", f"/invitations?limit=2&cursor={page['next']}")
    items = page["items"] + rest["items"]
    assert (len(page["items"]), len(items), rest["next"]) == (2, 3, None)
    assert {(item["uses"], item["max_uses"], item["inviter_userid"]) for item in items} == {(0, 5, "boss")}
    assert not any("code" in key or "url" in key for item in items for key in item)
    await boss("DELETE", f"/invitations/{items[0]['id']}", status=204)
    assert len((await boss("GET", "/invitations"))["items"]) == 2
    assert await boss.refused("DELETE", f"/invitations/{items[0]['id']}", 404) == "invitation.not_found"


async def test_invitations_of_who_left_lead_nowhere(
    company: Company, boss: Caller, guest: Caller, http: httpx.AsyncClient
) -> None:
    await company.member("ann", account_id=await company.account())
    await company.appoint("ann", AdminKind.SUPER)
    code = await invite(await caller(company, http, "ann"))
    await boss("POST", "/members/ann/leave")
    assert await guest.refused("GET", f"/invitations/{code}/preview", 404) == "invitation.not_found"


async def test_an_address_may_not_ask_all_the_time(company: Company, boss: Caller, guest: Caller) -> None:
    code = await invite(boss)
    company.database.parts.put(InvitationRates, InvitationRates(rate=0.001, burst=2))
    for _ in range(2):
        await guest("GET", f"/invitations/{code}/preview")
    assert await guest.refused("GET", f"/invitations/{code}/preview", 429) == "rate.exceeded"
    body = {"name": "Li", "email": "x@example.com", "password": OWN}
    assert await guest.refused("POST", f"/invitations/{code}/accept", 429, json=body) == "rate.exceeded"


async def test_a_sub_administrator_invites_into_their_departments(
    company: Company, boss: Caller, guest: Caller, http: httpx.AsyncClient
) -> None:
    north, south = await company.department("North"), await company.department("South")
    await company.member("sub", "", north, account_id=await company.account())
    await company.member("plain", account_id=await company.account())
    await company.appoint("sub", AdminKind.SUB, [INVITE.name], north)
    sub, plain = await caller(company, http, "sub"), await caller(company, http, "plain")
    assert await plain.refused("POST", "/invitations", 403, json={}) == "permission.denied"
    assert await sub.refused("POST", "/invitations", 403, json={}) == "permission.outside_scope"
    assert (
        await sub.refused("POST", "/invitations", 403, json={"department_id": str(south)}) == "permission.outside_scope"
    )
    theirs = await boss("POST", "/invitations", status=201, json={"department_id": str(south)})
    await invite(sub, department_id=str(north))
    assert [item["department_name"] for item in (await sub("GET", "/invitations"))["items"]] == ["North"]
    assert await sub.refused("DELETE", f"/invitations/{theirs['id']}", 404) == "invitation.not_found"


# --- waiting for a yes ------------------------------------------------------------------------------------------------


async def test_who_has_to_wait_is_nobody_until_somebody_says_yes(
    company: Company, office: Office, boss: Caller, guest: Caller, http: httpx.AsyncClient, mobile: str
) -> None:
    code = await invite(boss, needs_approval=True)
    person: dict[str, Any] = {"name": "李明", "mobile": mobile, "password": OWN}
    for _ in range(2):  # asking again changes nothing
        assert (await accept(guest, code, **person))["state"] == "waiting"
    async with company.work() as uow:
        assert await identity.find_account(uow, mobile=mobile) is None
    (waiting,) = (await boss("GET", "/join-requests"))["items"]
    assert (waiting["name"], waiting["mobile"]) == ("李明", mobile)
    assert [fact["request_id"] for fact in await company.facts("join.requested")] == [waiting["id"]]
    member = await boss("POST", f"/join-requests/{waiting['id']}/approve")
    assert (member["name"], member["state"]) == ("李明", "active")
    assert (await (await signed_in(office, http, mobile))("GET", "/me"))["member"]["userid"] == member["userid"]
    assert (await boss("GET", "/join-requests"))["items"] == []
    again = await boss.refused("POST", f"/join-requests/{waiting['id']}/approve", 404)
    assert again == "join_request.not_found"
    async with company.work() as uow:
        assert [row["password_hash"] for row in await uow.rows(_HASHES)] == [None]


async def test_who_is_turned_away_is_nobody(company: Company, boss: Caller, guest: Caller, mobile: str) -> None:
    code = await invite(boss, needs_approval=True)
    await accept(guest, code, name="Li", mobile=mobile, password=OWN)
    (waiting,) = (await boss("GET", "/join-requests"))["items"]
    await boss("POST", f"/join-requests/{waiting['id']}/reject", status=204)
    async with company.work() as uow:
        assert await identity.find_account(uow, mobile=mobile) is None
        assert [row["password_hash"] for row in await uow.rows(_HASHES)] == [None]


async def test_an_account_that_came_about_while_they_waited_is_only_invited(
    office: Office, boss: Caller, guest: Caller, mobile: str
) -> None:
    """The one who asked had shown nothing but a number."""
    await accept(guest, await invite(boss, needs_approval=True), name="Li", mobile=mobile, password=OWN)
    await office.account(mobile=mobile)
    (waiting,) = (await boss("GET", "/join-requests"))["items"]
    assert (await boss("POST", f"/join-requests/{waiting['id']}/approve"))["state"] == "invited"
    with pytest.raises(Exception, match="wrong_credentials"):
        await office.sign_in(mobile, OWN)


async def test_who_left_has_to_wait_and_is_the_same_member(
    company: Company, office: Office, boss: Caller, guest: Caller, mobile: str
) -> None:
    await office.take({"userid": "li", "mobile": mobile, "password": OWN})
    before = await company.person("li")
    await boss("POST", "/members/li/leave")
    other = await found(company.database, "Elsewhere")
    await Office(company=other).take({"userid": "x", "mobile": mobile})
    assert (await accept(guest, await invite(boss), mobile=mobile, password=OWN))["state"] == "waiting"
    (waiting,) = (await boss("GET", "/join-requests"))["items"]
    assert (await boss("POST", f"/join-requests/{waiting['id']}/approve"))["userid"] == "li"
    after = await company.person("li")
    assert (after.member_id, after.state) == (before.member_id, "active")


async def test_requests_for_other_departments_are_not_a_sub_administrator_s(
    company: Company, boss: Caller, guest: Caller, http: httpx.AsyncClient
) -> None:
    north, south = await company.department("North"), await company.department("South")
    await company.member("sub", "", north, account_id=await company.account())
    await company.appoint("sub", AdminKind.SUB, [INVITE.name], north)
    sub = await caller(company, http, "sub")
    for place in (north, south):
        code = await invite(boss, needs_approval=True, department_id=str(place))
        await accept(guest, code, name="Li", email=f"{uuid4()}@example.com", password=OWN)
    items = {item["department_name"]: item["id"] for item in (await boss("GET", "/join-requests"))["items"]}
    assert [item["department_name"] for item in (await sub("GET", "/join-requests"))["items"]] == ["North"]
    assert await sub.refused("POST", f"/join-requests/{items['South']}/approve", 404) == "join_request.not_found"
    await sub("POST", f"/join-requests/{items['North']}/reject", status=204)


# --- a member's first password ----------------------------------------------------------------------------------------


async def test_a_member_chooses_their_first_password(
    office: Office, boss: Caller, guest: Caller, http: httpx.AsyncClient, mobile: str
) -> None:
    await office.take({"userid": "li", "name": "李明", "mobile": mobile})
    code = await invite(boss, userid="li")
    assert (await guest("GET", f"/invitations/{code}/preview"))["name"] == "李明"
    await accept(guest, code, 422, password="123")
    assert (await accept(guest, code, password=OWN))["userid"] == "li"
    assert (await (await signed_in(office, http, mobile))("GET", "/me"))["member"]["userid"] == "li"
    await accept(guest, code, 404, password="another one of mine")
    assert await boss.refused("POST", "/invitations", 409, json={"userid": "li"}) == "invitation.has_password"


async def test_an_added_member_without_a_password_says_yes_by_choosing_one(
    boss: Caller, guest: Caller, mobile: str
) -> None:
    await boss("POST", "/members", status=201, json={"userid": "li", "name": "Li", "mobile": mobile})
    assert (await boss("GET", "/members/li"))["state"] == "invited"
    await accept(guest, await invite(boss, userid="li"), password=OWN)
    assert (await boss("GET", "/members/li"))["state"] == "active"


async def test_no_organisation_gives_away_an_account_that_others_share(
    company: Company, office: Office, boss: Caller, guest: Caller, mobile: str
) -> None:
    await office.take({"userid": "li", "mobile": mobile})
    code = await invite(boss, userid="li")
    elsewhere = Office(company=await found(company.database, "Elsewhere"))
    await elsewhere.take({"userid": "x", "mobile": mobile})
    await accept(guest, code, 404, password=OWN)
    assert await boss.refused("POST", "/invitations", 409, json={"userid": "li"}) == "invitation.has_password"


# --- one's own yes or no ----------------------------------------------------------------------------------------------


async def test_an_invited_account_says_yes(
    company: Company, office: Office, boss: Caller, http: httpx.AsyncClient, mobile: str
) -> None:
    await office.account(mobile=mobile)
    await office.take({"userid": "li", "mobile": mobile})
    li = await signed_in(office, http, mobile, PASSWORD)
    assert await li.refused("GET", "/members", 403) == "organisation.required"
    key = {"idempotency-key": "once"}
    for _ in range(2):
        yes = await li("POST", f"/memberships/{company.org_id}/confirm", headers=key)
        assert yes == {"org_id": str(company.org_id), "userid": "li", "state": "active"}
    assert (await li("GET", "/me"))["member"]["userid"] == "li"
    assert len(await company.facts("member.joined")) == 2
    assert await boss.refused("POST", f"/memberships/{uuid4()}/confirm", 404) == "membership.not_found"


async def test_an_invited_account_says_no(
    company: Company, office: Office, boss: Caller, http: httpx.AsyncClient, mobile: str
) -> None:
    await office.account(mobile=mobile)
    await office.take({"userid": "li", "mobile": mobile})
    li = await signed_in(office, http, mobile, PASSWORD)
    await li("POST", f"/memberships/{company.org_id}/decline", status=204)
    assert (await boss("GET", "/members/li"))["state"] == "left"
    assert await boss.refused("POST", f"/memberships/{company.org_id}/decline", 404) == "invitation.not_found"
    assert len(await company.facts("department.members_changed")) == 1


# --- forgetting -------------------------------------------------------------------------------------------------------


async def test_what_is_over_is_forgotten_after_a_month(
    company: Company, office: Office, boss: Caller, guest: Caller, clock: MovableClock
) -> None:
    code = await invite(boss, needs_approval=True, expires_in_hours=24)
    await accept(guest, code, name="Li", email=f"{uuid4()}@example.com", password=OWN)
    left = []
    for days in (29, 30.5, 31.5):
        clock.offset = timedelta(days=days)
        async with UnitOfWork(company.database, system=True) as uow:
            await uow.execute(_AGAIN, of=company.org_id)
        await office.run_jobs()
        left.append(await _kept(company))
    clock.offset = timedelta()
    assert left == [(1, 1), (1, 0), (0, 0)]


async def _kept(company: Company) -> tuple[int, int]:
    async with company.work() as uow:
        return (
            await uow.value(sql("SELECT count(*) FROM invitations WHERE org_id = :org_id")),
            await uow.value(sql("SELECT count(*) FROM join_requests WHERE org_id = :org_id")),
        )


def test_codes() -> None:
    org_id: Any = uuid4()
    code = Code.new(org_id)
    assert (Code.read(code.text).org_id, len(code.text)) == (org_id, 43)
    assert code.text not in code.hash
    assert isinstance(Code.read(code.text).org_id, UUID)
