"""Where an embedded server listens."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A living server: the directory of its unix socket, the port that names the socket file."""

    host: str
    port: int
    superuser: str = "postgres"

    @property
    def socket(self) -> Path:
        """The socket file itself."""
        return Path(self.host) / f".s.PGSQL.{self.port}"

    def dsn(self, user: str | None = None, database: str = "postgres") -> str:
        """A connection string for asyncpg and libpq; `user` is the superuser unless given."""
        where = urlencode({"host": self.host, "port": str(self.port)}, quote_via=quote, safe="/")
        return f"postgresql://{quote(user or self.superuser, safe='')}@/{quote(database, safe='')}?{where}"
