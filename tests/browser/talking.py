"""What people do in a conversation, by mouse, finger and keyboard."""

from playwright.async_api import Locator, Page, expect


async def open_conversation(page: Page, name: str) -> None:
    """Press it in the list, which is on the screen."""
    await page.get_by_test_id("conversation-item").filter(has_text=name).get_by_role("link").click()
    await expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


async def write(page: Page, text: str) -> None:
    """Write a message and press the button; it has reached the server when this returns."""
    box = page.get_by_test_id("composer")
    await box.fill(text)
    await page.get_by_test_id("send").click()
    await expect(box).to_have_value("")
    await expect(page.get_by_test_id("outgoing")).to_have_count(0)
    await expect(said(page, text)).to_be_visible()


def said(page: Page, text: str) -> Locator:
    """The message with this text."""
    return page.get_by_test_id("message").filter(has_text=text)


async def mark(page: Page) -> None:
    """Remember this very document, to see later that it has not been loaded anew."""
    await page.evaluate("document.marked = true")


async def is_marked(page: Page) -> bool:
    """Whether it is still the same document."""
    return bool(await page.evaluate("document.marked === true"))


async def choose(message: Locator, name: str) -> None:
    """Open the menu of this message and choose what is called so."""
    await message.hover()
    await message.get_by_test_id("message-actions").click()
    await message.page.get_by_role("menuitem", name=name, exact=True).click()


async def open_thread(page: Page, text: str) -> Locator:
    """Reply to the message with this text; the panel of its thread."""
    await choose(said(page, text), "回覆")
    panel = page.get_by_test_id("thread-panel")
    await expect(panel.get_by_test_id("thread-composer")).to_be_visible()
    return panel


async def write_in_thread(page: Page, text: str) -> Locator:
    """Write a reply in the open thread; it has reached the server when this returns."""
    panel = page.get_by_test_id("thread-panel")
    box = panel.get_by_test_id("thread-composer")
    await box.fill(text)
    await panel.get_by_test_id("thread-send").click()
    await expect(panel.get_by_test_id("outgoing")).to_have_count(0)
    reply = panel.get_by_test_id("message").filter(has_text=text)
    await expect(reply).to_be_visible()
    return reply
