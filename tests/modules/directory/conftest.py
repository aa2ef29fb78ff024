"""A company on a real database, and ways to act in it."""

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest

from pegboard.kernel.actor import Actor, operator_actor
from pegboard.kernel.db import Database, UnitOfWork, sql
from pegboard.kernel.ids import MemberId, OrgId
from pegboard.modules.directory.service import administrators, departments, members
from pegboard.modules.directory.service.actors import ActorCache, read_actor
from pegboard.modules.directory.service.caches import PeopleCache
from pegboard.modules.directory.service.new_members import NewPerson, insert_people
from pegboard.modules.directory.service.organisations import create_organisation
from pegboard.modules.directory.views import (
    AdminKind,
    CreatedOrganisation,
    Department,
    DepartmentId,
    MemberDetail,
    Person,
)
from pegboard.modules.directory.service import people

PASSWORD = "correct horse battery staple"
_FACTS = sql("SELECT name, payload FROM outbox WHERE org_id = :org_id ORDER BY position")


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """An organisation with an owner. Every call is a unit of work of its own, by the operator unless said otherwise."""

    database: Database
    created: CreatedOrganisation

    @property
    def org_id(self) -> OrgId:
        return self.created.org_id

    @property
    def root(self) -> DepartmentId:
        return self.created.root_department_id

    @property
    def operator(self) -> Actor:
        return operator_actor(self.org_id)

    @asynccontextmanager
    async def work(self) -> AsyncIterator[UnitOfWork]:
        async with UnitOfWork(self.database, orgs=(self.org_id,)) as uow:
            yield uow

    async def actor(self, userid: str) -> Actor:
        """The member as an actor, read now."""
        async with self.work() as uow:
            found = await people.by_userids(uow, [userid])
            actor = await read_actor(uow, found[userid].member_id)
        assert actor is not None
        return actor

    async def department(self, name: str, below: UUID | None = None, *, by: Actor | None = None) -> DepartmentId:
        async with self.work() as uow:
            made, _ = await departments.create_department(
                uow, by or self.operator, name=name, parent_id=below or self.root
            )
        return made.department_id

    async def member(
        self, userid: str, name: str = "", *places: UUID, title: str = "", mobile: str | None = None, active: bool = True
    ) -> MemberId:
        """A member without an account: most of what is tested here asks for none."""
        person = NewPerson(
            userid=userid,
            name=name or userid,
            account_id=None,
            active=active,
            department_ids=places or (self.root,),
            title=title,
            mobile=mobile,
        )
        async with self.work() as uow:
            (member_id,) = await insert_people(uow, self.operator, [person])
        return member_id

    async def appoint(self, userid: str, kind: AdminKind, powers: Sequence[str] = (), *places: UUID) -> Actor:
        async with self.work() as uow:
            await administrators.appoint(
                uow, self.operator, userid, kind=kind, powers=powers, department_ids=places
            )
        return await self.actor(userid)

    async def detail(self, userid: str, *, by: Actor | None = None) -> MemberDetail:
        async with self.work() as uow:
            return await members.member_detail(uow, by or self.operator, userid)

    async def see_department(self, department_id: UUID, *, by: Actor | None = None) -> Department:
        async with self.work() as uow:
            found, _ = await departments.department_detail(uow, by or self.operator, department_id)
        return found

    async def person(self, userid: str) -> Person:
        async with self.work() as uow:
            return (await people.by_userids(uow, [userid], active_only=False))[userid]

    async def facts(self, *names: str) -> list[dict[str, object]]:
        """What was told so far, of these names."""
        async with UnitOfWork(self.database, system=True) as uow:
            rows = await uow.rows(_FACTS, org_id=self.org_id)
        return [{"name": row["name"], **row["payload"]} for row in rows if row["name"] in names]


async def found(database: Database, name: str = "Pegboard & Co") -> Company:
    """A new company with an owner `boss`."""
    for part in (ActorCache, PeopleCache):
        if part not in database.parts:
            database.parts.put(part, part())
    async with UnitOfWork(database) as uow:
        created = await create_organisation(
            uow,
            name=name,
            owner_name="Boss",
            owner_userid="boss",
            owner_login=f"boss-{secrets.token_hex(6)}@example.com",
            owner_password=PASSWORD,
        )
    return Company(database=database, created=created)


@pytest.fixture
async def company(database: Database) -> Company:
    return await found(database)
