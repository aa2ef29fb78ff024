"""Small questions that the tests of the supervisor share."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from pegboard.kernel.postgres import Address, EmbeddedPostgres
from pegboard.kernel.postgres.cluster import cluster_path
from pegboard.kernel.postgres.running import read_pid_file


def until(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    """Wait for something outside of the test, up to a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


async def until_async(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    """The same, letting the event loop run meanwhile."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.001)


@asynccontextmanager
async def started(data_dir: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A running server, stopped at the end."""
    postgres = EmbeddedPostgres(data_dir)
    await postgres.start()
    try:
        yield postgres
    finally:
        await postgres.stop()


async def ask(address: Address, question: str, *arguments: object) -> object:
    """One value, as the superuser."""
    connection = await asyncpg.connect(address.dsn())
    try:
        return await connection.fetchval(question, *arguments)
    finally:
        await connection.close()


def postmaster_pid(data_dir: Path) -> int:
    """What its file says."""
    pid_file = read_pid_file(cluster_path(data_dir))
    assert pid_file is not None
    return pid_file.pid


def status_of(pid: int) -> dict[str, str]:
    """The fields of /proc/PID/status."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return dict(line.split(":\t", 1) for line in lines)


def runs(pid: int) -> bool:
    """Whether the process runs; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
