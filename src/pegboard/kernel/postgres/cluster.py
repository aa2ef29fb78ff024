"""The cluster's directory: made once, safely, and checked at every start."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

from pegboard.kernel.postgres.errors import PostgresStartError
from pegboard.kernel.postgres.launcher import DatabaseUser, Installation, launch
from pegboard.kernel.postgres.settings import PostgresSettings, configuration

CLUSTER_NAME = "postgres"
_UNFINISHED_NAME = "postgres.new"
SUPERUSER = "postgres"

_ACCESS_RULES = """\
# Written by Pegboard at every start.
# There is no TCP; the socket's directory has mode 0700 and belongs to the user that runs the server, so
# whoever comes in here is that user or root, who could read the files as well.
local all all trust
local replication all trust
"""


def unfinished_path(data_dir: Path) -> Path:
    """Where initdb works. A directory of this name is always rubbish of an interrupted first start."""
    return data_dir / _UNFINISHED_NAME


def cluster_path(data_dir: Path) -> Path:
    """The finished cluster."""
    return data_dir / CLUSTER_NAME


def check_cluster(cluster: Path, installation: Installation) -> bool:
    """True for a usable cluster, False where there is none yet; raises when it must not be touched."""
    try:
        version = (cluster / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        if cluster.exists() and any(cluster.iterdir()):
            raise PostgresStartError(
                f"{cluster} is not empty, but holds no PostgreSQL cluster. Move it away to start anew.",
                code="postgres.not_a_cluster",
            ) from None
        return False
    if version != str(installation.major):
        raise PostgresStartError(
            f"{cluster} was made by PostgreSQL {version}, this Pegboard brings {installation.major}."
            " Dump it with the old version and restore it with the new one, or use pg_upgrade.",
            code="postgres.wrong_version",
        )
    return True


async def create_cluster(
    data_dir: Path, installation: Installation, user: DatabaseUser, *, log: int, log_path: Path
) -> None:
    """initdb beside its final place, everything synced, then one rename: a kill in between leaves rubbish
    that the next start removes, never half a cluster.
    """
    unfinished = unfinished_path(data_dir)
    logged_before = os.fstat(log).st_size
    await asyncio.to_thread(shutil.rmtree, unfinished, ignore_errors=True)
    _let_pass(data_dir, user)
    unfinished.mkdir(mode=0o700)
    if user.switch:
        os.chown(unfinished, user.uid, user.gid)
    arguments = [
        f"--username={SUPERUSER}",
        "--auth=trust",
        "--encoding=UTF8",
        # Sorts by code point and knows letters of all scripts, the same on every machine: indexes survive
        # a move.
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        # pg_trgm and text search classify letters by LC_CTYPE; with C they drop every Chinese character.
        f"--lc-ctype={_character_type()}",
        "--data-checksums",
        "--no-instructions",
    ]
    # Two runs, since syncing once at the end is much quicker than syncing as it goes.
    for step in ([*arguments, "--no-sync"], ["--sync-only"]):
        child = await launch(
            installation.program("initdb"),
            ["-D", str(unfinished), *step],
            user=user,
            needs=[*installation.needs(), (str(unfinished), os.R_OK | os.W_OK | os.X_OK)],
            log=log,
            death_signal=signal.SIGKILL,
        )
        try:
            exit_code = await child.wait()
        except BaseException:
            child.send(signal.SIGKILL)
            raise
        if exit_code != 0:
            raise PostgresStartError(
                f"initdb ended with {exit_code}: {last_lines(log_path, since=logged_before)}",
                code="postgres.initdb_failed",
            )
        if "--no-sync" in step:
            with (unfinished / "postgresql.conf").open("a", encoding="utf-8") as main_file:
                main_file.write("\ninclude = 'pegboard.conf'\n")
    os.rename(unfinished, cluster_path(data_dir))
    sync_directory(data_dir)


def write_configuration(
    cluster: Path, settings: PostgresSettings, *, socket_dir: Path, user: DatabaseUser, with_lz4: bool
) -> None:
    """Write the files that are ours, so that a new version of Pegboard changes settings of old clusters."""
    text = configuration(settings, socket_dir=socket_dir, with_lz4=with_lz4)
    _replace(cluster / "pegboard.conf", text, user)
    _replace(cluster / "pg_hba.conf", _ACCESS_RULES, user)


def take_over_from_root(cluster: Path, user: DatabaseUser) -> None:
    """A cluster that root unpacked from a backup belongs to root: hand it to the database user."""
    if not user.switch or cluster.stat().st_uid != 0:
        return
    for directory, names, files in os.walk(cluster):
        for name in (*names, *files):
            os.lchown(os.path.join(directory, name), user.uid, user.gid)
    os.chown(cluster, user.uid, user.gid)  # last, so that an interruption is taken up again
    os.chmod(cluster, 0o700)


def last_lines(path: Path, *, since: int, count: int = 5) -> str:
    """The last lines of a log after the byte `since`, for an error message."""
    try:
        with path.open("rb") as file:
            file.seek(max(since, path.stat().st_size - 4096))
            tail = file.read().decode(errors="replace")
    except OSError:
        return "(no log)"
    return " | ".join(line for line in tail.splitlines()[-count:] if line.strip())


def sync_directory(directory: Path) -> None:
    """Make a rename in this directory survive a loss of power."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _let_pass(data_dir: Path, user: DatabaseUser) -> None:
    """Let the database user's group through a data directory that is root's alone.

    Plain rights then suffice, unless something above is closed as well, and no capability has to be lent.
    """
    found = data_dir.stat()
    if user.switch and (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (0, 0, 0o700):
        os.chown(data_dir, 0, user.gid)
        data_dir.chmod(0o710)


def _character_type() -> str:
    """The first UTF-8 LC_CTYPE that this machine has. Asked in a process of its own: setlocale is global."""
    for name in ("C.UTF-8", "en_US.UTF-8", "UTF-8"):
        question = f"import locale; locale.setlocale(locale.LC_CTYPE, {name!r})"
        asked = subprocess.run([sys.executable, "-I", "-S", "-c", question], capture_output=True, check=False)
        if asked.returncode == 0:
            return name
    return "C"


def _replace(path: Path, text: str, user: DatabaseUser) -> None:
    """Replace a file in a directory that another user owns, following no link that may lie there."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fchmod(descriptor, 0o600)
        if user.switch:
            os.fchown(descriptor, user.uid, user.gid)
        os.fsync(descriptor)
    os.rename(temporary, path)
