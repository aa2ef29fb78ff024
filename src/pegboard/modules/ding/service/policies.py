"""What the organisation has decided, and what has been used of the day."""

import re
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from pegboard.kernel.actor import Actor
from pegboard.kernel.audit import record
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.errors import RevisionMismatch, invalid
from pegboard.kernel.settings import ServerSettings, Settings
from pegboard.modules.ding import policy, templates
from pegboard.modules.ding.errors import DailyLimit, NoReceiptAddress
from pegboard.modules.ding.schemas import DingPolicy, PolicyChange, Usage
from pegboard.modules.ding.settings import DingSettings
from pegboard.modules.ding.store import attempts, policies
from pegboard.modules.ding.views import OUTSIDE, Adapter, Adapters, FileAdapter, HttpAdapter, Policy
from pegboard.modules.directory import api as directory

MASK = "•••"
NOBODY = UUID(int=0)
USAGE_KEPT = timedelta(days=400)

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


async def current(uow: UnitOfWork) -> Policy:
    """The organisation's policy."""
    return (await _stored(uow))[0]


async def _stored(uow: UnitOfWork) -> tuple[Policy, int]:
    row = await uow.one(policies.FIND)
    if row is None:
        return Policy(limit_per_person=uow.parts[DingSettings].limit_per_person), 0
    return msgspec.convert(row["policy"], Policy), row["revision"]


async def shown(uow: UnitOfWork, actor: Actor) -> DingPolicy:
    """The policy for those who manage it; values of headers stay here."""
    policy.manage(actor)
    found, revision = await _stored(uow)
    day, _ = await today(uow)
    return DingPolicy(
        revision=revision,
        limit_per_person=found.limit_per_person,
        sms_a_day=found.sms_a_day,
        phone_a_day=found.phone_a_day,
        pierces_quiet=found.pierces_quiet,
        adapters=Adapters(sms=_masked(found.adapters.sms), phone=_masked(found.adapters.phone)),
        sms_used=await _used(uow, day, "sms", NOBODY),
        phone_used=await _used(uow, day, "phone", NOBODY),
    )


async def change(uow: UnitOfWork, actor: Actor, wanted: PolicyChange) -> DingPolicy:
    """Change it. Raises `revision.mismatch`."""
    policy.manage(actor)
    before, revision = await _stored(uow)
    if revision != wanted.revision:
        raise RevisionMismatch
    changes = {
        name: value
        for name in ("limit_per_person", "sms_a_day", "phone_a_day", "pierces_quiet")
        if (value := getattr(wanted, name)) is not UNSET
    }
    if wanted.adapters is not UNSET:
        changes["adapters"] = Adapters(
            **{name: _checked(uow, name, wanted.adapters.of(name), before.adapters.of(name)) for name in OUTSIDE}
        )
    after = msgspec.structs.replace(before, **changes)
    if revision == 0:
        if not await uow.execute(policies.ENSURE, policy=after):
            raise RevisionMismatch
    elif await uow.one(policies.CHANGE, policy=after, revision=revision) is None:
        raise RevisionMismatch
    record(
        uow,
        actor,
        action="ding.policy_changed",
        object_=f"organisation:{uow.org_id}",
        detail={"before": _audited(before), "after": _audited(after)},
    )
    return await shown(uow, actor)


def _checked(uow: UnitOfWork, channel: str, wanted: Adapter | None, before: Adapter | None) -> Adapter | None:
    """An adapter as it is stored: hidden headers filled in again, and a template that can be filled."""
    if not isinstance(wanted, HttpAdapter):
        return wanted
    path = f"adapters.{channel}"
    kept = before.headers if isinstance(before, HttpAdapter) else {}
    headers = {name: kept.get(name, "") if value == MASK else value for name, value in wanted.headers.items()}
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not value or len(value) > 2000 or not value.isprintable():
            raise invalid(f"{path}.headers", "invalid")
    adapter = msgspec.structs.replace(wanted, headers=headers)
    if not templates.is_fillable(adapter):
        raise invalid(f"{path}.body_template", "invalid")
    if templates.wants_receipts(adapter) and not uow.parts[Settings][ServerSettings].public_url:
        raise NoReceiptAddress
    return adapter


def _masked(adapter: Adapter | None) -> Adapter | None:
    if isinstance(adapter, HttpAdapter):
        return msgspec.structs.replace(adapter, headers=dict.fromkeys(adapter.headers, MASK))
    return adapter


def _audited(found: Policy) -> dict[str, object]:
    kinds = {
        name: "file" if isinstance(adapter, FileAdapter) else "http" if adapter is not None else None
        for name in OUTSIDE
        for adapter in (found.adapters.of(name),)
    }
    return {
        "limit_per_person": found.limit_per_person,
        "sms_a_day": found.sms_a_day,
        "phone_a_day": found.phone_a_day,
        "pierces_quiet": found.pierces_quiet,
        "adapters": kinds,
    }


# --- the day -------------------------------------------------------------------------------------------------------


async def today(uow: UnitOfWork) -> tuple[date, datetime]:
    """The organisation's business date, and when the next one begins."""
    zone = ZoneInfo((await directory.organisation(uow)).time_zone)
    day = uow.now().astimezone(zone).date()
    return day, datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=zone)


async def usage(uow: UnitOfWork, actor: Actor) -> Usage:
    """What the actor has sent today."""
    day, _ = await today(uow)
    limit = (await current(uow)).limit_per_person
    return Usage(used=await _used(uow, day, "person", actor.me), limit=limit, day=day.isoformat())


async def use_one(uow: UnitOfWork, member_id: UUID, limit: int) -> None:
    """Take one of today's DINGs of a person. Raises `ding.daily_limit`."""
    day, ends_at = await today(uow)
    if not await take(uow, day, "person", member_id, wanted=1, most=limit):
        raise DailyLimit(limit=limit, retry_after_s=(ends_at - uow.now()).total_seconds())


async def take(uow: UnitOfWork, day: date, kind: str, key: UUID, *, wanted: int, most: int) -> int:
    """Take `wanted`, or what is left of `most`; how many that were. The count is held until the commit."""
    taken: int = await uow.value(attempts.TAKE, day=day, kind=kind, key=key, wanted=wanted, most=most)
    return taken


async def _used(uow: UnitOfWork, day: date, kind: str, key: UUID) -> int:
    return int(await uow.value(attempts.USED, day=day, kind=kind, key=key) or 0)
