"""HTTP: looking for messages."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from litestar import get
from litestar.params import Parameter

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.http.cursors import Page
from pegboard.kernel.http.permissions import requires
from pegboard.modules.messaging.routes import USE_MESSAGING, Cursor, Userid
from pegboard.modules.messaging.schemas import FoundMessage
from pegboard.modules.messaging.service import searching
from pegboard.modules.messaging.service.searching import Filters

SEARCH_LIMIT, SEARCH_MAX = 20, 100

Kind = Literal["text", "markdown", "file", "link", "forward"]


@get("/search/messages", opt=requires(USE_MESSAGING), tags=["messaging"], operation_id="search_messages")
async def search_messages(
    uow: UnitOfWork,
    actor: Actor,
    q: str,
    conversation_id: UUID | None = None,
    sender: Userid | None = None,
    kind: Kind | None = None,
    after: datetime | None = None,
    before: datetime | None = None,
    cursor: Cursor = None,
    limit: Annotated[int, Parameter(ge=1, le=SEARCH_MAX)] = SEARCH_LIMIT,
) -> Page[FoundMessage]:
    """Messages with all these words that the caller may read, the newest first.

    Simplified and traditional characters find each other, as do wide and narrow, capital and small letters. Chinese
    is found anywhere in a text, from one character on; other scripts by whole words, the last one also by its
    beginning. `sender` is a userid; `after` is the first instant that counts, `before` the first that does not.
    A page may have fewer items than `limit`, even none, and yet a `next`: then much was read in vain, and the caller
    may go on.
    """
    filters = Filters(conversation_id=conversation_id, sender=sender, kind=kind, after=after, before=before)
    return await searching.search(uow, actor, q, filters, cursor=cursor, limit=limit)


SEARCH_ROUTES = (search_messages,)
