"""Over https the certificate has to be that of the host that was asked, whichever address was dialled."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pegboard.kernel.egress import Egress, EgressFailed
from pegboard.kernel.egress.client import Stream
from tests.support.small_web import PUBLIC, Web, page

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate"),
]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for open.example, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=open.example", "-addext", "subjectAltName=DNS:open.example"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem"]
    subprocess.run(
        ["openssl", "req", "-x509", "-days", "2", *names, *key, "-out", "cert.pem"],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
async def port(web: Web, certificate: tuple[Path, Path]) -> AsyncIterator[int]:
    """The small web again, over TLS."""
    web.serve = page()
    web.names = {"open.example": [[PUBLIC]], "other.example": [[PUBLIC]]}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server = await asyncio.start_server(web.answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def _egress(web: Web, port: int, trusted: ssl.SSLContext | None) -> Egress:
    async def dial(address: str, _: int, tls: ssl.SSLContext | None, host: str | None) -> Stream:
        web.dialled.append((address, _, host))
        return await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=host)

    return Egress(resolve=web.resolve, dial=dial, tls=trusted)


async def test_a_certificate_of_the_host_is_accepted(web: Web, port: int, certificate: tuple[Path, Path]) -> None:
    egress = _egress(web, port, ssl.create_default_context(cafile=certificate[0]))
    assert (await egress.request("GET", "https://open.example/")).body == b"hello"
    assert web.dialled == [(PUBLIC, 443, "open.example")]


@pytest.mark.parametrize("known", [True, False])
async def test_any_other_is_refused(web: Web, port: int, certificate: tuple[Path, Path], *, known: bool) -> None:
    """Of another host; and by nobody whom we trust."""
    egress = _egress(web, port, ssl.create_default_context(cafile=certificate[0]) if known else None)
    with pytest.raises(EgressFailed) as failed:
        await egress.request("GET", "https://other.example/" if known else "https://open.example/")
    assert failed.value.reason == "tls"
    assert web.requests == []
