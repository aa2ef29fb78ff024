"""What an organisation decides, and who may."""

from typing import Any

import pytest

from tests.modules.ding.conftest import decide
from tests.support.live_server import Company

pytestmark = pytest.mark.anyio

URL = {"kind": "http", "url": "https://sms.example/send"}


async def test_only_administrators_decide(company: Company) -> None:
    for method, body in (("GET", None), ("PATCH", {"revision": 0})):
        answer = await company["Bob"].ask(method, "/ding-policy", body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "permission.denied")


async def test_it_begins_with_defaults_and_takes_changes(company: Company) -> None:
    ann = company["Ann"]
    assert await ann.get("/ding-policy") == {
        "revision": 0,
        "limit_per_person": 50,
        "sms_a_day": 1000,
        "phone_a_day": 200,
        "pierces_quiet": "admins",
        "adapters": {"sms": None, "phone": None},
        "sms_used": 0,
        "phone_used": 0,
    }
    changed = await decide(company, limit_per_person=7)
    assert (changed["revision"], changed["limit_per_person"], changed["phone_a_day"]) == (1, 7, 200)
    stale = await ann.ask("PATCH", "/ding-policy", {"revision": 0, "limit_per_person": 8})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "revision.mismatch")
    assert (await ann.get("/dings/usage"))["limit"] == 7


async def test_secrets_of_a_gateway_stay_here(company: Company) -> None:
    headers = {"Authorization": "Bearer s3cret", "X-App": "one"}
    shown = await decide(company, adapters={"sms": URL | {"headers": headers}})
    assert shown["adapters"]["sms"]["headers"] == {"Authorization": "•••", "X-App": "•••"}
    kept = await decide(company, adapters={"sms": URL | {"headers": {"Authorization": "•••", "X-App": "two"}}})
    assert "s3cret" not in str(kept)
    assert "s3cret" not in str(await company["Ann"].get("/audit"))
    lost = await company["Ann"].ask(
        "PATCH",
        "/ding-policy",
        {"revision": kept["revision"], "adapters": {"phone": URL | {"headers": {"Authorization": "•••"}}}},
    )
    assert lost.status_code == 422, "another channel's secret is not this one's"
    actions = [entry["action"] for entry in (await company["Ann"].get("/audit"))["items"]]
    assert actions.count("ding.policy_changed") == 2


@pytest.mark.parametrize(
    "adapter",
    [
        {"kind": "http", "url": "ftp://sms.example"},
        {"kind": "http", "url": "https://{phone}.example/"},
        URL | {"body_template": '{"text": {text}}'},
        URL | {"body_template": "not json"},
        URL | {"headers": {"Bad name": "x"}},
        URL | {"headers": {"Name": "two\nlines"}},
        URL | {"headers": {"Name": ""}},
        URL | {"method": "DELETE"},
        {"kind": "smoke"},
    ],
)
async def test_adapters_that_cannot_work_are_refused(company: Company, adapter: dict[str, Any]) -> None:
    answer = await company["Ann"].ask("PATCH", "/ding-policy", {"revision": 0, "adapters": {"sms": adapter}})
    assert answer.status_code == 422
    assert (await company["Ann"].get("/ding-policy"))["revision"] == 0
