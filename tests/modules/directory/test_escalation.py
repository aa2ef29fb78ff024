"""Nobody gets further than they were let: random acts of administrators against a model that knows only the rules.

The model shares no code with the directory: a department's line up to the root is walked in a dictionary, rights are
sets. Every act that it forbids has to be refused and to change nothing, every one that it allows has to succeed.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Database, sql
from pegboard.kernel.errors import Conflict, Forbidden, Invalid
from pegboard.modules.directory.errors import OwnerStays, RootStays
from pegboard.modules.directory.service import administrators, departments, members, roles
from pegboard.modules.directory.service.members import NewMember
from pegboard.modules.directory.views import AdminKind
from pegboard.modules.identity.service.passwords import PasswordPool
from tests.modules.directory.conftest import Company, found
from tests.support.postgres import TestServer

MEMBERS, DEPARTMENTS, ROLES = (
    "directory.members.manage",
    "directory.departments.manage",
    "directory.roles.manage",
)
POWERS = (MEMBERS, DEPARTMENTS, ROLES)
RANKS = {"owner": 3, "super": 2, "sub": 1, None: 0}

_PARENTS = sql("SELECT id, parent_id FROM departments WHERE org_id = :org_id")
_PLACES = sql("""
    SELECT m.userid, place.department_id FROM member_departments place
    JOIN members m ON m.org_id = :org_id AND m.id = place.member_id WHERE place.org_id = :org_id
""")
_ADMINISTRATORS = sql("""
    SELECT m.userid, a.kind, array(SELECT power FROM administrator_powers p
                                   WHERE p.org_id = :org_id AND p.member_id = m.id) AS powers,
           array(SELECT department_id FROM administrator_departments s
                 WHERE s.org_id = :org_id AND s.member_id = m.id) AS departments
    FROM administrators a JOIN members m ON m.org_id = :org_id AND m.id = a.member_id WHERE a.org_id = :org_id
""")


@dataclass
class Model:
    """What is where, and who was given what."""

    root: UUID
    parents: dict[UUID, UUID | None] = field(default_factory=dict)
    places: dict[str, set[UUID]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    powers: dict[str, set[str]] = field(default_factory=dict)
    scopes: dict[str, set[UUID]] = field(default_factory=dict)
    suspended: set[str] = field(default_factory=set)

    def rank(self, who: str) -> int:
        return RANKS[self.kinds.get(who)]

    def line(self, department: UUID | None) -> Iterator[UUID]:
        """The department and those above it."""
        while department is not None:
            yield department
            department = self.parents[department]

    def everywhere(self, who: str) -> bool:
        return self.rank(who) >= 2 or (self.rank(who) == 1 and self.root in self.scopes[who])

    def holds(self, who: str, power: str) -> bool:
        return self.rank(who) >= 2 or power in self.powers.get(who, ())

    def inside(self, who: str, places: Sequence[UUID] | set[UUID]) -> bool:
        if self.everywhere(who):
            return True
        scope = self.scopes.get(who, set())
        return bool(places) and all(scope & set(self.line(place)) for place in places)

    def over(self, who: str, target: str) -> bool:
        return self.rank(who) > self.rank(target) and self.inside(who, self.places[target])

    # --- the rules ---

    def may_add(self, who: str, places: set[UUID]) -> bool:
        return self.holds(who, MEMBERS) and self.inside(who, places)

    def may_edit(self, who: str, target: str) -> bool:
        return self.holds(who, MEMBERS) and self.over(who, target)

    def may_place(self, who: str, target: str, wanted: set[UUID]) -> bool:
        now = self.places[target]
        if not self.holds(who, MEMBERS) or self.rank(who) <= self.rank(target):
            return False
        return self.inside(who, now ^ wanted or wanted) and any(self.inside(who, [place]) for place in now)

    def may_shape(self, who: str, *touched: UUID | None) -> bool:
        """Both ends of everything that is touched."""
        return self.holds(who, DEPARTMENTS) and self.inside(who, [place for place in touched if place])

    def may_assign(self, who: str, target: str) -> bool:
        return self.holds(who, ROLES) and (self.everywhere(who) or self.over(who, target))

    def may_appoint(self, who: str, target: str, kind: str | None) -> bool:
        return self.rank(who) >= 2 and self.rank(who) > max(self.rank(target), RANKS[kind])


def _places(count: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, 30), min_size=1, max_size=count, unique=True)


INDEX = st.integers(0, 30)


class Administration(RuleBasedStateMachine):
    """Acts of everybody on everything, one organisation an example."""

    portal: BlockingPortal
    database: Database

    @initialize()
    def company_is_founded(self) -> None:
        self.company: Company = self.portal.call(found, self.database)
        root = self.company.root
        self.model = Model(root=root, parents={root: None}, places={"boss": {root}}, kinds={"boss": "owner"})
        for name, parent in (
            ("A", None),
            ("B", None),
            ("AA", 0),
            ("AB", 0),
            ("BA", 1),
            ("AAA", 2),
            ("C", None),
            ("CC", 6),
        ):
            below = root if parent is None else self.departments[1 + parent]
            made = self.portal.call(self.company.department, name, below)
            self.model.parents[made] = below
        for nth, places in enumerate(([1], [2], [3, 4], [1, 5], [6], [0])):
            ids = [self.departments[place] for place in places]
            self.portal.call(self.company.member, f"m{nth}", "", *ids)
            self.model.places[f"m{nth}"] = set(ids)
        for userid, scope in (("m0", [1]), ("m1", [2, 3]), ("m2", [8]), ("m3", [7])):
            self._appointed(userid, "sub", POWERS, [self.departments[place] for place in scope])
        self.made = 0
        role = self.portal.call(self._role)
        self.role_id = role

    async def _role(self) -> UUID:
        async with self.company.work() as uow:
            return (await roles.create_role(uow, self.company.operator, name="R", group="")).role_id

    def _appointed(self, userid: str, kind: str, powers: Sequence[str], scope: Sequence[UUID]) -> None:
        self.portal.call(self.company.appoint, userid, AdminKind(kind), powers, *scope)
        self._note(userid, kind, powers, scope)

    def _note(self, userid: str, kind: str, powers: Sequence[str], scope: Sequence[UUID]) -> None:
        self.model.kinds[userid] = kind
        self.model.powers[userid], self.model.scopes[userid] = set(powers), set(scope)

    @property
    def departments(self) -> list[UUID]:
        return list(self.model.parents)

    @property
    def people(self) -> list[str]:
        return list(self.model.places)

    def department(self, index: int) -> UUID:
        return self.departments[index % len(self.departments)]

    def empty_department(self, index: int) -> UUID:
        """One that could be deleted, if there is one: the others say nothing about who may."""
        used = {place for places in self.model.places.values() for place in places} | set(self.model.parents.values())
        empty = [department for department in self.departments if department not in used]
        return empty[index % len(empty)] if empty else self.department(index)

    def person(self, index: int) -> str:
        return self.people[index % len(self.people)]

    def actor(self, index: int) -> str:
        """Administrators act more often than others."""
        able = [userid for userid in (*self.model.kinds, *self.people) if userid not in self.model.suspended]
        return able[index % len(able)]

    def attempt(self, who: str, allowed: bool, verb: Any, *arguments: Any, **options: Any) -> bool:
        """Do it; whether it happened. What is forbidden has to be refused, what is allowed not for want of rights."""
        happened: bool = self.portal.call(self._attempt, who, allowed, verb, arguments, options)
        return happened

    async def _attempt(self, who: str, allowed: bool, verb: Any, arguments: Any, options: Any) -> bool:
        actor: Actor = await self.company.actor(who)
        try:
            async with self.company.work() as uow:
                await verb(uow, actor, *arguments, **options)
        except (Forbidden, OwnerStays, RootStays):
            assert not allowed, f"{who} was refused {verb.__name__} {arguments} {options}"
            return False
        except (Conflict, Invalid):
            return False  # allowed or not: the state of things does not allow it
        assert allowed, f"{who} did {verb.__name__} {arguments} {options}"
        return True

    # --- people ---

    @rule(who=INDEX, places=_places(2))
    def add_somebody(self, who: int, places: list[int]) -> None:
        by, ids = self.actor(who), list(dict.fromkeys(self.department(place) for place in places))
        self.made += 1
        userid = f"n{self.made}"
        new = NewMember(name=userid, userid=userid, department_ids=ids, password="correct horse battery")
        if self.attempt(by, self.model.may_add(by, set(ids)), members.create_member, new):
            self.model.places[userid] = set(ids)

    @rule(who=INDEX, whom=INDEX, places=_places(2), how=st.sampled_from(["put", "add", "take"]))
    def place_somebody(self, who: int, whom: int, places: list[int], how: str) -> None:
        by, userid = self.actor(who), self.person(whom)
        ids = list(dict.fromkeys(self.department(place) for place in places))
        now = sorted(self.model.places[userid])
        if how == "add":
            ids = list(dict.fromkeys([*now, *ids]))
        if how == "take":
            ids = now[: 1 + places[0] % len(now)]
        allowed = self.model.may_place(by, userid, set(ids))
        revision = self.portal.call(self._revision, userid)
        if self.attempt(by, allowed, members.change_member, userid, revision, {"departments": ids}):
            self.model.places[userid] = set(ids)

    async def _revision(self, userid: str) -> int:
        return (await self.company.detail(userid)).revision

    @rule(who=INDEX, whom=INDEX)
    def edit_somebody(self, who: int, whom: int) -> None:
        by, userid = self.actor(who), self.person(whom)
        self.made += 1
        revision = self.portal.call(self._revision, userid)
        changes = {"title": f"t{self.made}"}
        self.attempt(by, self.model.may_edit(by, userid), members.change_member, userid, revision, changes)

    @rule(who=INDEX, whom=INDEX)
    def suspend_somebody(self, who: int, whom: int) -> None:
        by, userid = self.actor(who), self.person(whom)
        if userid == "boss":
            return
        if self.attempt(by, self.model.may_edit(by, userid), members.suspend_member, userid):
            self.model.suspended.add(userid)

    @precondition(lambda self: self.model.suspended)
    @rule(who=INDEX, whom=INDEX)
    def resume_somebody(self, who: int, whom: int) -> None:
        suspended = sorted(self.model.suspended)
        by, userid = self.actor(who), suspended[whom % len(suspended)]
        if self.attempt(by, self.model.may_edit(by, userid), members.resume_member, userid):
            self.model.suspended.discard(userid)

    @rule(who=INDEX, whom=INDEX)
    def give_a_role(self, who: int, whom: int) -> None:
        by, userid = self.actor(who), self.person(whom)
        self.attempt(by, self.model.may_assign(by, userid), roles.give_role, self.role_id, userid)

    # --- departments ---

    @rule(who=INDEX, parent=INDEX)
    def make_a_department(self, who: int, parent: int) -> None:
        by, below = self.actor(who), self.department(parent)
        self.made += 1
        allowed = self.model.may_shape(by, below)
        if self.attempt(by, allowed, departments.create_department, name=f"D{self.made}", parent_id=below):
            self.model.parents[self.portal.call(self._newest)] = below

    async def _newest(self) -> UUID:
        async with self.company.work() as uow:
            rows = await uow.rows(_PARENTS)
        (made,) = {row["id"] for row in rows} - set(self.model.parents)
        return UUID(str(made))

    @rule(who=INDEX, what=INDEX, to=INDEX)
    def move_a_department(self, who: int, what: int, to: int) -> None:
        by, department, parent = self.actor(who), self.department(what), self.department(to)
        now = self.model.parents[department]
        if parent == now:
            return
        allowed = now is not None and self.model.may_shape(by, department, now, parent)
        revision = self.portal.call(self._department_revision, department)
        if self.attempt(by, allowed, departments.change_department, department, revision, {"parent_id": parent}):
            self.model.parents[department] = parent

    async def _department_revision(self, department_id: UUID) -> int:
        return (await self.company.see_department(department_id)).revision

    @rule(who=INDEX, what=INDEX)
    def rename_a_department(self, who: int, what: int) -> None:
        by, department = self.actor(who), self.department(what)
        self.made += 1
        revision = self.portal.call(self._department_revision, department)
        changes = {"name": f"R{self.made}"}
        self.attempt(
            by, self.model.may_shape(by, department), departments.change_department, department, revision, changes
        )

    @rule(who=INDEX, what=INDEX)
    def delete_a_department(self, who: int, what: int) -> None:
        by, department = self.actor(who), self.empty_department(what)
        now = self.model.parents[department]
        allowed = now is not None and self.model.may_shape(by, department, now)
        revision = self.portal.call(self._department_revision, department)
        if self.attempt(by, allowed, departments.delete_department, department, revision):
            del self.model.parents[department]
            for scope in self.model.scopes.values():
                scope.discard(department)

    # --- administrators ---

    @rule(
        who=INDEX,
        whom=INDEX,
        kind=st.sampled_from(["super", "sub", "sub", "sub"]),
        powers=st.sets(st.sampled_from(POWERS), min_size=1),
        places=_places(2),
    )
    def appoint_somebody(self, who: int, whom: int, kind: str, powers: set[str], places: list[int]) -> None:
        by, userid = self.actor(who), self.person(whom)
        granted = sorted(powers) if kind == "sub" else []
        ids = list(dict.fromkeys(self.department(place) for place in places)) if kind == "sub" else []
        allowed = self.model.may_appoint(by, userid, kind)
        options = {"kind": AdminKind(kind), "powers": granted, "department_ids": ids}
        if self.attempt(by, allowed, administrators.appoint, userid, **options):
            self._note(userid, kind, granted, ids)

    @rule(who=INDEX, whom=INDEX)
    def dismiss_somebody(self, who: int, whom: int) -> None:
        by, userid = self.actor(who), self.person(whom)
        if userid not in self.model.kinds:
            return
        if self.attempt(by, self.model.may_appoint(by, userid, None), administrators.dismiss, userid):
            for given in (self.model.kinds, self.model.powers, self.model.scopes):
                del given[userid]

    # --- the end ---

    def teardown(self) -> None:
        if hasattr(self, "company"):
            self.portal.call(self._compare)

    async def _compare(self) -> None:
        """What is stored is what the model allowed, and nobody's rights reach beyond it."""
        async with self.company.work() as uow:
            parents = {row["id"]: row["parent_id"] for row in await uow.rows(_PARENTS)}
            places: dict[str, set[UUID]] = {}
            for row in await uow.rows(_PLACES):
                places.setdefault(row["userid"], set()).add(row["department_id"])
            stored = {
                row["userid"]: (row["kind"], set(row["powers"]), set(row["departments"]))
                for row in await uow.rows(_ADMINISTRATORS)
            }
        assert parents == self.model.parents
        assert places == self.model.places
        assert stored == {
            userid: (kind, self.model.powers.get(userid, set()), self.model.scopes.get(userid, set()))
            for userid, kind in self.model.kinds.items()
        }


async def _open(url: str) -> Database:
    database = Database(url, pool_size=4)
    await database.open()
    return database


def _run(postgres: TestServer, *, examples: int, steps: int) -> None:
    url = postgres.create_database()
    try:
        with start_blocking_portal() as portal:
            database = portal.call(_open, url)

            class Bound(Administration):
                pass

            Bound.portal, Bound.database = portal, database
            try:
                run_state_machine_as_test(
                    Bound,
                    settings=settings(
                        max_examples=examples,
                        stateful_step_count=steps,
                        deadline=None,
                        database=None,
                        derandomize=examples < 100,
                        suppress_health_check=list(HealthCheck),
                    ),
                )
            finally:
                if PasswordPool in database.parts:
                    database.parts[PasswordPool].close()
                portal.call(database.close)
    finally:
        postgres.drop_database(url)


def test_nobody_gets_further_than_they_were_let(postgres: TestServer) -> None:
    _run(postgres, examples=15, steps=50)


@pytest.mark.soak
@pytest.mark.skipif(not os.environ.get("PEGBOARD_SOAK"), reason="full counts: make soak")
def test_ten_thousand_sequences(postgres: TestServer) -> None:
    _run(postgres, examples=10_000, steps=25)
