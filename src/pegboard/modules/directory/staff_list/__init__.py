"""Staff lists as companies really send them: bytes of a CSV or XLSX file in, people and named errors out.

Pure and synchronous (run it in a thread): no database, no clock, no network. `read_table` turns bytes into
rows or refuses the file as a whole; `check` turns rows into people, departments and one error per wrong cell.
"""

from pegboard.modules.directory.staff_list.checking import check
from pegboard.modules.directory.staff_list.reading import read_table
from pegboard.modules.directory.staff_list.values import (
    LIMITS,
    NOBODY,
    Checked,
    Known,
    KnownMembers,
    Limits,
    Row,
    RowError,
    StaffListUnreadable,
    StaffRow,
    Table,
)

__all__ = [
    "LIMITS",
    "NOBODY",
    "Checked",
    "Known",
    "KnownMembers",
    "Limits",
    "Row",
    "RowError",
    "StaffListUnreadable",
    "StaffRow",
    "Table",
    "check",
    "read_table",
]
