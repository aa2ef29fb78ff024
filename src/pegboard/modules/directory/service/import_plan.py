"""What a checked staff list means for one organisation: pure values and functions, fit for a thread."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from pegboard.kernel.actor import Actor
from pegboard.kernel.db import Row
from pegboard.kernel.ids import AccountId, MemberId, uuid7
from pegboard.kernel.names import is_blank
from pegboard.modules.directory.staff_list import Checked, Known, RowError, StaffRow
from pegboard.modules.directory.staff_list.checking import shown
from pegboard.modules.directory.views import AdminKind, MemberState

Path = tuple[str, ...]
ROOT: Path = ()


# --- departments -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDepartment:
    """A department that the organisation lacks. `above` are its ancestors, the nearest first."""

    id: UUID
    parent_id: UUID
    name: str
    position: int
    above: tuple[UUID, ...]


class Tree:
    """The departments by their paths from below the root, which is the empty path."""

    def __init__(self, rows: Iterable[Row]) -> None:
        by_id = {row["id"]: row for row in rows}
        self.ids: dict[Path, UUID] = {}
        self._last: dict[UUID, int] = {}
        self._paths: dict[UUID, Path] = {}
        for row in by_id.values():
            self.ids[self._path(row, by_id)] = row["id"]
            if row["parent_id"] is not None:
                last = self._last.get(row["parent_id"], 0)
                self._last[row["parent_id"]] = max(last, row["position"])

    def _path(self, row: Row, by_id: Mapping[UUID, Row]) -> Path:
        if row["parent_id"] is None:
            return ROOT
        if row["id"] not in self._paths:
            above = self._path(by_id[row["parent_id"]], by_id)
            self._paths[row["id"]] = (*above, one_spelling(row["name"]))
        return self._paths[row["id"]]

    def nearest(self, path: Path) -> UUID:
        """The department, or the nearest above it that exists."""
        while path not in self.ids:
            path = path[:-1]
        return self.ids[path]

    def grow(self, paths: Iterable[Path]) -> list[NewDepartment]:
        """Add what is missing (each path stands after its parent), behind the children that are there."""
        added: list[NewDepartment] = []
        for path in paths:
            if path in self.ids:
                continue
            parent_id = self.ids[path[:-1]]
            position = self._last[parent_id] = self._last.get(parent_id, 0) + 1
            above = tuple(self.ids[path[:length]] for length in range(len(path) - 1, -1, -1))
            new = NewDepartment(id=uuid7(), parent_id=parent_id, name=path[-1], position=position, above=above)
            self.ids[path] = new.id
            added.append(new)
        return added


def one_spelling(name: str) -> str:
    """Composed, single blanks: a list from another system names the department that is meant."""
    return " ".join(unicodedata.normalize("NFC", name).split(" "))


def in_one_spelling(checked: Checked) -> Checked:
    """The list with names as the directory stores them."""
    people = tuple(
        replace(
            row,
            name=" ".join(unicodedata.normalize("NFC", row.name).split()),
            email=row.email.lower() if row.email else None,
            title=unicodedata.normalize("NFC", row.title) if row.title else None,
            departments=tuple(dict.fromkeys(tuple(map(one_spelling, path)) for path in row.departments)),
        )
        for row in checked.people
    )
    departments = dict.fromkeys(tuple(map(one_spelling, path)) for path in checked.departments)
    return replace(checked, people=people, departments=tuple(departments))


# --- who is there already --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A member whom the list names. `places`: their departments, the main one (if any) first."""

    member_id: MemberId
    account_id: AccountId | None
    userid: str
    name: str
    mobile: str | None
    email: str | None
    title: str
    job_number: str
    manager_id: UUID | None
    state: MemberState
    rank: int
    places: tuple[UUID, ...]
    has_main: bool

    @classmethod
    def of(cls, row: Row, places: Sequence[Row], kind: str | None) -> "Standing":
        return cls(
            member_id=MemberId(row["id"]),
            account_id=row["account_id"],
            userid=row["userid"],
            name=row["name"],
            mobile=row["mobile"],
            email=row["email"],
            title=row["title"],
            job_number=row["job_number"],
            manager_id=row["manager_id"],
            state=MemberState(row["state"]),
            rank=AdminKind(kind).rank if kind else 0,
            places=tuple(place["department_id"] for place in places),
            has_main=bool(places) and places[0]["main"],
        )

    @property
    def main(self) -> UUID | None:
        return self.places[0] if self.has_main else None


# --- what is wrong with rows, seen from the organisation -------------------------------------------


class Errors:
    """The errors of a list as they are found; the first of a cell stays."""

    def __init__(self, found: Iterable[RowError]) -> None:
        self._by_cell = {(error.row, error.column): error for error in found}

    def add(self, error: RowError) -> None:
        self._by_cell.setdefault((error.row, error.column), error)

    def add_all(self, errors: Iterable[RowError]) -> None:
        for error in errors:
            self.add(error)

    def right_ones(self, rows: Iterable[StaffRow]) -> list[StaffRow]:
        """Those without an error so far."""
        wrong = {line for line, _ in self._by_cell}
        return [row for row in rows if row.line not in wrong]

    def all(self) -> tuple[RowError, ...]:
        return tuple(self._by_cell.values())


def blank_errors(people: Iterable[StaffRow]) -> Iterable[RowError]:
    """Names made of nothing but joiners and marks."""
    blank: dict[Path, bool] = {}
    for row in people:
        if is_blank(row.name):
            yield RowError(row=row.line, column="name", code="invalid", text="invalid.blank")
        for path in row.departments:
            if path not in blank:
                blank[path] = any(map(is_blank, path))
            if blank[path]:
                yield RowError(row=row.line, column="departments", code="invalid", text="invalid.blank")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far the importer may go. `inside`: the departments of their subtrees, None for everywhere."""

    actor: Actor
    inside: frozenset[UUID] | None

    def errors(
        self, people: Iterable[StaffRow], standing: Mapping[str, Standing], tree: Tree, known: Known
    ) -> list[RowError]:
        """Rows that put people into departments beyond it, or change members beyond it."""
        if self.inside is None and self.actor.kind != "person":
            return []
        return [error for row in people for error in self._errors_of(row, standing, tree, known)]

    def _errors_of(
        self, row: StaffRow, standing: Mapping[str, Standing], tree: Tree, known: Known
    ) -> Iterable[RowError]:
        member = standing.get(row.userid)
        if member is not None and (wrong := self._beyond(row, member)) and change_of(row, member, tree, known):
            yield wrong
        outside = self._first_outside(row, tree)
        if outside is not None:
            yield RowError(
                row=row.line,
                column="departments",
                code="invalid",
                text="invalid.scope",
                params={"value": shown("/".join(outside))},
            )

    def _first_outside(self, row: StaffRow, tree: Tree) -> Path | None:
        if self.inside is None:
            return None
        return next((path for path in row.departments if tree.nearest(path) not in self.inside), None)

    def _beyond(self, row: StaffRow, member: Standing) -> RowError | None:
        myself = member.member_id == self.actor.member_id and self.inside is None
        if self.actor.rank <= member.rank and not myself:
            text = "invalid.rank"
        elif self.inside is not None and not self.inside.issuperset(member.places):
            text = "invalid.member_scope"
        else:
            return None
        return RowError(row=row.line, column="userid", code="invalid", text=text, params={"value": row.userid})


# --- what is to be written -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Somebody to be added."""

    row: StaffRow
    member_id: MemberId
    account_id: AccountId
    state: MemberState
    department_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A member as they stand, and as the list wants them; `fields` are the names of what differs."""

    row: StaffRow
    member: Standing
    account_id: AccountId | None
    name: str
    mobile: str | None
    email: str | None
    title: str
    department_ids: tuple[UUID, ...]
    state: MemberState
    fields: tuple[str, ...] = ()

    @property
    def returns(self) -> bool:
        """They had left."""
        return self.member.state is MemberState.LEFT

    @property
    def came(self) -> list[UUID]:
        return [place for place in self.department_ids if place not in self.member.places]

    @property
    def gone(self) -> list[UUID]:
        return [place for place in self.member.places if place not in self.department_ids]

    @property
    def is_placed_anew(self) -> bool:
        return bool(self.came or self.gone or self.department_ids[0] != self.member.main)


def change_of(row: StaffRow, member: Standing, tree: Tree, known: Known) -> Change | None:
    """What the row changes of the member; None for nothing. What the list does not say stays.

    Departments that are yet to be made have no id: then `department_ids` is empty, and that is a change.
    """
    ids = tuple(tree.ids[path] for path in row.departments if path in tree.ids)
    department_ids = ids if len(ids) == len(row.departments) else ()
    change = Change(
        row=row,
        member=member,
        account_id=member.account_id,
        name=row.name,
        mobile=member.mobile if row.mobile is None else row.mobile,
        email=member.email if row.email is None else row.email,
        title=member.title if row.title is None else row.title,
        department_ids=department_ids,
        state=MemberState.ACTIVE if member.state is MemberState.LEFT else member.state,
    )
    fields = [name for name in ("name", "mobile", "email", "title") if getattr(change, name) != getattr(member, name)]
    if row.manager_userid is not None and row.manager_userid != known.manager_of(row.userid):
        fields.append("manager")
    if not department_ids or change.is_placed_anew:
        fields.append("departments")
    if change.returns:
        fields.append("state")
    return replace(change, fields=tuple(fields)) if fields else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything to be written."""

    departments: Sequence[NewDepartment]
    newcomers: Sequence[Newcomer]
    changes: Sequence[Change]
    manager_ids: Mapping[str, UUID] = field(default_factory=dict)
    """Userid → member id, of every manager that the list names."""


def managers_first(newcomers: Sequence[Newcomer]) -> list[Newcomer]:
    """In an order in which nobody stands before their manager, so that rows can name their managers."""
    by_userid = {newcomer.row.userid: newcomer for newcomer in newcomers}
    placed: set[str] = set()
    ordered: list[Newcomer] = []
    for newcomer in newcomers:
        line: list[Newcomer] = []
        above: Newcomer | None = newcomer
        while above is not None and above.row.userid not in placed:
            placed.add(above.row.userid)
            line.append(above)
            above = by_userid.get(above.row.manager_userid or "")
        ordered.extend(reversed(line))
    return ordered
