"""The XML parts of a workbook, each read as a stream by what it is."""

import posixpath
import re
from collections.abc import Callable, Iterable
from typing import Protocol
from xml.parsers import expat

from pegboard.modules.directory.staff_list.cell_values import CellValues, unescaped
from pegboard.modules.directory.staff_list.csv_records import Record
from pegboard.modules.directory.staff_list.values import Limits, StaffListUnreadable

_DEPTH = 100
_TAG_BYTES = 1024 * 1024
_CELL = re.compile(r"([A-Za-z]{1,3})[0-9]{1,7}", re.ASCII)
_DATE_FORMATS = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
"""The built-in number formats that show a date or a time."""
_NOT_OF_A_FORMAT = re.compile(r'"[^"]*"|\\.|[_*].|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_DATE_LETTERS = re.compile("[dmyhs]", re.IGNORECASE)


class Reader(Protocol):
    """What one kind of part does with its elements; their names come without a prefix."""

    def start(self, element: str, attributes: dict[str, str]) -> None: ...

    def end(self, element: str) -> None: ...

    def text(self, piece: str) -> None: ...


class PartParser:
    """Feeds a reader. Raises `expat.ExpatError`, and `corrupt_workbook` for what no program writes."""

    def __init__(self, reader: Reader) -> None:
        # Fixed, since a declaration could name any codec that Python knows.
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.CharacterDataHandler = reader.text
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._fed = 0
        # Closures over locals: these two run for every tag of a sheet with 100,000 rows.
        start, end = reader.start, reader.end
        depth = 0

        def started(name: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            if depth > _DEPTH:
                raise StaffListUnreadable("corrupt_workbook")
            start(name.rpartition(":")[2] if ":" in name else name, attributes)

        def ended(name: str) -> None:
            nonlocal depth
            depth -= 1
            end(name.rpartition(":")[2] if ":" in name else name)

        self._parser.StartElementHandler = started
        self._parser.EndElementHandler = ended

    def feed(self, chunk: bytes) -> None:
        self._parser.Parse(chunk, False)
        self._fed += len(chunk)
        # A tag without end is looked at again from its start with every chunk.
        if self._fed - self._parser.CurrentByteIndex > _TAG_BYTES:
            raise StaffListUnreadable("corrupt_workbook")

    def close(self) -> None:
        self._parser.Parse(b"", True)

    @staticmethod
    def _refuse_doctype(*_: object) -> None:
        # No spreadsheet program writes one, and entities are how a small part becomes a large one.
        raise StaffListUnreadable("corrupt_workbook")


def parse(chunks: Iterable[bytes], reader: Reader) -> None:
    """A whole part."""
    parser = PartParser(reader)
    for chunk in chunks:
        parser.feed(chunk)
    parser.close()


class Book:
    """`workbook.xml`: the sheets in order, and from which year dates count."""

    def __init__(self) -> None:
        self.visible_sheets: list[str] = []
        self.from_1904 = False

    def start(self, element: str, attributes: dict[str, str]) -> None:
        if element == "sheet" and attributes.get("state", "visible") == "visible":
            relation = next((value for name, value in attributes.items() if name.endswith(":id")), "")
            self.visible_sheets.append(relation)
        elif element == "workbookPr":
            self.from_1904 = attributes.get("date1904") in ("1", "true")

    def end(self, element: str) -> None:
        pass

    def text(self, piece: str) -> None:
        pass


class Relations:
    """`workbook.xml.rels`: which part is what."""

    def __init__(self) -> None:
        self.by_id: dict[str, tuple[str, str]] = {}

    def path_of_kind(self, kind: str) -> str:
        return next((path for found, path in self.by_id.values() if found == kind), "")

    def start(self, element: str, attributes: dict[str, str]) -> None:
        if element == "Relationship" and attributes.get("TargetMode", "Internal") == "Internal":
            kind = attributes.get("Type", "").rpartition("/")[2]
            path = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", "")))
            self.by_id[attributes.get("Id", "")] = (kind, path.lstrip("/").casefold())

    def end(self, element: str) -> None:
        pass

    def text(self, piece: str) -> None:
        pass


class Strings:
    """`sharedStrings.xml`: the texts that cells name by number; formats and reading aids are left out."""

    def __init__(self, limits: Limits) -> None:
        self.strings: list[str] = []
        self._limit = limits.sheet_cells
        self._pieces: list[str] = []
        self._is_text = False
        self._is_reading_aid = False

    def start(self, element: str, attributes: dict[str, str]) -> None:
        if element == "si":
            self._pieces = []
        elif element == "t":
            self._is_text = not self._is_reading_aid
        elif element == "rPh":
            self._is_reading_aid = True

    def end(self, element: str) -> None:
        if element == "t":
            self._is_text = False
        elif element == "si":
            if len(self.strings) >= self._limit:
                raise StaffListUnreadable("workbook_too_large")
            self.strings.append(unescaped("".join(self._pieces)))
        elif element == "rPh":
            self._is_reading_aid = False

    def text(self, piece: str) -> None:
        if self._is_text:
            self._pieces.append(piece)


class Styles:
    """`styles.xml`: which cell styles show a number as a date."""

    def __init__(self) -> None:
        self._own_formats: dict[str, str] = {}
        self._formats: list[str] = []
        self._is_cells = False

    def date_styles(self) -> frozenset[str]:
        return frozenset(str(style) for style, name in enumerate(self._formats) if self._is_date(name))

    def start(self, element: str, attributes: dict[str, str]) -> None:
        if element == "numFmt":
            self._own_formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif element == "cellXfs":
            self._is_cells = True
        elif element == "xf" and self._is_cells:
            self._formats.append(attributes.get("numFmtId", ""))

    def end(self, element: str) -> None:
        if element == "cellXfs":
            self._is_cells = False

    def text(self, piece: str) -> None:
        pass

    def _is_date(self, name: str) -> bool:
        own = self._own_formats.get(name)
        if own is None:
            return name.isdecimal() and len(name) < 4 and int(name) in _DATE_FORMATS
        if own.strip().casefold() == "general":
            return False
        return _DATE_LETTERS.search(_NOT_OF_A_FORMAT.sub("", own)) is not None


class Sheet:
    """A worksheet's part, row by row. Rows must come in order, so that a row number names one row."""

    def __init__(self, values: CellValues, limits: Limits) -> None:
        self._value: Callable[[str, str, str], str] = values.value
        self._limits = limits
        self._rows: list[Record] = []
        self._is_cells = False
        self._row = 0
        self._last_row = 0
        self._cells: list[str] = []
        self._column = 0
        self._kind = "n"
        self._style = ""
        self._pieces: list[str] = []
        self._is_text = False
        self._is_reading_aid = False
        self._room = limits.sheet_cells
        """How many cells may still come, blank ones and those that only pad a row counted."""

    def taken(self) -> list[Record]:
        """The rows that are complete, once."""
        rows, self._rows = self._rows, []
        return rows

    def start(self, element: str, attributes: dict[str, str]) -> None:
        if not self._is_cells:
            self._is_cells = element == "sheetData"
        elif element == "c":
            self._begin_cell(attributes)
        elif element in ("v", "t"):
            self._is_text = not self._is_reading_aid
        elif element == "row":
            place = attributes.get("r")
            self._row = self._row + 1 if place is None else int(place)
            self._cells = []
            self._column = 0
        elif element == "rPh":
            self._is_reading_aid = True

    def end(self, element: str) -> None:
        if element == "c":
            if self._pieces:
                self._end_cell()
        elif element in ("v", "t"):
            self._is_text = False
        elif element == "row":
            self._end_row()
        elif element == "rPh":
            self._is_reading_aid = False
        elif element == "sheetData":
            self._is_cells = False

    def text(self, piece: str) -> None:
        if self._is_text:
            self._pieces.append(piece)

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        self._take_room(1)
        place = attributes.get("r")
        if place is not None:
            found = _CELL.fullmatch(place)
            if found is None:
                raise StaffListUnreadable("corrupt_workbook")
            self._column = _column_number(found[1])
        self._column += 1
        self._kind = attributes.get("t", "n")
        self._style = attributes.get("s", "0")
        self._pieces = []

    def _end_cell(self) -> None:
        place = self._column - 1
        if place >= self._limits.columns:
            raise StaffListUnreadable("too_many_columns", limit=self._limits.columns)
        missing = place - len(self._cells)
        if missing > 0:
            self._take_room(missing)
            self._cells.extend([""] * missing)
        value = self._value(self._kind, self._style, "".join(self._pieces))
        if missing >= 0:
            self._cells.append(value)
        else:
            self._cells[place] = value
        self._pieces = []

    def _end_row(self) -> None:
        if not self._cells:
            return
        if self._row <= self._last_row:
            raise StaffListUnreadable("corrupt_workbook")
        self._last_row = self._row
        self._rows.append((self._row, self._cells))
        self._cells = []

    def _take_room(self, cells: int) -> None:
        self._room -= cells
        if self._room < 0:
            raise StaffListUnreadable("workbook_too_large")


_COLUMN_NUMBERS: dict[str, int] = {}


def _column_number(letters: str) -> int:
    """`A` → 0, `XFD` → 16,383."""
    number = _COLUMN_NUMBERS.get(letters)
    if number is None:
        number = 0
        for letter in letters.upper():
            number = number * 26 + ord(letter) - 64
        number -= 1
        # At most three letters in two cases: the memory stays small.
        _COLUMN_NUMBERS[letters] = number
    return number
