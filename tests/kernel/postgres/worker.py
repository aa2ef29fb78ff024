"""A process with a supervisor in it, for tests that kill it: `worker.py MODE DATA_DIR`.

serve: prints the postmaster's pid, then each number that was committed. lock: prints `locked`, holds the
lock. busy: prints the postmaster's pid, then that of a session that computes for ever. start: only starts.
incapable: starts without the capabilities that let the database user through closed directories.
"""

import asyncio
import ctypes
import os
import sys
import time
from pathlib import Path

import asyncpg

from pegboard.kernel.postgres import DataDirectoryLock, EmbeddedPostgres, PostgresStartError
from tests.kernel.postgres.watching import postmaster_pid


def say(text: object) -> None:
    print(text, flush=True)


async def serve(data_dir: Path) -> None:
    postgres = EmbeddedPostgres(data_dir)
    address = await postgres.start()
    connection = await asyncpg.connect(address.dsn())
    await connection.execute("CREATE TABLE IF NOT EXISTS acknowledged (number bigint PRIMARY KEY)")
    say(postmaster_pid(data_dir))
    first = await connection.fetchval("SELECT coalesce(max(number) + 1, 0) FROM acknowledged")
    for number in range(first, 1_000_000):
        await connection.execute("INSERT INTO acknowledged VALUES ($1)", number)
        say(number)


async def busy(data_dir: Path) -> None:
    postgres = EmbeddedPostgres(data_dir)
    address = await postgres.start()
    connection = await asyncpg.connect(address.dsn())
    session = await connection.fetchval("SELECT pg_backend_pid()")
    computing = asyncio.create_task(
        connection.execute("DO $$ BEGIN PERFORM 1; LOOP END LOOP; END $$"), name="computing"
    )
    await asyncio.sleep(0)
    other = await asyncpg.connect(address.dsn())
    running = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND state = 'active'"
    for _ in range(3000):
        if await other.fetchval(running, session):
            break
        await asyncio.sleep(0.01)
    say(postmaster_pid(data_dir))
    say(session)
    await computing


async def start(data_dir: Path) -> None:
    try:
        await EmbeddedPostgres(data_dir).start()
    except PostgresStartError as error:
        say(f"{error.code} {error}")
    else:
        say("started")
        await asyncio.sleep(60)


def main() -> None:
    mode, data_dir = sys.argv[1], Path(sys.argv[2])
    match mode:
        case "lock":
            DataDirectoryLock(data_dir, role="serve").acquire()
            say("locked")
            time.sleep(60)
        case "serve":
            with DataDirectoryLock(data_dir, role="serve"):
                asyncio.run(serve(data_dir))
        case "busy":
            asyncio.run(busy(data_dir))
        case "start":
            asyncio.run(start(data_dir))
        case "incapable":
            give_up_capabilities()
            asyncio.run(start(data_dir))


def give_up_capabilities() -> None:
    """What root is in a container without CAP_DAC_READ_SEARCH and CAP_DAC_OVERRIDE: drop them for good."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2):
        assert libc.prctl(24, capability, 0, 0, 0) == 0  # PR_CAPBSET_DROP
    os.execv(sys.executable, [sys.executable, __file__, "start", sys.argv[2]])


if __name__ == "__main__":
    main()
