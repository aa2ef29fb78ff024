"""The private directory of the server's socket.

Its path must be short (a socket's path has 107 bytes, the data directory may be deeper than that), so it
lies below a system directory and is named from a hash. Who may enter it may use the database as anybody
(`trust`): it has mode 0700 and belongs to the database user; root enters anyway. `peer` would gain nothing:
whoever has the database user's identity can write its files as well, and it fails for users without a
passwd entry, which containers have.
"""

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path

from pegboard.kernel.postgres.errors import PostgresStartError

PORT = 5432  # only the name of the socket file: nothing listens on TCP
_LONGEST_SOCKET_PATH = 103  # bytes; Linux takes 107, macOS 103


def create_socket_directory(data_dir: Path, uid: int, gid: int) -> Path:
    """Make (or find again) the socket directory of this data directory, owned by `uid`, mode 0700.

    A foreign or loose directory under our name is never used (somebody may have put it there, a link
    included): the next name is tried.
    """
    digest = hashlib.sha256(os.fsencode(data_dir.resolve()) + f"\0{uid}".encode()).hexdigest()[:16]
    refusals: list[str] = []
    for base in _bases():
        for attempt in range(4):
            directory = base / (f"pegboard-{digest}" + (f"-{attempt}" if attempt else ""))
            if len(os.fsencode(directory)) + len(f"/.s.PGSQL.{PORT}.lock") > _LONGEST_SOCKET_PATH:
                refusals.append(f"{directory}: path too long")
                break
            try:
                _create_private(directory, uid, gid)
            except OSError as error:
                refusals.append(f"{directory}: {error.strerror or error}")
                continue
            return directory
    raise PostgresStartError(
        "No place for the socket of the database: " + "; ".join(refusals), code="postgres.socket_directory"
    )


def is_private_to(directory: Path, uids: set[int]) -> bool:
    """Whether this is a directory (no link), owned by one of `uids`, that nobody else may enter."""
    try:
        found = os.lstat(directory)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid in uids and stat.S_IMODE(found.st_mode) == 0o700


def remove_socket_directory(directory: Path) -> None:
    """Remove what a stopped or killed server left there; best effort."""
    clear_socket_directory(directory)
    with contextlib.suppress(OSError):
        directory.rmdir()


def clear_socket_directory(directory: Path) -> None:
    """Remove the socket and its lock file. The caller knows that no server listens."""
    for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (directory / name).unlink(missing_ok=True)


def _bases() -> list[Path]:
    # Not XDG_RUNTIME_DIR: it is swept when its user logs out, under the feet of a server left running.
    bases = [Path("/tmp"), Path(tempfile.gettempdir())]  # noqa: S108 - made safe by _create_private
    if os.geteuid() == 0:
        bases.insert(0, Path("/run"))
    return [base for base in dict.fromkeys(bases) if base.is_dir() and _safe_base(base)]


def _safe_base(base: Path) -> bool:
    """Whether strangers cannot rename what we make there."""
    found = base.stat()
    others_write = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return found.st_uid in (0, os.geteuid()) and (not others_write or bool(found.st_mode & stat.S_ISVTX))


def _create_private(directory: Path, uid: int, gid: int) -> None:
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if found.st_uid not in (uid, os.geteuid()):
            raise PermissionError(1, "belongs to another user")
        if found.st_uid != uid:
            # Ours from a moment ago: root made it and now hands it over.
            os.fchown(descriptor, uid, gid)
        os.fchmod(descriptor, 0o700)
    finally:
        os.close(descriptor)
