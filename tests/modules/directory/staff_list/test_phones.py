"""The quick patterns say exactly what the library says, and E.164 comes out of what people write."""

import phonenumbers
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pegboard.modules.directory.staff_list.phones import to_e164

# A busy machine is no reason to fail: no deadline, no complaint about slow drawing.
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def library(written: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@calm
@given(
    st.sampled_from(["CN", "TW", "HK", "MO", "DE"]),
    st.from_regex(
        r"\A(\+861[3-9][0-9]{9}|\+8869[0-9]{8}|\+852[569][0-9]{7}|\+8536[0-9]{7}"
        r"|1[3-9][0-9]{9}|09[0-9]{8}|[569][0-9]{7}|6[0-9]{7})\Z"
    ),
)
def test_the_quick_patterns_agree_with_the_library(region: str, written: str) -> None:
    assert to_e164(written, region) == library(written, region)


@calm
@given(st.text(max_size=40), st.sampled_from(["CN", "TW", "XX", ""]))
def test_any_text_is_a_number_or_none(written: str, region: str) -> None:
    number = to_e164(written, region)
    assert number is None or (number[0] == "+" and number[1:].isdecimal() and 4 <= len(number) <= 18)


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("+8613900000001", "TW", "+8613900000001"),
        ("13900000001", "CN", "+8613900000001"),
        ("13900000001.0", "CN", "+8613900000001"),
        ("139-0000-0001", "CN", "+8613900000001"),
        ("8613900000001", "CN", "+8613900000001"),
        ("0086 139 0000 0001", "CN", "+8613900000001"),
        ("\uff11\uff13\uff19\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff11", "CN", "+8613900000001"),
        ("+886-900000050", "CN", "+886900000050"),
        ("0912-345-678", "TW", "+886912345678"),
        ("912345678", "TW", "+886912345678"),
        ("(02) 2720-8889", "TW", "+886227208889"),
        ("+49 (30) 1234567", "CN", "+49301234567"),
    ],
)
def test_as_people_and_spreadsheets_write_it(written: str, region: str, number: str) -> None:
    assert to_e164(written, region) == number


@pytest.mark.parametrize(
    "written",
    [
        "12ab",
        "1",
        "+",
        "8.61391E+12",
        "1-800-FLOWERS",
        "+8613900000001;ext=5",
        "+999123456789",
    ],
)
def test_what_is_no_number(written: str) -> None:
    assert to_e164(written, "CN") is None


def test_a_local_number_without_its_area_is_refused() -> None:
    assert to_e164("5550123", "US") is None
