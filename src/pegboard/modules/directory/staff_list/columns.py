"""Which column of a file is which: the wire's names, and the headers that companies write."""

import unicodedata
from dataclasses import dataclass

from pegboard.modules.directory.staff_list.values import COLUMNS, REQUIRED, Column, StaffListUnreadable

_ALIASES: dict[Column, str] = {
    "userid": "user_id 工號 工号 員工編號 员工编号 員工工號 员工工号 員工userid 员工userid 編號 编号",
    "name": "姓名 名字 員工姓名 员工姓名",
    "mobile": "手機 手机 手機號 手机号 手機號碼 手机号码 行動電話 移动电话 phone mobile_phone",
    "email": "郵箱 邮箱 電子郵件 电子邮件 電子信箱 電子邮箱 电子邮箱 電郵 電子郵箱 信箱 e-mail mail",
    "title": "職位 职位 職稱 职称 職務 职务 崗位 岗位 position job_title",
    "departments": "部門 部门 所屬部門 所属部门 department",
    "manager_userid": (
        "主管 直屬主管 直属主管 上級 上级 直屬上級 直属上级 主管userid 主管工號 主管工号"
        " 直屬主管userid 直属主管userid 上級userid 上级userid 上級工號 上级工号 manager"
    ),
    "password": "密碼 密码 初始密碼 初始密码 登入密碼 登录密码",
}
_MEANING: dict[str, Column] = {
    **{alias: column for column, aliases in _ALIASES.items() for alias in aliases.split()},
    **{column: column for column in COLUMNS},
}

_UNKNOWN_SHOWN = 100
_UNKNOWN_SHOWN_CHARS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Where each known column stands (0 = first), how wide the header is, and what it does not know."""

    places: tuple[tuple[Column, int], ...]
    width: int
    unknown: tuple[str, ...]


def meaning(header: str) -> Column | None:
    """The column that a header names. Spaces, case, width and a mark of "required" do not count."""
    plain = unicodedata.normalize("NFKC", header).casefold().replace("(必填)", "").strip(" \t\r\n*\ufeff")
    return _MEANING.get("".join(plain.split())) or _MEANING.get("_".join(plain.split()))


def known_columns(cells: list[str]) -> int:
    """How many cells name a column: what tells a header's real delimiter."""
    return len({column for cell in cells if (column := meaning(cell)) is not None})


def read_header(cells: list[str]) -> Header:
    """Find the columns.

    A column under its own name wins over one under another name (a list may have both `userid` and 工號; the
    latter is then unknown). Raises `missing_columns` and `duplicate_columns`.
    """
    places: dict[Column, int] = {}
    by_own_name: set[Column] = set()
    unknown: list[str] = []
    twice: list[str] = []
    for place, cell in enumerate(cells):
        column = meaning(cell)
        own_name = column is not None and cell.strip().casefold() == column
        if column is None:
            if cell.strip():
                unknown.append(cell.strip())
        elif column not in places:
            places[column] = place
            if own_name:
                by_own_name.add(column)
        elif own_name and column not in by_own_name:
            unknown.append(cells[places[column]].strip())
            places[column] = place
            by_own_name.add(column)
        elif not own_name and column in by_own_name:
            unknown.append(cell.strip())
        else:
            twice.append(cell.strip())
    if missing := [column for column in REQUIRED if column not in places]:
        raise StaffListUnreadable("missing_columns", columns=", ".join(missing))
    if twice:
        raise StaffListUnreadable(
            "duplicate_columns", columns=", ".join(name[:_UNKNOWN_SHOWN_CHARS] for name in twice[:10])
        )
    return Header(
        places=tuple(sorted(places.items(), key=lambda item: COLUMNS.index(item[0]))),
        width=len(cells),
        unknown=tuple(name[:_UNKNOWN_SHOWN_CHARS] for name in unknown[:_UNKNOWN_SHOWN]),
    )
