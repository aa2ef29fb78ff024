"""HTTP: an organisation's finished work, and whether it is counted."""

from datetime import date
from typing import Annotated

from litestar import get, patch
from litestar.params import QueryParameter

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.http.permissions import requires
from pegboard.modules.activity import service
from pegboard.modules.activity.policy import KNOW, MANAGE, READ
from pegboard.modules.activity.schemas import Activity, ActivityPolicyChange, ActivityPolicyOut
from pegboard.modules.activity.views import Length

_TAGS = ["activity"]


@get("/activity", operation_id="list_activity", opt=requires(READ), tags=_TAGS)
async def list_activity(
    uow: UnitOfWork,
    actor: Actor,
    first: Annotated[date, QueryParameter(name="from")],
    last: Annotated[date, QueryParameter(name="to")],
    period: Length = "day",
) -> Activity:
    """How much of what was finished, and by how many people, in each day, week (from Monday) or month of the
    organisation's zone that the days `from` to `to` lie in. Periods appear once they are over. Never by person.
    """
    return Activity.of(await service.counts(uow, actor, period, first, last))


@get("/activity-policy", operation_id="get_activity_policy", opt=requires(KNOW), tags=_TAGS)
async def get_activity_policy(uow: UnitOfWork) -> ActivityPolicyOut:
    """Whether the organisation counts finished work; every member may know."""
    return ActivityPolicyOut.of(await service.read_policy(uow))


@patch("/activity-policy", operation_id="change_activity_policy", opt=requires(MANAGE), tags=_TAGS)
async def change_activity_policy(uow: UnitOfWork, actor: Actor, data: ActivityPolicyChange) -> ActivityPolicyOut:
    """Switch counting on or off. Switched off, what is not summed up yet is forgotten at once."""
    changed = await service.change_policy(uow, actor, revision=data.revision, enabled=data.enabled)
    return ActivityPolicyOut.of(changed)


ROUTES = (list_activity, get_activity_policy, change_activity_policy)
