"""Our own NATS: only who has its token comes in, it comes back when it dies, and it goes when we go."""

import asyncio
import os
import signal
import stat
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pegboard.kernel.nats import EmbeddedNats, NatsCarrier
from pegboard.kernel.nats import engine as engine_module
from pegboard.kernel.realtime.bus import ALL, BELL, WEB
from tests.support.polling import until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EmbeddedNats]:
    engine = EmbeddedNats(tmp_path)
    await engine.start()
    yield engine
    await engine.stop()
    assert not (tmp_path / "nats" / "nats.conf").exists()


async def _carrier(engine: EmbeddedNats, *lanes: str) -> tuple[NatsCarrier, list[bytes]]:
    heard: list[bytes] = []
    carrier = NatsCarrier([engine.url], subject="test")
    await carrier.start(lanes or (ALL, WEB, BELL), heard.append)
    return carrier, heard


async def test_others_hear_in_order_and_one_does_not_hear_oneself(engine: EmbeddedNats) -> None:
    one, own = await _carrier(engine)
    other, heard = await _carrier(engine)
    worker, work = await _carrier(engine, ALL, BELL)
    sent = [(WEB if number % 3 else ALL, b"%d" % number) for number in range(200)]
    for lane, message in sent:
        await one.send(lane, message)
    await one.send(BELL, b"bell")
    await until(lambda: len(heard) == 201 and len(work) == 68)
    assert [message for message in heard if message != b"bell"] == [message for _, message in sent]
    assert set(work) == {message for lane, message in sent if lane == ALL} | {b"bell"}
    assert own == []
    assert one.max_bytes == 8 << 20
    for carrier in (one, other, worker):
        await carrier.stop()


async def test_installations_that_share_it_do_not_hear_one_another(engine: EmbeddedNats) -> None:
    one, _ = await _carrier(engine)
    heard: list[bytes] = []
    neighbour = NatsCarrier([engine.url], subject="neighbour")
    await neighbour.start((ALL, WEB, BELL), heard.append)
    await one.send(ALL, b"ours")
    await one.stop()
    await neighbour.stop()
    assert heard == []


async def test_nobody_comes_in_without_the_token(engine: EmbeddedNats, tmp_path: Path) -> None:
    token = engine.url.partition("//")[2].partition("@")[0]
    assert len(token) >= 40
    command_line = Path(f"/proc/{engine.pid}/cmdline").read_bytes()  # noqa: ASYNC240  # a file of the kernel
    assert token.encode() not in command_line
    assert stat.S_IMODE((tmp_path / "nats" / "nats.conf").stat().st_mode) == 0o600
    port = int(engine.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b'CONNECT {"verbose":false,"auth_token":"guess"}\r\nPING\r\n')
    said = await reader.read()
    assert b"Authorization Violation" in said
    assert b"PONG" not in said
    writer.close()


async def test_it_comes_back_where_it_was(engine: EmbeddedNats) -> None:
    one, _ = await _carrier(engine)
    other, heard = await _carrier(engine)
    before, url = engine.pid, engine.url
    assert before is not None
    os.kill(before, signal.SIGKILL)
    await until(lambda: engine.pid not in (before, None) and one.is_connected and other.is_connected)
    assert engine.url == url

    async def arrives() -> bool:
        await one.send(ALL, b"again")
        await asyncio.sleep(0.02)
        return b"again" in heard

    await until(arrives)
    await one.stop()
    await other.stop()


async def test_one_that_stands_still_is_ended(engine: EmbeddedNats, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "_LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(engine_module, "_ANSWERS_WITHIN_S", 0.3)
    first = engine.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)  # the looks begin with the next one, and are quick then
    await until(lambda: engine.pid not in (first, None))
    second = engine.pid
    assert second is not None
    await asyncio.sleep(0.3)
    os.kill(second, signal.SIGSTOP)
    await until(lambda: engine.pid not in (second, None))


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's promise")
async def test_it_dies_with_us(tmp_path: Path) -> None:
    program = textwrap.dedent(f"""
        import asyncio, os, pathlib
        from pegboard.kernel.nats import EmbeddedNats
        async def main():
            engine = EmbeddedNats(pathlib.Path({str(tmp_path)!r}))
            await engine.start()
            print(engine.pid, flush=True)
            await asyncio.sleep(60)
        asyncio.run(main())
    """)
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    pid = int(await child.stdout.readline())
    child.kill()
    await child.wait()
    await until(lambda: not Path(f"/proc/{pid}").exists())


async def test_a_process_starts_without_a_server_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pegboard.kernel.nats.carrier.START_WITHIN_S", 0.2)
    heard: list[bytes] = []
    carrier = NatsCarrier(["nats://127.0.0.1:1"], subject="test")
    await carrier.start((ALL, WEB), heard.append)
    assert not carrier.is_connected
    await carrier.send(ALL, b"nobody hears")
    await carrier.stop()
