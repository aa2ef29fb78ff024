"""Rows of a staff list → people, departments, and one error for each wrong cell."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pegboard.modules.directory.staff_list.phones import to_e164
from pegboard.modules.directory.staff_list.texts import Params
from pegboard.modules.directory.staff_list.values import (
    COLUMNS,
    NOBODY,
    Checked,
    Code,
    Column,
    Known,
    Path,
    Row,
    RowError,
    StaffRow,
    Table,
)

USERID_CHARS = 64
NAME_CHARS = 64
TITLE_CHARS = 64
DEPARTMENT_CHARS = 64
EMAIL_CHARS = 254
MOBILE_CHARS = 64
PASSWORD_CHARS = 256
DEPARTMENT_DEPTH = 20
DEPARTMENTS_OF_A_PERSON = 50

_USERID = re.compile(r"[A-Za-z0-9_.@-]+", re.ASCII)
_EMAIL = re.compile(
    r"(?=.{1,64}@)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]",
    re.ASCII,
)
# Control characters (NUL too), line separators, embeddings, overrides and isolates of the bidirectional
# algorithm, surrogates, and what Unicode will never assign. Right-to-left letters, joiners and the plain
# direction marks are part of how names are written.
_REFUSED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_BLANKS = " \t\r\n\u00a0\u3000\ufeff"
_BETWEEN_DEPARTMENTS = re.compile("[;；]")
_SHOWN_CHARS = 60
_SHOWN_OF_A_CIRCLE = 6


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What is wrong with a cell, before it is known where the cell is."""

    code: Code
    text: str
    params: Params = field(default_factory=dict)


def check(
    table: Table,
    *,
    default_region: str,
    known: Known = NOBODY,
    accepts_password: Callable[[str], bool] = lambda _: True,
) -> Checked:
    """Check every row, alone and against the others and the organisation.

    `default_region` (ISO 3166) is the country of phone numbers without one. A userid that is `known` makes
    the row an update of that member. A userid, mobile or address that stands twice is named once, at the
    later row. A manager may stand anywhere in the list, or be a member already; everybody whose chain of
    managers comes back to themselves has the error `cycle`. Never raises, whatever the cells hold.
    """
    return _Checking(default_region, known, accepts_password).check(table)


def shown(value: str) -> str:
    """A value from the file as a message may repeat it: short, and without what would disturb the message."""
    plain = _REFUSED.sub("\ufffd", value)
    return plain if len(plain) <= _SHOWN_CHARS else plain[: _SHOWN_CHARS - 1] + "…"


class _Checking:
    def __init__(self, default_region: str, known: Known, accepts_password: Callable[[str], bool]) -> None:
        self._region = default_region
        self._known = known
        self._accepts_password = accepts_password
        self._errors: dict[tuple[int, Column], RowError] = {}
        self._row_of: dict[Column, dict[str, int]] = {"userid": {}, "mobile": {}, "email": {}}
        self._titles: dict[str, str | _Wrong | None] = {}
        self._departments: dict[str, tuple[Path, ...] | _Wrong] = {}

    def check(self, table: Table) -> Checked:
        people = [self._person(row, table.columns) for row in table.rows]
        self._check_managers(people)
        wrong_lines = {line for line, _ in self._errors}
        good = tuple(person for person in people if person.line not in wrong_lines)
        return Checked(
            people=good,
            departments=_with_parents(person.departments for person in good),
            errors=tuple(sorted(self._errors.values(), key=lambda error: (error.row, COLUMNS.index(error.column)))),
            known_userids=frozenset(
                person.manager_userid
                for person in good
                if person.manager_userid and self._known.is_member(person.manager_userid)
            ),
        )

    def _person(self, row: Row, columns: tuple[Column, ...]) -> StaffRow:
        """The row's values; a wrong cell is noted and left empty, so the row goes no further than here."""
        line, values = row.line, row.values
        if row.has_extra_cells:
            self._note(line, columns[-1], _Wrong("invalid", "invalid.cells"))
        userid = self._userid(line, values.get("userid", "").strip(_BLANKS))
        return StaffRow(
            line=line,
            userid=userid,
            name=self._name(line, values.get("name", "").strip(_BLANKS)),
            mobile=self._mobile(line, userid, values.get("mobile", "").strip(_BLANKS)),
            email=self._email(line, userid, values.get("email", "").strip(_BLANKS)),
            title=self._title(line, values.get("title", "")),
            departments=self._paths(line, values.get("departments", "")),
            manager_userid=values.get("manager_userid", "").strip(_BLANKS) or None,
            password=self._password(line, values.get("password", "")),
        )

    def _userid(self, line: int, value: str) -> str:
        if not value:
            return self._note(line, "userid", _Wrong("required", "required"))
        if len(value) > USERID_CHARS:
            return self._note(line, "userid", _too_long(value, USERID_CHARS))
        if _USERID.fullmatch(value) is None:
            return self._note(line, "userid", _Wrong("invalid", "invalid.userid", {"value": shown(value)}))
        self._claim(line, "userid", value, value)
        return value

    def _name(self, line: int, value: str) -> str:
        if not value:
            return self._note(line, "name", _Wrong("required", "required"))
        wrong = _wrong_text(value, NAME_CHARS)
        return self._note(line, "name", wrong) if wrong else value

    def _mobile(self, line: int, userid: str, value: str) -> str | None:
        if not value:
            return None
        number = to_e164(value, self._region) if len(value) <= MOBILE_CHARS else None
        if number is None:
            self._note(line, "mobile", _Wrong("invalid", "invalid.mobile", {"value": shown(value)}))
            return None
        self._claim(line, "mobile", number, number, self._known.holder_of_mobile(number), userid)
        return number

    def _email(self, line: int, userid: str, value: str) -> str | None:
        if not value:
            return None
        if len(value) > EMAIL_CHARS:
            self._note(line, "email", _too_long(value, EMAIL_CHARS))
            return None
        if _EMAIL.fullmatch(value) is None:
            self._note(line, "email", _Wrong("invalid", "invalid.email", {"value": shown(value)}))
            return None
        key = value.lower()
        self._claim(line, "email", key, value, self._known.holder_of_email(key), userid)
        return value

    def _title(self, line: int, cell: str) -> str | None:
        if cell not in self._titles:
            value = cell.strip(_BLANKS)
            self._titles[cell] = (_wrong_text(value, TITLE_CHARS) or value) if value else None
        title = self._titles[cell]
        return self._note(line, "title", title) if isinstance(title, _Wrong) else title

    def _paths(self, line: int, cell: str) -> tuple[Path, ...]:
        if cell not in self._departments:
            self._departments[cell] = _read_paths(cell)
        paths = self._departments[cell]
        if isinstance(paths, _Wrong):
            self._note(line, "departments", paths)
            return ()
        return paths

    def _password(self, line: int, value: str) -> str | None:
        # Never trimmed and never shown: a blank at its end belongs to it.
        if not value:
            return None
        if len(value) > PASSWORD_CHARS:
            self._note(line, "password", _too_long(value, PASSWORD_CHARS))
        elif _REFUSED.search(value) or not self._accepts_password(value):
            self._note(line, "password", _Wrong("invalid", "invalid.password"))
        return value

    def _claim(
        self, line: int, column: Column, key: str, value: str, holder: str | None = None, userid: str = ""
    ) -> None:
        """The first row that says a value has it; a later one, or a member's, is a duplicate."""
        earlier = self._row_of[column].setdefault(key, line)
        if earlier != line:
            params: Params = {"value": shown(value), "other_row": earlier}
            self._note(line, column, _Wrong("duplicate", "duplicate.row", params))
        elif holder is not None and holder != userid:
            params = {"value": shown(value), "userid": shown(holder)}
            self._note(line, column, _Wrong("duplicate", "duplicate.member", params))

    def _note(self, line: int, column: Column, wrong: _Wrong) -> str:
        """Keep the first error of a cell. The empty text it answers stands in the place of the value."""
        self._errors.setdefault(
            (line, column),
            RowError(row=line, column=column, code=wrong.code, text=wrong.text, params=wrong.params),
        )
        return ""

    def _check_managers(self, people: list[StaffRow]) -> None:
        rows = self._row_of["userid"]
        manager_of: dict[str, str] = {}
        for person in people:
            manager = person.manager_userid
            if manager is None:
                continue
            if manager not in rows and not self._known.is_member(manager):
                wrong = _Wrong("not_found", "not_found", {"value": shown(manager)})
                self._note(person.line, "manager_userid", wrong)
            elif rows.get(person.userid) == person.line:
                manager_of[person.userid] = manager
        for circle in _circles(manager_of, self._known):
            for place, userid in enumerate(circle):
                if userid in manager_of:
                    wrong = _Wrong("cycle", "cycle", {"chain": _chain(circle, place)})
                    self._note(rows[userid], "manager_userid", wrong)


def _wrong_text(value: str, limit: int) -> _Wrong | None:
    if len(value) > limit:
        return _too_long(value, limit)
    if _REFUSED.search(value):
        return _Wrong("invalid", "invalid.characters", {"value": shown(value)})
    return None


def _too_long(value: str, limit: int) -> _Wrong:
    return _Wrong("too_long", "too_long", {"length": len(value), "limit": limit})


def _read_paths(cell: str) -> tuple[Path, ...] | _Wrong:
    """`HQ/Sales;HQ/Board` → its paths, each once, in order. A blank between two `;` is no department."""
    paths: dict[Path, None] = {}
    for written in _BETWEEN_DEPARTMENTS.split(cell):
        if not written.strip(_BLANKS):
            continue
        path = tuple(name.strip(_BLANKS) for name in written.split("/"))
        if "" in path:
            return _Wrong("invalid", "invalid.path", {"value": shown(written.strip(_BLANKS))})
        if len(path) > DEPARTMENT_DEPTH:
            return _Wrong("too_deep", "too_deep", {"depth": len(path), "limit": DEPARTMENT_DEPTH})
        for name in path:
            if wrong := _wrong_text(name, DEPARTMENT_CHARS):
                return wrong
        paths[path] = None
    if not paths:
        return _Wrong("required", "required")
    if len(paths) > DEPARTMENTS_OF_A_PERSON:
        params = {"count": len(paths), "limit": DEPARTMENTS_OF_A_PERSON}
        return _Wrong("invalid", "invalid.count", params)
    return tuple(paths)


def _with_parents(lists: Iterable[tuple[Path, ...]]) -> tuple[Path, ...]:
    """Every path and its parents, each once, each after its parent."""
    found: dict[Path, None] = {}
    for paths in dict.fromkeys(lists):
        for path in paths:
            for depth in range(1, len(path) + 1):
                found[path[:depth]] = None
    return tuple(found)


def _circles(manager_of: Mapping[str, str], known: Known) -> list[list[str]]:
    """The circles of managers that the list makes or takes part in, each from its first person in the list.

    Whoever the list gives no manager keeps the one they have.
    """
    circles: list[list[str]] = []
    walked: dict[str, int] = {}
    for walk, start in enumerate(manager_of):
        chain: list[str] = []
        userid: str | None = start
        while userid is not None and userid not in walked:
            walked[userid] = walk
            chain.append(userid)
            userid = manager_of.get(userid) or known.manager_of(userid)
        if userid is not None and walked[userid] == walk:
            circles.append(chain[chain.index(userid) :])
    return circles


def _chain(circle: list[str], start: int) -> str:
    """The circle from one of its people back to them. A circle may be the whole company, so it is cut."""
    names = [shown(circle[(start + step) % len(circle)]) for step in range(min(len(circle), _SHOWN_OF_A_CIRCLE))]
    if len(circle) > len(names):
        names.append("…")
    return " → ".join([*names, names[0]])
