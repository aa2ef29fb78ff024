"""The plans of the hot queries behind forced row-level security: every one comes in by an index, and by a narrow range.

The organisation is made large, so that a plan that reads all of it would have been the wrong choice, and there is a
second one of the same size beside it.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from pegboard.kernel.db import Database, Statement, UnitOfWork, sql
from pegboard.kernel.db.work import scope
from pegboard.modules.directory.service.search import MemberFilter, list_members
from pegboard.modules.directory.store import administrators, departments, members, searching, sights
from pegboard.modules.directory.terms import LAST
from tests.modules.directory.conftest import Company, found

pytestmark = pytest.mark.anyio

ONE, TWO = UUID(int=1), UUID(int=2)
PEOPLE = 20_000
DEPARTMENTS = 10_000

_MEMBERS = sql("""
    INSERT INTO members (org_id, id, userid, name, pinyin, state, created_at)
    SELECT CAST(:org_id AS uuid), gen_random_uuid(), 'u' || n, 'Name ' || n, 'name' || n, 'active', now()
    FROM generate_series(1, CAST(:people AS integer)) AS n
""")
_TERMS = sql("""
    INSERT INTO member_terms (org_id, kind, term, member_id)
    SELECT m.org_id, t.kind, t.term, m.id FROM members m
    CROSS JOIN LATERAL (VALUES (0, m.pinyin), (0, m.userid), (1, substr(m.pinyin, 3)), (2, '1' || m.userid))
        AS t (kind, term)
    WHERE m.org_id = :org_id ON CONFLICT DO NOTHING
""")
# Ten below the root, a hundred below each of them, …: a bush of four levels.
_DEPARTMENTS = sql("""
    WITH numbered AS (
        SELECT n, gen_random_uuid() AS id FROM generate_series(1, CAST(:count AS integer)) AS n)
    INSERT INTO departments (org_id, id, parent_id, name, position)
    SELECT CAST(:org_id AS uuid), child.id, coalesce(parent.id, CAST(:root AS uuid)), 'D' || child.n, child.n
    FROM numbered child LEFT JOIN numbered parent ON parent.n = child.n / 10
""")
_PAIRS = sql("""
    WITH RECURSIVE pair (ancestor_id, descendant_id, depth) AS (
        SELECT id, id, 0 FROM departments WHERE org_id = :org_id
        UNION ALL
        SELECT d.parent_id, pair.descendant_id, pair.depth + 1 FROM pair
        JOIN departments d ON d.org_id = :org_id AND d.id = pair.ancestor_id WHERE d.parent_id IS NOT NULL)
    INSERT INTO department_ancestors (org_id, ancestor_id, descendant_id, depth)
    SELECT CAST(:org_id AS uuid), ancestor_id, descendant_id, depth FROM pair ON CONFLICT DO NOTHING
""")
_PLACES = sql("""
    INSERT INTO member_departments (org_id, member_id, department_id, main)
    SELECT m.org_id, m.id, d.id, true
    FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM members WHERE org_id = :org_id AND pinyin LIKE 'name%') m
    JOIN (SELECT *, row_number() OVER (ORDER BY id) AS n FROM departments WHERE org_id = :org_id) d
      ON d.n = 1 + m.n % CAST(:count AS integer)
    WHERE m.org_id = :org_id
""")


async def _fill(company: Company, owner: "asyncpg.Connection[Any]") -> None:
    steps: list[tuple[Statement, dict[str, Any]]] = [
        (_MEMBERS, {"people": PEOPLE}),
        (_TERMS, {}),
        (_DEPARTMENTS, {"count": DEPARTMENTS, "root": company.root}),
        (_PAIRS, {}),
        (_PLACES, {"count": DEPARTMENTS}),
    ]
    for statement, params in steps:
        async with company.work() as uow:
            await uow.execute(statement, **params)
        await owner.execute("ANALYZE")  # or the next step is planned for empty tables


@pytest.fixture(scope="module")
def large() -> list[Company]:
    """Filled by the first test that asks."""
    return []


@pytest.fixture
async def company(database: Database, large: list[Company], owner: "asyncpg.Connection[Any]") -> Company:
    if not large:
        for name in ("Large", "Other"):
            large.append(await found(database, name))
            await _fill(large[-1], owner)
    return Company(database=database, created=large[0].created)


class Plans:
    """Asks for plans as the application's role in the company."""

    def __init__(self, company: Company, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.company = company
        self.connection = connection

    async def of(self, statement: Statement, **params: Any) -> "Plan":
        """The plan for these very values."""
        params.setdefault("org_id", self.company.org_id)
        async with self.connection.transaction():
            await self.connection.execute(scope([self.company.org_id]))
            text = await self.connection.fetchval(
                f"EXPLAIN (FORMAT JSON) {statement.sql}", *statement.arguments(params)
            )
        return Plan(msgspec.json.decode(text)[0]["Plan"])


class Plan:
    """A plan's nodes."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.nodes = list(_walk(root))

    def scans(self, table: str) -> list[dict[str, Any]]:
        return [node for node in self.nodes if node.get("Relation Name") == table]

    def assert_narrow(self, table: str, *conditions: str) -> None:
        """The table is read by index conditions only, one of which names all of `conditions`."""
        scans = self.scans(table)
        assert scans, f"{table} is not read at all"
        found = []
        for scan in scans:
            assert scan["Node Type"] != "Seq Scan", (table, scan)
            found.append(self._index_condition(scan))
        assert any(all(part in text for part in conditions) for text in found), found

    def _index_condition(self, scan: dict[str, Any]) -> str:
        if scan["Node Type"] == "Bitmap Heap Scan":
            return " ".join(str(node.get("Index Cond", "")) for node in _walk(scan))
        return str(scan.get("Index Cond", ""))


def _walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _walk(child)


@pytest.fixture
async def plans(company: Company) -> AsyncIterator[Plans]:
    connection = await company.database.connect_app()
    yield Plans(company, connection)
    await connection.close()


_SEES_ALL: dict[str, Any] = {
    "sees_all": True, "sees_as": None, "sees_not": [], "sees_only": None, "sees_always": [],
}  # fmt: skip
_FIRST_PAGE: dict[str, Any] = {"after_position": None, "after_id": None, "limit": 51}
_FIND: dict[str, Any] = {
    **_SEES_ALL,
    "states": ["active"],
    "department_id": None,
    "recursive": False,
    "kind": 0,
    "low": "name12",
    "high": "name12" + LAST,
    "text_low": "name12",
    "text_high": "name12" + LAST,
    "number_low": "",
    "number_high": "",
    "other_lows": [],
    "other_highs": [],
    "all_mobiles": False,
    "mobiles_in": [],
    "open_mobiles": False,
    "after_term": "name12",
    "after_id": UUID(int=0),
    "limit": 51,
}


@pytest.mark.parametrize("kind", [0, 1, 2])
async def test_finding_reads_a_range_of_terms_in_its_order(plans: Plans, kind: int) -> None:
    plan = await plans.of(searching.FIND, **(_FIND | {"kind": kind}))
    plan.assert_narrow("member_terms", "org_id =", "kind =", "ROW(term, member_id) >", "term <")
    plan.assert_narrow("members", "org_id =", "id =")
    assert not [node for node in plan.nodes if node["Node Type"] == "Seq Scan"]


async def test_finding_by_one_letter_stops_at_the_page(plans: Plans) -> None:
    plan = await plans.of(
        searching.FIND, **(_FIND | {"low": "n", "after_term": "n", "high": "n" + LAST, "text_low": "n"})
    )
    plan.assert_narrow("member_terms", "ROW(term, member_id) >", "term <")
    assert not [node for node in plan.nodes if node["Node Type"] == "Sort"], "the index has the order"


async def test_listing_by_pinyin_goes_on_where_it_ended(plans: Plans) -> None:
    after = {"after_pinyin": "name5", "after_id": UUID(int=0)}
    plan = await plans.of(searching.ALL, **_SEES_ALL, **after, states=["active"], department_id=None, limit=51)
    plan.assert_narrow("members", "org_id =", "ROW(pinyin, id) >")


async def test_listing_a_large_subtree_stops_at_the_page(plans: Plans) -> None:
    after = {"after_pinyin": "", "after_id": UUID(int=0), "department_id": plans.company.root}
    plan = await plans.of(searching.OF_LARGE_SUBTREE, **_SEES_ALL, **after, states=["active"], limit=51)
    plan.assert_narrow("members", "org_id =", "ROW(pinyin, id) >")
    plan.assert_narrow("member_departments", "member_id =")


async def test_the_people_of_a_department(plans: Plans) -> None:
    params = {"after_position": 0, "after_id": UUID(int=0), "states": ["active"], "limit": 51}
    plan = await plans.of(searching.OF_DEPARTMENT, **_SEES_ALL, **params, department_id=plans.company.root)
    plan.assert_narrow("member_departments", "org_id =", "department_id =")


@pytest.mark.parametrize(
    ("statement", "table", "condition", "params"),
    [
        (departments.SUBTREE, "department_ancestors", "ancestor_id =", {"id": ONE}),
        (departments.IS_BELOW, "department_ancestors", "descendant_id =", {"id": ONE, "other_id": TWO}),
        (departments.ANY_OUTSIDE, "department_ancestors", "descendant_id =", {"ids": [ONE], "subtrees": [TWO]}),
        (departments.WAYS, "department_ancestors", "descendant_id =", {"ids": [ONE]}),
        (departments.MEMBERS, "member_departments", "department_id =", {"id": ONE}),
        (departments.CHILD_COUNTS, "departments", "parent_id =", {"ids": [ONE]}),
        (departments.LOCK_TREE, "departments", "org_id =", {}),
        (members.PEOPLE, "members", "id =", {"ids": [ONE, TWO]}),
        (members.BY_USERIDS, "members", "userid =", {"userids": ["u1", "u2"]}),
        (members.DETAIL, "members", "userid =", {"userid": "u1"}),
        (members.PLACES, "member_departments", "member_id =", {"member_id": ONE}),
        (administrators.ACTOR, "members", "id =", {"member_id": ONE}),
        (sights.HIDDEN_FROM, "departments", "org_id =", {"member_id": ONE}),
        (sights.RESTRICTIONS, "member_departments", "member_id =", {"member_id": ONE}),
        (sights.CHILDREN, "departments", "parent_id =", {**_SEES_ALL, **_FIRST_PAGE, "parent_id": ONE}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
async def test_single_things_come_by_their_keys(
    plans: Plans, statement: Statement, table: str, condition: str, params: dict[str, Any]
) -> None:
    plan = await plans.of(statement, **params)
    plan.assert_narrow(table, condition)
    assert not [node for node in plan.nodes if node["Node Type"] == "Seq Scan" and node["Relation Name"] == table]


async def test_a_subtree_of_ten_thousand(company: Company) -> None:
    async with UnitOfWork(company.database, orgs=(company.org_id,)) as uow:
        assert len(await uow.rows(departments.SUBTREE, id=company.root)) == DEPARTMENTS + 1


async def test_the_large_company_answers(company: Company) -> None:
    async with company.work() as uow:
        page = await list_members(uow, company.operator, MemberFilter(query="name1234"), limit=50)
    assert [item.person.name for item in page.items[:2]] == ["Name 1234", "Name 12340"]
