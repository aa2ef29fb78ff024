"""Money: whole minor units with a currency, never a fraction in binary."""

import re
from dataclasses import dataclass

from pegboard.kernel.errors import Invalid

# ISO 4217: currencies whose minor unit is not the hundredth.
_EXPONENTS = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
_CURRENCY = re.compile(r"[A-Z]{3}")
_AMOUNT = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d{1,16}|\d{1,3}(?:,\d{3}){1,5})(?:\.(?P<fraction>\d+))?", re.ASCII)


class CurrencyMismatch(Invalid):
    """Amounts in two currencies do not add up."""

    code = "money.currency_mismatch"


class NotMoney(Invalid):
    """A text that is no amount, or has more decimals than the currency."""

    code = "money.invalid"


def exponent(currency: str) -> int:
    """How many decimals the currency has (ISO 4217): 2 unless it is known to have others."""
    return _EXPONENTS.get(currency, 2)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """`Money(12345, "TWD")` is 123.45 New Taiwan dollars."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if not _CURRENCY.fullmatch(self.currency):
            raise NotMoney

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount_minor - other.amount_minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount_minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount_minor < other.amount_minor

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch

    def __str__(self) -> str:
        return f"{self.currency} {self.decimal()}"

    def decimal(self) -> str:
        """The amount with its decimals and no grouping: `-1234.50`; what `parse` reads."""
        digits = exponent(self.currency)
        sign = "-" if self.amount_minor < 0 else ""
        padded = str(abs(self.amount_minor)).rjust(digits + 1, "0")
        return f"{sign}{padded[: len(padded) - digits]}.{padded[len(padded) - digits :]}" if digits else sign + padded

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """The amount in a text such as `1,234.5`; refuses more decimals than the currency has rather than
        rounding.
        """
        match = _AMOUNT.fullmatch(text.strip())
        digits = exponent(currency)
        if match is None:
            raise NotMoney
        fraction = match["fraction"] or ""
        if fraction.rstrip("0")[digits:]:
            raise NotMoney
        minor = int(match["whole"].replace(",", "") + fraction[:digits].ljust(digits, "0"))
        return cls(-minor if match["sign"] == "-" else minor, currency)
