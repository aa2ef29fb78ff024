"""Phone numbers as people write them → E.164."""

import re
import unicodedata

_WRITTEN = re.compile(r"[+0-9 ()./\-]{3,40}", re.ASCII)
_AS_A_NUMBER = re.compile(r"([0-9]+)\.0+", re.ASCII)
"""How a spreadsheet's number looks once it has been exported: 13900000001.0"""

# Where most of the lists come from, a pattern says what the library would say after a hundred times the work.
# tests/modules/directory/staff_list/test_phones.py holds the two together.
_INTERNATIONAL = re.compile(r"\+(?:861[3-9][0-9]{9}|8869[0-9]{8}|852[569][0-9]{7}|8536[0-9]{7})", re.ASCII)
_NATIONAL = {
    "CN": ("+86", re.compile(r"(1[3-9][0-9]{9})", re.ASCII)),
    "TW": ("+886", re.compile(r"0(9[0-9]{8})", re.ASCII)),
    "HK": ("+852", re.compile(r"([569][0-9]{7})", re.ASCII)),
    "MO": ("+853", re.compile(r"(6[0-9]{7})", re.ASCII)),
}


def to_e164(written: str, default_region: str) -> str | None:
    """The number in E.164, or None where it is none.

    `default_region` (ISO 3166, two letters) is the country of numbers without one. A number passes when its
    country and length are possible: new ranges are handed out faster than tables of valid ones are updated.
    Numbers in words, extensions and local numbers without an area are refused, since E.164 cannot hold them.
    """
    if _INTERNATIONAL.fullmatch(written):
        return written
    known = _NATIONAL.get(default_region)
    if known is not None and (found := known[1].fullmatch(written)):
        return known[0] + found[1]
    return _by_the_library(written, default_region)


def _by_the_library(written: str, default_region: str) -> str | None:
    plain = unicodedata.normalize("NFKC", written).replace("\u2010", "-").replace("\u2013", "-")
    if found := _AS_A_NUMBER.fullmatch(plain):
        plain = found[1]
    if _WRITTEN.fullmatch(plain) is None:
        return None

    import phonenumbers

    try:
        number = phonenumbers.parse(plain, default_region)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE or number.extension:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
