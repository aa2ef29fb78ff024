"""An embedded PostgreSQL of our own supervision: see README.md."""

from pegboard.kernel.postgres.address import Address
from pegboard.kernel.postgres.errors import DataDirectoryBusy, PostgresError, PostgresStartError
from pegboard.kernel.postgres.launcher import Installation
from pegboard.kernel.postgres.lock import SERVE_ROLE, DataDirectoryLock, lock_holder
from pegboard.kernel.postgres.running import find_running
from pegboard.kernel.postgres.settings import PostgresSettings
from pegboard.kernel.postgres.supervisor import EmbeddedPostgres, PostmasterEnd, running_or_started

__all__ = [
    "SERVE_ROLE",
    "Address",
    "DataDirectoryBusy",
    "DataDirectoryLock",
    "EmbeddedPostgres",
    "Installation",
    "PostgresError",
    "PostgresSettings",
    "PostgresStartError",
    "PostmasterEnd",
    "find_running",
    "lock_holder",
    "running_or_started",
]
