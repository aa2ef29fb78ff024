"""The built client below /w/: one page for every deep link, assets kept for ever, nothing from anywhere else."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from pegboard.app.web_client import web_client_routes
from pegboard.kernel.db import Database
from pegboard.kernel.http.application import http_application
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.parts import Parts

pytestmark = pytest.mark.anyio

SCRIPT = b"console.log('pinned');"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "web_dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Pegboard</title>")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / ".sources").write_text("digest")
    (folder / "assets" / "main-1a2b.js").write_bytes(SCRIPT)
    (folder / "assets" / "main-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / "secret.txt").write_text("outside")
    return folder


@pytest.fixture
async def client(built: Path, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(built, database.parts, database) as client:
        yield client


def browser(folder: Path, parts: Parts, database: Database) -> httpx.AsyncClient:
    parts.put(Database, database)
    parts.put(Catalogues, Catalogues())
    application = http_application(parts, [], other_routes=web_client_routes(folder))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(application),  # type: ignore[arg-type]  # httpx types scopes as plain dicts
        base_url="http://pegboard.test",
        headers={"accept-encoding": "identity"},
    )


@pytest.mark.parametrize(
    "path", ["/w", "/w/", "/w/index.html", "/w/messages/0193", "/w/contacts/no.such", "/w/.sources"]
)
async def test_every_deep_link_is_the_page(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(path)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.text.startswith("<!doctype html>")
    assert page.headers["cache-control"] == "no-cache"
    assert (await client.head(path)).headers["content-length"] == page.headers["content-length"]


async def test_no_script_runs_that_is_not_ours(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/w/")).headers["content-security-policy"]
    directives = {part.split()[0]: part.split()[1:] for part in policy.split("; ")}
    assert directives["script-src"] == directives["connect-src"] == ["'self'"]
    assert directives["default-src"] == ["'self'"]
    for name in ("frame-ancestors", "base-uri", "object-src"):
        assert directives[name] == ["'none'"]


async def test_assets_are_kept_and_packed(client: httpx.AsyncClient) -> None:
    asset = await client.get("/w/assets/main-1a2b.js")
    assert asset.content == SCRIPT
    assert asset.headers["content-type"] == "text/javascript; charset=utf-8"
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    packed = await client.get("/w/assets/main-1a2b.js", headers={"accept-encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "accept-encoding"
    assert packed.content == SCRIPT
    assert packed.headers["etag"] != asset.headers["etag"]
    same = await client.get("/w/assets/main-1a2b.js", headers={"if-none-match": asset.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")


async def test_an_asset_that_is_gone_is_no_page(client: httpx.AsyncClient) -> None:
    gone = await client.get("/w/assets/main-0000.js")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "path", ["/w/../secret.txt", "/w/%2e%2e/secret.txt", "/w/assets/../../secret.txt", "/w//secret.txt"]
)
async def test_nothing_outside_the_folder_is_read(client: httpx.AsyncClient, path: str) -> None:
    assert "outside" not in (await client.get(path)).text


async def test_elsewhere_unknown_paths_are_json(client: httpx.AsyncClient) -> None:
    for path in ("/api/v1/nothing", "/api", "/nothing", "/web"):
        missing = await client.get(path)
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    assert (await client.post("/w/")).status_code == 405


async def test_a_client_that_was_not_built_says_how_to(database: Database, tmp_path: Path) -> None:
    async with browser(tmp_path / "nothing", database.parts, database) as client:
        page = await client.get("/w/messages")
    assert page.status_code == 200
    assert "make web" in page.text
