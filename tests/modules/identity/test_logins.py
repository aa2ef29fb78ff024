"""What people type to say who they are."""

import pytest

from pegboard.modules.identity.service.logins import email_of, mobiles_of

_REGIONS = ("CN", "TW", "HK", "MO")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("13912345678", ["+8613912345678"]),
        ("139 1234 5678", ["+8613912345678"]),
        ("８６１３９１２３４５６７８", ["+8613912345678"]),
        ("+86 139-1234-5678", ["+8613912345678"]),
        ("0086 13912345678", ["+8613912345678"]),
        ("0912-345-678", ["+886912345678"]),
        ("912345678", ["+886912345678"]),
        ("886912345678", ["+886912345678"]),
        ("+886 (0)912 345 678", ["+886912345678"]),
        ("9123 4567", ["+85291234567"]),
        ("61234567", ["+85261234567", "+85361234567"]),
        ("+44 20 7946 0958", ["+442079460958"]),
        ("E00001", []),
        ("12345678901234567", []),
        ("+0123456", []),
        ("", []),
        ("+", []),
        ("١٢٣٤٥٦٧٨", []),
    ],
)
def test_mobiles(typed: str, meant: list[str]) -> None:
    assert mobiles_of(typed, _REGIONS) == meant


def test_other_regions_go_by_the_library() -> None:
    assert mobiles_of("0151 23456789", ("DE",)) == ["+4915123456789"]
    assert mobiles_of("123", ("DE",)) == []


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" Ming@Example.com ", "ming@example.com"),
        ("ming＠example.com", "ming@example.com"),
        ("ming", None),
        ("a b@example.com", None),
        ("a@b@c", None),
        ("@example.com", None),
    ],
)
def test_emails(typed: str, stored: str | None) -> None:
    assert email_of(typed) == stored
