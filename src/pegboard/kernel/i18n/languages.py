"""Which of our languages somebody gets."""

from functools import lru_cache

LANGUAGES = ("zh-TW", "zh-CN", "en")
DEFAULT_LANGUAGE = "en"

_TRADITIONAL_PLACES = ("tw", "hk", "mo")


@lru_cache(maxsize=1024)
def language_of(accept_language: str | None) -> str:
    """The best of our languages for an `Accept-Language` (RFC 9110 §12.5.4) or a language tag; English
    otherwise.

    Chinese goes by script, then by place, then to zh-TW: `zh-Hant`, `zh-HK` and plain `zh` are zh-TW,
    `zh-Hans` and `zh-SG` are zh-CN.
    """
    ranges = [_parse(part) for part in (accept_language or "")[:1000].split(",")[:32]]
    # Sorting is stable: among equals the first named wins.
    for quality, tag in sorted(ranges, key=lambda weighted: -weighted[0]):
        if quality > 0 and (language := _match(tag)):
            return language
    return DEFAULT_LANGUAGE


def _parse(part: str) -> tuple[float, str]:
    tag, *parameters = (piece.strip() for piece in part.lower().split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:]), tag
            except ValueError:
                return 0.0, tag
    return 1.0, tag


def _match(tag: str) -> str | None:
    first, *rest = tag.replace("_", "-").split("-")
    if first in ("en", "*"):
        return DEFAULT_LANGUAGE
    if first != "zh":
        return None
    if "hant" in rest or "hans" in rest:
        return "zh-TW" if "hant" in rest else "zh-CN"
    return "zh-TW" if not rest or rest[0] in _TRADITIONAL_PLACES else "zh-CN"
