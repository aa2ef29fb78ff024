"""Lists, one DING with its recipients, the export, and what a device is greeted with."""

import csv
import io
from collections.abc import Hashable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from pegboard.kernel.actor import Actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.files import sign_link
from pegboard.kernel.http.cursors import Page, decode_cursor, encode_cursor, page_of
from pegboard.kernel.i18n import Catalogues
from pegboard.modules.ding import policy
from pegboard.modules.ding.errors import DingNotFound
from pegboard.modules.ding.schemas import Attempt, Ding, DingFileLink, Recipient
from pegboard.modules.ding.service import rendering
from pegboard.modules.ding.store import attempts, dings, recipients
from pegboard.modules.ding.views import DingRow, RecipientRow, RecipientState
from pegboard.modules.directory import api as directory

RECIPIENTS_AT_ONCE = 200
ATTEMPTS_SHOWN = 1000
_LAST = UUID(int=2**128 - 1)
_FIRST = UUID(int=0)
_LAST_AT = datetime.max.replace(tzinfo=UTC)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


async def sent(uow: UnitOfWork, actor: Actor, *, only_open: bool, cursor: str | None, limit: int) -> Page[Ding]:
    """The actor's own, the newest first."""
    position = decode_cursor(cursor, UUID)
    rows = await uow.rows(
        dings.SENT,
        member_id=actor.me,
        only_open=only_open,
        before=position[0] if position else _LAST,
        limit=limit + 1,
    )
    page = page_of([DingRow.of(row) for row in rows], limit, lambda row: (row.id,))
    return Page(items=await rendering.sent(uow, page.items), next=page.next)


async def received(uow: UnitOfWork, actor: Actor, *, only_open: bool, cursor: str | None, limit: int) -> Page[Ding]:
    """What others have sent to the actor, the last told first."""
    position = decode_cursor(cursor, datetime, UUID)
    before_at, before = position or (_LAST_AT, _LAST)
    rows = await uow.rows(
        dings.RECEIVED_OPEN if only_open else dings.RECEIVED,
        member_id=actor.me,
        before_at=before_at,
        before=before,
        limit=limit + 1,
    )
    page = page_of(list(rows), limit, lambda row: (row["received_at"], row["id"]))
    found = [DingRow.of(row) for row in page.items]
    own = await uow.rows(recipients.OF_MEMBER, ding_ids=[row.id for row in found], member_id=actor.me)
    shown = await rendering.received(uow, found, [(row["ding_id"], RecipientRow.of(row)) for row in own])
    return Page(items=[shown[row.id, actor.me] for row in found], next=page.next)


async def one(
    uow: UnitOfWork,
    actor: Actor,
    ding_id: UUID,
    *,
    states: Sequence[RecipientState] | None,
    cursor: str | None,
    limit: int,
) -> Ding:
    """One DING. Its sender gets the recipients in pages, by id; a recipient only their own place."""
    ding, own = await policy.seeing(uow, actor, ding_id)
    if own is not None:
        shown = await rendering.received(uow, [ding], [(ding.id, own)])
        return shown[ding.id, actor.me]
    position = decode_cursor(cursor, UUID)
    # The recipients first: what is said of them is never newer than the counts.
    rows = await uow.rows(
        recipients.PAGE,
        ding_id=ding_id,
        after=position[0] if position else _FIRST,
        states=list(states) if states else None,
        limit=limit + 1,
    )
    following = encode_cursor(rows[limit - 1]["member_id"]) if len(rows) > limit else None
    found = await rendering.recipients_shown(uow, [RecipientRow.of(row) for row in rows[:limit]])
    [shown_to_sender] = await rendering.sent(uow, [ding])
    return msgspec.structs.replace(shown_to_sender, recipients=found, next=following)


async def deliveries(uow: UnitOfWork, actor: Actor, ding_id: UUID) -> list[Attempt]:
    """What went out through SMS and telephone, for the sender."""
    await _as_sender(uow, actor, ding_id)
    rows = await uow.rows(attempts.OF_DING, ding_id=ding_id, limit=ATTEMPTS_SHOWN)
    people = await directory.people(uow, {row["member_id"] for row in rows})
    return [
        Attempt(
            userid=people[row["member_id"]].userid,
            channel=row["channel"],
            state=row["state"],
            code=row["code"],
            at=row["ended_at"] or row["begun_at"] or row["claimed_at"],
        )
        for row in rows
    ]


async def file_link(uow: UnitOfWork, actor: Actor, ding_id: UUID, file_id: UUID) -> DingFileLink:
    """A personal link to something attached."""
    ding, _ = await policy.seeing(uow, actor, ding_id)
    if all(file.file_id != file_id for file in ding.files):
        raise DingNotFound
    link = sign_link(uow.parts, org_id=actor.org_id, file_id=file_id, member_id=actor.me)
    return DingFileLink(url=link.url, expires_at=link.expires_at)


async def export(uow: UnitOfWork, actor: Actor, ding_id: UUID) -> bytes:
    """Everybody's state as CSV (UTF-8 with a mark, which spreadsheets need); no cell is a formula."""
    ding = await _as_sender(uow, actor, ding_id)
    found: list[Recipient] = []
    after = _FIRST
    while rows := await uow.rows(recipients.PAGE, ding_id=ding.id, after=after, states=None, limit=1000):
        found += await rendering.recipients_shown(uow, [RecipientRow.of(row) for row in rows])
        after = rows[-1]["member_id"]
    out: dict[str, list[str]] = {}
    for attempt in await deliveries(uow, actor, ding_id):
        out.setdefault(attempt.userid, []).append(f"{attempt.channel}: {attempt.code or attempt.state}")
    texts = uow.parts[Catalogues]

    def word(key: str) -> str:
        return texts.text(f"ding.export.{key}", actor.language)

    written = io.StringIO()
    writer = csv.writer(written)
    columns = ("userid", "name", "state", "told_at", "delivered_at", "acknowledged_at", "reply", "deliveries")
    writer.writerow([word(column) for column in columns])
    for each in found:
        writer.writerow(
            [
                plain(each.userid),
                plain(each.name),
                word(f"state.{each.state}"),
                *(_instant(at) for at in (each.told_at, each.delivered_at, each.acknowledged_at)),
                plain(each.reply or ""),
                plain("; ".join(out.get(each.userid, []))),
            ]
        )
    record(uow, actor, action="ding.exported", object_=f"ding:{ding.id}", detail={"recipients": len(found)})
    return written.getvalue().encode("utf-8-sig")


def plain(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text.startswith(_FORMULA) else text


def _instant(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at else ""


async def _as_sender(uow: UnitOfWork, actor: Actor, ding_id: UUID) -> DingRow:
    return await policy.sending(uow, actor, ding_id)


# --- greeting --------------------------------------------------------------------------------------------------------


async def heard_topics(uow: UnitOfWork, actor: Actor) -> list[Hashable]:
    """None but the member's own, which every device hears."""
    return []


async def greeting(uow: UnitOfWork, actor: Actor) -> dict[str, int]:
    """How many wait to be acknowledged: a device that sees a number fetches them."""
    return {"dings_open": int(await uow.value(recipients.OPEN_FOR, member_id=actor.me))}
