"""What somebody is found by.

Behind row-level security only a range of "C" text may use an index, so finding a part of a name is made of such ranges:
every end of the name is kept as a term, and a part of the name is the beginning of one of its ends.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from pegboard.modules.directory.pinyin import fold, search_keys

LAST = "\U0010ffff"
"""Sorts behind everything: `prefix <= term < prefix + LAST` are the terms that begin with the prefix."""

_TERM_CHARS = 64
_MOBILE_DIGITS = 3
"""Fewer digits than these say nothing about a number."""
_NUMBER = re.compile(r"\+?[0-9][0-9 ()-]*", re.ASCII)


class Kind(IntEnum):
    """Kinds of terms, in the order in which their finds are listed."""

    WHOLE = 0
    """Name, pinyin, initials, userid, job number, title from their beginning."""
    PART = 1
    """The same but for userid and job number, from somewhere inside."""
    MOBILE = 2
    """The number, with and without its country. Only for those who may see it."""
    MOBILE_END = 3
    """The number backwards: its end is what people remember. Likewise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word of a query: the beginning of terms, and the digits if it may be a part of a phone number."""

    prefix: str
    number: str | None = None


def terms_of(
    *, name: str, userid: str, title: str = "", job_number: str = "", mobile: str | None = None
) -> set[tuple[Kind, str]]:
    """Every term of somebody."""
    keys = search_keys(name)
    whole = {fold(name), keys.pinyin, keys.pinyin.replace(" ", ""), keys.initials}
    whole |= {fold(userid), fold(job_number), fold(title)}
    parts = {
        *_ends(fold(name)),
        *_ends(fold(title)),
        *_ends_in_pinyin(name),
        *_ends(keys.initials, shortest=2),
    }
    terms = {(Kind.WHOLE, term[:_TERM_CHARS]) for term in whole if term}
    terms |= {(Kind.PART, term[:_TERM_CHARS]) for term in parts - whole if term}
    if mobile:
        terms |= set(_of_mobile(mobile))
    return terms


def words_of(query: str) -> list[Word]:
    """The words that a query is made of, the one that says most first; none if it says nothing."""
    folded = fold(query).strip()
    if _NUMBER.fullmatch(folded):
        return [_word("".join(folded.split()))]
    words = [_word(word) for word in set(folded.split())]
    return sorted(words, key=lambda word: (word.number is None, -len(word.prefix), word.prefix))


def _word(word: str) -> Word:
    digits = "".join(character for character in word if character.isdigit())
    is_number = len(digits) >= _MOBILE_DIGITS and _NUMBER.fullmatch(word) is not None
    return Word(prefix=word, number=digits if is_number else None)


def _ends(text: str, *, shortest: int = 1) -> Iterator[str]:
    for start in range(1, len(text) - shortest + 1):
        # A joiner or a blank begins nothing that anybody would type.
        if text[start] != " " and text[start].isprintable():
            yield text[start:]


def _ends_in_pinyin(name: str) -> Iterator[str]:
    for start in range(1, len(name)):
        if ord(name[start]) >= 0x3400:
            # A dot in the middle says that no surname stands at the beginning, which would be read differently.
            yield search_keys("·" + name[start:]).pinyin


def _of_mobile(mobile: str) -> Iterator[tuple[Kind, str]]:
    digits = mobile.lstrip("+")
    yield Kind.MOBILE, digits
    for national in _national(digits):
        yield Kind.MOBILE, national
    yield Kind.MOBILE_END, digits[::-1]


def _national(digits: str) -> Iterator[str]:
    """The number as it is dialled at home, as far as that can be told without the tables of all countries."""
    for country in ("86", "886", "852", "853"):
        if digits.startswith(country):
            rest = digits[len(country) :]
            yield rest
            if country == "886":
                yield "0" + rest
