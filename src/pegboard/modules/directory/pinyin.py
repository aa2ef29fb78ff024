"""How a name is found by typing it in Latin letters: its pinyin, and the initials of its syllables.

Surnames have readings of their own (單 is Shàn, not dān), and so have compound ones (尉遲 is Yùchí); they
apply where a surname stands, at the beginning. Traditional and simplified forms read alike.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchKeys:
    """What of a name is searched, folded as `fold` folds a query. Neither is for showing."""

    pinyin: str
    """Words joined by a blank; the syllables of Chinese characters make one word: `zhangsan`, `ann lee`."""
    initials: str
    """The first letter of each syllable and of each other word: `zs`, `al`."""


# Only what differs from the reading that a character has elsewhere in a name (tests hold the two apart).
_SURNAMES = """
shan:單单 xie:解 qiu:仇 zha:查 piao:朴 ou:區区 miao:繆缪 qin:覃 xian:洗 she:折 shao:召 he:黑 yue:樂乐
ge:蓋盖 yun:員员 nai:能佴 nie:乜 zhai:翟祭 gou:句 wei:隗 chong:種种 bi:秘祕 bo:薄 du:都 gui:炅 ben:賁
zang:藏 yu:蔚 po:繁 pi:否 yao:么 xue:褶
"""
_COMPOUND_SURNAMES = """
yu+chi:尉遲尉迟 zhang+sun:長孫长孙 mo+qi:万俟萬俟 tan+tai:澹臺澹台 chan+yu:單于单于 zi+ju:子車子车
"""
# Where the first reading of the dictionary is not the one in given names, or the dictionary has none.
_GIVEN_NAMES = "chang:長长 sheng:晟 chong:重 zeng:曾 bu:卜 ji:𠮷"

# Apostrophes, soft hyphens, zero-width characters, direction marks, variants of a character's shape.
_NOT_TYPED = re.compile("['`\u00ad\u02bc\u2019\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
_ACCENTS_OF_LATIN = re.compile(r"(?<=[a-z])[\u0300-\u036f]+")
_LATIN_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
"""Those that no accent can be taken from."""
_MIDDLE_DOTS = frozenset("·・･‧•")
_LONGEST_WITH_SURNAME = 4
"""Compound surname and two characters; longer rows of characters are a name in sounds, without a surname."""


def search_keys(name: str) -> SearchKeys:
    """The keys of a name; both empty where it has neither letters nor digits.

    The first call loads the dictionary (a quarter of a second): `prepare` does so ahead of time. After that
    a name takes some microseconds.
    """
    has_surname = _MIDDLE_DOTS.isdisjoint(name)
    words: list[str] = []
    initials: list[str] = []
    for run, is_chinese in _runs(fold(name)):
        syllables = _syllables(run, has_surname=has_surname) if is_chinese else [run]
        has_surname = has_surname and not is_chinese
        words.append("".join(syllables))
        initials.extend(syllable[0] for syllable in syllables)
    return SearchKeys(pinyin=" ".join(words), initials="".join(initials))


def fold(text: str) -> str:
    """Width, case, Latin accents and what nobody types do not count: `Ｊosé O’Neil` → `jose oneil`.

    For names and for what is searched in them.
    """
    if text.isascii():
        return _NOT_TYPED.sub("", text.lower())
    apart = unicodedata.normalize("NFKD", _NOT_TYPED.sub("", text)).casefold()
    plain = _ACCENTS_OF_LATIN.sub("", apart)
    return unicodedata.normalize("NFC", plain).translate(_LATIN_LETTERS)


def prepare() -> None:
    """Load the dictionary now (in a thread, at start) rather than at the first name."""
    _dictionary()
    _surnames()


def _runs(folded: str) -> list[tuple[str, bool]]:
    """The words, each wholly Chinese or not at all: `王peter chang` → 王, peter, chang."""
    runs: list[tuple[str, bool]] = []
    start = 0
    was: bool | None = None
    for place, character in enumerate(folded):
        if character.isalnum():
            now: bool | None = _is_chinese(character)
        else:
            # In Indic scripts marks belong to the letters before them.
            now = was if _is_mark(character) else None
        if now != was:
            if was is not None:
                runs.append((folded[start:place], was))
            start, was = place, now
    if was is not None:
        runs.append((folded[start:], was))
    return runs


def _syllables(run: str, *, has_surname: bool) -> list[str]:
    if not has_surname or len(run) > _LONGEST_WITH_SURNAME:
        return [_reading(character) for character in run]
    one, two = _surnames()
    if compound := two.get(run[:2]):
        return [*compound, *(_reading(character) for character in run[2:])]
    surname = one.get(run[0]) or _reading(run[0])
    return [surname, *(_reading(character) for character in run[1:])]


@cache
def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


@cache
def _is_chinese(character: str) -> bool:
    return unicodedata.name(character, "").startswith("CJK UNIFIED IDEOGRAPH") or character == "〇"


@cache
def _reading(character: str) -> str:
    """The usual syllable without tone, `ü` as `v` (so it is typed); else the character itself."""
    if in_names := _given_names().get(character):
        return in_names
    readings = _dictionary().get(ord(character))
    return _without_tone(readings.partition(",")[0]) if readings else character


def _without_tone(syllable: str) -> str:
    apart = unicodedata.normalize("NFD", syllable).replace("u\u0308", "v")
    return "".join(letter for letter in apart if letter.isascii())


@cache
def _dictionary() -> dict[int, str]:
    # Imported at the first use: it takes longer than the rest of the directory together.
    from pypinyin.constants import PINYIN_DICT

    return PINYIN_DICT


@cache
def _surnames() -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    return (
        {surname: reading for reading, group in _table(_SURNAMES) for surname in group},
        {
            group[place : place + 2]: tuple(reading.split("+"))
            for reading, group in _table(_COMPOUND_SURNAMES)
            for place in range(0, len(group), 2)
        },
    )


@cache
def _given_names() -> dict[str, str]:
    return {character: reading for reading, group in _table(_GIVEN_NAMES) for character in group}


def _table(text: str) -> list[tuple[str, str]]:
    return [(reading, group) for reading, _, group in (entry.partition(":") for entry in text.split())]
