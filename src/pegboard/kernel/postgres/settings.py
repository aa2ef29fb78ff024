"""Settings of the embedded server and the configuration file made of them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresSettings:
    """What a caller may decide about the embedded server; the defaults suit a laptop and a server."""

    user: str | None = None
    """As root only: the unprivileged account that runs a new cluster; None: `postgres` if there is one, else
    `nobody`. An existing cluster always keeps its owner."""
    shared_buffers_mib: int | None = None
    """None: an eighth of the memory, at least 128, at most 512."""
    max_connections: int = 100
    start_timeout_s: float = 300.0
    """How long crash recovery may take before start gives up."""
    stop_timeout_s: float = 30.0
    """How long a fast shutdown (it writes a checkpoint) may take before it is made immediate."""
    log_limit_bytes: int = 10 * _MIB
    """`postgres.log` is turned over to `postgres.log.1` beyond this."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """More lines of postgresql.conf; they win over ours."""


def memory_bytes() -> int:
    """The memory that this process may use: the machine's, or its control group's limit if smaller."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(limit).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            memory = min(memory, int(text))
    return memory


def configuration(settings: PostgresSettings, *, socket_dir: Path, with_lz4: bool) -> str:
    """The text of `pegboard.conf`, which `postgresql.conf` includes. Rewritten at every start."""
    memory_mib = memory_bytes() // _MIB
    buffers = settings.shared_buffers_mib or max(128, min(512, memory_mib // 8))
    lines = {
        # Only the socket: whoever may enter its directory may come in (see socket_directory.py).
        "listen_addresses": "",
        # Inner double quotes, since the value is a list and a directory's name may hold a comma.
        "unix_socket_directories": '"' + str(socket_dir).replace('"', '""') + '"',
        "unix_socket_permissions": "0700",
        "max_connections": str(settings.max_connections),
        # Acknowledged means committed, and committed means on the disk.
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "shared_buffers": f"{buffers}MB",
        "effective_cache_size": f"{max(256, memory_mib // 2)}MB",
        "maintenance_work_mem": f"{max(64, min(256, memory_mib // 16))}MB",
        "huge_pages": "try",
        "max_wal_size": "4GB",
        "min_wal_size": "256MB",
        "checkpoint_timeout": "10min",
        # pglz would cost more processor time than it saves, so it is lz4 or nothing.
        "wal_compression": "lz4" if with_lz4 else "off",
        "random_page_cost": "1.1",
        "jit": "off",
        "autovacuum": "on",
        "idle_in_transaction_session_timeout": "60s",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # To the file that the supervisor gives as stderr and turns over by size.
        "log_destination": "stderr",
        "logging_collector": "off",
        "log_line_prefix": "%m [%p] %b %d ",
        # No message bodies or secrets in the log. Errors of a session quote what people typed ("syntax
        # error in tsquery: …") and reach the caller anyway, so only LOG and worse is written; the superuser,
        # under which autovacuum runs, is given `warning` again (see supervisor.py).
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_statement": "none",
        "log_min_duration_statement": "-1",
        **settings.extra,
    }
    head = "# Written by Pegboard at every start: changes here are lost. Use Pegboard's settings.\n"
    return head + "".join(f"{name} = {_quoted(value)}\n" for name, value in lines.items())


def _quoted(value: str) -> str:
    if "\n" in value or "\r" in value:
        raise ValueError("a setting of PostgreSQL is one line")
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
