"""Whoever is signed out, suspended or gone is out within 10 s: sockets closed, tokens dead. Nobody else is."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from pegboard.kernel.realtime.live import SIGNED_OUT
from tests.support.live_server import PASSWORD, Company, Person, Socket
from tests.support.polling import until

pytestmark = pytest.mark.anyio

WITHIN_S = 10.0


async def _session(company: Company, person: Person) -> Person:
    """The same person on a device that signed in with a password; one is set if there is none yet."""
    login = (await person.get("/me"))["user"]["email"]
    async with httpx.AsyncClient(base_url=f"{company.server.url}/api/v1", verify=False) as client:
        answer = await client.post("/sessions", json={"login": login, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    return replace(person, token=answer.json()["token"], sockets=[])


async def _eve(company: Company) -> Person:
    """A member with a password."""
    body = {"userid": "Eve", "name": "Eve", "departments": ["root"], "password": PASSWORD}
    login = f"{company.corp_id.lower()}@example.com"
    await company["Ann"].do("POST", "/members", body | {"email": login})
    async with httpx.AsyncClient(base_url=f"{company.server.url}/api/v1", verify=False) as client:
        answer = await client.post("/sessions", json={"login": login, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    nobody: Any = None
    return Person(
        server=company.server, userid="Eve", member_id=nobody, token=answer.json()["token"], org_id=company.org_id
    )


@dataclass(kw_only=True)
class Scene:
    """Eve on three devices: two that signed in, and a program with a personal token."""

    company: Company
    phone: Person
    desk: Person
    program: Person


Act = Callable[[Scene], Awaitable[object]]


async def _sign_out(scene: Scene) -> None:
    await scene.phone.do("DELETE", "/sessions/current")


async def _end_from_elsewhere(scene: Scene) -> None:
    sessions = (await scene.desk.get("/sessions"))["items"]
    [other] = [each for each in sessions if not each["current"]]
    await scene.desk.do("DELETE", f"/sessions/{other['id']}")


async def _change_password(scene: Scene) -> None:
    await scene.desk.do("POST", "/me/password", {"current": PASSWORD, "new": f"{PASSWORD} 2"})


async def _revoke_token(scene: Scene) -> None:
    [token] = (await scene.desk.get("/tokens"))["items"]
    await scene.desk.do("DELETE", f"/tokens/{token['id']}")


async def _suspend(scene: Scene) -> None:
    await scene.company["Ann"].do("POST", "/members/Eve/suspend")


async def _leave(scene: Scene) -> None:
    await scene.company["Ann"].do("POST", "/members/Eve/leave", {})


@pytest.mark.parametrize(
    ("act", "out"),
    [
        pytest.param(_sign_out, ("phone",), id="signs out"),
        pytest.param(_end_from_elsewhere, ("phone",), id="is signed out from elsewhere"),
        pytest.param(_change_password, ("phone",), id="changes the password elsewhere"),
        pytest.param(_revoke_token, ("program",), id="revokes a token"),
        pytest.param(_suspend, ("phone", "desk", "program"), id="is suspended"),
        pytest.param(_leave, ("phone", "desk", "program"), id="leaves"),
    ],
)
async def test_out_within_ten_seconds(company: Company, act: Act, out: tuple[str, ...]) -> None:
    phone = await _eve(company)
    desk = await _session(company, phone)
    token = await desk.do("POST", "/tokens", {"name": "program"})
    devices = {"phone": phone, "desk": desk, "program": replace(phone, token=token["token"], sockets=[])}
    sockets = {name: await device.socket() for name, device in devices.items()}
    bystander = await company["Bob"].socket()
    for device in devices.values():
        assert (await device.ask("GET", "/organisation")).status_code == 200  # known, and remembered

    await act(Scene(company=company, **devices))

    for name in out:
        assert await _closed(sockets[name]) == SIGNED_OUT, name
        assert sockets[name].events[-1]["type"] == "session.ended"
        await until(lambda name=name: _is_out(devices[name]), deadline_s=WITHIN_S)  # type: ignore[misc]  # a lambda with a default
        with pytest.raises((AssertionError, ConnectionError)):
            await devices[name].socket()
    for name in devices.keys() - set(out):
        await sockets[name].ask("ping")
        assert (await devices[name].ask("GET", "/organisation")).status_code == 200
    await bystander.ask("ping")
    for device in devices.values():
        for socket in device.sockets:
            await socket.close()


async def _closed(socket: Socket) -> int | None:
    async with asyncio.timeout(WITHIN_S):
        return await socket.closed()


async def _is_out(device: Person) -> bool:
    return (await device.ask("GET", "/organisation")).status_code in (401, 403)


async def test_a_socket_that_is_just_connecting_is_closed_too(company: Company) -> None:
    """Suspended between the first look at the token and the greeting: nobody is greeted who is out."""
    eve = await _eve(company)
    opened = await asyncio.gather(
        *(eve.socket() for _ in range(8)),
        company["Ann"].do("POST", "/members/Eve/suspend"),
        *(eve.socket() for _ in range(8)),
        return_exceptions=True,
    )
    for socket in opened:
        if isinstance(socket, Socket):
            assert await _closed(socket) == SIGNED_OUT
    for each in eve.sockets:
        await each.close()
