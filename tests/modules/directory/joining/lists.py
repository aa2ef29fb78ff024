"""Staff lists made up for tests."""

import csv
import io
from collections.abc import Iterable

COLUMNS = ("userid", "name", "mobile", "email", "title", "departments", "manager_userid", "password")


def staff_list(*rows: dict[str, str]) -> bytes:
    """A CSV of these people; what a row does not say of name and departments is filled in."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    for row in rows:
        writer.writerow({"name": row["userid"].upper(), "departments": "HQ"} | row)
    return text.getvalue().encode()


def crowd(
    count: int, *, prefix: str = "e", departments: Iterable[str] = ("HQ/Sales", "HQ/Plant")
) -> list[dict[str, str]]:
    """Many people in turn in these departments; every tenth is the manager of the nine before."""
    paths = list(departments)
    people = []
    for number in range(count):
        manager = number // 10 * 10 + 9
        has_one = number != manager < count
        people.append(
            {
                "userid": f"{prefix}{number}",
                "name": f"王{number}",
                "departments": paths[number % len(paths)],
                "manager_userid": f"{prefix}{manager}" if has_one else "",
            }
        )
    return people
