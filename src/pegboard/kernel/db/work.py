"""The unit of work: one request or job is one transaction."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg

from pegboard.kernel.db.database import Connection, Database, PooledConnection
from pegboard.kernel.db.statements import Statement
from pegboard.kernel.ids import OrgId
from pegboard.kernel.parts import Parts

Row = asyncpg.Record
Late = Callable[["UnitOfWork"], Awaitable[None]]


class UnitOfWork:
    """One transaction, begun at the first statement, in which only the named organisations' rows exist.

    Business code never commits: whoever opened the unit does. `before_commit` callbacks run inside the
    transaction at its end (outbox, audit), `after_commit` ones once it is true (hints; they must not raise).
    """

    def __init__(
        self,
        database: Database,
        *,
        orgs: Sequence[OrgId] = (),
        request_id: str = "",
        system: bool = False,
    ) -> None:
        self.database = database
        self.orgs = tuple(orgs)
        self.request_id = request_id
        self.gathered: dict[object, Any] = {}  # what kernel parts collect until the commit, under keys of their own
        self._pool = database.system if system else database.app
        self._connection: PooledConnection | None = None
        self._before: list[Late] = []
        self._after: list[Callable[[], object]] = []

    @property
    def org_id(self) -> OrgId:
        """The one organisation that this unit is in; an error of ours if it is not exactly one."""
        (only,) = self.orgs
        return only

    @property
    def parts(self) -> Parts:
        """The process's parts, by type."""
        return self.database.parts

    def now(self) -> datetime:
        """The current instant by the process's clock."""
        return self.database.clock.now()

    # --- statements ------------------------------------------------------------------------------------------

    async def rows(self, statement: Statement, /, **params: Any) -> list[Row]:
        """Every row."""
        connection = self._connection or await self._begin()
        return await connection.fetch(statement.sql, *self._arguments(statement, params))

    async def one(self, statement: Statement, /, **params: Any) -> Row | None:
        """The first row, or None."""
        connection = self._connection or await self._begin()
        return await connection.fetchrow(statement.sql, *self._arguments(statement, params))

    async def value(self, statement: Statement, /, **params: Any) -> Any:
        """The first column of the first row, or None."""
        connection = self._connection or await self._begin()
        return await connection.fetchval(statement.sql, *self._arguments(statement, params))

    async def execute(self, statement: Statement, /, **params: Any) -> int:
        """Run it; how many rows it touched."""
        connection = self._connection or await self._begin()
        tag = await connection.execute(statement.sql, *self._arguments(statement, params))
        return int(tag.rpartition(" ")[2]) if tag[-1:].isdigit() else 0

    async def execute_many(self, statement: Statement, rows: Iterable[dict[str, Any]]) -> None:
        """Run it once for each row of parameters, pipelined."""
        connection = self._connection or await self._begin()
        await connection.executemany(statement.sql, [self._arguments(statement, row) for row in rows])

    async def connection(self) -> Connection:
        """The connection inside the transaction, for statements that are shared with the group commit."""
        return self._connection or await self._begin()

    def _arguments(self, statement: Statement, params: dict[str, Any]) -> list[Any]:
        if len(self.orgs) == 1 and "org_id" not in params:
            params["org_id"] = self.orgs[0]
        return statement.arguments(params)

    # --- the transaction ---------------------------------------------------------------------------------------

    async def enter(self, *orgs: OrgId) -> None:
        """Be in these organisations from here on; for the few verbs that find the organisation on their way."""
        self.orgs = orgs
        if self._connection is not None:
            await self._connection.execute(scope(orgs))

    async def _begin(self) -> PooledConnection:
        connection = await self._pool.acquire()
        try:
            await connection.execute(f"begin; {scope(self.orgs)}")
        except BaseException:
            await self._pool.release(connection)
            raise
        self._connection = connection
        return connection

    def before_commit(self, callback: Late) -> None:
        """Run at the end of the transaction, inside it."""
        self._before.append(callback)

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Run when the transaction has come true."""
        self._after.append(callback)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What happens inside is undone alone when it raises."""
        connection = self._connection or await self._begin()
        await connection.execute("savepoint inner_part")
        try:
            yield
        except BaseException:
            await connection.execute("rollback to savepoint inner_part")
            raise
        await connection.execute("release savepoint inner_part")

    async def commit(self) -> None:
        """Make it true, then tell. Without any statement there is nothing to do but tell."""
        while self._before:
            late, self._before = self._before, []
            for callback in late:
                await callback(self)
        if self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                await connection.execute("commit")
            finally:
                await self._pool.release(connection)
        after, self._after = self._after, []
        for tell in after:
            tell()

    async def rollback(self) -> None:
        """Undo everything; safe to call at any time."""
        self._before.clear()
        self._after.clear()
        self.gathered.clear()
        if self._connection is not None:
            connection, self._connection = self._connection, None
            try:
                if not connection.is_closed():
                    await connection.execute("rollback")
            finally:
                await self._pool.release(connection)

    async def __aenter__(self) -> "UnitOfWork":
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, traceback: object) -> None:
        if kind is not None:
            await self.rollback()
            return
        try:
            await self.commit()
        except BaseException:
            await self.rollback()
            raise


def scope(orgs: Sequence[OrgId]) -> str:
    """The statement that opens the second wall for these organisations, until the transaction ends.

    They are UUIDs, so nothing needs quoting; a simple query shares its round trip with `begin`.
    """
    return f"select set_config('app.orgs', '{','.join(map(str, orgs))}', true)"


def session_scope(orgs: Sequence[OrgId]) -> str:
    """As `scope`, until the next: for a connection that only one task uses, and whose statements are transactions."""
    return f"select set_config('app.orgs', '{','.join(map(str, orgs))}', false)"
