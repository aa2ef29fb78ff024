"""The supervisor of one embedded server."""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from pegboard.kernel.postgres.address import Address
from pegboard.kernel.postgres.cluster import (
    SUPERUSER,
    check_cluster,
    cluster_path,
    create_cluster,
    last_lines,
    take_over_from_root,
    unfinished_path,
    write_configuration,
)
from pegboard.kernel.postgres.errors import DataDirectoryBusy, PostgresStartError
from pegboard.kernel.postgres.launcher import ChildProcess, DatabaseUser, Installation, launch, pids_in
from pegboard.kernel.postgres.lock import SERVE_ROLE, DataDirectoryLock, give_to_owner_of, lock_holder
from pegboard.kernel.postgres.processes import ProcessIdentity, processes_in, still_alive
from pegboard.kernel.postgres.running import find_running, read_pid_file, serves
from pegboard.kernel.postgres.settings import PostgresSettings
from pegboard.kernel.postgres.socket_directory import (
    PORT,
    clear_socket_directory,
    create_socket_directory,
    remove_socket_directory,
)

_POLL_S = 0.01
_LOG_CHECK_S = 20.0
_QUIT_PATIENCE_S = 5.0
LOG_NAME = "postgres.log"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmasterEnd:
    """How the server ended. `asked_for` is True after `stop()`; otherwise it crashed or was killed."""

    exit_code: int
    asked_for: bool


class EmbeddedPostgres:
    """Runs the PostgreSQL of one data directory: DATA/postgres/, DATA/postgres.log, a short private socket.

    The server is a child that dies with us: the kernel asks it for a fast shutdown when the thread that
    called `start` ends, by kill -9 as well (Linux). Adopting the orphan of a killed predecessor instead
    would keep its old settings and version and a process we cannot wait for; so `start` ends whatever is
    left over and begins anew. Committed work survives both.

    `start` and `stop` belong to one event loop, in a thread that outlives the server. Works under the
    `DataDirectoryLock` if this process holds it, else takes it itself until `stop`.
    """

    def __init__(self, data_dir: Path, *, settings: PostgresSettings | None = None) -> None:
        self._data_dir = data_dir.resolve()
        self._cluster = cluster_path(self._data_dir)
        self._settings = settings or PostgresSettings()
        self._own_lock: DataDirectoryLock | None = None
        self._child: ChildProcess | None = None
        self._stopping = False
        self._address: Address | None = None
        self._user: DatabaseUser | None = None
        self._log_keeper: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()

    @property
    def address(self) -> Address:
        """Where it listens; stays the same over `restart`. RuntimeError before `start`."""
        if self._address is None:
            raise RuntimeError("the embedded PostgreSQL is not started")
        return self._address

    @property
    def log_path(self) -> Path:
        """What the server says; turned over by size."""
        return self._data_dir / LOG_NAME

    async def start(self) -> Address:
        """Bring the server up, making the cluster when new and recovering after a crash.

        Returns when it accepts connections. Raises `PostgresStartError`, `DataDirectoryBusy`; then nothing
        of it is left running.
        """
        async with self._one_at_a_time:
            if self._child is not None:
                raise RuntimeError("the embedded PostgreSQL is already started")
            installation = await asyncio.to_thread(Installation.find)
            if not DataDirectoryLock.held_here(self._data_dir):
                lock = DataDirectoryLock(self._data_dir, role="postgres")
                lock.acquire()
                self._own_lock = lock
            try:
                return await self._start(installation)
            except OSError as error:
                self._release_lock()
                raise _as_start_error(error) from error
            except BaseException:
                self._release_lock()
                raise

    async def stop(self) -> None:
        """Fast shutdown: sessions are ended, a checkpoint is written, immediate if that takes too long.

        Harmless when not running.
        """
        async with self._one_at_a_time:
            await self._stop()
            self._release_lock()

    async def restart(self) -> Address:
        """Start again after `died()` told of an end (or to make it begin anew); same address."""
        async with self._one_at_a_time:
            await self._stop(keep_socket_directory=True)
            try:
                return await self._start(await asyncio.to_thread(Installation.find))
            except OSError as error:
                raise _as_start_error(error) from error

    async def died(self) -> PostmasterEnd:
        """Wait until the present server ends, and tell whether that was `stop` (or `restart`) or a crash."""
        child = self._child
        if child is None:
            raise RuntimeError("the embedded PostgreSQL is not started")
        exit_code = await child.wait()
        return PostmasterEnd(exit_code=exit_code, asked_for=self._stopping or self._child is not child)

    async def _start(self, installation: Installation) -> Address:
        began = time.monotonic()
        user = self._user = DatabaseUser.choose(self._cluster, self._settings.user)
        log = self._open_log()
        logged_before = os.fstat(log).st_size
        try:
            await self._end_leftovers(unfinished_path(self._data_dir), user)
            await self._end_leftovers(self._cluster, user)
            if check_cluster(self._cluster, installation):
                take_over_from_root(self._cluster, user)
            else:
                await create_cluster(self._data_dir, installation, user, log=log, log_path=self.log_path)
            socket_dir = create_socket_directory(self._data_dir, user.uid, user.gid)
            if sys.platform == "linux":
                # No process of this cluster lives, so these are stale. PostgreSQL itself would refuse them
                # when their number now belongs to some other process of the same user. That memory is shared
                # with nobody it checks by the directory's inode, without this file.
                (self._cluster / "postmaster.pid").unlink(missing_ok=True)
                clear_socket_directory(socket_dir)
            write_configuration(
                self._cluster,
                self._settings,
                socket_dir=socket_dir,
                user=user,
                with_lz4=installation.with_lz4,
            )
            self._stopping = False
            self._child = await launch(
                installation.program("postgres"),
                ["-D", str(self._cluster)],
                user=user,
                needs=[*installation.needs(), (str(self._cluster), os.R_OK | os.W_OK | os.X_OK)],
                log=log,
                death_signal=signal.SIGINT,
            )
        finally:
            os.close(log)
        self._address = Address(host=str(socket_dir), port=PORT, superuser=SUPERUSER)
        try:
            await self._until_ready(self._child, logged_before)
        except BaseException:
            await self._stop()
            raise
        self._log_keeper = asyncio.create_task(self._keep_log_small(), name="postgres-log")
        _log.info("postgres started", extra={"pid": self._child.pid, "duration_s": time.monotonic() - began})
        return self._address

    async def _until_ready(self, child: ChildProcess, logged_before: int) -> None:
        deadline = time.monotonic() + self._settings.start_timeout_s
        while time.monotonic() < deadline:
            if child.exit_code is not None:
                said = last_lines(self.log_path, since=logged_before)
                raise PostgresStartError(f"PostgreSQL ended with {child.exit_code} while starting: {said}")
            # The status in its own file costs no connection; only then is it asked itself.
            pid_file = read_pid_file(self._cluster)
            if pid_file is not None and pid_file.pid == child.pid and pid_file.ready:
                await self._let_superuser_log_warnings()
                return
            await asyncio.sleep(_POLL_S)
        raise PostgresStartError(
            f"PostgreSQL did not accept connections in {self._settings.start_timeout_s:.0f} s:"
            f" {last_lines(self.log_path, since=logged_before)}",
            code="postgres.start_timeout",
        )

    async def _let_superuser_log_warnings(self) -> None:
        """Autovacuum runs under the superuser; what it has to say is for the operator (see settings.py)."""
        connection = await asyncpg.connect(self.address.dsn(), ssl=False, timeout=30)
        try:
            known = await connection.fetchval(
                "SELECT EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole"
                " WHERE r.rolname = $1 AND 'log_min_messages=warning' = ANY (s.setconfig))",
                SUPERUSER,
            )
            if not known:
                await connection.execute(f"ALTER ROLE {SUPERUSER} SET log_min_messages = 'warning'")
        finally:
            await connection.close(timeout=10)

    async def _stop(self, *, keep_socket_directory: bool = False) -> None:
        if self._log_keeper is not None:
            self._log_keeper.cancel()
            self._log_keeper = None
        child, user = self._child, self._user
        if child is None or user is None:
            return
        self._stopping = child.exit_code is None
        child.send(signal.SIGINT)
        if not await child.ends_within(self._settings.stop_timeout_s):
            _log.warning("postgres does not stop, making it immediate", extra={"pid": child.pid})
            child.send(signal.SIGQUIT)
            if not await child.ends_within(_QUIT_PATIENCE_S):
                child.send(signal.SIGKILL)
                await child.wait()
        await self._end_leftovers(self._cluster, user)
        if not keep_socket_directory:
            remove_socket_directory(Path(self.address.host))
        self._child = None

    async def _end_leftovers(self, directory: Path, user: DatabaseUser) -> None:
        """End server processes of a predecessor that still work in `directory`.

        A living postmaster gets a fast shutdown first; sessions that outlived theirs are ended at once,
        since each hinders the next start as long as its statement runs.
        """
        if sys.platform != "linux":
            await self._end_orphan(directory)
            return
        left = await self._leftovers(directory, user)
        if not left:
            return
        pid_file = read_pid_file(directory)
        postmaster = [process for process in left if pid_file is not None and process.pid == pid_file.pid]
        _log.warning("ending leftover postgres processes", extra={"pids": [process.pid for process in left]})
        steps: list[tuple[Sequence[ProcessIdentity] | None, signal.Signals, float]] = [
            (None, signal.SIGQUIT, _QUIT_PATIENCE_S),
            (None, signal.SIGKILL, _QUIT_PATIENCE_S),
        ]
        if postmaster:
            steps.insert(0, (postmaster, signal.SIGINT, self._settings.stop_timeout_s))
        for chosen, number, patience_s in steps:
            for process in left if chosen is None else chosen:
                process.send(number)
            if await _all_gone(left, patience_s):
                # A dying postmaster may have started one more; look again.
                left = await self._leftovers(directory, user)
                if not left:
                    return
        raise PostgresStartError(
            f"Processes of {directory} do not end: {[process.pid for process in left]}",
            code="postgres.leftover_processes",
        )

    async def _end_orphan(self, directory: Path) -> None:
        """Without /proc: end a postmaster that proves itself by answering on its socket."""
        deadline = time.monotonic() + self._settings.stop_timeout_s
        while time.monotonic() < deadline:
            pid_file = read_pid_file(directory)
            if pid_file is None or pid_file.address is None:
                return
            if not await serves(pid_file.address, directory):
                return
            os.kill(pid_file.pid, signal.SIGINT)
            await asyncio.sleep(0.1)

    async def _leftovers(self, directory: Path, user: DatabaseUser) -> tuple[ProcessIdentity, ...]:
        found = processes_in(directory, user.uid)
        if not found.unknown:
            return found.inside
        # Only that user may see where its processes work.
        inside = await pids_in(directory, [process.pid for process in found.unknown], user=user)
        return (*found.inside, *(process for process in found.unknown if process.pid in inside))

    def _open_log(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        _turn_over(self.log_path, self._settings.log_limit_bytes)
        descriptor = os.open(self.log_path, flags, 0o600)
        give_to_owner_of(self._data_dir, descriptor)
        return descriptor

    async def _keep_log_small(self) -> None:
        while True:
            await asyncio.sleep(_LOG_CHECK_S)
            try:
                await asyncio.to_thread(_turn_over, self.log_path, self._settings.log_limit_bytes)
            except OSError:
                _log.warning("postgres.log cannot be turned over", exc_info=True)

    def _release_lock(self) -> None:
        if self._own_lock is not None:
            self._own_lock.release()
            self._own_lock = None


@contextlib.asynccontextmanager
async def running_or_started(
    data_dir: Path, *, role: str, wait_s: float = 30.0, settings: PostgresSettings | None = None
) -> AsyncIterator[Address]:
    """For a command: the running server's database, or one started for as long as the block lasts.

    Beside `serve` its server is used. Another command's server is waited for, since it ends with that
    command. Raises `DataDirectoryBusy` after `wait_s` seconds.
    """
    deadline = time.monotonic() + wait_s
    lock = DataDirectoryLock(data_dir, role=role)
    while True:
        holder = lock_holder(data_dir)
        if holder is not None and holder[1] == SERVE_ROLE:
            address = await find_running(data_dir)
            if address is not None:
                yield address
                return
        try:
            lock.acquire()
            break
        except DataDirectoryBusy:
            if time.monotonic() >= deadline:
                raise
        await asyncio.sleep(0.05)
    try:
        postgres = EmbeddedPostgres(data_dir, settings=settings)
        try:
            yield await postgres.start()
        finally:
            await postgres.stop()
    finally:
        lock.release()


def _as_start_error(error: OSError) -> PostgresStartError:
    code = "postgres.no_access" if isinstance(error, PermissionError) else "postgres.start_failed"
    return PostgresStartError(f"The embedded PostgreSQL cannot be started: {error}", code=code)


async def _all_gone(processes: Sequence[ProcessIdentity], patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while still_alive(processes):
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(_POLL_S)
    return True


def _turn_over(path: Path, limit_bytes: int) -> None:
    """Copy and empty a log beyond the limit: the server keeps its descriptor, which appends."""
    if not path.exists() or path.stat().st_size <= limit_bytes:
        return
    shutil.copyfile(path, path.with_name(path.name + ".1"), follow_symlinks=False)
    os.truncate(path, 0)
