"""What may stand in a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegboard.kernel.errors import Invalid
from pegboard.kernel.names import clean_line, clean_name


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("  Ann   Lee ", "Ann Lee"),
        ("Ann\u00a0Lee", "Ann Lee"),
        ("e\u0301", "é"),
        ("王小明", "王小明"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\u200fמשה", "\u200fמשה"),
        ("\ue863", "\ue863"),
        ("x" * 64, "x" * 64),
    ],
)
def test_names_as_they_are_stored(written: str, stored: str) -> None:
    assert clean_name(written) == stored


@pytest.mark.parametrize(
    ("written", "code"),
    [
        *((f"a{control}b", "invalid") for control in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"),
        *((f"a{control}b", "invalid") for control in "\0\x07\t\n\r\x7f\x85\u2028\u2029"),
        ("\ud800", "invalid"),
        ("", "blank"),
        ("  \u3000", "blank"),
        ("\u200d\u200b", "blank"),
        ("\u0301", "blank"),
        ("x" * 65, "too_long"),
    ],
)
def test_names_that_are_none(written: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        clean_name(written, path="owner.name")
    assert [(field.path, field.code) for field in refusal.value.fields] == [("owner.name", code)]


def test_a_line_may_be_empty() -> None:
    assert clean_line("  ", path="title", longest=3) == ""
    assert clean_line(" a  b ", path="title", longest=3) == "a b"


@given(st.text(max_size=80))
def test_what_was_cleaned_is_clean(text: str) -> None:
    try:
        name = clean_name(text)
    except Invalid:
        return
    assert clean_name(name) == name
