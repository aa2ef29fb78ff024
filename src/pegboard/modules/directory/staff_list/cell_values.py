"""What the text inside a worksheet's cell stands for."""

import datetime as dt
import math
import re
from typing import NamedTuple

from pegboard.modules.directory.staff_list.values import StaffListUnreadable

_WHOLE = re.compile(r"-?[0-9]{1,300}", re.ASCII)
_FLOAT_IS_EXACT_UP_TO = 2**53
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_SECONDS_OF_A_DAY = 86_400


class CellValues(NamedTuple):
    """What all cells of a workbook share."""

    strings: list[str]
    date_styles: frozenset[str]
    from_1904: bool

    def value(self, kind: str, style: str, text: str) -> str:
        """As somebody would have typed it. `kind` and `style` are the cell's attributes `t` and `s`."""
        if kind == "s":
            place = int(text)
            if place < 0:
                raise StaffListUnreadable("corrupt_workbook")
            return self.strings[place]
        if kind == "n":
            return _date(text, from_1904=self.from_1904) if style in self.date_styles else _number(text)
        if kind in ("str", "inlineStr"):
            return unescaped(text)
        if kind == "b":
            return "TRUE" if text.strip() in ("1", "true") else "FALSE"
        # A formula that failed has no value; `d` is a date in ISO form already.
        return "" if kind == "e" else text.strip()


def _number(text: str) -> str:
    plain = text.strip()
    if not plain:
        return ""
    if _WHOLE.fullmatch(plain):
        return plain
    number = float(plain)
    if number.is_integer() and abs(number) <= _FLOAT_IS_EXACT_UP_TO:
        return str(int(number))
    return plain


def _date(text: str, *, from_1904: bool) -> str:
    """A day count as a date, with its time where it has one; a part of a day as a time."""
    number = float(text or "nan")
    if not math.isfinite(number) or number < 0:
        return text.strip()
    days, seconds = divmod(round(number * _SECONDS_OF_A_DAY), _SECONDS_OF_A_DAY)
    time = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if days == 0 and not from_1904:
        return time
    # Excel counts a 29 February 1900 that never was; from March on its first day is the 30th of December.
    first = dt.date(1904, 1, 1) if from_1904 else dt.date(1899, 12, 31 if days < 61 else 30)
    try:
        day = first + dt.timedelta(days=days)
    except OverflowError:
        return text.strip()
    return f"{day}T{time}" if seconds else str(day)


def unescaped(text: str) -> str:
    """`_x000D_` is how XML spells what it cannot hold. Half a character (a lone surrogate) is replaced."""
    if "_x" not in text:
        return text
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
