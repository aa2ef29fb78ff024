"""The HTTP application: every module's routes below /api/v1, the web client below /w/, probes and documentation."""

from typing import Any

from litestar import Litestar, Request, Router, get
from litestar.config.response_cache import ResponseCacheConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect
from litestar.types import ASGIApp

from pegboard.app.documentation import documentation_routes, openapi_config
from pegboard.app.probes import probe_routes
from pegboard.app.registry import MODULES, gather
from pegboard.app.web_client import web_client_routes
from pegboard.kernel.actor import Account, Actor
from pegboard.kernel.db import UnitOfWork
from pegboard.kernel.errors import Unauthenticated
from pegboard.kernel.files.routes import FILE_PERMISSIONS, file_routes
from pegboard.kernel.http.errors import answer_error
from pegboard.kernel.http.gate import Gate
from pegboard.kernel.http.permissions import KERNEL_PERMISSIONS, PUBLIC, check_routes, requires
from pegboard.kernel.http.signed_in import SignedIn
from pegboard.kernel.http.transaction import NoOrganisation, Transaction
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.parts import Parts

API = "/api/v1"


def _uow(request: Request[Any, Any, Any]) -> UnitOfWork:
    found: UnitOfWork = request.scope["state"]["uow"]
    return found


def _signed_in(request: Request[Any, Any, Any]) -> SignedIn | None:
    found: SignedIn | None = request.scope["state"]["signed_in"]
    return found


def _account(request: Request[Any, Any, Any]) -> Account:
    if (signed_in := _signed_in(request)) is None:
        raise Unauthenticated
    return signed_in.account


def _actor(request: Request[Any, Any, Any]) -> Actor:
    signed_in = _signed_in(request)
    if signed_in is None:
        raise Unauthenticated
    if signed_in.actor is None:
        raise NoOrganisation
    return signed_in.actor


def _parts(request: Request[Any, Any, Any]) -> Parts:
    found: Parts = request.app.state.parts
    return found


@get("/", opt=requires(PUBLIC), include_in_schema=False)
async def _home() -> Redirect:
    return Redirect("/w/")


def create_app(parts: Parts) -> ASGIApp:
    """The whole HTTP side over parts that are wired already. Refuses routes that name no registered permission."""
    api = Router(
        API,
        route_handlers=[*gather(lambda module: module.routes), *file_routes],
        middleware=[Transaction(parts)],
        dependencies={
            "uow": Provide(_uow, sync_to_thread=False),
            "account": Provide(_account, sync_to_thread=False),
            "actor": Provide(_actor, sync_to_thread=False),
            "signed_in": Provide(_signed_in, sync_to_thread=False),
            "parts": Provide(_parts, sync_to_thread=False),
        },
    )
    litestar = Litestar(
        route_handlers=[api, _home, *probe_routes, *documentation_routes, *web_client_routes()],
        exception_handlers={Exception: answer_error},
        openapi_config=openapi_config(),
        state=State({"parts": parts}),
        response_cache_config=ResponseCacheConfig(),
        logging_config=None,
        request_max_body_size=None,
    )
    declared = [*KERNEL_PERMISSIONS, *FILE_PERMISSIONS, *gather(lambda module: module.permissions, MODULES)]
    check_routes(
        [handler for route in litestar.routes for handler in _handlers(route) if not _of_litestar(handler)], declared
    )
    return Gate(litestar, parts[Catalogues])


def _handlers(route: Any) -> list[HTTPRouteHandler]:
    return list(getattr(route, "route_handlers", ()))


def _of_litestar(handler: HTTPRouteHandler) -> bool:
    """Automatic answers to OPTIONS, which tell only the methods."""
    return handler.http_methods == {"OPTIONS"}
