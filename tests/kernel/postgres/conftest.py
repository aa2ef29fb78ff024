"""A cluster made once and copied for each test, and a supervisor in a process that can be killed."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pegboard.kernel.postgres import EmbeddedPostgres
from tests.kernel.postgres.watching import until

_WORKER = Path(__file__).with_name("worker.py")


@pytest.fixture(scope="session")
async def finished_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory whose server was started once and stopped."""
    data_dir = tmp_path_factory.mktemp("finished") / "data"
    postgres = EmbeddedPostgres(data_dir)
    await postgres.start()
    await postgres.stop()
    return data_dir


@pytest.fixture
def data_dir(finished_data_dir: Path, tmp_path: Path) -> Path:
    """A copy of it, for one test."""
    copy = tmp_path / "data"
    subprocess.run(["cp", "-a", str(finished_data_dir), str(copy)], check=True, timeout=30)
    return copy


class Worker:
    """`worker.py` in a process of its own; what it printed so far is in `lines`."""

    def __init__(self, mode: str, data_dir: Path, output: Path) -> None:
        self._output = output
        with output.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, str(_WORKER), mode, str(data_dir)],
                stdout=file,  # what it logs stays out: it may come between the lines
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def lines(self) -> list[str]:
        text = self._output.read_text(encoding="utf-8")
        return text[: text.rfind("\n") + 1].splitlines()

    def wait_for(self, count: int) -> list[str]:
        until(lambda: len(self.lines()) >= count or self._process.poll() is not None)
        assert len(self.lines()) >= count, self.lines()
        return self.lines()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(timeout=10)


StartWorker = Callable[[str, Path], Worker]


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[StartWorker]:
    made: list[Worker] = []

    def start(mode: str, data_dir: Path) -> Worker:
        made.append(Worker(mode, data_dir, tmp_path / f"worker-{len(made)}.txt"))
        return made[-1]

    yield start
    for one in made:
        one.kill()
