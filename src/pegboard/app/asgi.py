"""The HTTP application: modules below /api/v1, the web client below /w/, probes and documentation."""

from collections.abc import Sequence
from typing import Any

from litestar import get
from litestar.response import Redirect

from pegboard.app.documentation import documentation_routes, openapi_document
from pegboard.app.probes import probe_routes
from pegboard.app.registry import MODULES, gather
from pegboard.app.web_client import web_client_routes
from pegboard.kernel.files.routes import FILE_PERMISSIONS, file_routes
from pegboard.kernel.http.application import API, http_application, routed
from pegboard.kernel.http.gate import Gate
from pegboard.kernel.http.permissions import PUBLIC, requires
from pegboard.kernel.module import Module
from pegboard.kernel.parts import Parts

__all__ = ["API", "create_app", "create_probes", "described"]


@get("/", opt=requires(PUBLIC), include_in_schema=False)
async def _home() -> Redirect:
    return Redirect("/w/")


def create_app(parts: Parts, modules: Sequence[Module] = MODULES) -> Gate:
    """The whole HTTP side over parts that are wired already.

    Raises `UnregisteredRoute` for a route that names no permission of these modules or the kernel.
    """
    return http_application(
        parts,
        _api_routes(modules),
        other_routes=[_home, *probe_routes, *documentation_routes(), *web_client_routes()],
        permissions=[*FILE_PERMISSIONS, *gather(lambda module: module.permissions, modules)],
    )


def create_probes(parts: Parts) -> Gate:
    """The HTTP side of a process that only works: what monitors ask."""
    return http_application(parts, [], other_routes=probe_routes)


def described(modules: Sequence[Module] = MODULES) -> dict[str, Any]:
    """The OpenAPI document, made without a database or anything else that runs."""
    return openapi_document(routed(_api_routes(modules), probe_routes))


def _api_routes(modules: Sequence[Module]) -> list[Any]:
    return [*gather(lambda module: module.routes, modules), *file_routes]
