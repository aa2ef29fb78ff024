"""CSV and XLSX files as people make them, and as nobody should."""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped] # it ships no types
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pegboard.modules.directory.staff_list import (
    LIMITS,
    Limits,
    StaffListUnreadable,
    Table,
    check,
    read_table,
)
from pegboard.modules.directory.staff_list.texts import ROW_TEXTS, UNREADABLE_TEXTS

# A busy machine is no reason to fail: no deadline, no complaint about slow drawing.
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# XlsxWriter is untyped: a workbook and a worksheet of it.
Book = Any
Sheet = Any

HEADER = ["userid", "name", "mobile", "departments"]


def csv_table(text: str, limits: Limits = LIMITS) -> Table:
    return read_table(text.encode(), "staff.csv", limits=limits)


def workbook(fill: Callable[[Book], object]) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        fill(book)
    return made.getvalue()


def sheet(fill: Callable[[Sheet], object]) -> bytes:
    return workbook(lambda book: fill(book.add_worksheet("員工")))


def refused(data: bytes, name: str = "staff.csv", limits: Limits = LIMITS) -> str:
    with pytest.raises(StaffListUnreadable) as caught:
        read_table(data, name, limits=limits)
    assert caught.value.code in UNREADABLE_TEXTS["en"]
    assert all(caught.value.message(language) for language in UNREADABLE_TEXTS)
    return caught.value.code


def rewritten(data: bytes, change: Callable[[str, bytes], bytes], **zip_options: int) -> bytes:
    """The same workbook with its parts changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, change(part.filename, old.read(part)))
    return made.getvalue()


def with_cells(sheet_data: str) -> bytes:
    """A workbook whose sheet holds exactly this XML between its sheetData tags."""

    def change(name: str, content: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return content
        before, _, rest = content.partition(b"<sheetData")
        return before + f"<sheetData>{sheet_data}</sheetData>".encode() + rest.partition(b"/>")[2]

    return rewritten(sheet(lambda _: None), change)


class TestCsv:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
    def test_delimiters_and_line_ends(self, delimiter: str, newline: str) -> None:
        lines = [HEADER, ["E1", "趙", "", '"HQ/Sales;HQ/Board"'], ["E2", "錢", "", "HQ"]]
        table = csv_table(newline.join(delimiter.join(cells) for cells in lines))
        assert table.columns == ("userid", "name", "mobile", "departments")
        assert [(row.line, row.values["departments"]) for row in table.rows] == [
            (2, "HQ/Sales;HQ/Board"),
            (3, "HQ"),
        ]

    def test_a_row_is_the_line_where_its_record_starts(self) -> None:
        table = csv_table('userid,name,departments,note\nE1,a,HQ,"one\ntwo\r\nthree"\n\n,,,\nE2,b,HQ,x\nE3,c,HQ\n')
        assert [(row.line, row.values["userid"]) for row in table.rows] == [(2, "E1"), (7, "E2"), (8, "E3")]

    def test_blank_lines_and_a_line_about_the_delimiter_before_the_header(self) -> None:
        assert csv_table("\n,,\nuserid,name,departments\nE1,a,HQ").rows[0].line == 4
        assert csv_table("sep=;\nuserid;name;departments\nE1;a;HQ").rows[0].line == 3

    def test_headers_in_chinese_untrimmed_and_in_capitals(self) -> None:
        table = csv_table(" 工號 ,姓名*,手机,郵箱,职位,部門,直属主管,密碼,備註\n1,a,2,3,4,5,6,7,8")
        assert dict(table.rows[0].values) == {
            "userid": "1",
            "name": "a",
            "mobile": "2",
            "email": "3",
            "title": "4",
            "departments": "5",
            "manager_userid": "6",
            "password": "7",
        }
        assert table.unknown_columns == ("備註",)
        assert csv_table("USERID,Name,\uff24epartments\n1,a,b").rows[0].values["departments"] == "b"

    def test_the_own_name_of_a_column_wins_over_another(self) -> None:
        for header in ("工號,userid,name,departments", "userid,工號,name,departments"):
            table = csv_table(f"{header}\n1,2,a,b")
            assert table.rows[0].values["userid"] == "12"[header.split(",").index("userid")]
            assert table.unknown_columns == ("工號",)

    def test_short_and_long_rows(self) -> None:
        table = csv_table("userid,name,departments\nE1\nE2,a,HQ,,\nE3,a,HQ,more")
        assert [row.values["departments"] for row in table.rows] == ["", "HQ", "HQ"]
        assert [row.has_extra_cells for row in table.rows] == [False, False, True]

    def test_quotes(self) -> None:
        table = csv_table('userid,name,departments\nE1,"Ann ""A"" Lee, Dr","HQ/R&D"\nE2,O"Neil,HQ')
        assert [row.values["name"] for row in table.rows] == ['Ann "A" Lee, Dr', 'O"Neil']

    def test_an_open_quote_is_refused_rather_than_swallowing_people(self) -> None:
        assert refused(b'userid,name,departments\nE1,"a,HQ\nE2,b,HQ\n') == "bad_quotes"
        assert refused(b'userid,name,departments\nE1,"a"b,HQ\nE2,b,HQ\n') == "bad_quotes"

    def test_nul_survives_reading(self) -> None:
        assert csv_table("userid,name,departments\nE\x001,a,b").rows[0].values["userid"] == "E\x001"

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", "empty"),
            (b" \r\n\n", "empty"),
            (b"\xef\xbb\xbf", "empty"),
            (b",,,\n,,\n", "empty"),
            (b"hello", "missing_columns"),
            (b"E1,a,HQ\nE2,b,HQ\n", "missing_columns"),
            (b"userid,name,mobile\n1,2,3", "missing_columns"),
            (b"userid,name,name,departments\n", "duplicate_columns"),
            ("部門,部门,userid,name\n".encode(), "duplicate_columns"),
            (b"userid,name,departments\n1," + b"x" * 1_000_000 + b",HQ", "cell_too_large"),
            (b"userid,name,departments\n1," + b"x" * 100_000 + b",HQ", "cell_too_large"),
            (b'userid,name,departments\n1,"' + b"\n" * 40_000 + b'",HQ', "cell_too_large"),
            (b"userid,name,departments\n1,a,HQ" + b"," * 20_000, "too_many_columns"),
            (b"userid,name,departments\n1,a,HQ" + b"," * 5_000_000, "cell_too_large"),
            (b"x" * 5_000_000, "cell_too_large"),
        ],
    )
    def test_refused(self, data: bytes, code: str) -> None:
        assert refused(data) == code

    def test_header_only_is_a_list_of_nobody(self) -> None:
        assert csv_table("userid,name,departments\n").rows == ()

    def test_limits_of_rows_and_bytes(self) -> None:
        text = "userid,name,departments\n" + "E,a,HQ\n" * 3
        assert len(csv_table(text, Limits(rows=3)).rows) == 3
        assert refused(text.encode(), limits=Limits(rows=2)) == "too_many_rows"
        assert refused(text.encode(), limits=Limits(file_bytes=20)) == "file_too_large"

    @pytest.mark.parametrize("name", ["staff.csv", "STAFF.CSV", "staff.txt", "staff", "a.b/staff.tsv"])
    def test_names_that_may_be_csv(self, name: str) -> None:
        assert read_table(b"userid,name,departments\n", name).format == "csv"

    @pytest.mark.parametrize("name", ["staff.pdf", "staff.ods", "staff.docx", "staff.csv.exe"])
    def test_names_that_are_neither(self, name: str) -> None:
        assert refused(b"userid,name,departments\n", name) == "unknown_format"


class TestWorkbook:
    def test_numbers_dates_and_booleans(self) -> None:
        def fill(book: Book) -> None:
            page = book.add_worksheet()
            page.write_row(0, 0, ["userid", "name", "mobile", "departments", "title", "password"])
            page.write_row(1, 0, [1001, "a", 13900000001, "HQ", True, 123456])
            page.write_row(2, 0, [1002.5, "b", 912345678.0, "HQ"])
            page.write_datetime(2, 4, dt.date(2024, 5, 6), book.add_format({"num_format": "yyyy-mm-dd"}))

        first, second = read_table(workbook(fill), "staff.xlsx").rows
        assert dict(first.values) == {
            "userid": "1001",
            "name": "a",
            "mobile": "13900000001",
            "departments": "HQ",
            "title": "TRUE",
            "password": "123456",
        }
        assert (second.values["userid"], second.values["mobile"]) == ("1002.5", "912345678")
        assert second.values["title"] == "2024-05-06"

    def test_a_row_is_the_row_of_the_sheet(self) -> None:
        def fill(page: Sheet) -> None:
            page.write_row(3, 2, HEADER)
            page.write_row(5, 2, ["E1", "a", "", "HQ"])
            page.write_row(9, 2, ["E2", "b", "", "HQ"])
            page.write_blank(500, 2, None)

        assert [(row.line, row.values["userid"]) for row in read_table(sheet(fill), "x.xlsx").rows] == [
            (6, "E1"),
            (10, "E2"),
        ]

    def test_formulas_give_their_result_and_merged_cells_their_first(self) -> None:
        def fill(page: Sheet) -> None:
            page.write_row(0, 0, HEADER)
            page.write_formula(1, 0, '="E"&1', None, "E1")
            page.write_row(1, 1, ["a", "", "HQ"])
            page.write_row(2, 0, ["E2", "b"])
            page.merge_range(2, 2, 3, 2, "13900000001")
            page.write_formula(2, 3, "=1/0", None, "#DIV/0!")

        first, second = read_table(sheet(fill), "x.xlsx").rows
        assert first.values["userid"] == "E1"
        assert second.values["mobile"] == "13900000001"
        assert second.values["departments"] == ""

    def test_the_first_visible_sheet(self) -> None:
        def fill(book: Book) -> None:
            hidden, shown, other = (book.add_worksheet() for _ in range(3))
            shown.write_row(0, 0, HEADER)
            shown.write_row(1, 0, ["E1", "a", "", "HQ"])
            other.write_row(0, 0, ["nothing"])
            shown.activate()
            shown.set_first_sheet()
            hidden.hide()

        assert len(read_table(workbook(fill), "x.xlsx").rows) == 1

    def test_content_decides_and_not_the_name(self) -> None:
        data = sheet(lambda page: page.write_row(0, 0, HEADER))
        assert read_table(data, "staff.csv").format == "xlsx"
        assert refused(b"userid,name,departments\n", "staff.xlsx") == "corrupt_workbook"

    def test_16384_columns(self) -> None:
        def fill(page: Sheet) -> None:
            page.write_row(0, 0, HEADER + [f"c{n}" for n in range(16_380)])
            page.write_row(1, 0, ["E1", "a", "", "HQ"])
            page.write(1, 16_383, "last")

        table = read_table(sheet(fill), "x.xlsx")
        assert table.rows[0].values["userid"] == "E1"
        assert len(table.unknown_columns) == 100

    def test_empty(self) -> None:
        assert refused(sheet(lambda _: None), "x.xlsx") == "empty"

    def test_too_many_rows(self) -> None:
        def fill(page: Sheet) -> None:
            for row in range(5):
                page.write_row(row, 0, HEADER)

        assert refused(sheet(fill), "x.xlsx", Limits(rows=3)) == "too_many_rows"

    def test_far_apart_cells_cost_nothing(self) -> None:
        def fill(page: Sheet) -> None:
            page.write_row(0, 0, HEADER)
            page.write(1_048_575, 16_383, "x")

        (row,) = read_table(sheet(fill), "x.xlsx").rows
        assert (row.line, row.has_extra_cells) == (1_048_576, True)
        assert refused(sheet(fill), "x.xlsx", Limits(sheet_cells=16_000)) == "workbook_too_large"

    @pytest.mark.parametrize(
        ("cells", "code"),
        [
            ('<row r="1"><c r="A1"><v>1</v></c></row>', "missing_columns"),
            (
                '<row r="9"><c r="A9"><v>1</v></c></row><row r="5"><c r="A5"><v>1</v></c></row>',
                "corrupt_workbook",
            ),
            ('<row r="9"><c r="A9"><v>1</v></c></row>' * 2, "corrupt_workbook"),
            ('<row r="1"><c r="A99999999999"><v>1</v></c></row>', "corrupt_workbook"),
            ('<row r="1"><c r="ZZZZZZ1"><v>1</v></c></row>', "corrupt_workbook"),
            ('<row r="1"><c r="ZZZ1"><v>1</v></c></row>', "too_many_columns"),
            ('<row r="-1"><c><v>1</v></c></row>', "corrupt_workbook"),
            ('<row r="1"><c r=""><v>1</v></c></row>', "corrupt_workbook"),
            ('<row r="1"><c r="A1" t="s"><v>4000000000</v></c></row>', "corrupt_workbook"),
            ('<row r="1"><c r="A1" t="s"><v>-1</v></c></row>', "corrupt_workbook"),
            ('<row r="1"><c r="A1"><v>one</v></c></row>', "corrupt_workbook"),
            ('<row r="1"><c r="A1"><v>1</v></row>', "corrupt_workbook"),
            ("<a>" * 200 + "</a>" * 200, "corrupt_workbook"),
        ],
    )
    def test_sheets_that_no_program_writes(self, cells: str, code: str) -> None:
        assert refused(with_cells(cells), "x.xlsx") == code

    def test_a_tag_without_end(self) -> None:
        # Not repetitive, so that it is not refused for being packed too tightly.
        endless = " ".join(str(number**5) for number in range(100_000))
        assert refused(with_cells(f'<row r="1" spans="{endless}"/>'), "x.xlsx") == "corrupt_workbook"

    def test_what_a_workbook_claims_is_not_believed(self) -> None:
        def claim(_: str, content: bytes) -> bytes:
            for name in (b"count", b"uniqueCount"):
                content = re.sub(b" " + name + b'="[0-9]+"', b" " + name + b'="4294967295"', content)
            return re.sub(b'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', content)

        data = rewritten(sheet(lambda page: page.write_row(0, 0, HEADER)), claim)
        assert read_table(data, "x.xlsx").columns == ("userid", "name", "mobile", "departments")

    def test_other_kinds_of_cells(self) -> None:
        header = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in HEADER)
        cells = (
            '<c t="inlineStr"><is><r><t>E</t></r><rPh><t>aid</t></rPh>'
            '<r><t xml:space="preserve">1</t></r></is></c>'
            '<c t="str"><f>"a"</f><v>a_x0042_c_xD83D__xDE00__xD800_</v></c>'
            "<c><v>1.3900000001E10</v></c>"
            '<x:c t="e" xmlns:x="y"><x:v>#N/A</x:v></x:c>'
        )
        (row,) = read_table(with_cells(f"<row>{header}</row><row>{cells}</row>"), "x.xlsx").rows
        assert dict(row.values) == {
            "userid": "E1",
            "name": "aBc\U0001f600\ufffd",
            "mobile": "13900000001",
            "departments": "",
        }

    @pytest.mark.parametrize(
        ("shown_as", "number", "text"),
        [
            ("yyyy/m/d", 45418, "2024-05-06"),
            ("yyyy/m/d", 1, "1900-01-01"),
            ("yyyy-mm-dd hh:mm", 45418.5, "2024-05-06T12:00:00"),
            ("[h]:mm:ss", 0.75, "18:00:00"),
            ('[$-404]e"年"m"月"d"日"', 45418, "2024-05-06"),
            ('0"days"', 7, "7"),
            ("[Red]0.00", 7.5, "7.5"),
            ("General", 13900000001, "13900000001"),
            ("yyyy/m/d", -1, "-1"),
            ("yyyy/m/d", 1e300, "1E+300"),
            ("yyyy/m/d", 99999999, "99999999"),
        ],
    )
    def test_dates(self, shown_as: str, number: float, text: str) -> None:
        def fill(book: Book) -> None:
            page = book.add_worksheet()
            page.write_row(0, 0, HEADER)
            page.write_number(1, 1, number, book.add_format({"num_format": shown_as}))

        assert read_table(workbook(fill), "x.xlsx").rows[0].values["name"] == text

    def test_dates_counted_from_1904(self) -> None:
        def fill(book: Book) -> None:
            page = book.add_worksheet()
            page.write_row(0, 0, HEADER)
            page.write_datetime(1, 1, dt.date(2024, 5, 6), book.add_format({"num_format": "d.m.yy"}))

        made = io.BytesIO()
        with xlsxwriter.Workbook(made, {"date_1904": True}) as book:
            fill(book)
        assert read_table(made.getvalue(), "x.xlsx").rows[0].values["name"] == "2024-05-06"

    @calm
    @given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=20))
    def test_any_text_comes_back(self, text: str) -> None:
        def fill(page: Sheet) -> None:
            page.write_row(0, 0, HEADER)
            page.write_string(1, 1, text)
            page.write_string(1, 3, "HQ")

        assert read_table(sheet(fill), "x.xlsx").rows[0].values["name"] == text

    def test_cells_without_places_are_counted_on(self) -> None:
        row = "<row>" + "".join(f'<c t="str"><v>{name}</v></c>' for name in HEADER) + "</row>"
        assert len(read_table(with_cells(row * 3), "x.xlsx").rows) == 2

    def test_formats_to_the_last_row_are_no_rows(self) -> None:
        def fill(book: Book) -> None:
            page = book.add_worksheet()
            page.write_row(0, 0, HEADER)
            page.write_blank(1_048_575, 3, None, book.add_format({"bold": True}))

        assert read_table(workbook(fill), "x.xlsx").rows == ()

    def test_bombs(self) -> None:
        def inflated(name: str, content: bytes) -> bytes:
            return content + b" " * 100_000_000 if name == "xl/styles.xml" else content

        bomb = rewritten(sheet(lambda page: page.write_row(0, 0, HEADER)), inflated)
        assert len(bomb) < 300_000
        assert refused(bomb, "x.xlsx") == "workbook_too_large"

    def test_the_size_counts_that_came_and_not_the_one_that_was_claimed(self) -> None:
        data = sheet(lambda page: page.write_row(0, 0, HEADER))
        assert refused(data, "x.xlsx", Limits(unpacked_bytes=1_000)) == "workbook_too_large"
        assert refused(data, "x.xlsx", Limits(sheet_cells=3)) == "workbook_too_large"

    def test_entities_are_refused(self) -> None:
        def change(name: str, content: bytes) -> bytes:
            if name != "xl/worksheets/sheet1.xml":
                return content
            return content.replace(b"<worksheet", b'<!DOCTYPE w [<!ENTITY a "aaaa">]><worksheet', 1)

        data = rewritten(sheet(lambda page: page.write_row(0, 0, HEADER)), change)
        assert refused(data, "x.xlsx") == "corrupt_workbook"

    def test_other_archives_and_old_or_protected_workbooks(self) -> None:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("word/document.xml", "<a/>")
        assert refused(made.getvalue(), "x.xlsx") == "unknown_format"
        compound = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500
        assert refused(compound, "x.xlsx") == "old_workbook"
        assert refused(compound + "EncryptedPackage".encode("utf-16-le"), "x.xlsx") == "encrypted_workbook"
        assert refused(b"anything", "x.xls") == "old_workbook"

    def test_a_part_that_stands_twice_is_refused(self) -> None:
        made = io.BytesIO(sheet(lambda page: page.write_row(0, 0, HEADER)))
        with (
            zipfile.ZipFile(made, "a") as archive,
            pytest.warns(UserWarning, match="Duplicate name"),
        ):
            archive.writestr("xl/workbook.xml", "<a/>")
        assert refused(made.getvalue(), "x.xlsx") == "corrupt_workbook"


SMALL_WORKBOOK = sheet(lambda page: [page.write_row(row, 0, HEADER) for row in range(3)])


class TestAnything:
    @calm
    @given(st.binary(max_size=2_000), st.sampled_from(["a.csv", "a.xlsx", "a", ""]))
    @example(b"PK\x03\x04", "a.xlsx")
    @example(b"\xff\xfe", "a.csv")
    @example(b'userid,name,departments\n"', "a.csv")
    def test_bytes(self, data: bytes, name: str) -> None:
        survives(data, name)

    @calm
    @given(st.text(max_size=500))
    def test_text_below_a_header(self, text: str) -> None:
        survives(b"userid,name,departments\n" + text.encode("utf-8", "surrogatepass"), "a.csv")

    @given(st.integers(0, len(SMALL_WORKBOOK) - 1), st.integers(0, 255), st.integers(0, len(SMALL_WORKBOOK)))
    @settings(calm, max_examples=300)
    def test_damaged_archives(self, place: int, byte: int, cut: int) -> None:
        damaged = bytearray(SMALL_WORKBOOK)
        damaged[place] = byte
        survives(bytes(damaged), "a.xlsx")
        survives(bytes(damaged[:cut]), "a.xlsx")

    @given(st.data())
    @settings(calm, max_examples=200)
    def test_damaged_parts(self, data: st.DataObject) -> None:
        def change(name: str, content: bytes) -> bytes:
            if not content or not data.draw(st.booleans()):
                return content
            place = data.draw(st.integers(0, len(content) - 1))
            piece = data.draw(st.sampled_from([b"", b"<", b"\x00", b"9", b"&#1;", b'"', b"XFD1048576", b"-", b"s"]))
            return content[:place] + piece + content[place + data.draw(st.integers(0, 5)) :]

        survives(rewritten(SMALL_WORKBOOK, change), "a.xlsx")


def survives(data: bytes, name: str) -> None:
    try:
        table = read_table(data, name)
    except StaffListUnreadable as refusal:
        str(refusal)  # has a text for its code
        return
    checked = check(table, default_region="CN")
    for error in checked.errors:
        assert all(error.message(language) for language in ROW_TEXTS)
    checked.without_bad_rows()
