"""HTTP: the organisation."""

from litestar import get, patch

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.http.permissions import MEMBER, requires
from pegboard.modules.directory import policy
from pegboard.modules.directory.schemas import Organisation, OrganisationPatch
from pegboard.modules.directory.service import organisations

_TAGS = ["directory"]


@get(
    "/organisation",
    opt=requires(MEMBER),
    tags=_TAGS,
    summary="The organisation",
    operation_id="organisation",
)
async def _organisation(uow: UnitOfWork, actor: Actor) -> Organisation:
    """The chosen organisation and its settings."""
    return Organisation.of(await organisations.organisation(uow))


@patch(
    "/organisation",
    opt=requires(policy.MANAGE_ORGANISATION),
    tags=_TAGS,
    summary="Change the organisation",
    operation_id="changeOrganisation",
)
async def _change(data: OrganisationPatch, uow: UnitOfWork, actor: Actor) -> Organisation:
    """Change its name, country, time zone or settings. 409 `revision.mismatch` if somebody else did meanwhile."""
    change = organisations.OrganisationChange(
        revision=data.revision,
        name=data.name,
        default_country=data.default_country,
        time_zone=data.time_zone,
        settings=data.settings,
    )
    return Organisation.of(await organisations.change_organisation(uow, actor, change))


ROUTES = (_organisation, _change)
