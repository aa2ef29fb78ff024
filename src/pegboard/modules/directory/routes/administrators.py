"""HTTP: administrators and powers."""

from typing import Annotated

from litestar import delete, get, put
from litestar.params import HeaderParameter

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.http.cursors import Page
from pegboard.kernel.http.permissions import MEMBER, requires
from pegboard.kernel.i18n import Catalogues, language_of
from pegboard.kernel.parts import Parts
from pegboard.modules.directory import policy
from pegboard.modules.directory.schemas import Administrator, Appointment, Power
from pegboard.modules.directory.service import administrators, departments
from pegboard.modules.directory.views import AdminKind

_TAGS = ["directory"]


@get(
    "/administrators",
    opt=requires(MEMBER),
    tags=_TAGS,
    summary="List administrators",
    operation_id="administrators",
)
async def _list(uow: UnitOfWork, actor: Actor) -> Page[Administrator]:
    """All administrators, the owner first. For administrators only."""
    found = await administrators.list_administrators(uow, actor)
    return Page(items=[Administrator.of(administrator) for administrator in found])


@put(
    "/administrators/{userid:str}",
    opt=requires(policy.MANAGE_ADMINISTRATORS),
    tags=_TAGS,
    summary="Appoint an administrator",
    operation_id="appointAdministrator",
)
async def _appoint(userid: str, data: Appointment, uow: UnitOfWork, actor: Actor) -> Administrator:
    """Make somebody a super administrator, or a sub-administrator with these powers within these departments.

    Replaces what they were. Only from a lower rank to a lower rank than one's own.
    """
    made = await administrators.appoint(
        uow,
        actor,
        userid,
        kind=AdminKind(data.kind),
        powers=data.powers,
        department_ids=[await departments.resolve(uow, ref) for ref in data.departments],
    )
    return Administrator.of(made)


@delete(
    "/administrators/{userid:str}",
    opt=requires(policy.MANAGE_ADMINISTRATORS),
    tags=_TAGS,
    summary="Dismiss an administrator",
    operation_id="dismissAdministrator",
    status_code=204,
)
async def _dismiss(userid: str, uow: UnitOfWork, actor: Actor) -> None:
    """Take all powers of somebody."""
    await administrators.dismiss(uow, actor, userid)


@get("/powers", opt=requires(MEMBER), tags=_TAGS, summary="List powers", operation_id="powers")
async def _powers(
    uow: UnitOfWork,
    actor: Actor,
    parts: Parts,
    accept_language: Annotated[str | None, HeaderParameter(name="accept-language")] = None,
) -> Page[Power]:
    """The powers that a sub-administrator can be given, with their titles in the asker's language."""
    language = language_of(accept_language)
    catalogues = parts[Catalogues]
    return Page(
        items=[
            Power(name=name, title=catalogues.text(f"power.{name}", language))
            for name in administrators.grantable_powers(uow)
        ]
    )


ROUTES = (_list, _appoint, _dismiss, _powers)
