"""What can go wrong with the embedded database; every class carries a stable `code`."""

from pathlib import Path


class PostgresError(Exception):
    """The embedded PostgreSQL could not do what was asked. `code` is stable, the text is for people."""

    code: str = "postgres.failed"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class PostgresStartError(PostgresError):
    """The server could not be started.

    Codes: `postgres.start_failed` (it ended during its start), `postgres.start_timeout`,
    `postgres.initdb_failed`, `postgres.wrong_version`, `postgres.not_a_cluster`, `postgres.wrong_owner`,
    `postgres.no_access` (the database user cannot reach a directory and we lack the capability to let it),
    `postgres.user_unknown`, `postgres.socket_directory`, `postgres.binaries_missing`,
    `postgres.unsupported_platform`, `postgres.leftover_processes`.
    """

    code = "postgres.start_failed"


class DataDirectoryBusy(PostgresError):
    """Another process holds the data directory. `pid` and `role` are what it wrote, None if unreadable."""

    code = "data_directory.busy"

    def __init__(self, data_dir: Path, *, pid: int | None, role: str | None) -> None:
        holder = f"process {pid} ({role})" if pid is not None else "another process"
        super().__init__(
            f"The data directory {data_dir} is in use by {holder}. Stop it first, or choose another directory."
        )
        self.data_dir = data_dir
        self.pid = pid
        self.role = role
