"""Words of a run of messages, packed: pure functions over the text that `message_words` keeps.

A row's text is for each word: BEGIN, the word, END, and for each message with it one character, whose code is the
distance from the message before plus `_LEAST`. So a word is looked up by one search for BEGIN word END, in PostgreSQL
or here, and no character in between can be taken for either. Words of one family (see analysis.py) share a row.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from zlib import crc32

from pegboard.modules.messaging.analysis import Term, family

BEGIN, END = "\x01", "\x02"
_LEAST = 3
_MESSAGES_A_SHARD = 4


def shards_for(messages: int) -> int:
    """Over how many rows the words of so many messages are spread: a power of two, so that rows have some 1 KB."""
    return 1 << max(0, (messages - 1) // _MESSAGES_A_SHARD).bit_length()


@lru_cache(maxsize=65536)
def fingerprint(term: str) -> int:
    """Where the word's family belongs: its row is this modulo the number of rows. What is stored relies on it."""
    return crc32(family(term).encode()) & 0x7FFF_FFFF


def needle(term: Term) -> str:
    """What stands in the row of a word."""
    return f"{BEGIN}{term.text}{END}" if term.whole else f"{BEGIN}{term.text}"


def pack(term: str, offsets: Sequence[int]) -> str:
    """A word and the offsets of the messages that have it, ascending, as they stand in a row."""
    packed = chr(offsets[0] + _LEAST)
    if len(offsets) > 1:
        packed += "".join([chr(after - before + _LEAST) for before, after in pairwise(offsets)])
    return f"{BEGIN}{term}{END}{packed}"


def unpack(packed: str) -> Iterable[int]:
    """The offsets that stand behind a word."""
    return accumulate(ord(character) - _LEAST for character in packed)


def offsets_beginning_with(row: str, prefix: str) -> set[int]:
    """The offsets of all words of a row that begin like this."""
    found: set[int] = set()
    for entry in row.split(BEGIN):
        if entry.startswith(prefix):
            found.update(unpack(entry.partition(END)[2]))
    return found
