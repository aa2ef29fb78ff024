"""What people type to say who they are → what is stored."""

import re
import unicodedata

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_BETWEEN_DIGITS = re.compile(r"[\s().\-]+")
_INTERNATIONAL = re.compile(r"\+[1-9][0-9]{4,14}", re.ASCII)

# How the mobile numbers of a country are written inside it, and what E.164 puts before them.
_NATIONAL = {
    "CN": ("+86", re.compile(r"(?:86)?(1[3-9][0-9]{9})", re.ASCII)),
    "TW": ("+886", re.compile(r"(?:886|0)?(9[0-9]{8})", re.ASCII)),
    "HK": ("+852", re.compile(r"(?:852)?([4-9][0-9]{7})", re.ASCII)),
    "MO": ("+853", re.compile(r"(?:853)?(6[0-9]{7})", re.ASCII)),
}


def email_of(login: str) -> str | None:
    """The email as it is stored, or None where the login is none."""
    plain = unicodedata.normalize("NFKC", login).strip().lower()
    return plain if _EMAIL.fullmatch(plain) else None


def mobiles_of(login: str, regions: tuple[str, ...]) -> list[str]:
    """Every E.164 number that the login can mean, the likeliest first.

    A number with its country means itself; without, it is read as one of each region. A short number can be
    one of two countries: then the country has to be typed for the second.
    """
    plain = unicodedata.normalize("NFKC", login).strip()
    plain = _BETWEEN_DIGITS.sub("", plain.replace("(0)", ""))
    if plain.startswith("00"):
        plain = f"+{plain[2:]}"
    if _INTERNATIONAL.fullmatch(plain):
        return [plain]
    found = []
    for region in regions:
        if region in _NATIONAL:
            code, pattern = _NATIONAL[region]
            if match := pattern.fullmatch(plain):
                found.append(code + match[1])
        elif number := _by_the_library(plain, region):
            found.append(number)
    return found


def _by_the_library(plain: str, region: str) -> str | None:
    if not re.fullmatch(r"[0-9]{4,15}", plain, re.ASCII):
        return None
    import phonenumbers

    try:
        number = phonenumbers.parse(plain, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
