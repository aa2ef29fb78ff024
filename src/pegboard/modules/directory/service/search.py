"""Listing and finding people."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Row, Statement, UnitOfWork
from pegboard.kernel.errors import invalid
from pegboard.modules.directory import policy
from pegboard.modules.directory.service.department_views import member_counts
from pegboard.modules.directory.service.organisations import organisation
from pegboard.modules.directory.service.people import person_of
from pegboard.modules.directory.store import departments
from pegboard.modules.directory.store import searching as store
from pegboard.modules.directory.terms import LAST, Kind, Word, words_of
from pegboard.modules.directory.views import DepartmentId, FoundPerson, MemberState, Person

LONGEST_QUERY = 100
_MOST_WORDS = 8
_LARGE_SUBTREE = 5000
_PRESENT = (MemberState.INVITED, MemberState.ACTIVE, MemberState.SUSPENDED)
_FIRST_ID = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberFilter:
    """Which members. `state` None: all but those who left. `recursive` takes the department's subtree."""

    query: str = ""
    department_id: UUID | None = None
    recursive: bool = False
    state: MemberState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPage:
    """Some of the members, and behind which position the next ones come (None: there are none)."""

    items: list[FoundPerson]
    next: tuple[int, str, UUID] | None = None


async def search(uow: UnitOfWork, actor: Actor, query: str, limit: int) -> list[Person]:
    """Active members whom the actor may see, the best finds first.

    Found by any part of name, pinyin, initials or title, by the beginning of userid or job number, and by the mobile
    where they may see it. Every word of the query has to be found; a query that says nothing finds nobody.
    """
    page = await list_members(uow, actor, MemberFilter(query=query, state=MemberState.ACTIVE), limit=limit)
    return [found.person for found in page.items] if words_of(query) else []


async def list_members(
    uow: UnitOfWork,
    actor: Actor,
    wanted: MemberFilter,
    *,
    limit: int,
    after: tuple[int, str, UUID] | None = None,
) -> MemberPage:
    """The members that the filter names, as far as the actor sees them.

    Order: finds of a query by how they were found, the people of one department in its order, all else by pinyin.
    """
    if len(wanted.query) > LONGEST_QUERY:
        raise invalid("query", "too_long", limit=LONGEST_QUERY)
    if wanted.department_id is not None:
        await policy.see_departments(uow, actor, [wanted.department_id])
    sight = await policy.sight_of(uow, actor)
    states = [state.value for state in ((wanted.state,) if wanted.state else _PRESENT)]
    params: dict[str, Any] = {"states": states, "department_id": wanted.department_id, **sight.params}
    if words := words_of(wanted.query):
        return await _find(uow, actor, words, params, wanted.recursive, limit, after)
    if wanted.query.strip():
        return MemberPage(items=[])
    return await _list(uow, wanted, params, limit, after or (0, "", _FIRST_ID))


async def _list(
    uow: UnitOfWork, wanted: MemberFilter, params: dict[str, Any], limit: int, after: tuple[int, str, UUID]
) -> MemberPage:
    in_order = wanted.department_id is not None and not wanted.recursive
    position, pinyin, after_id = after
    place: dict[str, Any] = {"after_id": after_id, "limit": limit + 1}
    if in_order:
        statement = store.OF_DEPARTMENT
        place["after_position"] = position if after_id != _FIRST_ID else -(2**31)
    else:
        statement = await _by_pinyin(uow, wanted)
        place["after_pinyin"] = pinyin
    rows = await uow.rows(statement, **params, **place)
    found = [found_person(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return MemberPage(items=found)
    last = rows[limit - 1]
    return MemberPage(items=found, next=(last["position"] if in_order else 0, last["pinyin"], last["id"]))


async def _by_pinyin(uow: UnitOfWork, wanted: MemberFilter) -> Statement:
    """The statement for everybody, or for the subtree of a department, as large as it is."""
    if wanted.department_id is None:
        return store.ALL
    if wanted.department_id == await uow.value(departments.ROOT) and wanted.state is not MemberState.LEFT:
        return store.ALL  # everybody who has not left stands somewhere
    counts = await member_counts(uow, [wanted.department_id])
    return store.OF_LARGE_SUBTREE if counts[wanted.department_id] > _LARGE_SUBTREE else store.OF_SUBTREE


async def _find(
    uow: UnitOfWork,
    actor: Actor,
    words: list[Word],
    params: dict[str, Any],
    recursive: bool,
    limit: int,
    after: tuple[int, str, UUID] | None,
) -> MemberPage:
    """Kind by kind, until there are enough: each is one range of an index, read in order from where the last ended."""
    if len(words) > _MOST_WORDS:
        raise invalid("query", "too_many", limit=_MOST_WORDS)
    first, others = words[0], words[1:]
    mobiles = policy.see_mobiles(
        actor,
        shown_to_everybody=first.number is not None and (await organisation(uow)).settings.show_mobiles,
    )
    params |= {
        "recursive": recursive,
        "text_low": first.prefix,
        "text_high": first.prefix + LAST,
        "number_low": first.number or "",
        "number_high": first.number + LAST if first.number else "",
        "other_lows": [word.prefix for word in others],
        "other_highs": [word.prefix + LAST for word in others],
        "all_mobiles": mobiles.all,
        "mobiles_in": list(mobiles.subtrees),
        "open_mobiles": mobiles.open,
    }
    start, after_term, after_id = after or (0, "", _FIRST_ID)
    rows: list[Row] = []
    kinds: list[Kind] = []
    for kind in Kind:
        low = _beginning(first, kind)
        if kind < start or low is None or len(rows) > limit:
            continue
        if kind >= Kind.MOBILE and not mobiles.any:
            break
        found = await uow.rows(
            store.FIND,
            **params,
            kind=kind.value,
            low=low,
            high=low + LAST,
            after_term=after_term if after is not None and kind == start else low,
            after_id=after_id if after is not None and kind == start else _FIRST_ID,
            limit=limit + 1 - len(rows),
        )
        rows += found
        kinds += [kind] * len(found)
    people = [found_person(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return MemberPage(items=people)
    last = rows[limit - 1]
    return MemberPage(items=people, next=(kinds[limit - 1].value, last["term"], last["id"]))


def _beginning(word: Word, kind: Kind) -> str | None:
    """What terms of this kind have to begin with; None where the word cannot be found there."""
    match kind:
        case Kind.WHOLE | Kind.PART:
            return word.prefix
        case Kind.MOBILE:
            return word.number
        case Kind.MOBILE_END:
            return word.number[::-1] if word.number else None


def found_person(row: Row) -> FoundPerson:
    """A row of a list as a person with their main department."""
    return FoundPerson(
        person=person_of(row),
        main_department_id=DepartmentId(row["main_id"]) if row["main_id"] else None,
        main_department_name=row["main_name"],
    )
