"""A Chromium, and the screens that people sit at. Every page is watched: see `Room`."""

import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, async_playwright, expect

from tests.browser.office import login_of
from tests.support.live_server import PASSWORD, Person

DEADLINE_MS = 30_000
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
# The browser reports every answer of 4xx as an error. This one is how a page learns that nobody is signed in.
_EXPECTED = (re.compile(r"Failed to load resource: .* status of 401"),)
_REPORT_VIOLATIONS = """
    document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
"""


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """A headless Chromium, the one that PEGBOARD_CHROMIUM names or an installed one."""
    expect.set_options(timeout=DEADLINE_MS)
    installed = next(filter(None, map(shutil.which, _NAMES)), None)
    async with async_playwright() as playwright:
        # None means the one that Playwright keeps for itself.
        path = os.environ.get("PEGBOARD_CHROMIUM") or installed
        browser = await playwright.chromium.launch(executable_path=path, args=[*_ARGUMENTS])
        try:
            yield browser
        finally:
            await browser.close()


@dataclass(kw_only=True)
class Room:
    """Where people sit, each in a browser context of their own.

    `troubles` is what no page may do: an error in the console (a breach of the content security policy is one), an
    uncaught exception, a request to another origin.
    """

    browser: Browser
    url: str
    troubles: list[str] = field(default_factory=list)
    forgiven: list[re.Pattern[str]] = field(default_factory=lambda: list(_EXPECTED))
    contexts: list[BrowserContext] = field(default_factory=list)

    async def seat(self, person: Person | None = None, screen: dict[str, Any] | None = None, **options: Any) -> Page:
        """A page at a screen of one's own; of `person`, signed in through the form."""
        settings = {"locale": "zh-TW", "reduced_motion": "reduce", **(screen or DESKTOP), **options}
        context = await self.browser.new_context(base_url=self.url, **settings)
        self.contexts.append(context)
        context.set_default_timeout(DEADLINE_MS)
        await context.add_init_script(_REPORT_VIOLATIONS)
        context.on("request", self._requested)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.troubles.append(f"uncaught: {error.error}"))
        page = await context.new_page()
        page.on("websocket", lambda socket: self._asked_for(socket.url))
        if person is not None:
            await page.goto("/w/sign-in")
            await sign_in(page, login_of(person))
        return page

    def forgive(self, pattern: str) -> None:
        """Let this pass in the console: it is what the test is about."""
        self.forgiven.append(re.compile(pattern))

    async def leave(self) -> None:
        """Close everything, and see that nothing was wrong."""
        for context in self.contexts:
            await context.close()
        assert not self.troubles, "\n".join(self.troubles)

    def _requested(self, request: Request) -> None:
        self._asked_for(request.url)

    def _asked_for(self, url: str) -> None:
        own = (self.url + "/", self.url.replace("http", "ws", 1) + "/", "data:", f"blob:{self.url}/")
        if not url.startswith(own):
            self.troubles.append(f"another origin: {url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(pattern.search(message.text) for pattern in self.forgiven):
            self.troubles.append(f"{message.text} ({message.location['url']})")


async def sign_in(page: Page, login: str, password: str = PASSWORD) -> None:
    """Fill the form, and wait for the client."""
    await page.get_by_label("手機號碼或電子郵件").fill(login)
    await page.get_by_label("密碼", exact=True).fill(password)
    await page.get_by_role("button", name="登入", exact=True).click()
    await expect(page.get_by_role("navigation", name="主選單")).to_be_visible()
