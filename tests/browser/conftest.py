"""Fixtures of the browser tests: a Chromium for each file, a company and a room for each test."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser

from pegboard.app.web_client import BUILT
from tests.browser.chromium import DESKTOP, PHONE, Room, launched
from tests.browser.office import open_office
from tests.support.live_server import Company, LiveServer


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for the tests of a file."""
    assert (BUILT / "index.html").is_file(), "build the web client first: make web"
    async with launched() as browser:
        yield browser


@pytest.fixture
async def office(server: LiveServer) -> Company:
    """A new company: 林美玲 (mei) founded it; 王大明 (daming), 陳怡君 (yijun) and 李志偉 (zhiwei) work there."""
    return await open_office(server)


@pytest.fixture
async def room(server: LiveServer, chromium: Browser) -> AsyncIterator[Room]:
    """Seats for the people of this test; at its end no page may have had any trouble."""
    room = Room(browser=chromium, url=server.url)
    yield room
    await room.leave()


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def screen(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Both sizes."""
    screen: dict[str, Any] = request.param
    return screen
