"""Bytes of a file → `Table`."""

from collections.abc import Iterable

from pegboard.modules.directory.staff_list.columns import read_header
from pegboard.modules.directory.staff_list.csv_records import Record, read_records
from pegboard.modules.directory.staff_list.encodings import decode
from pegboard.modules.directory.staff_list.values import LIMITS, Limits, Row, StaffListUnreadable, Table
from pegboard.modules.directory.staff_list.workbooks import read_sheet

_TEXT_NAMES = ("csv", "txt", "tsv")
_WORKBOOK_NAMES = ("xlsx", "xlsm")
_ZIP = b"PK\x03\x04"
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")


def read_table(data: bytes, file_name: str, *, limits: Limits = LIMITS) -> Table:
    """Read a staff list.

    What the file is, its content decides (a workbook called `.csv` is read as the workbook it is); the name
    only refuses what is neither. Raises `StaffListUnreadable`, and nothing else, whatever the bytes are.
    """
    ending = file_name.rpartition(".")[2].casefold() if "." in file_name else ""
    if ending == "xls" or data.startswith(_COMPOUND_FILE):
        raise StaffListUnreadable("encrypted_workbook" if _ENCRYPTED_STREAM in data else "old_workbook")
    if ending and ending not in _TEXT_NAMES + _WORKBOOK_NAMES:
        raise StaffListUnreadable("unknown_format")
    if not data.strip():
        raise StaffListUnreadable("empty")
    if len(data) > limits.file_bytes:
        raise StaffListUnreadable("file_too_large", limit=limits.file_bytes)
    if data.startswith(_ZIP):
        return _table(read_sheet(data, limits), limits, kind="xlsx", encoding="")
    if ending in _WORKBOOK_NAMES:
        raise StaffListUnreadable("corrupt_workbook")
    text, encoding = decode(data)
    return _table(read_records(text, limits), limits, kind="csv", encoding=encoding)


def _table(records: Iterable[Record], limits: Limits, *, kind: str, encoding: str) -> Table:
    filled = (record for record in records if _is_filled(record, limits))
    _, cells = next(filled, (0, None))
    if cells is None:
        raise StaffListUnreadable("empty")
    header = read_header(cells)
    rows: list[Row] = []
    for line, cells in filled:
        if len(rows) >= limits.rows:
            raise StaffListUnreadable("too_many_rows", limit=limits.rows)
        width = len(cells)
        rows.append(
            Row(
                line,
                {column: cells[place] if place < width else "" for column, place in header.places},
                width > header.width and any(cell.strip() for cell in cells[header.width :]),
            )
        )
    return Table(
        columns=tuple(column for column, _ in header.places),
        rows=tuple(rows),
        unknown_columns=header.unknown,
        format=kind,
        encoding=encoding,
    )


def _is_filled(record: Record, limits: Limits) -> bool:
    line, cells = record
    if len(cells) > limits.columns:
        raise StaffListUnreadable("too_many_columns", limit=limits.columns)
    if max(map(len, cells), default=0) > limits.cell_chars:
        raise StaffListUnreadable("cell_too_large", row=line, limit=limits.cell_chars)
    return any(cell and not cell.isspace() for cell in cells)
