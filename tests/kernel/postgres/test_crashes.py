"""kill -9, at every place: nothing acknowledged is lost, nothing hinders the next start."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pegboard.kernel.postgres import EmbeddedPostgres, find_running
from tests.kernel.postgres.conftest import StartWorker
from tests.kernel.postgres.watching import ask, postmaster_pid, runs, started, until, until_async

pytestmark = pytest.mark.anyio


async def test_the_supervisor_is_killed_under_load(data_dir: Path, worker: StartWorker) -> None:
    serving = worker("serve", data_dir)
    serving.wait_for(200)
    serving.kill()
    postmaster, *acknowledged = [int(line) for line in serving.lines()]
    # At once, not after waiting for the end of the old server.
    async with started(data_dir) as postgres:
        assert not runs(postmaster)
        highest = await ask(postgres.address, "SELECT max(number) FROM acknowledged")
        assert isinstance(highest, int)
        assert highest >= acknowledged[-1]
        assert await ask(postgres.address, "SELECT count(*) FROM acknowledged") == highest + 1


async def test_an_orphaned_server_is_ended_first(
    data_dir: Path, worker: StartWorker, caplog: pytest.LogCaptureFixture
) -> None:
    serving = worker("serve", data_dir)
    postmaster = int(serving.wait_for(2)[0])
    # Stopped, it cannot follow the kernel's word that its supervisor died: the orphan of other systems.
    os.kill(postmaster, signal.SIGSTOP)
    serving.kill()
    postgres = EmbeddedPostgres(data_dir)
    starting = asyncio.create_task(postgres.start())
    await until_async(lambda: "leftover" in caplog.text)
    assert not starting.done()
    os.kill(postmaster, signal.SIGCONT)
    address = await starting
    assert not runs(postmaster)
    assert await find_running(data_dir) == address
    await postgres.stop()


async def test_sessions_that_outlive_both_are_ended(data_dir: Path, worker: StartWorker) -> None:
    computing = worker("busy", data_dir)
    postmaster, session = [int(line) for line in computing.wait_for(2)]
    os.kill(postmaster, signal.SIGKILL)
    computing.kill()
    until(lambda: not runs(postmaster))
    assert runs(session)
    async with started(data_dir) as postgres:
        assert not runs(session)
        assert await ask(postgres.address, "SELECT 1") == 1


async def test_the_postmaster_is_killed_and_restarted(data_dir: Path) -> None:
    async with started(data_dir) as postgres:
        address = postgres.address
        await ask(address, "CREATE TABLE kept AS SELECT 7 AS number")
        ending = asyncio.create_task(postgres.died())
        os.kill(postmaster_pid(data_dir), signal.SIGKILL)
        end = await ending
        assert (end.exit_code, end.asked_for) == (-signal.SIGKILL, False)
        assert await find_running(data_dir) is None
        assert await postgres.restart() == address
        assert await ask(address, "SELECT number FROM kept") == 7
        assert await find_running(data_dir) == address


@pytest.fixture
def stranger(data_dir: Path) -> Iterator[int]:
    """A process of the database user that has nothing to do with us, though it stands in the cluster."""
    owner = (data_dir / "postgres").stat()
    process = subprocess.Popen(
        ["sleep", "60"],
        cwd=data_dir / "postgres",
        # A user id only where we may give one.
        user=owner.st_uid if os.geteuid() == 0 else None,
    )
    yield process.pid
    assert process.poll() is None, "a stranger was killed"
    process.kill()
    process.wait(timeout=10)


async def test_a_stale_pid_file_that_names_a_living_stranger(data_dir: Path, stranger: int) -> None:
    async with started(data_dir) as postgres:
        lines = (data_dir / "postgres" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        socket = postgres.address.socket
    stale = "\n".join([str(stranger), *lines[1:]]) + "\n"
    (data_dir / "postgres" / "postmaster.pid").write_text(stale, encoding="utf-8")
    socket.parent.mkdir(mode=0o700)
    socket.with_name(socket.name + ".lock").write_text(stale, encoding="utf-8")
    assert await find_running(data_dir) is None
    async with started(data_dir) as postgres:
        assert await ask(postgres.address, "SELECT 1") == 1


async def test_initdb_is_killed_in_the_middle(tmp_path: Path, worker: StartWorker) -> None:
    data_dir = tmp_path / "data"
    starting = worker("start", data_dir)
    unfinished = data_dir / "postgres.new"
    until((unfinished / "global").exists)
    starting.kill()
    assert not (data_dir / "postgres").exists()
    async with started(data_dir) as postgres:
        assert await ask(postgres.address, "SELECT 1") == 1
    assert not unfinished.exists()


async def test_five_kills_in_a_row(data_dir: Path, worker: StartWorker) -> None:
    highest = -1
    for round_number in range(5):
        serving = worker("serve", data_dir)
        serving.wait_for(20)
        if round_number % 2:
            os.kill(int(serving.lines()[0]), signal.SIGKILL)
        serving.kill()
        highest = int(serving.lines()[-1])
    async with started(data_dir) as postgres:
        found = await ask(postgres.address, "SELECT max(number) FROM acknowledged")
        assert isinstance(found, int)
        assert found >= highest
