"""Link previews: the server asks the pages behind a message's links for their titles, and shows them with the message.

Nobody waits for it. Pages are asked through the rules of `kernel.egress`, once; what is refused or fails shows nothing.
No picture is fetched: it would tell a stranger's server who reads when.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.egress import Egress, EgressFailed, EgressRefused, Target
from pegboard.kernel.http.rates import TokenBuckets
from pegboard.kernel.ids import MemberId
from pegboard.kernel.jobs import enqueue
from pegboard.modules.directory import api as directory
from pegboard.modules.messaging import store
from pegboard.modules.messaging.links import links_in
from pegboard.modules.messaging.page_head import SITE, read_head
from pegboard.modules.messaging.service import changing, system_messages
from pegboard.modules.messaging.settings import MessagingSettings
from pegboard.modules.messaging.views import MessageRow, Preview

JOB = "messaging.preview_links"
KEPT_S = 600.0
KEPT_AT_MOST = 1000

_ASKED_FOR = {"accept": "text/html, application/xhtml+xml", "user-agent": "Pegboard (link preview)"}
_PAGES = ("text/html", "application/xhtml+xml")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The links of one message."""

    conversation_id: UUID
    seq: int
    urls: list[str]


@dataclass(frozen=True, slots=True)
class _Known:
    preview: asyncio.Future[Preview | None]
    until_s: float


class Previewer:
    """The process's part that asks pages; the same page once in a while, however many people share it."""

    def __init__(self, egress: Egress, settings: MessagingSettings) -> None:
        self._egress = egress
        self.switched_on = settings.link_previews
        self._per_person = TokenBuckets(settings.previews_per_person, settings.previews_per_person_burst)
        self._known: dict[str, _Known] = {}

    def admits(self, sender: MemberId | None) -> bool:
        """Whether links of this person are looked up now: nobody makes the server knock at doors without end."""
        return self._per_person.take(sender) == 0

    async def of(self, url: str) -> Preview | None:
        """What a page says of itself; None if it says nothing, or must not be asked, or does not answer."""
        now_s = asyncio.get_running_loop().time()
        known = self._known.get(url)
        if known is None or known.until_s < now_s:
            if len(self._known) >= KEPT_AT_MOST:
                self._known.pop(next(iter(self._known)))
            # A task of its own: whoever asked first may be broken off, others wait for it too.
            known = _Known(asyncio.ensure_future(self._ask(url)), now_s + KEPT_S)
            self._known.pop(url, None)
            self._known[url] = known
        return await asyncio.shield(known.preview)

    async def _ask(self, url: str) -> Preview | None:
        try:
            answer = await self._egress.request("GET", url, headers=_ASKED_FOR)
        except (EgressRefused, EgressFailed):
            return None
        content_type = answer.headers.get("content-type", "")
        if answer.status != 200 or content_type.partition(";")[0].strip().lower() not in _PAGES:
            return None
        head = read_head(answer.body, content_type)
        if not head.title:
            return None
        site = head.site or Target.of(answer.url).host[:SITE]
        return Preview(url=url, title=head.title, description=head.description, site=site)


async def look_up(uow: UnitOfWork, places: Sequence[tuple[UUID, int]]) -> None:
    """Have the links of these messages looked up soon, unless the organisation wants none of it."""
    previewer = uow.parts[Previewer]
    if not places or not previewer.switched_on:
        return
    if not (await directory.organisation_settings(uow)).link_previews:
        return
    for row in await store.messages_at_places(uow, places):
        urls = links_in(row.kind, row.content)
        if urls and row.recalled_at is None and previewer.admits(row.sender_id):
            wanted = Wanted(conversation_id=row.conversation_id, seq=row.seq, urls=urls)
            await enqueue(uow, JOB, wanted)


async def preview(uow: UnitOfWork, wanted: Wanted) -> None:
    """Ask the pages, then show with the message what they said. No transaction is open while they answer."""
    previewer = uow.parts[Previewer]
    found = [each for each in await asyncio.gather(*map(previewer.of, wanted.urls)) if each is not None]
    if found:
        await _show(uow, wanted.conversation_id, wanted.seq, found)


async def _show(uow: UnitOfWork, conversation_id: UUID, seq: int, found: Sequence[Preview]) -> None:
    conversation = await system_messages.locked(uow, conversation_id)
    row = await store.message(uow, conversation_id, seq) if conversation is not None else None
    if conversation is None or row is None or row.recalled_at is not None:
        return
    previews = _of_links_still_in(row, found)
    if not previews or previews == row.previews:
        return
    await store.set_previews(uow, conversation_id, seq, await store.next_rev(uow, conversation_id), previews)
    changed = await store.message(uow, conversation_id, seq)
    if changed is not None:
        await changing.tell_everybody(uow, conversation, changed)


def _of_links_still_in(row: MessageRow, found: Sequence[Preview]) -> tuple[Preview, ...]:
    """The message may have been edited in the meantime."""
    links = links_in(row.kind, row.content)
    return tuple(each for each in found if each.url in links)
