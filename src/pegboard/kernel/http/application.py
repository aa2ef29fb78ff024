"""Joins routes and kernel into the ASGI application: what `app` fills with modules, and tests with routes of theirs."""

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from litestar import Litestar, Request, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions.base_exceptions import LitestarDeprecationWarning

from pegboard.kernel.actor import Account, Actor
from pegboard.kernel.db.work import UnitOfWork
from pegboard.kernel.errors import Unauthenticated
from pegboard.kernel.http.errors import answer_error
from pegboard.kernel.http.gate import Gate
from pegboard.kernel.http.permissions import KERNEL_PERMISSIONS, Permission, check_routes
from pegboard.kernel.http.request import StrictRequest
from pegboard.kernel.http.signed_in import SignedIn
from pegboard.kernel.http.transaction import NoOrganisation, Transaction
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.parts import Parts

API = "/api/v1"


# Litestar resolves independent dependencies side by side, in tasks, which costs more than they do: each of ours that is
# often asked for with another depends on that one, and they come one after the other.
def _uow(request: Request[Any, Any, Any], parts: Parts) -> UnitOfWork:
    del parts
    found: UnitOfWork = request.scope["state"]["uow"]
    return found


def _signed_in(request: Request[Any, Any, Any]) -> SignedIn | None:
    found: SignedIn | None = request.scope["state"]["signed_in"]
    return found


def _account(request: Request[Any, Any, Any]) -> Account:
    if (signed_in := _signed_in(request)) is None:
        raise Unauthenticated
    return signed_in.account


def _actor(request: Request[Any, Any, Any], uow: UnitOfWork) -> Actor:
    del uow
    signed_in = _signed_in(request)
    if signed_in is None:
        raise Unauthenticated
    if signed_in.actor is None:
        raise NoOrganisation
    return signed_in.actor


def _parts(request: Request[Any, Any, Any]) -> Parts:
    found: Parts = request.app.state.parts
    return found


PROVIDED = ("uow", "account", "actor", "signed_in", "parts")
"""What a handler below the API gets by naming it as a parameter."""


def http_application(
    parts: Parts,
    api_routes: Iterable[Any],
    *,
    permissions: Sequence[Permission] = (),
    other_routes: Iterable[Any] = (),
) -> Gate:
    """`api_routes` below /api/v1, each a transaction; `other_routes` where they say, without one.

    Raises `UnregisteredRoute` for a route that names none of `permissions` (or the kernel's own).
    """
    litestar = routed(api_routes, other_routes, parts=parts)
    check_routes(route_handlers(litestar), [*KERNEL_PERMISSIONS, *permissions])
    return Gate(litestar, parts[Catalogues])


def routed(api_routes: Iterable[Any], other_routes: Iterable[Any], *, parts: Parts | None = None) -> Litestar:
    """Only the routes; without parts it can be described, but not called."""
    api = Router(
        API,
        route_handlers=list(api_routes),
        middleware=[Transaction(parts)] if parts else [],
        request_class=StrictRequest,
        dependencies={
            "uow": Provide(_uow, sync_to_thread=False),
            "account": Provide(_account, sync_to_thread=False),
            "actor": Provide(_actor, sync_to_thread=False),
            "signed_in": Provide(_signed_in, sync_to_thread=False),
            "parts": Provide(_parts, sync_to_thread=False),
        },
    )
    with warnings.catch_warnings():
        # Parameters are known by their names, as everywhere in Litestar 2; the spelling of Litestar 3 comes with it.
        warnings.simplefilter("ignore", LitestarDeprecationWarning)
        return Litestar(
            route_handlers=[api, *other_routes],
            exception_handlers={Exception: answer_error},
            openapi_config=None,  # app/documentation makes the document, of the same routes
            state=State({"parts": parts}),
            logging_config=None,
            request_max_body_size=None,  # the gate's matter
        )


def route_handlers(litestar: Litestar) -> list[Any]:
    """Every handler that somebody wrote; not the automatic answers to OPTIONS, which tell only the methods."""
    return [
        handler
        for route in litestar.routes
        for handler in getattr(route, "route_handlers", ())
        if handler.http_methods != {"OPTIONS"}
    ]


__all__ = ["API", "PROVIDED", "http_application", "route_handlers"]
