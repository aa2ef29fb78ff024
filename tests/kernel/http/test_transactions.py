"""One request is one transaction: no success without a commit, no effect without a success, one effect per key."""

import anyio
import httpx
import pytest

from pegboard.kernel.clock import MovableClock
from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.http import idempotency
from pegboard.kernel.ids import NO_ORG, OrgId
from tests.kernel.http.conftest import People, deeds
from tests.kernel.http.test_refusals import refusal

pytestmark = pytest.mark.anyio

BODY = {"name": "x"}


async def test_a_refusal_leaves_nothing(http: httpx.AsyncClient, database: Database, org_id: OrgId) -> None:
    refusal(await http.post("/refusals"), 409, "conflict")
    assert await deeds(database, org_id) == []


async def test_a_commit_that_fails_is_no_success(http: httpx.AsyncClient, database: Database, org_id: OrgId) -> None:
    response = await http.post("/broken-commits", headers={"idempotency-key": "lost"})
    refusal(response, 503, "unavailable")
    assert await deeds(database, org_id) == []
    # The pool has recovered, and the key is free.
    assert (await http.post("/things", json=BODY, headers={"idempotency-key": "lost"})).status_code == 201


async def test_the_same_key_gets_the_first_answer(http: httpx.AsyncClient, database: Database, org_id: OrgId) -> None:
    headers = {"idempotency-key": "first"}
    first = await http.post("/things", json=BODY, headers=headers)
    again = await http.post("/things", json=BODY, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len(await deeds(database, org_id)) == 1


async def test_a_key_belongs_to_one_person_and_one_request(
    http: httpx.AsyncClient, people: People, database: Database, org_id: OrgId
) -> None:
    headers = {"idempotency-key": "own"}
    await http.post("/things", json=BODY, headers=headers)
    refusal(await http.post("/things", json={"name": "y"}, headers=headers), 422, "idempotency.mismatch")
    refusal(await http.post("/things?a=b", json=BODY, headers=headers), 422, "idempotency.mismatch")
    refusal(await http.post("/accounts", json=BODY, headers=headers), 422, "idempotency.mismatch")
    others = await http.post("/things", json=BODY, headers={**headers, "authorization": "Bearer admin"})
    assert others.status_code == 201
    assert len(await deeds(database, org_id)) == 2


async def test_duplicates_at_the_same_time_have_one_effect(
    http: httpx.AsyncClient, database: Database, org_id: OrgId
) -> None:
    answers: list[httpx.Response] = []

    async def send() -> None:
        answers.append(await http.post("/things", json=BODY, headers={"idempotency-key": "race"}))

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(send)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await deeds(database, org_id)) == 1


async def test_a_refused_request_leaves_its_key_free(http: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "again"}
    assert (await http.post("/things", json={}, headers=headers)).status_code == 422
    assert (await http.post("/things", json=BODY, headers=headers)).status_code == 201


@pytest.mark.parametrize("key", ["x" * 256, "a\tb"])
async def test_a_key_that_is_none(http: httpx.AsyncClient, key: str) -> None:
    refusal(await http.post("/things", json=BODY, headers={"idempotency-key": key}), 422, "request.invalid")


async def test_a_key_outside_every_organisation(http: httpx.AsyncClient, database: Database) -> None:
    headers = {"idempotency-key": "alone", "authorization": "Bearer nowhere"}
    first, again = [await http.post("/accounts", headers=headers) for _ in range(2)]
    assert first.status_code == 201
    assert again.json() == first.json()
    async with UnitOfWork(database, orgs=(NO_ORG,)) as uow:
        assert await uow.value(sql("SELECT count(*) FROM idempotency_keys WHERE org_id = :org_id")) == 1


async def test_an_answer_that_is_a_secret_is_not_kept(http: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "secret"}
    first, again = [await http.post("/secrets", json=BODY, headers=headers) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() != again.json()


async def test_answers_are_kept_for_a_day(
    http: httpx.AsyncClient, database: Database, org_id: OrgId, clock: MovableClock
) -> None:
    for name in ("one", "two"):
        await http.post("/things", json=BODY, headers={"idempotency-key": name})
    clock.offset += idempotency.KEPT * 1.01
    await http.post("/things", json=BODY, headers={"idempotency-key": "three"})
    async with UnitOfWork(database, orgs=(org_id,)) as uow:
        rows = await uow.rows(sql("SELECT key FROM idempotency_keys WHERE org_id = :org_id"))
    assert [row["key"] for row in rows] == ["three"]
