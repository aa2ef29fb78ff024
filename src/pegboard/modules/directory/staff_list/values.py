"""What goes in and comes out of reading and checking a staff list: frozen values, no database."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, Protocol

from pegboard.modules.directory.staff_list.texts import Params, row_text, unreadable_text

Column = Literal["userid", "name", "mobile", "email", "title", "departments", "manager_userid", "password"]
Code = Literal["required", "duplicate", "invalid", "too_long", "too_deep", "not_found", "cycle"]
Path = tuple[str, ...]

COLUMNS: tuple[Column, ...] = (
    "userid",
    "name",
    "mobile",
    "email",
    "title",
    "departments",
    "manager_userid",
    "password",
)
REQUIRED: tuple[Column, ...] = ("userid", "name", "departments")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How large a file may be. Over one of them the whole file is refused (`StaffListUnreadable`)."""

    file_bytes: int = 64 * 1024 * 1024
    rows: int = 100_000
    columns: int = 16_384
    """As many as a worksheet can have."""
    cell_chars: int = 32_767
    """As many as a worksheet's cell can hold."""
    unpacked_bytes: int = 256 * 1024 * 1024
    """Of a workbook, all its parts together, counted while unpacking and not as the archive claims."""
    unpacked_ratio: int = 100
    """Unpacked bytes to file bytes; a real staff list stays under 20."""
    sheet_cells: int = 10_000_000
    """Cells of the sheet that is read, blank ones and the gaps in rows counted."""


LIMITS = Limits()


class StaffListUnreadable(Exception):
    """The file as a whole cannot be taken. `code` is stable, `params` fill the places of its text."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params: Params = params

    def message(self, language: str = "en") -> str:
        """The refusal in `en`, `zh-TW` or `zh-CN` (anything else: English)."""
        return unreadable_text(self.code, self.params, language)

    def __str__(self) -> str:
        return f"{self.code}: {self.message()}"


class Row(NamedTuple):
    """One person's row as it stands in the file; a column that the file lacks is absent from `values`."""

    line: int
    """CSV: the line where the record starts; XLSX: the row of the sheet. The first line is 1."""
    values: Mapping[Column, str]
    has_extra_cells: bool = False
    """There is text to the right of the header: usually a comma that should have been quoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A staff list's header and rows. Blank rows are left out; the line numbers are still the file's."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    unknown_columns: tuple[str, ...] = ()
    """Headers that mean nothing here; their cells are not read."""
    format: str = "csv"
    """`csv` or `xlsx`."""
    encoding: str = ""
    """Of a CSV, what its text was found to be: `utf-8`, `utf-16`, `gb18030`, `big5`, `big5hkscs`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """One wrong cell. A cell has at most one error: the first that was found."""

    row: int
    column: Column
    code: Code
    text: str
    """Which text says it: the code, or the code and what is wrong with it (`invalid.mobile`)."""
    params: Params = field(default_factory=dict)

    def message(self, language: str = "en") -> str:
        """What is wrong, in `en`, `zh-TW` or `zh-CN` (anything else: English)."""
        return row_text(self.text, self.params, language)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRow:
    """One person, checked and normalised. `None` means that the list says nothing, not "clear it"."""

    line: int
    userid: str
    name: str
    mobile: str | None
    """E.164."""
    email: str | None
    title: str | None
    departments: tuple[Path, ...]
    """At least one; the first is the main one."""
    manager_userid: str | None
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The outcome: everybody whose row has no error, what departments they need, and every error."""

    people: tuple[StaffRow, ...]
    departments: tuple[Path, ...]
    """Those that `people` need, the implied parents too, each after its parent, in the list's order."""
    errors: tuple[RowError, ...]
    """Ordered by row, then by column as in `COLUMNS`."""
    known_userids: frozenset[str] = frozenset()
    """Managers of `people` who are members already."""

    def without_bad_rows(self) -> "Checked":
        """What `--skip-errors` stores: `people`, of whom nobody leans on a row that is left out.

        Whoever has a left-out row as manager (and that manager is no member yet) is kept without a manager,
        and this is added to the errors as `not_found` on their row. Nobody else is left out because of it.
        """
        stored = {person.userid for person in self.people} | self.known_userids
        people: list[StaffRow] = []
        dropped: list[RowError] = []
        for person in self.people:
            if person.manager_userid is None or person.manager_userid in stored:
                people.append(person)
                continue
            people.append(replace(person, manager_userid=None))
            dropped.append(
                RowError(
                    row=person.line,
                    column="manager_userid",
                    code="not_found",
                    text="not_found.left_out",
                    params={"value": person.manager_userid},
                )
            )
        errors = sorted((*self.errors, *dropped), key=lambda e: (e.row, COLUMNS.index(e.column)))
        return replace(self, people=tuple(people), errors=tuple(errors))


class Known(Protocol):
    """What the organisation has already. Source: the directory, read before the check in one go."""

    def is_member(self, userid: str) -> bool:
        """Somebody of the organisation has this userid: their row is an update, and they may be a manager."""
        ...

    def manager_of(self, userid: str) -> str | None:
        """The present manager of a member, None where there is none or no such member."""
        ...

    def holder_of_mobile(self, mobile: str) -> str | None:
        """The userid of the member who has this mobile (E.164)."""
        ...

    def holder_of_email(self, email: str) -> str | None:
        """The userid of the member who has this address (given in lower case)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownMembers:
    """`Known` over plain mappings."""

    managers: Mapping[str, str | None] = field(default_factory=dict)
    """Every member's userid → their manager's."""
    mobiles: Mapping[str, str] = field(default_factory=dict)
    """E.164 → userid."""
    emails: Mapping[str, str] = field(default_factory=dict)
    """Lower case → userid."""

    def is_member(self, userid: str) -> bool:
        return userid in self.managers

    def manager_of(self, userid: str) -> str | None:
        return self.managers.get(userid)

    def holder_of_mobile(self, mobile: str) -> str | None:
        return self.mobiles.get(mobile)

    def holder_of_email(self, email: str) -> str | None:
        return self.emails.get(email)


NOBODY = KnownMembers()
"""An organisation without members."""
