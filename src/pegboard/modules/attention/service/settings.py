"""What a member has chosen, and what of it holds now."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Row, UnitOfWork
from pegboard.kernel.errors import RevisionMismatch, invalid
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.ids import MemberId
from pegboard.kernel.realtime.live import tell
from pegboard.modules.attention import policy, store
from pegboard.modules.attention.live import AttentionChanged, member_topic, org_topic
from pegboard.modules.attention.schemas import AttentionChange, AttentionOut, QuietHoursOut, RuleOut
from pegboard.modules.attention.service import quiet
from pegboard.modules.attention.views import KINDS, Attention, Kind, QuietHours, State, notice
from pegboard.modules.directory import api as directory


async def attention_of(uow: UnitOfWork, member_id: MemberId) -> Attention:
    """What a member has chosen, and whether they have quiet hours now."""
    row = await uow.one(store.SETTINGS, member_id=member_id)
    zone = row["zone"] if row and row["zone"] else await _zone_of_organisation(uow)
    hours = _hours(row, zone) if row else QuietHours(zone=zone)
    now = uow.now()
    return Attention(
        member_id=member_id,
        quiet_hours=hours,
        quiet_until=quiet.quiet_until(hours, now),
        changes_at=quiet.changes_at(hours, now),
        no_numbers=row["no_numbers"] if row else False,
        mention_pierces_mute=row["mention_pierces_mute"] if row else True,
        revision=row["revision"] if row else 0,
    )


async def counting_state(uow: UnitOfWork, member_id: MemberId) -> State:
    """A member's state as far as numbers ask for it: one look at a key, whatever they have chosen."""
    row = await uow.one(store.SETTINGS, member_id=member_id)
    if row is None:
        return State()
    return State(no_numbers=row["no_numbers"], mention_pierces_mute=row["mention_pierces_mute"])


async def may_disturb(
    uow: UnitOfWork, member_ids: Collection[MemberId], kind: Kind, at: datetime
) -> dict[MemberId, datetime | None]:
    """For each of these members: None if this may sound or be pushed at that instant, else when it may.

    Whoever has leave to break quiet hours does not ask.
    """
    found: dict[MemberId, datetime | None] = dict.fromkeys(member_ids)
    zone = ""
    for row in await uow.rows(store.QUIET_AMONG, members=list(found)):
        if not row["zone"] and not zone:
            zone = await _zone_of_organisation(uow)
        until = quiet.quiet_until(_hours(row, row["zone"] or zone), at)
        if until is not None and not notice(kind, State(quiet=True)).alert:
            found[MemberId(row["member_id"])] = until
    return found


async def attention(uow: UnitOfWork, actor: Actor, language: str) -> AttentionOut:
    """The actor's own settings, with the badge rule as it is for them now; its reasons in this language."""
    return _shown(uow, language, await attention_of(uow, policy.own(actor)))


async def change(uow: UnitOfWork, actor: Actor, wanted: AttentionChange, language: str) -> AttentionOut:
    """Change the actor's own settings. Raises `revision.mismatch`."""
    me = policy.own(actor)
    await uow.execute(store.BEGIN_SETTINGS, member_id=me)
    row = await uow.one(store.LOCK_SETTINGS, member_id=me)
    if row is None or row["revision"] != wanted.revision:
        raise RevisionMismatch
    await uow.execute(store.CHANGE_SETTINGS, member=me, **_new(dict(row), wanted))
    tell(uow, member_topic(me), AttentionChanged())
    return await attention(uow, actor, language)


def _new(row: dict[str, Any], wanted: AttentionChange) -> dict[str, Any]:
    """Every column that is chosen, as it will be."""
    new = {f"new_{name}": value for name, value in row.items()}
    for name in ("no_numbers", "mention_pierces_mute"):
        if (value := getattr(wanted, name)) is not UNSET:
            new[f"new_{name}"] = value
    if wanted.quiet_hours is not UNSET:
        named = {"enabled": "quiet", "starts": "quiet_starts", "ends": "quiet_ends", "days": "quiet_days"}
        for field, value in msgspec.structs.asdict(wanted.quiet_hours).items():
            if value is not UNSET:
                new[f"new_{named.get(field, field)}"] = value
        new["new_quiet_days"] = sorted(set(new["new_quiet_days"]))
        if new["new_quiet_starts"] == new["new_quiet_ends"]:
            raise invalid("quiet_hours.ends", "invalid")
        if new["new_zone"] is not None and new["new_zone"] not in quiet.zones():
            raise invalid("quiet_hours.zone", "invalid")
    return new


async def forget(uow: UnitOfWork, member_id: MemberId) -> None:
    """Somebody has left for good."""
    await uow.execute(store.FORGET_SETTINGS, member_id=member_id)


def tell_zone_changed(uow: UnitOfWork) -> None:
    """The organisation's zone is another one: so are the quiet hours of all who have not chosen theirs."""
    tell(uow, org_topic(uow.org_id), AttentionChanged())


async def _zone_of_organisation(uow: UnitOfWork) -> str:
    return (await directory.organisation(uow)).time_zone


def _hours(row: Row, zone: str) -> QuietHours:
    return QuietHours(
        enabled=row["quiet"],
        starts=row["quiet_starts"],
        ends=row["quiet_ends"],
        days=tuple(row["quiet_days"]),
        zone=zone,
    )


def _shown(uow: UnitOfWork, language: str, found: Attention) -> AttentionOut:
    texts = uow.parts[Catalogues]
    rule = []
    for kind in KINDS:
        for muted in (False, True):
            told = notice(kind, found.state(muted=muted))
            rule.append(
                RuleOut(
                    kind=kind,
                    muted=muted,
                    number=told.number,
                    bold=told.bold,
                    alert=told.alert,
                    why=told.why,
                    text=texts.text(told.why, language),
                )
            )
    hours = found.quiet_hours
    return AttentionOut(
        quiet_hours=QuietHoursOut(
            enabled=hours.enabled, starts=hours.starts, ends=hours.ends, days=list(hours.days), zone=hours.zone
        ),
        quiet_until=found.quiet_until,
        changes_at=found.changes_at,
        no_numbers=found.no_numbers,
        mention_pierces_mute=found.mention_pierces_mute,
        revision=found.revision,
        rule=rule,
    )
