"""Who may call what: bearer and cookie, CSRF, organisations, powers, rates."""

import httpx
import pytest
from litestar import get

from pegboard.kernel.http.application import http_application
from pegboard.kernel.http.permissions import MEMBER, Permission, UnregisteredRoute, requires
from pegboard.kernel.http.rates import RequestRates
from pegboard.kernel.ids import OrgId, uuid7
from pegboard.kernel.parts import Parts
from tests.kernel.http.conftest import CSRF, KEEP_THINGS, People
from tests.kernel.http.test_refusals import refusal

pytestmark = pytest.mark.anyio

THING = f"/things/{uuid7()}"


async def test_nobody_is_refused_before_the_body_is_looked_at(http: httpx.AsyncClient) -> None:
    for headers in ({"authorization": ""}, {"authorization": "Bearer unknown"}, {"authorization": "Basic bWVp"}):
        response = await http.post("/things", json={"wrong": 1}, headers=headers)
        refusal(response, 401, "session.required")
        assert response.headers["www-authenticate"] == "Bearer"


async def test_a_member_level_route_needs_an_organisation(http: httpx.AsyncClient) -> None:
    headers = {"authorization": "Bearer nowhere"}
    refusal(await http.get("/things", headers=headers), 403, "organisation.required")
    assert (await http.post("/accounts", headers=headers)).status_code == 201


async def test_an_unreadable_organisation_is_nobodys(http: httpx.AsyncClient) -> None:
    refusal(await http.get("/things", headers={"pegboard-org": "x"}), 403, "organisation.required")


async def test_the_wanted_organisation_reaches_the_authenticator(
    http: httpx.AsyncClient, people: People, org_id: OrgId
) -> None:
    await http.get("/things", headers={"pegboard-org": str(org_id)})
    assert people.asked[-1].wanted_org == org_id


async def test_a_power_is_needed_where_the_route_says_so(http: httpx.AsyncClient) -> None:
    refusal(await http.delete(THING), 403, "permission.denied")
    assert (await http.delete(THING, headers={"authorization": "Bearer admin"})).status_code == 204


@pytest.mark.parametrize("cookie", ["pegboard", "__Host-pegboard"])
async def test_a_write_by_cookie_needs_the_pages_token(http: httpx.AsyncClient, cookie: str) -> None:
    headers = {"cookie": f"a=b; {cookie}=mei; c=d"}
    del http.headers["authorization"]
    assert (await http.get("/things", headers=headers)).status_code == 200
    body = {"name": "x"}
    refusal(await http.post("/things", json=body, headers=headers), 403, "session.csrf")
    wrong = {**headers, "pegboard-csrf": "guessed"}
    refusal(await http.post("/things", json=body, headers=wrong), 403, "session.csrf")
    right = {**headers, "pegboard-csrf": CSRF}
    assert (await http.post("/things", json=body, headers=right)).status_code == 201


async def test_beside_a_bearer_cookies_count_for_nothing(http: httpx.AsyncClient) -> None:
    response = await http.get("/things", headers={"authorization": "Bearer unknown", "cookie": "pegboard=mei"})
    refusal(response, 401, "session.required")
    assert (await http.get("/public", headers={"authorization": "Bearer unknown"})).json() == {"known": False}
    assert (await http.get("/public")).json() == {"known": True}


async def test_over_the_rate_is_429_with_the_time_to_wait(
    http: httpx.AsyncClient, parts: Parts, people: People, org_id: OrgId
) -> None:
    seconds = 0.0
    parts.put(RequestRates, RequestRates(0.5, 3, seconds=lambda: seconds))
    people.add("other", org_id)
    assert [(await http.get("/things")).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = await http.get("/things")
    refusal(refused, 429, "rate.exceeded")
    assert refused.headers["retry-after"] == "2"
    assert (await http.get("/things", headers={"authorization": "Bearer other"})).status_code == 200
    seconds = 2.0
    assert (await http.get("/things")).status_code == 200


async def test_without_an_account_the_address_counts(http: httpx.AsyncClient, parts: Parts) -> None:
    parts.put(RequestRates, RequestRates(0.5, 1))
    assert [(await http.get("/public")).status_code for _ in range(2)] == [200, 429]


@get("/unregistered")
async def names_nothing() -> None:
    pass


@get("/undeclared", opt=requires(Permission(name="things.guess", level="member", scope="organisation")))
async def names_an_unknown_one() -> None:
    pass


@get("/registered", opt=requires(MEMBER))
async def names_a_known_one() -> None:
    pass


async def test_a_route_that_names_no_declared_permission_is_not_served(parts: Parts, people: People) -> None:
    http_application(parts, [names_a_known_one])
    with pytest.raises(UnregisteredRoute, match="/unregistered: no permission"):
        http_application(parts, [names_a_known_one, names_nothing])
    with pytest.raises(UnregisteredRoute, match=r"/undeclared: things.guess"):
        http_application(parts, [names_an_unknown_one], permissions=[KEEP_THINGS])
    with pytest.raises(UnregisteredRoute):
        http_application(parts, [], other_routes=[names_nothing])
