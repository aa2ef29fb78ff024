import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from pegboard.kernel.realtime import Limits
from tests.kernel.realtime.serving import Serve, until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate"),
]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "key.pem"]
    subprocess.run(
        ["openssl", "req", "-x509", "-days", "2", *names, *key, "-out", "cert.pem"],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    return folder / "cert.pem", folder / "key.pem"


async def test_tls(serve: Serve, certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    running = await serve(Limits(close_within_s=0.2, sweep_s=0.01), tls=context)
    trusting = ssl.create_default_context(cafile=certificate[0])
    async with connect(f"wss://127.0.0.1:{running.port}/echo", ssl=trusting) as client:
        assert running.echo.handshakes[0].scheme == "wss"
        for text in ("hello", "x" * 500_000):
            await client.send(text)
            assert await client.recv() == text
        connection = running.echo.last.connection
        assert connection is not None
        connection.close(4401)
        await client.wait_closed()
        assert client.close_code == 4401
    # A broken protocol over TLS, where the half of a connection cannot be closed.
    async with connect(f"wss://127.0.0.1:{running.port}/echo", ssl=trusting) as client:
        await client.send(b"binary")
        await client.wait_closed()
        assert client.close_code == 1003
    await until(lambda: running.connections == 0)
