"""Names that people give to people and things: what may stand in them."""

import re
import unicodedata

from pegboard.kernel.errors import invalid

NAME_LENGTH = 64

# Embeddings, overrides and isolates of the bidirectional algorithm reach beyond the name that holds them, and make
# its neighbours read as something else. Marks, joiners and letters written from right to left do not.
_REACHES_OUT = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SPACES = re.compile(r"[^\S\u3000]+")


def is_allowed(text: str) -> bool:
    """Whether the text holds neither control characters or line breaks nor controls that reach out of it."""
    return not any(
        character in _REACHES_OUT or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text
    )


def is_blank(text: str) -> bool:
    """Whether nothing in it can be seen: only spaces, joiners, marks."""
    categories = map(unicodedata.category, text)
    # Characters of private use can be seen: that is how names are written whose characters Unicode lacks.
    return all(category[0] in "ZM" or category in ("Cc", "Cf", "Cn", "Cs") for category in categories)


def clean_name(text: str, *, path: str = "name", longest: int = NAME_LENGTH) -> str:
    """The name as it is stored: NFC, one space between words, none around them.

    Raises `Invalid` about `path`: `invalid` (see `is_allowed`), `blank`, or `too_long`.
    """
    if not is_allowed(text):
        raise invalid(path, "invalid")
    name = _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()
    if is_blank(name):
        raise invalid(path, "blank")
    if len(name) > longest:
        raise invalid(path, "too_long", limit=longest)
    return name


def clean_line(text: str, *, path: str, longest: int) -> str:
    """As `clean_name`, for one line of text that may also be empty (a title, a work place)."""
    return clean_name(text, path=path, longest=longest) if text.strip() else ""
