"""Serves the built web client under /w/: one page for every deep link, and its assets."""

import hashlib
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from litestar import Request, Response, get, head
from litestar.handlers import HTTPRouteHandler

from pegboard.kernel.errors import NotFound
from pegboard.kernel.http.permissions import PUBLIC, requires

BUILT = Path(__file__).parent / "web_dist"
_DIRECTIVES = (
    "default-src 'self'",
    "script-src 'self'",
    # Ant Design writes its styles into the page as it needs them.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "connect-src 'self'",  # CSP 3: the page's own origin, over WebSocket too
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "object-src 'none'",
)
SECURITY_POLICY = "; ".join(_DIRECTIVES)
_POLICY = {
    "content-security-policy": SECURITY_POLICY,
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_PAGE_CACHE = "no-cache"  # ask each time, and hear "not modified"
_ASSET_CACHE = "public, max-age=31536000, immutable"  # the name holds a digest of the content
_CODINGS = ((".br", "br"), (".gz", "gzip"))

_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Pegboard</title>
<h1>The web client has not been built</h1>
<p>The server runs, and its <a href="/api/docs">API</a> answers. To build the client, run <code>make web</code> in the
sources, or install Pegboard without <code>PEGBOARD_SKIP_WEB_BUILD</code>. Node 20.19 or newer is needed for that.</p>
</html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asset:
    content: bytes
    media_type: str
    etag: str
    encoding: str = ""


def web_client_routes(folder: Path = BUILT) -> Sequence[HTTPRouteHandler]:
    """The routes of the client that was built into `folder`; of a page that says how to, if none was."""

    @lru_cache(maxsize=1024)
    def load(name: str, accepted: str) -> _Asset | None:
        file = (folder / name).resolve()
        if not file.is_relative_to(folder.resolve()) or file.name.startswith(".") or not file.is_file():
            return None
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        for suffix, coding in _CODINGS:
            packed = file.with_name(file.name + suffix)
            if coding in accepted and packed.is_file():
                return _asset(packed.read_bytes(), media_type, coding)
        return _asset(file.read_bytes(), media_type)

    def answer(request: Request[Any, Any, Any], path: str) -> Response[bytes]:
        name = path.strip("/")
        accepted = request.headers.get("accept-encoding", "").replace(" ", "")
        known = ",".join(coding for _, coding in _CODINGS if coding in accepted.split(","))
        is_asset = name.startswith("assets/")
        found = load(name, known) if name and name not in (".", "index.html") else None
        if found is None and is_asset:
            raise NotFound  # a page in the place of a script would only be misread
        asset = found or load("index.html", known) or _asset(_NOT_BUILT.encode(), "text/html")
        headers = {
            "content-type": _with_charset(asset.media_type),
            "cache-control": _ASSET_CACHE if is_asset else _PAGE_CACHE,
            "etag": asset.etag,
            "vary": "accept-encoding",
            **_POLICY,
        }
        if asset.encoding:
            headers["content-encoding"] = asset.encoding
        if request.headers.get("if-none-match") == asset.etag:
            return Response(b"", status_code=304, headers=headers)
        if request.method == "HEAD":
            return Response(b"", headers={**headers, "content-length": str(len(asset.content))})
        return Response(asset.content, headers=headers)

    @get(["/w", "/w/{path:path}"], opt=requires(PUBLIC), include_in_schema=False)
    async def page(request: Request[Any, Any, Any], path: str = "") -> Response[bytes]:
        return answer(request, path)

    @head(["/w", "/w/{path:path}"], opt=requires(PUBLIC), include_in_schema=False)
    async def page_head(request: Request[Any, Any, Any], path: str = "") -> Response[None]:
        return answer(request, path)  # type: ignore[return-value]  # of HEAD, Litestar wants to read that it is empty

    return page, page_head


def _asset(content: bytes, media_type: str, encoding: str = "") -> _Asset:
    digest = hashlib.sha256(content).hexdigest()[:32]
    return _Asset(content=content, media_type=media_type, etag=f'"{digest}"', encoding=encoding)


def _with_charset(media_type: str) -> str:
    is_text = media_type.startswith("text/") or media_type in ("application/javascript", "application/json")
    return f"{media_type}; charset=utf-8" if is_text else media_type
