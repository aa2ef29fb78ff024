"""Starting, stopping, places and settings."""

import asyncio
import os
import shutil
import stat
import tempfile
from pathlib import Path

import asyncpg
import pytest

from pegboard.kernel.postgres import (
    DataDirectoryLock,
    EmbeddedPostgres,
    PostgresSettings,
    PostgresStartError,
    find_running,
    running_or_started,
)
from tests.kernel.postgres.conftest import StartWorker
from tests.kernel.postgres.watching import ask, postmaster_pid, runs, started, status_of, until, until_async

pytestmark = pytest.mark.anyio

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


async def test_first_start_makes_a_cluster_and_the_second_finds_its_rows(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    async with started(data_dir) as postgres:
        first = postgres.address
        assert await ask(first, "SHOW data_checksums") == "on"
        await ask(first, "CREATE TABLE kept AS SELECT 7 AS number")
    async with started(data_dir) as postgres:
        assert postgres.address == first
        assert await ask(postgres.address, "SELECT number FROM kept") == 7


async def test_settings_of_a_running_server(data_dir: Path) -> None:
    async with started(data_dir) as postgres:
        expected = {
            "listen_addresses": "",
            "fsync": "on",
            "synchronous_commit": "on",
            "server_encoding": "UTF8",
            "jit": "off",
            "max_connections": "100",
            "idle_in_transaction_session_timeout": "1min",
            "TimeZone": "UTC",
        }
        found = {name: await ask(postgres.address, "SELECT current_setting($1)", name) for name in expected}
        assert found == expected
        locale = await ask(
            postgres.address,
            "SELECT datlocprovider::text || ' ' || datlocale FROM pg_database WHERE datname = 'postgres'",
        )
        assert locale == "b C.UTF-8"


async def test_settings_are_rewritten_at_every_start(data_dir: Path) -> None:
    postgres = EmbeddedPostgres(data_dir, settings=PostgresSettings(extra={"work_mem": "7MB"}))
    await postgres.start()
    assert await ask(postgres.address, "SHOW work_mem") == "7MB"
    await postgres.stop()
    async with started(data_dir) as plain:
        assert await ask(plain.address, "SHOW work_mem") == "4MB"


async def test_chinese_letters_count_as_letters_in_trigrams(data_dir: Path) -> None:
    async with started(data_dir) as postgres:
        await ask(postgres.address, "CREATE EXTENSION pg_trgm")
        assert await ask(postgres.address, "SELECT cardinality(show_trgm('會議紀錄'))") == 5


@pytest.mark.parametrize(
    "name",
    [pytest.param("d" * 120, id="longer than a socket path"), pytest.param("我的 資料, 夾\"'$", id="odd")],
)
async def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    data_dir = tmp_path / name / "data"
    async with started(data_dir) as postgres:
        assert await ask(postgres.address, "SELECT 1") == 1
        assert len(os.fsencode(postgres.address.socket)) <= 103
        assert await find_running(data_dir) == postgres.address


@needs_root
async def test_a_parent_that_only_root_may_enter(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    async with started(closed / "data") as postgres:
        assert await ask(postgres.address, "SELECT 1") == 1
        status = status_of(postmaster_pid(closed / "data"))
        assert status["Uid"].split()[0] != "0"
        # The power to search directories, not those of root.
        assert int(status["CapPrm"], 16).bit_count() == 1
        assert status["CapInh"] == status["CapEff"] == status["CapPrm"]


@needs_root
async def test_no_capability_is_lent_where_plain_rights_suffice() -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as parent:
        os.chmod(parent, 0o755)
        data_dir = Path(parent) / "data"
        async with started(data_dir):
            assert int(status_of(postmaster_pid(data_dir))["CapPrm"], 16) == 0
        assert stat.S_IMODE(os.stat(data_dir).st_mode) == 0o710


@needs_root
async def test_without_the_capability_the_refusal_is_clear(tmp_path: Path, worker: StartWorker) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    line = worker("incapable", closed / "data").wait_for(1)[0]
    assert line.startswith("postgres.no_access ")
    assert str(closed) in line


@needs_root
async def test_a_cluster_that_root_unpacked_is_handed_over(data_dir: Path) -> None:
    for directory, _, files in os.walk(data_dir / "postgres"):
        for path in (directory, *(os.path.join(directory, name) for name in files)):
            os.chown(path, 0, 0)
    async with started(data_dir) as postgres:
        assert await ask(postgres.address, "SELECT 1") == 1


async def test_the_socket_directory_is_private_and_goes_away(data_dir: Path) -> None:
    async with started(data_dir) as postgres:
        directory = os.stat(postgres.address.host)
        assert stat.S_IMODE(directory.st_mode) == 0o700
        assert directory.st_uid == (data_dir / "postgres").stat().st_uid
    with pytest.raises(FileNotFoundError):
        os.stat(postgres.address.host)


async def test_a_link_in_place_of_the_socket_directory_is_not_followed(data_dir: Path, tmp_path: Path) -> None:
    async with started(data_dir) as postgres:
        usual = postgres.address.host
    trap = tmp_path / "trap"
    trap.mkdir()
    os.symlink(trap, usual)
    try:
        async with started(data_dir) as postgres:
            assert postgres.address.host != usual
            assert list(trap.iterdir()) == []
            assert trap.stat().st_uid == os.geteuid()
    finally:
        os.unlink(usual)


async def test_postgres_is_out_of_reach_of_the_terminal(data_dir: Path) -> None:
    async with started(data_dir):
        pid = postmaster_pid(data_dir)
        assert os.getsid(pid) == pid != os.getsid(0)


async def test_stop_leaves_no_process_and_may_be_repeated(data_dir: Path) -> None:
    postgres = EmbeddedPostgres(data_dir)
    await postgres.start()
    ending = asyncio.create_task(postgres.died())
    pid = postmaster_pid(data_dir)
    await postgres.stop()
    await postgres.stop()
    assert not runs(pid)
    assert not (data_dir / "postgres" / "postmaster.pid").exists()
    end = await ending
    assert (end.exit_code, end.asked_for) == (0, True)


async def test_a_cancelled_start_leaves_nothing_behind(data_dir: Path) -> None:
    postgres = EmbeddedPostgres(data_dir)
    starting = asyncio.create_task(postgres.start())
    await until_async((data_dir / "postgres" / "postmaster.pid").exists)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not (data_dir / "postgres" / "postmaster.pid").exists()
    async with started(data_dir):
        pass


async def test_a_cluster_of_another_version_is_refused(data_dir: Path) -> None:
    (data_dir / "postgres" / "PG_VERSION").write_text("17\n", encoding="ascii")
    with pytest.raises(PostgresStartError, match="17") as refusal:
        await EmbeddedPostgres(data_dir).start()
    assert refusal.value.code == "postgres.wrong_version"


async def test_foreign_files_are_not_overwritten(tmp_path: Path) -> None:
    cluster = tmp_path / "data" / "postgres"
    cluster.mkdir(parents=True)
    (cluster / "letters.txt").write_text("mine", encoding="ascii")
    with pytest.raises(PostgresStartError) as refusal:
        await EmbeddedPostgres(tmp_path / "data").start()
    assert refusal.value.code == "postgres.not_a_cluster"
    assert (cluster / "letters.txt").read_text(encoding="ascii") == "mine"


async def test_a_server_that_cannot_start_says_why(data_dir: Path) -> None:
    shutil.rmtree(data_dir / "postgres" / "global")
    with pytest.raises(PostgresStartError, match="pg_control") as refusal:
        await EmbeddedPostgres(data_dir).start()
    assert refusal.value.code == "postgres.start_failed"


async def test_what_people_typed_stays_out_of_the_log(data_dir: Path) -> None:
    async with started(data_dir) as postgres:
        await ask(postgres.address, "CREATE ROLE app LOGIN")
        await ask(postgres.address, "CREATE TABLE words (word text PRIMARY KEY)")
        await ask(postgres.address, "GRANT INSERT ON words TO app")
        connection = await asyncpg.connect(postgres.address.dsn(user="app"))
        with pytest.raises(asyncpg.PostgresError):
            await connection.fetchval("SELECT to_tsquery($1)", "hunter2 & & x")
        for _ in range(2):
            with pytest.raises(asyncpg.PostgresError):
                await connection.execute("INSERT INTO words VALUES ('hunter2'), ('hunter2')")
        await connection.close()
    log = (data_dir / "postgres.log").read_text(encoding="utf-8")
    assert "database system is ready" in log
    assert "hunter2" not in log


async def test_a_long_log_is_turned_over(data_dir: Path) -> None:
    log = data_dir / "postgres.log"
    log.write_text("x" * 2000, encoding="ascii")
    postgres = EmbeddedPostgres(data_dir, settings=PostgresSettings(log_limit_bytes=1000))
    await postgres.start()
    await postgres.stop()
    assert "x" not in log.read_text(encoding="utf-8")[:1]
    assert log.with_name("postgres.log.1").read_text(encoding="ascii") == "x" * 2000


async def test_find_running_knows_the_living_from_the_dead(data_dir: Path, tmp_path: Path) -> None:
    assert await find_running(data_dir) is None
    assert await find_running(tmp_path / "nothing") is None
    async with started(data_dir) as postgres:
        assert await find_running(data_dir) == postgres.address
        # A copy made while it ran names a living server, but not its own.
        copy = tmp_path / "copy" / "postgres"
        copy.mkdir(parents=True)
        shutil.copy(data_dir / "postgres" / "postmaster.pid", copy)
        owner = (data_dir / "postgres").stat()
        os.chown(copy, owner.st_uid, owner.st_gid)
        assert await find_running(copy.parent) is None
        left_behind = (data_dir / "postgres" / "postmaster.pid").read_bytes()
    (data_dir / "postgres" / "postmaster.pid").write_bytes(left_behind)
    assert await find_running(data_dir) is None


async def test_a_command_starts_a_server_of_its_own_and_ends_it(data_dir: Path) -> None:
    async with running_or_started(data_dir, role="cli") as address:
        assert await ask(address, "SELECT 1") == 1
    assert await find_running(data_dir) is None
    DataDirectoryLock(data_dir).acquire()


async def test_a_command_beside_a_server_uses_it(data_dir: Path, worker: StartWorker) -> None:
    serving = worker("serve", data_dir)
    serving.wait_for(2)
    async with running_or_started(data_dir, role="cli") as address:
        assert await ask(address, "SELECT count(*) > 0 FROM acknowledged") is True
    pid = postmaster_pid(data_dir)
    assert runs(pid)
    serving.kill()
    # On Linux the kernel tells it of the death of its supervisor.
    until(lambda: not runs(pid))
