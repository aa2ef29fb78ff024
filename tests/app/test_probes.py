"""What monitors ask of a whole server."""

import re
from collections import namedtuple

import httpx
import pytest

from pegboard.app import probes
from tests.support.live_server import LiveServer

Usage = namedtuple("Usage", ("total", "used", "free"))  # as shutil has it


def get(server: LiveServer, path: str) -> httpx.Response:
    return httpx.get(server.url + path, timeout=20)


def test_it_is_alive(server: LiveServer) -> None:
    assert (get(server, "/livez").status_code, get(server, "/livez").json()) == (200, {"status": "ok"})


def test_it_says_which_condition_is_not_met(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    gib = 1 << 30
    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage(100 * gib, 99.9 * gib, 100 << 20))
    answer = get(server, "/readyz")
    assert (answer.status_code, answer.headers["cache-control"]) == (503, "no-store")
    checks = answer.json()["checks"]
    assert answer.json()["status"] == "unready"
    assert checks["database"] == {"ok": True}
    assert (checks["disk"]["ok"], "100 MiB" in checks["disk"]["detail"]) == (False, True)


@pytest.mark.parametrize(("free", "ok"), [(600 << 20, True), (400 << 20, False)])
def test_half_a_gigabyte_is_enough(server: LiveServer, monkeypatch: pytest.MonkeyPatch, free: int, ok: bool) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage(1 << 40, (1 << 40) - free, free))
    assert get(server, "/readyz").json()["checks"]["disk"]["ok"] is ok


def test_a_schema_that_is_not_this_programs_is_not_ready(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "head", lambda: "9999")
    answer = get(server, "/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["migrations"]["ok"] is False


def test_figures_for_prometheus(server: LiveServer) -> None:
    get(server, "/api/v1/unheard-of-things/4")
    figures = get(server, "/metrics")
    assert figures.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert re.search(r'^pegboard_pool_connections\{role="app",state="idle"\} \d', figures.text, re.MULTILINE)
    assert "unheard-of" not in figures.text  # routes are counted by their templates


def test_the_first_address_leads_to_the_client(server: LiveServer) -> None:
    home = get(server, "/")
    assert (home.status_code, home.headers["location"]) == (302, "/w/")


def test_pages_about_the_api_run_nothing_of_others(server: LiveServer) -> None:
    page = get(server, "/api/docs")
    policy = page.headers["content-security-policy"]
    assert "unsafe-inline" not in policy
    assert "default-src 'none'" in policy
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert addresses
    for address in addresses:
        assert address.startswith("/")
        assert get(server, address).status_code == 200
    assert get(server, "/api/docs/pages.py").status_code == 404
