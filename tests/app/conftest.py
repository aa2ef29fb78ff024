"""Pegboard as a program: commands in processes of their own, over engines of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

SOURCES = Path(__file__).resolve().parents[2] / "src"
OWNER = {
    "--name": "釘板測試",
    "--owner-name": "林美玲",
    "--owner-userid": "mei",
    "--owner-login": "mei@example.com",
    "--owner-password": "plain wooden board 7",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """Standard output, which must be one JSON object and nothing else."""
        answer = json.loads(self.out)
        assert isinstance(answer, dict)
        return answer


@dataclass(slots=True, kw_only=True)
class Program:
    """The command `pegboard` with its data directory."""

    data: Path
    environment: dict[str, str]
    started: "list[Served]" = field(default_factory=list)

    def __call__(self, *arguments: str, data: bool = True, wait_s: float = 90) -> Done:
        """Run a command to its end."""
        done = subprocess.run(
            self._command(*arguments, data=data),
            env=self.environment, capture_output=True, text=True, timeout=wait_s, check=False,
        )  # fmt: skip
        return Done(code=done.returncode, out=done.stdout, err=done.stderr)

    def serve(self, *arguments: str) -> "Served":
        """Start `pegboard serve` on a free port; returns when it is ready."""
        log = self.data.with_suffix(f".{len(self.started)}.log")
        with log.open("w") as written:
            process = subprocess.Popen(
                self._command("serve", "--port", "0", *arguments),
                env=self.environment, stdout=subprocess.PIPE, stderr=written, text=True,
            )  # fmt: skip
        served = Served(process=process, log=log)
        self.started.append(served)
        served.wait_until_ready()
        return served

    def _command(self, *arguments: str, data: bool = True) -> list[str]:
        place = ["--data", str(self.data)] if data else []
        return [sys.executable, "-m", "pegboard", *arguments, *place]

    def found(self) -> dict[str, Any]:
        """Make the organisation of these tests."""
        done = self("org", "create", "--json", *(part for pair in OWNER.items() for part in pair))
        assert done.code == 0, done
        answer: dict[str, Any] = done.answer
        return answer


@dataclass(slots=True, kw_only=True)
class Served:
    """A running server."""

    process: "subprocess.Popen[str]"
    log: Path
    address: str = ""
    said: list[str] = field(default_factory=list)

    def wait_until_ready(self) -> None:
        """Read its output up to the line with `ready`, which names the address."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.strip())
            if "ready" in line:
                self.address = line.split()[-1]
                return
        raise AssertionError(f"it ended with {self.process.wait()}: {self.log.read_text()}")

    def get(self, path: str, **headers: str) -> httpx.Response:
        """One request."""
        return httpx.get(self.address + path, headers=headers, timeout=20)

    def engine_pid(self, data: Path) -> int:
        """The PostgreSQL that it has started."""
        return int((data / "postgres" / "postmaster.pid").read_text().split()[0])

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


def wait_for_end(pid: int, deadline_s: float = 20.0) -> None:
    """Until no process has this id."""
    end = time.monotonic() + deadline_s
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < end, f"process {pid} still runs"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """No settings of ours, English, and compiled modules kept from one command to the next."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PEGBOARD_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | {
        "PYTHONPATH": str(SOURCES),
        "PYTHONPYCACHEPREFIX": str(tmp_path_factory.mktemp("compiled")),
        "LC_ALL": "en_US.UTF-8",
    }


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Program]:
    """One data directory for the tests of a file."""
    yield from running(Program(data=tmp_path_factory.mktemp("program") / "data", environment=environment))


def running(program: Program) -> Iterator[Program]:
    """The program, and no process of it is left at the end."""
    yield program
    for served in program.started:
        if served.process.poll() is None:
            served.end(signal.SIGKILL)
