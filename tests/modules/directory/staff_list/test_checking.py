"""Every code of an error, and only those that are true."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pegboard.modules.directory.staff_list import (
    NOBODY,
    Checked,
    Known,
    KnownMembers,
    Row,
    RowError,
    StaffListUnreadable,
    Table,
    check,
    read_table,
)
from pegboard.modules.directory.staff_list.texts import ROW_TEXTS, UNREADABLE_TEXTS
from pegboard.modules.directory.staff_list.values import COLUMNS, Column

# A busy machine is no reason to fail: no deadline, no complaint about slow drawing.
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

DATA = Path(__file__).parents[3] / "data"


def checked(*rows: dict[Column, str], known: Known = NOBODY, region: str = "CN") -> Checked:
    """Rows 2, 3, …; what a row does not say is filled in rightly."""
    table = Table(
        columns=COLUMNS,
        rows=tuple(
            Row(line, {"userid": f"E{line}", "name": "趙娜英", "departments": "HQ", **row})
            for line, row in enumerate(rows, start=2)
        ),
    )
    return check(table, default_region=region, known=known)


def found(outcome: Checked) -> list[tuple[int, str, str]]:
    return [(error.row, error.column, error.code) for error in outcome.errors]


def only_error(**row: str) -> RowError:
    (error,) = checked(row).errors  # type: ignore[arg-type] # keyword names are the columns
    return error


def test_the_broken_list_has_exactly_the_expected_errors() -> None:
    table = read_table((DATA / "staff-broken.csv").read_bytes(), "staff-broken.csv")
    expected = json.loads((DATA / "staff-broken.expected.json").read_text())["errors"]
    outcome = check(table, default_region="CN")
    assert [{"row": e.row, "column": e.column, "code": e.code} for e in outcome.errors] == expected
    assert len(outcome.people) == 60 - 17
    assert outcome.without_bad_rows() == outcome


def test_a_good_row_is_normalised() -> None:
    outcome = checked(
        {
            "userid": " Zhang.San ",
            "name": "\u3000張三 ",
            "mobile": "139 0000 0001",
            "email": "San@Example.com",
            "title": " ",
            "departments": " HQ / Sales ；HQ/Sales; ;Lab",
            "password": " secret ",
        }
    )
    (person,) = outcome.people
    assert (person.userid, person.name, person.title) == ("Zhang.San", "張三", None)
    assert (person.mobile, person.email) == ("+8613900000001", "San@Example.com")
    assert person.departments == (("HQ", "Sales"), ("Lab",))
    assert person.password == " secret "
    assert "secret" not in repr(person)
    assert outcome.departments == (("HQ",), ("HQ", "Sales"), ("Lab",))


@pytest.mark.parametrize(
    ("row", "column", "text"),
    [
        ({"userid": " "}, "userid", "required"),
        ({"userid": "a b"}, "userid", "invalid.userid"),
        ({"userid": "a\x00"}, "userid", "invalid.userid"),
        ({"userid": "工號"}, "userid", "invalid.userid"),
        ({"userid": "a" * 65}, "userid", "too_long"),
        ({"name": "\u3000"}, "name", "required"),
        ({"name": "長" * 65}, "name", "too_long"),
        ({"name": "a\u202eb"}, "name", "invalid.characters"),
        ({"name": "a\u2066b"}, "name", "invalid.characters"),
        ({"name": "a\nb"}, "name", "invalid.characters"),
        ({"name": "a\x00b"}, "name", "invalid.characters"),
        ({"name": "a\ud800"}, "name", "invalid.characters"),
        ({"title": "a\u2069"}, "title", "invalid.characters"),
        ({"title": "長" * 65}, "title", "too_long"),
        ({"mobile": "12ab"}, "mobile", "invalid.mobile"),
        ({"mobile": "1" * 1000}, "mobile", "invalid.mobile"),
        ({"email": "a@b"}, "email", "invalid.email"),
        ({"email": "a b@example.com"}, "email", "invalid.email"),
        ({"email": "a@example.com, b@example.com"}, "email", "invalid.email"),
        ({"email": ".a@example.com"}, "email", "invalid.email"),
        ({"email": "a" * 65 + "@example.com"}, "email", "invalid.email"),
        ({"email": "a@" + "b." * 126 + "com"}, "email", "too_long"),
        ({"departments": " ; "}, "departments", "required"),
        ({"departments": "HQ//Sales"}, "departments", "invalid.path"),
        ({"departments": "/HQ"}, "departments", "invalid.path"),
        ({"departments": "HQ/ "}, "departments", "invalid.path"),
        ({"departments": "HQ/a\u202db"}, "departments", "invalid.characters"),
        ({"departments": "HQ/" + "長" * 65}, "departments", "too_long"),
        ({"departments": "/".join("a" * 21)}, "departments", "too_deep"),
        ({"departments": ";".join(f"d{n}" for n in range(51))}, "departments", "invalid.count"),
        ({"manager_userid": "nobody"}, "manager_userid", "not_found"),
        ({"manager_userid": "a b\x00"}, "manager_userid", "not_found"),
        ({"password": "a\x00"}, "password", "invalid.password"),
        ({"password": "a" * 257}, "password", "too_long"),
    ],
)
def test_one_wrong_cell_is_one_error(row: dict[str, str], column: str, text: str) -> None:
    error = only_error(**row)
    assert (error.row, error.column, error.text) == (2, column, text)
    assert error.code == text.partition(".")[0]


@pytest.mark.parametrize(
    "row",
    [
        {"name": "אברהם"},
        {"name": "阿卜杜热扎克·买买提"},
        {"name": "김민준"},
        {"name": "क्\u200dष"},
        {"name": "x\u200cy\u200e"},
        {"name": "𠮷田太郎"},
        {"name": "長" * 64},
        {"userid": "a" * 64},
        {"userid": "A-1_b.c@d"},
        {"email": "first.last+tag@mail.example.co.uk"},
        {"mobile": "+886-900000050"},
        {"departments": "/".join("a" * 20)},
        {"departments": "HQ;"},
    ],
)
def test_what_is_welcome(row: dict[Column, str]) -> None:
    assert checked(row).errors == ()


def test_duplicates_are_named_once_at_the_later_row_with_the_earlier_one() -> None:
    outcome = checked(
        {"userid": "A", "mobile": "13900000001", "email": "a@example.com"},
        {"userid": "A", "mobile": "+86 139 0000 0001", "email": "A@EXAMPLE.com"},
        {"userid": "a", "mobile": "13900000002"},
        {"userid": "A"},
    )
    assert found(outcome) == [
        (3, "userid", "duplicate"),
        (3, "mobile", "duplicate"),
        (3, "email", "duplicate"),
        (5, "userid", "duplicate"),
    ]
    assert [error.params["other_row"] for error in outcome.errors] == [2, 2, 2, 2]
    assert "row 2" in outcome.errors[0].message()
    assert "第 2 列" in outcome.errors[0].message("zh-TW")
    assert "第 2 行" in outcome.errors[0].message("zh-CN")


def test_a_members_mobile_and_address_are_taken_but_not_for_themselves() -> None:
    known = KnownMembers(
        managers={"E2": None, "old": None},
        mobiles={"+8613900000001": "E2", "+8613900000002": "old"},
        emails={"a@example.com": "E2", "b@example.com": "old"},
    )
    outcome = checked(
        {"mobile": "13900000001", "email": "A@example.com"},
        {"mobile": "13900000002", "email": "B@example.com"},
        known=known,
    )
    assert found(outcome) == [(3, "mobile", "duplicate"), (3, "email", "duplicate")]
    assert "old" in outcome.errors[0].message()


def test_managers_later_in_the_list_and_in_the_organisation() -> None:
    known = KnownMembers(managers={"boss": None})
    outcome = checked({"manager_userid": "E3"}, {"manager_userid": "boss"}, known=known)
    assert outcome.errors == ()
    assert [person.manager_userid for person in outcome.people] == ["E3", "boss"]


def test_everybody_in_a_circle_and_nobody_beside_it() -> None:
    outcome = checked(
        {"manager_userid": "E3"},
        {"manager_userid": "E4"},
        {"manager_userid": "E3"},
        {"manager_userid": "E5"},
        {"manager_userid": "E2"},
    )
    assert found(outcome) == [
        (3, "manager_userid", "cycle"),
        (4, "manager_userid", "cycle"),
        (5, "manager_userid", "cycle"),
    ]
    assert outcome.errors[1].params["chain"] == "E4 → E3 → E4"


def test_a_circle_through_present_members_is_found() -> None:
    known = KnownMembers(managers={"x": "y", "y": "E2"})
    assert found(checked({"manager_userid": "x"}, known=known)) == [(2, "manager_userid", "cycle")]


def test_a_circle_that_the_list_mends_is_none() -> None:
    known = KnownMembers(managers={"E2": None, "E3": "E2", "E4": None})
    assert checked({"manager_userid": "E3"}, {"manager_userid": "E4"}, known=known).errors == ()


def test_a_circle_of_the_whole_company_is_told_briefly() -> None:
    count = 20_000
    rows: list[dict[Column, str]] = [{"manager_userid": f"E{2 + (n + 1) % count}"} for n in range(count)]
    outcome = checked(*rows)
    assert len(outcome.errors) == count
    assert outcome.errors[0].params["chain"] == "E2 → E3 → E4 → E5 → E6 → E7 → … → E2"


def test_without_bad_rows_nobody_leans_on_one() -> None:
    outcome = checked(
        {"userid": "bad", "name": ""},
        {"userid": "leans", "manager_userid": "bad", "departments": "HQ/A"},
        {"userid": "far", "manager_userid": "leans"},
        {"userid": "worse", "name": "", "departments": "HQ/Never"},
    )
    assert found(outcome) == [(2, "name", "required"), (5, "name", "required")]
    kept = outcome.without_bad_rows()
    assert [(person.userid, person.manager_userid) for person in kept.people] == [
        ("leans", None),
        ("far", "leans"),
    ]
    assert found(kept) == [
        (2, "name", "required"),
        (3, "manager_userid", "not_found"),
        (5, "name", "required"),
    ]
    assert kept.departments == (("HQ",), ("HQ", "A"))


def test_without_bad_rows_a_member_stays_a_manager_though_their_row_is_bad() -> None:
    known = KnownMembers(managers={"boss": None})
    outcome = checked({"userid": "boss", "name": ""}, {"manager_userid": "boss"}, known=known)
    assert outcome.without_bad_rows().people[0].manager_userid == "boss"


def test_a_bad_row_keeps_its_values_claimed() -> None:
    outcome = checked({"name": "", "mobile": "13900000001"}, {"mobile": "13900000001"})
    assert found(outcome) == [(2, "name", "required"), (3, "mobile", "duplicate")]


def test_cells_beyond_the_header() -> None:
    table = read_table("userid,name,departments\nE1,趙,工程師,HQ\n".encode(), "a.csv")
    assert found(check(table, default_region="CN")) == [(2, "departments", "invalid")]


def test_passwords_are_asked_about_and_never_repeated() -> None:
    table = Table(
        columns=COLUMNS,
        rows=(Row(2, {"userid": "a", "name": "b", "departments": "c", "password": "hunter2"}),),
    )
    outcome = check(table, default_region="CN", accepts_password=lambda password: len(password) > 8)
    assert found(outcome) == [(2, "password", "invalid")]
    assert "hunter2" not in repr(outcome)


def test_messages_do_not_repeat_what_would_disturb_them() -> None:
    message = only_error(name="a\u202e" + "b" * 60).message()
    assert "\u202e" not in message
    assert "…" in message
    assert only_error(name="{other_row}\x00").message().startswith("“{other_row}")


def test_the_three_languages_say_the_same() -> None:
    for texts in (ROW_TEXTS, UNREADABLE_TEXTS):
        assert texts.keys() == {"en", "zh-TW", "zh-CN"}
        for key, english in texts["en"].items():
            places = sorted(part.partition("}")[0] for part in english.split("{")[1:])
            for language in texts.values():
                assert sorted(part.partition("}")[0] for part in language[key].split("{")[1:]) == places
    assert StaffListUnreadable("empty").message("xx") == UNREADABLE_TEXTS["en"]["empty"]


@calm
@given(
    st.lists(
        st.dictionaries(st.sampled_from(COLUMNS), st.text(max_size=12) | st.sampled_from(["E2", "E3", "a/b"])),
        max_size=8,
    )
)
def test_any_cells_are_checked(rows: list[dict[Column, str]]) -> None:
    outcome = checked(*rows)
    cells = [(error.row, error.column) for error in outcome.errors]
    assert len(cells) == len(set(cells))
    assert len(outcome.people) == len(rows) - len({row for row, _ in cells})
    for error in outcome.errors:
        assert all(error.message(language) for language in ROW_TEXTS)
    kept = outcome.without_bad_rows()
    userids = {person.userid for person in kept.people}
    assert all(person.manager_userid is None or person.manager_userid in userids for person in kept.people)
