"""Ways to import into a company, and to look at what came of it."""

import secrets
from dataclasses import dataclass
from typing import Any

import pytest

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import UnitOfWork, sql
from pegboard.kernel.jobs import JobRunner
from pegboard.kernel.realtime.hub import Hub
from pegboard.modules.directory.api import ImportResult, import_staff_list
from pegboard.modules.directory.jobs import JOBS
from pegboard.modules.identity import api as identity
from tests.modules.directory.conftest import PASSWORD, Company
from tests.modules.directory.joining.lists import staff_list

_COUNTS = {
    table: sql(f"SELECT count(*) FROM {table} WHERE org_id = :org_id")
    for table in ("members", "departments", "member_departments", "member_terms", "audit_log")
}
_STORED_ACCOUNTS = sql("SELECT count(*) FROM accounts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A company into which people are imported."""

    company: Company

    async def take(self, *rows: dict[str, str], **options: Any) -> ImportResult:
        """Import these people."""
        return await self.take_file(staff_list(*rows), **options)

    async def take_file(self, data: bytes, name: str = "staff.csv", **options: Any) -> ImportResult:
        company = self.company
        return await import_staff_list(company.database, company.org_id, data, name, **options)

    async def counts(self) -> dict[str, int]:
        """How many rows there are of what an import writes."""
        async with self.company.work() as uow:
            found = {table: await uow.value(statement) for table, statement in _COUNTS.items()}
            return found | {"accounts": await uow.value(_STORED_ACCOUNTS)}

    async def told(self) -> list[str]:
        """The names of all facts so far."""
        async with UnitOfWork(self.company.database, system=True) as uow:
            rows = await uow.rows(
                sql("SELECT name FROM outbox WHERE org_id = :of ORDER BY position"), of=self.company.org_id
            )
        return [row["name"] for row in rows]

    async def account(self, *, mobile: str | None = None, email: str | None = None, password: str = PASSWORD) -> Any:
        """Somebody who has an account already."""
        password_hash = await identity.hash_password(self.company.database.parts, password)
        key = identity.PersonKey(name="Wanderer", mobile=mobile, email=email, password_hash=password_hash)
        async with UnitOfWork(self.company.database) as uow:
            return await identity.create_account(uow, key)

    async def sign_in(
        self, login: str, password: str = PASSWORD, *, org_code: str | None = None
    ) -> identity.NewSession:
        async with UnitOfWork(self.company.database) as uow:
            return await identity.sign_in(uow, login=login, password=password, org_code=org_code)

    async def run_jobs(self) -> int:
        """What is due, done now."""
        return await JobRunner(self.company.database, JOBS).run_due()

    async def admin(self, userid: str, kind: Any, *rest: Any) -> Actor:
        return await self.company.appoint(userid, kind, *rest)


@pytest.fixture
def office(company: Company) -> Office:
    if Hub not in company.database.parts:
        company.database.parts.put(Hub, Hub())
    return Office(company=company)


_numbers = iter(range(13_700_000_000, 13_799_999_999))


@pytest.fixture
def mobile() -> str:
    """A number that nobody has."""
    return f"+86{next(_numbers)}"


@pytest.fixture
def email() -> str:
    """An address that nobody has."""
    return f"{secrets.token_hex(6)}@example.com"
