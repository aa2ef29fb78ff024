"""Finding the server that runs on a data directory, and using it or one of our own."""

import asyncio
import os
import socket
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from pegboard.kernel.postgres.address import Address
from pegboard.kernel.postgres.cluster import SUPERUSER, cluster_path
from pegboard.kernel.postgres.errors import PostgresError
from pegboard.kernel.postgres.socket_directory import is_private_to

_CONNECT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PidFile:
    """The parts of postmaster.pid that we use. A killed server leaves it behind: it proves nothing."""

    pid: int
    address: Address | None
    """None while the server has not yet got so far."""
    ready: bool


def read_pid_file(cluster: Path) -> PidFile | None:
    """None when there is none, or none that can be understood.

    Lines (PostgreSQL's pidfile.h): pid, data directory, start time, port, socket directory, listen address,
    shared memory key, status.
    """
    try:
        with (cluster / "postmaster.pid").open("rb") as file:
            lines = os.fsdecode(file.read(8192)).split("\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise PostgresError(
            f"This user may not look into {cluster}. Run as the user who started Pegboard, or as root.",
            code="postgres.no_access",
        ) from error
    lines = [line.strip() for line in lines]
    if not lines[0].isdigit():
        return None
    address = None
    if len(lines) >= 5 and lines[3].isdigit() and lines[4]:
        address = Address(host=lines[4], port=int(lines[3]), superuser=SUPERUSER)
    return PidFile(pid=int(lines[0]), address=address, ready=len(lines) >= 8 and lines[7] == "ready")


async def find_running(data_dir: Path) -> Address | None:
    """The address of the living server of this data directory that accepts connections, else None.

    Never that of a dead or foreign one: the kernel says who listens on the socket, and the server itself
    says which directory it serves. Raises `PostgresError` (`postgres.no_access`) for a user who may not look.
    """
    cluster = cluster_path(data_dir)
    pid_file = read_pid_file(cluster)
    if pid_file is None or pid_file.address is None:
        return None
    address = pid_file.address
    if not _entrance_is_safe(address, cluster):
        return None
    listener = await asyncio.to_thread(_listener_pid, address.socket)
    if listener is None or listener not in (0, pid_file.pid):  # 0: it lives in another pid namespace
        return None
    return address if await serves(address, cluster) else None


async def serves(address: Address, cluster: Path) -> bool:
    """Whether a server answers there, accepts work, and serves this very directory."""
    try:
        connection = await asyncpg.connect(address.dsn(), timeout=_CONNECT_TIMEOUT_S, ssl=False)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    try:
        directory = await connection.fetchval("SHOW data_directory", timeout=_CONNECT_TIMEOUT_S)
        return _same_directory(Path(str(directory)), cluster)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    finally:
        connection.terminate()


def _entrance_is_safe(address: Address, cluster: Path) -> bool:
    """Whether only we or the cluster's owner can have put a socket there."""
    return is_private_to(Path(address.host), {os.geteuid(), cluster.stat().st_uid})


def _same_directory(first: Path, second: Path) -> bool:
    return first.samefile(second)


def _listener_pid(path: Path) -> int | None:
    """The process that listens on a socket (unix(7), SO_PEERCRED: whoever called listen); None if nobody."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(_CONNECT_TIMEOUT_S)
        try:
            client.connect(os.fspath(path))
        except OSError:
            return None
        if sys.platform != "linux":
            return 0
        credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid: int = struct.unpack("3i", credentials)[0]
        return pid
