"""From a token to the one who acts: who is somebody, who is not any more, and what is remembered of it."""

import pytest

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import sql
from pegboard.kernel.ids import OrgId
from pegboard.modules.directory.service import administrators, members
from pegboard.modules.directory.service.actors import ActorCache, actor_of
from pegboard.modules.directory.views import AdminKind
from pegboard.modules.identity import api as identity
from tests.modules.directory.conftest import Company, found

pytestmark = pytest.mark.anyio

_CLOSE = sql("UPDATE organisations SET state = 'closed' WHERE id = :id")
_RENAME = sql("UPDATE members SET name = 'Renamed' WHERE org_id = :org_id AND userid = 'li'")


async def act(company: Company, token: str, *, wanted: OrgId | None = None) -> Actor | None:
    holder = await identity.session_of(company.database, token)
    assert holder is not None
    return await actor_of(company.database, holder, wanted_org=wanted, client_ip="192.0.2.1")


@pytest.fixture
async def token(company: Company) -> str:
    await company.member("li", "李明", account_id=await company.account())
    return await company.token("li")


async def test_an_actor_knows_who_and_whence(company: Company, token: str) -> None:
    actor = await act(company, token)
    assert actor is not None
    assert (actor.userid, actor.name, actor.client_ip, actor.org_id) == ("li", "李明", "192.0.2.1", company.org_id)
    assert actor.session_id is not None


async def test_nobody_elsewhere(company: Company, token: str) -> None:
    other = await found(company.database, "Other")
    assert await act(company, token, wanted=other.org_id) is None


async def test_powers_come_and_go_at_once(company: Company, token: str) -> None:
    await company.appoint("li", AdminKind.SUPER)
    actor = await act(company, token)
    assert actor is not None
    assert actor.rank == 2
    async with company.work() as uow:
        await administrators.dismiss(uow, company.operator, "li")
    actor = await act(company, token)
    assert actor is not None
    assert (actor.rank, actor.powers) == (0, frozenset())


async def test_the_suspended_act_no_more(company: Company, token: str) -> None:
    assert await act(company, token) is not None
    holder = await identity.session_of(company.database, token)
    assert holder is not None
    async with company.work() as uow:
        await members.suspend_member(uow, company.operator, "li")
    assert await actor_of(company.database, holder, wanted_org=None) is None, "even by what was read before"


async def test_nobody_acts_in_a_closed_organisation(company: Company, token: str) -> None:
    async with company.work() as uow:
        await uow.execute(_CLOSE, id=company.org_id)
    assert await act(company, token) is None


async def test_memory_lasts_its_time(company: Company, token: str) -> None:
    member_id = (await company.person("li")).member_id
    names = []
    for cache in (ActorCache(ttl_s=3600), ActorCache(ttl_s=0)):
        await cache.actor(company.database, company.org_id, member_id)
        async with company.work() as uow:
            await uow.execute(_RENAME)  # behind the cache's back, as another process would
        actor = await cache.actor(company.database, company.org_id, member_id)
        assert actor is not None
        names.append(actor.name)
    assert names == ["李明", "Renamed"]


async def test_memory_is_bounded(company: Company, token: str) -> None:
    cache = ActorCache(size=1)
    boss, li = (await company.person("boss")).member_id, (await company.person("li")).member_id
    first = await cache.actor(company.database, company.org_id, boss)
    await cache.actor(company.database, company.org_id, li)
    again = await cache.actor(company.database, company.org_id, boss)
    assert first == again
    assert first is not again
