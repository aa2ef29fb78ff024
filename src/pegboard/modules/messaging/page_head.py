"""What a page says of itself: title, description and site, read from the head of its HTML.

Pages come from anybody, so this reads forward once and looks at nothing twice: its time is linear in what it is given,
whatever that is (docs/decisions/0017). It builds no tree, expands no entities but characters, and runs nothing.
"""

import codecs
import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

READ_AT_MOST = 512 * 1024
"""Bytes of a page; what comes later is not its head."""
TITLE, DESCRIPTION, SITE = 200, 300, 80
"""Characters that are kept."""

_PRESCANNED = 4096
_RAW_AT_MOST = 2000  # characters of a text before its references are resolved

_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w:.-]{1,40})", re.IGNORECASE)
_NAME = re.compile(r"<(/?)([a-zA-Z][\w:-]*)")
_BETWEEN = re.compile(r"[\s/]*")
_ATTRIBUTE = re.compile(r"([^\s/>=][^\s/>=]*)\s*(=\s*)?")
_UNQUOTED = re.compile(r"[^\s>]*")
_RAW = {name: re.compile(f"</{name}(?![a-z0-9])", re.IGNORECASE) for name in ("title", "script", "style", "template")}

# As browsers take the names (the Encoding Standard), as far as pages still use them.
_ENCODINGS = {
    "utf-8": "utf-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "euc-jp": "euc_jp",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "windows-1250": "cp1250",
    "windows-1251": "cp1251",
    "windows-1252": "cp1252",
    "windows-1254": "cp1254",
    "iso-8859-2": "iso8859_2",
    "iso-8859-15": "iso8859_15",
    "koi8-r": "koi8_r",
    "utf-16": "utf-16-le",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# The first that says something is taken.
_TITLES = ("og:title", "twitter:title", "title")
_DESCRIPTIONS = ("og:description", "twitter:description", "description")
_SITES = ("og:site_name", "application-name")
_WANTED = frozenset((*_TITLES, *_DESCRIPTIONS, *_SITES))


@dataclass(frozen=True, slots=True, kw_only=True)
class PageHead:
    """Plain texts, on one line each, cut where they are too long; empty where the page says nothing."""

    title: str
    description: str
    site: str


def read_head(body: bytes, content_type: str = "") -> PageHead:
    """The head of a page of HTML, of whatever quality."""
    said: dict[str, str] = {}
    for name, text in _sayings(_decoded(body[:READ_AT_MOST], content_type)):
        if name in _WANTED and name not in said and (plain := _plain(text)):
            said[name] = plain
    return PageHead(
        title=_first(said, _TITLES, TITLE),
        description=_first(said, _DESCRIPTIONS, DESCRIPTION),
        site=_first(said, _SITES, SITE),
    )


def _first(said: dict[str, str], names: tuple[str, ...], length: int) -> str:
    text = next((said[name] for name in names if name in said), "")
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


# --- bytes to text -------------------------------------------------------------------------------------------------


def _decoded(body: bytes, content_type: str) -> str:
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    declared = _CHARSET.search(content_type)
    if declared is None or declared[1].lower() not in _ENCODINGS:
        declared = _CHARSET.search(body[:_PRESCANNED].decode("latin-1"))
        if declared is not None and declared[1].lower().startswith("utf-16"):
            declared = None  # we could not have read that, were it true
    return body.decode(_ENCODINGS.get(declared[1].lower(), "utf-8") if declared else "utf-8", "replace")


# --- text to sayings -----------------------------------------------------------------------------------------------


def _sayings(text: str) -> Iterator[tuple[str, str]]:
    """What the title and each `meta` says, by name, until the head ends."""
    at = 0
    while (at := text.find("<", at)) >= 0:
        if text.startswith("<!--", at):
            at = text.find("-->", at + 4)
            if at < 0:
                return
            continue
        opened = _NAME.match(text, at)
        if opened is None:
            at += 1
            continue
        name, closing = opened[2].lower(), bool(opened[1])
        attributes, at = _attributes(text, opened.end())
        if at < 0 or (name == "head" and closing) or name == "body":
            return
        if closing:
            continue
        if name == "meta":
            for kind in ("property", "name", "itemprop"):
                if kind in attributes:
                    yield attributes[kind].strip().lower(), attributes.get("content", "")
        elif name in _RAW:
            ended = _RAW[name].search(text, at)
            if ended is None:
                return
            if name == "title":
                yield "title", text[at : ended.start()]
            at = ended.start()


def _attributes(text: str, at: int) -> tuple[dict[str, str], int]:
    """The attributes of a tag, and where the text goes on behind it; -1: the tag has no end."""
    found: dict[str, str] = {}
    while True:
        at = _skip(_BETWEEN, text, at)
        if at >= len(text):
            return found, -1
        if text[at] == ">":
            return found, at + 1
        name = _ATTRIBUTE.match(text, at)
        if name is None:  # a stray "="
            at += 1
            continue
        at, value = name.end(), ""
        if name[2]:
            quote = text[at : at + 1]
            if quote in ('"', "'"):
                end = text.find(quote, at + 1)
                if end < 0:
                    return found, -1
                value, at = text[at + 1 : end], end + 1
            else:
                end = _skip(_UNQUOTED, text, at)
                value, at = text[at:end], end
        found.setdefault(name[1].lower(), value)


def _skip(pattern: "re.Pattern[str]", text: str, at: int) -> int:
    """Where this (it may be nothing) ends."""
    matched = pattern.match(text, at)
    return matched.end() if matched else at


# --- sayings to plain text -----------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """On one line, without control characters and without what turns the direction of writing."""
    shown = html.unescape(text[:_RAW_AT_MOST])
    return " ".join("".join(_shown(character) for character in shown).split())


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":
        return character if character in "\u200c\u200d" else ""
    return " " if category in ("Cc", "Cs", "Cn", "Co") else character
