"""XLSX → records of the first visible sheet.

Read with the standard library alone, as a stream, within limits. A native reader was tried (calamine) and
given up: it allocates what a workbook claims, so a file of 6 KB (text in the first and in the last cell of a
sheet, or a made-up count of strings) ends the whole server, and no exception can be caught.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from xml.parsers import expat

from pegboard.modules.directory.staff_list.cell_values import CellValues
from pegboard.modules.directory.staff_list.csv_records import Record
from pegboard.modules.directory.staff_list.values import Limits, StaffListUnreadable
from pegboard.modules.directory.staff_list.workbook_parts import (
    Book,
    PartParser,
    Relations,
    Sheet,
    Strings,
    Styles,
    parse,
)

_CHUNK_BYTES = 128 * 1024
_PARTS = 10_000
_RATIO_FROM_BYTES = 1024 * 1024
"""Below this size a high ratio harms nobody."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED_FLAG = 0x1
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)
"""What a damaged archive raises from the standard library."""

_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"


def read_sheet(data: bytes, limits: Limits) -> Iterator[Record]:
    """The rows of the first visible worksheet that hold something, each with its row number there.

    Cells come as somebody would have typed them: whole numbers without `.0` (phone numbers), dates in ISO
    form, the results of formulas. Raises `StaffListUnreadable` for whatever is wrong with the workbook.
    """
    try:
        yield from _read(data, limits)
    except _DAMAGE as error:
        raise StaffListUnreadable("corrupt_workbook") from error


def _read(data: bytes, limits: Limits) -> Iterator[Record]:
    if data.count(b"PK\x01\x02") > _PARTS:
        raise StaffListUnreadable("corrupt_workbook")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = _Parts(archive, len(data), limits)
        if _WORKBOOK not in parts:
            raise StaffListUnreadable("unknown_format")
        book = Book()
        parse(parts.chunks(_WORKBOOK), book)
        relations = Relations()
        parse(parts.chunks(_RELATIONS), relations)
        strings = Strings(limits)
        if (path := relations.path_of_kind("sharedStrings")) in parts:
            parse(parts.chunks(path), strings)
        styles = Styles()
        if (path := relations.path_of_kind("styles")) in parts:
            parse(parts.chunks(path), styles)
        values = CellValues(strings.strings, styles.date_styles(), from_1904=book.from_1904)
        sheet = Sheet(values, limits)
        parser = PartParser(sheet)
        for chunk in parts.chunks(_first_visible(book, relations)):
            parser.feed(chunk)
            yield from sheet.taken()
        parser.close()
        yield from sheet.taken()


def _first_visible(book: Book, relations: Relations) -> str:
    for relation in book.visible_sheets:
        kind, path = relations.by_id.get(relation, ("", ""))
        if kind == "worksheet":
            return path
    raise StaffListUnreadable("no_sheet")


class _Parts:
    """The parts of an archive by name, unpacked within one budget: by what comes, not by what is claimed."""

    def __init__(self, archive: zipfile.ZipFile, file_bytes: int, limits: Limits) -> None:
        self._archive = archive
        self._left = min(limits.unpacked_bytes, max(_RATIO_FROM_BYTES, limits.unpacked_ratio * file_bytes))
        self._parts: dict[str, zipfile.ZipInfo] = {}
        for part in archive.infolist():
            if self._parts.setdefault(part.filename.casefold(), part) is not part:
                raise StaffListUnreadable("corrupt_workbook")

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    def chunks(self, name: str) -> Iterator[bytes]:
        part = self._parts[name]
        if part.flag_bits & _ENCRYPTED_FLAG:
            raise StaffListUnreadable("encrypted_workbook")
        if part.compress_type not in _METHODS:
            raise StaffListUnreadable("corrupt_workbook")
        with self._archive.open(part) as packed:
            while chunk := packed.read(_CHUNK_BYTES):
                self._left -= len(chunk)
                if self._left < 0:
                    raise StaffListUnreadable("workbook_too_large")
                yield chunk
