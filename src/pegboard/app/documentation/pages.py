"""GET /api/openapi.json, and pages at /api/docs to read it and try it: our own, with nothing from elsewhere."""

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.handlers import HTTPRouteHandler

from pegboard.app.documentation.document import openapi_document
from pegboard.kernel.errors import NotFound
from pegboard.kernel.http.permissions import PUBLIC, requires

_VIEWER = Path(__file__).parent / "viewer"
_FILES = {
    "index.html": "text/html; charset=utf-8",
    "viewer.js": "text/javascript; charset=utf-8",
    "viewer.css": "text/css; charset=utf-8",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@cache
def _encoded(litestar: Litestar) -> bytes:
    return msgspec.json.format(msgspec.json.encode(openapi_document(litestar)), indent=2)


@get(
    "/api/openapi.json",
    opt=requires(PUBLIC),
    tags=["operations"],
    operation_id="openapi",
    summary="This document",
    include_in_schema=False,
)
async def _openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    return _file(request, _encoded(request.app), "application/json")


@get(["/api/docs", "/api/docs/{name:str}"], opt=requires(PUBLIC), include_in_schema=False)
async def _pages(request: Request[Any, Any, Any], name: str = "index.html") -> Response[bytes]:
    if name not in _FILES:
        raise NotFound
    return _file(request, _read(name), _FILES[name])


@cache
def _read(name: str) -> bytes:
    return (_VIEWER / name).read_bytes()


def _file(request: Request[Any, Any, Any], content: bytes, media_type: str) -> Response[bytes]:
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {
        "content-type": media_type,
        "cache-control": "no-cache",
        "etag": etag,
        "content-security-policy": _POLICY,
    }
    if request.headers.get("if-none-match") == etag:
        return Response(b"", status_code=304, headers=headers)
    return Response(content, headers=headers)


def documentation_routes() -> Sequence[HTTPRouteHandler]:
    """The document and its pages."""
    return _openapi, _pages
