"""The lock of the data directory."""

import asyncio
import os
from pathlib import Path

import pytest

from pegboard.kernel.postgres import DataDirectoryBusy, DataDirectoryLock, EmbeddedPostgres, lock_holder
from tests.kernel.postgres.conftest import StartWorker

pytestmark = pytest.mark.anyio


async def test_a_second_holder_is_refused_and_told_who_is_first(tmp_path: Path, worker: StartWorker) -> None:
    first = worker("lock", tmp_path)
    first.wait_for(1)
    with pytest.raises(DataDirectoryBusy, match=rf"process {first.pid} \(serve\)") as refusal:
        DataDirectoryLock(tmp_path).acquire()
    assert (refusal.value.pid, refusal.value.role) == (first.pid, "serve")
    assert refusal.value.code == "data_directory.busy"
    assert lock_holder(tmp_path) == (first.pid, "serve")


async def test_a_killed_holder_frees_it_for_one_who_waits(tmp_path: Path, worker: StartWorker) -> None:
    first = worker("lock", tmp_path)
    first.wait_for(1)
    second = DataDirectoryLock(tmp_path)
    waiting = asyncio.create_task(asyncio.to_thread(second.acquire, 30))
    first.kill()
    await waiting
    assert lock_holder(tmp_path) == (os.getpid(), "serve")
    second.release()
    assert lock_holder(tmp_path) is None


async def test_no_server_is_started_beside_another(data_dir: Path, worker: StartWorker) -> None:
    worker("lock", data_dir).wait_for(1)
    with pytest.raises(DataDirectoryBusy):
        await EmbeddedPostgres(data_dir).start()


async def test_it_works_under_the_lock_of_its_caller(data_dir: Path) -> None:
    with DataDirectoryLock(data_dir) as lock:
        postgres = EmbeddedPostgres(data_dir)
        await postgres.start()
        await postgres.stop()
        assert lock_holder(data_dir) == (os.getpid(), lock.role)
