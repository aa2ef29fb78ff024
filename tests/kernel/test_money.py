"""Money."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegboard.kernel.money import CurrencyMismatch, Money, NotMoney, exponent


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("0", "TWD", 0),
        ("12", "TWD", 1200),
        ("12.5", "CNY", 1250),
        ("-1,234,567.89", "USD", -123456789),
        ("+3", "JPY", 3),
        (" 1.250 ", "KWD", 1250),
        ("1.50", "USD", 150),
        ("1.500", "USD", 150),
        ("7.00", "JPY", 7),
    ],
)
def test_a_text_is_read_exactly(text: str, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("", "TWD"),
        (".5", "TWD"),
        ("1.", "TWD"),
        ("1.005", "USD"),
        ("1.5", "JPY"),
        ("1e3", "TWD"),
        ("12,34", "TWD"),
        ("1,23,456", "TWD"),
        ("１２", "TWD"),
        ("--1", "TWD"),
        ("1" * 17, "TWD"),
        ("1", "twd"),
        ("1", "TW"),
    ],
)
def test_what_is_no_amount_or_would_have_to_be_rounded_is_refused(text: str, currency: str) -> None:
    with pytest.raises(NotMoney):
        Money.parse(text, currency)


@given(st.integers(-(10**15), 10**15), st.sampled_from(["TWD", "JPY", "KWD"]))
def test_writing_and_reading_gives_the_same(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.parse(money.decimal(), currency) == money


def test_sums_and_order_within_a_currency() -> None:
    a, b = Money(150, "TWD"), Money(-50, "TWD")
    assert a + b == Money(100, "TWD")
    assert a - b == Money(200, "TWD")
    assert -a == Money(-150, "TWD")
    assert b < a
    assert str(Money(-5, "TWD")) == "TWD -0.05"
    assert str(Money(-5, "JPY")) == "JPY -5"
    assert exponent("XYZ") == 2


def test_currencies_do_not_mix() -> None:
    for mix in (operator.add, operator.sub, operator.lt):
        with pytest.raises(CurrencyMismatch):
            mix(Money(1, "TWD"), Money(1, "CNY"))
