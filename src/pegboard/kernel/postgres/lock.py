"""One server for one data directory."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from pegboard.kernel.postgres.errors import DataDirectoryBusy, PostgresError

LOCK_NAME = "pegboard.lock"
SERVE_ROLE = "serve"
"""The role of a holder whose server commands may use beside it."""

# Directories locked by this process: flock refuses a second descriptor even of the same process, so those
# who work under a lock taken by their caller must be able to see it.
_held_here: set[Path] = set()


class DataDirectoryLock:
    """The single-instance lock of a data directory (`flock` on DATA/pegboard.lock).

    The kernel frees it when the holder ends, however it ends. A forked child (not an executed one) would
    share it: start helpers by exec.
    """

    def __init__(self, data_dir: Path, *, role: str = SERVE_ROLE) -> None:
        self.data_dir = data_dir.resolve()
        self.role = role
        self._descriptor: int | None = None

    @staticmethod
    def held_here(data_dir: Path) -> bool:
        """Whether this process holds the lock of this directory."""
        return data_dir.resolve() in _held_here

    def acquire(self, wait_s: float = 0) -> None:
        """Take the lock, waiting (blocking) up to `wait_s` seconds; raises `DataDirectoryBusy`.

        Creates the data directory (mode 0700) when missing.
        """
        if self._descriptor is not None:
            raise RuntimeError("this lock is already held")
        descriptor = self._open()
        try:
            self._wait_for(descriptor, wait_s)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()} {self.role}\n".encode(), 0)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        _held_here.add(self.data_dir)

    def release(self) -> None:
        """Give the lock back; harmless when not held. The file stays, for removing it would race."""
        if self._descriptor is None:
            return
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
        self._descriptor = None
        _held_here.discard(self.data_dir)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _wait_for(self, descriptor: int, wait_s: float) -> None:
        # Never less than a moment: somebody who only looks (`lock_holder`) holds it for microseconds.
        deadline = time.monotonic() + max(wait_s, 0.1)
        while not _try_lock(descriptor):
            if time.monotonic() >= deadline:
                pid, role = _holder(descriptor)
                raise DataDirectoryBusy(self.data_dir, pid=pid, role=role)
            time.sleep(0.02)

    def _open(self) -> int:
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(self.data_dir / LOCK_NAME, flags, 0o600)
        except OSError as error:
            raise PostgresError(
                f"The data directory {self.data_dir} cannot be used: {error}", code="data_directory.unusable"
            ) from error
        give_to_owner_of(self.data_dir, descriptor)
        return descriptor


def lock_holder(data_dir: Path) -> tuple[int | None, str | None] | None:
    """Who holds the lock: (pid, role), either None if not written yet; None when nobody does."""
    try:
        descriptor = os.open(data_dir.resolve() / LOCK_NAME, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        # Shared, so that two who look do not see each other; freed at once by closing.
        if _try_lock(descriptor, fcntl.LOCK_SH):
            return None
        return _holder(descriptor)
    finally:
        os.close(descriptor)


def give_to_owner_of(directory: Path, descriptor: int) -> None:
    """As root: let a file made in somebody's directory be theirs, so that they can go on without root."""
    if os.geteuid() == 0:
        owner = directory.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _try_lock(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> tuple[int | None, str | None]:
    words = os.pread(descriptor, 200, 0).decode(errors="replace").split(maxsplit=1)
    if len(words) != 2 or not words[0].isdigit():
        return None, None
    return int(words[0]), words[1].strip()
