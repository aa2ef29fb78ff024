"""CSV text → records, each with the line where it starts."""

import csv
import io
from collections.abc import Iterator

from pegboard.modules.directory.staff_list.columns import known_columns
from pegboard.modules.directory.staff_list.values import Limits, StaffListUnreadable

Record = tuple[int, list[str]]

_DELIMITERS = (",", ";", "\t")
_HEADER_CHARS = 65_536
_LINE_CHARS = 4 * 1024 * 1024
_LINES_OF_A_RECORD = 10_000


def read_records(text: str, limits: Limits) -> Iterator[Record]:
    """The records of a CSV text, lazily.

    The delimiter is the one of comma, semicolon and tab that makes the most sense of the header. Quotation
    marks that do not match refuse the file: guessing on would swallow the rows of other people.
    """
    delimiter, skipped = _delimiter_line(text)
    lines = _Lines(text, limits)
    for _ in range(skipped):
        next(lines)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    start = skipped + 1
    while True:
        lines.begin_record()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field larger" in str(error):
                raise StaffListUnreadable("cell_too_large", row=start, limit=limits.cell_chars) from error
            raise StaffListUnreadable("bad_quotes", row=start) from error
        yield start, cells
        start = skipped + reader.line_num + 1


class _Lines:
    """The physical lines of a text, bounded, so that no record can grow without end."""

    def __init__(self, text: str, limits: Limits) -> None:
        self._lines = io.StringIO(text, newline="")
        self._limits = limits
        self._line = 0
        self._record_lines = 0
        self._record_chars = 0

    def begin_record(self) -> None:
        self._record_lines = 0
        self._record_chars = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._line += 1
        self._record_lines += 1
        self._record_chars += len(line)
        if self._record_chars > _LINE_CHARS or self._record_lines > _LINES_OF_A_RECORD:
            raise StaffListUnreadable("cell_too_large", row=self._line, limit=self._limits.cell_chars)
        return line


def _delimiter_line(text: str) -> tuple[str, int]:
    """The delimiter, and how many lines before the header only say so (`sep=;`, as Excel writes it)."""
    first, _, _ = text[:16].partition("\n")
    said = first.strip(" \r\ufeff").casefold()
    if said.startswith("sep=") and said[4:] in _DELIMITERS:
        return said[4:], 1
    head = text[:_HEADER_CHARS]
    return max(_DELIMITERS, key=lambda delimiter: known_columns(_first_record(head, delimiter))), 0


def _first_record(head: str, delimiter: str) -> list[str]:
    try:
        for cells in csv.reader(io.StringIO(head, newline=""), delimiter=delimiter):
            if any(cell.strip() for cell in cells):
                return cells
    except csv.Error:
        pass
    return []
