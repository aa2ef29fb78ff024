"""A file store, and the file routes with two people of two organisations."""

import asyncio
import socket
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from pegboard.kernel.actor import Account, Actor
from pegboard.kernel.db import Database
from pegboard.kernel.files import DirectoryStore, FileStore
from pegboard.kernel.files.routes import FILE_PERMISSIONS, file_routes
from pegboard.kernel.http.application import http_application
from pegboard.kernel.http.gate import Gate
from pegboard.kernel.http.rates import RequestRates
from pegboard.kernel.http.signed_in import Authenticator, Credentials, SignedIn
from pegboard.kernel.i18n import Catalogues
from pegboard.kernel.ids import AccountId, MemberId, OrgId, uuid7
from pegboard.kernel.parts import Parts
from pegboard.kernel.settings import Settings, load

MAX_BYTES = 40 * 1024 * 1024


@dataclass
class People:
    """Whose token is whose."""

    by_token: dict[str, SignedIn] = field(default_factory=dict)

    async def authenticate(self, credentials: Credentials) -> SignedIn | None:
        return self.by_token.get(credentials.token)

    def add(self, token: str, org_id: OrgId) -> Actor:
        account = Account(account_id=AccountId(uuid7()), session_id=uuid7(), name=token, language="en")
        actor = Actor(org_id=org_id, member_id=MemberId(uuid7()), userid=token, name=token)
        self.by_token[token] = SignedIn(account=account, actor=actor, csrf_token="")
        return actor


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def parts(database: Database, directory: Path) -> Parts:
    parts = database.parts
    environ = {
        "PEGBOARD_DATA": str(directory),
        "PEGBOARD_FILES__MAX_BYTES": str(MAX_BYTES),
        "PEGBOARD_FILES__BLOCKED_TYPES": "application/x-msdownload, video/*",
    }
    parts.put(Settings, load(None, environ))
    parts.put(Database, database)
    parts.put(FileStore, DirectoryStore(directory / "files"))
    parts.put(Catalogues, Catalogues())
    parts.put(RequestRates, RequestRates(0, 1))
    return parts


@pytest.fixture
def people(parts: Parts) -> People:
    people = People()
    parts.put(Authenticator, people)
    return people


@pytest.fixture
def ann(people: People, org_id: OrgId) -> Actor:
    return people.add("ann", org_id)


@pytest.fixture
def colleague(people: People, org_id: OrgId) -> Actor:
    return people.add("colleague", org_id)


@pytest.fixture
def stranger(people: People) -> Actor:
    return people.add("stranger", OrgId(uuid7()))


@pytest.fixture
def application(parts: Parts, people: People) -> Gate:
    return http_application(parts, file_routes, permissions=FILE_PERMISSIONS)


@pytest.fixture
async def http(application: Gate, ann: Actor) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in as Ann."""
    transport: Any = httpx.ASGITransport(application)  # type: ignore[arg-type]  # httpx types scopes as plain dicts
    async with httpx.AsyncClient(
        transport=transport, base_url="http://pegboard.test/api/v1", headers={"authorization": "Bearer ann"}
    ) as client:
        yield client


# --- S3 ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """A server that speaks S3 (moto), in a process of its own, with the bucket `files`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        asyncio.run(_create_bucket(endpoint))
        yield endpoint
    finally:
        server.terminate()
        server.wait(20)


async def _create_bucket(endpoint: str) -> None:
    def create() -> bool:
        request = urllib.request.Request(f"{endpoint}/files", method="PUT")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    for _ in range(600):
        if await asyncio.to_thread(create):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the S3 server did not start")
