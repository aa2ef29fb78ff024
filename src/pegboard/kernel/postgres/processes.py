"""Finding and ending processes of one cluster, by identity and never by the look of a command line."""

import os
import signal
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_HAS_PROC = sys.platform == "linux"


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process and no later one with the same number: `start_ticks` is field 22 of /proc/PID/stat."""

    pid: int
    start_ticks: int

    def alive(self) -> bool:
        """Whether this very process still runs (one that only waits to be reaped does not)."""
        return identity_of(self.pid) == self

    def send(self, number: signal.Signals) -> None:
        """Signal this very process; nothing happens when it has ended."""
        descriptor: int | None = None
        if sys.platform == "linux":
            try:
                descriptor = os.pidfd_open(self.pid)
            except ProcessLookupError:
                return
            except OSError:  # a kernel or sandbox without pidfd: a window of microseconds remains
                pass
        try:
            # Checked after opening, so that the number cannot change hands between check and signal.
            if not self.alive():
                return
            if descriptor is not None and sys.platform == "linux":
                signal.pidfd_send_signal(descriptor, number)
            else:
                os.kill(self.pid, number)
        except ProcessLookupError:
            pass
        finally:
            if descriptor is not None:
                os.close(descriptor)


def identity_of(pid: int) -> ProcessIdentity | None:
    """The identity of a running process, None when there is none (or no /proc)."""
    try:
        # The name in parentheses may itself hold spaces and parentheses.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    if len(fields) < 20 or fields[0] in (b"Z", b"X"):
        return None
    return ProcessIdentity(pid, int(fields[19]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Processes of PostgreSQL under one user: those in the directory, and those we may not look into."""

    inside: tuple[ProcessIdentity, ...]
    unknown: tuple[ProcessIdentity, ...]


def processes_in(directory: Path, uid: int) -> Candidates:
    """PostgreSQL processes of `uid` whose working directory is `directory` (every server process stays in
    its cluster). Somebody's shell or psql standing there does not count.

    `unknown` holds processes whose directory we may not read: root without CAP_SYS_PTRACE, as in most
    containers.
    """
    inside: list[ProcessIdentity] = []
    unknown: list[ProcessIdentity] = []
    if not _HAS_PROC or not directory.exists():
        return Candidates(inside=(), unknown=())
    wanted = os.stat(directory)
    for pid in _server_processes(uid):
        identity = identity_of(pid)
        if identity is None:
            continue
        try:
            current = os.stat(f"/proc/{pid}/cwd")
        except PermissionError:
            unknown.append(identity)
            continue
        except OSError:
            continue
        if (current.st_dev, current.st_ino) == (wanted.st_dev, wanted.st_ino):
            inside.append(identity)
    return Candidates(inside=tuple(inside), unknown=tuple(unknown))


def still_alive(processes: Iterable[ProcessIdentity]) -> tuple[ProcessIdentity, ...]:
    """Those of them that run."""
    return tuple(process for process in processes if process.alive())


def _server_processes(uid: int) -> Iterable[int]:
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            if Path(f"/proc/{name}/comm").read_bytes().strip() not in (b"postgres", b"initdb"):
                continue
            status = Path(f"/proc/{name}/status").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        owners = next((line.split()[1:3] for line in status.splitlines() if line.startswith("Uid:")), [])
        if owners == [str(uid), str(uid)]:
            yield int(name)
