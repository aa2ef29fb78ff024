"""What a message may hold, by its kind."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from pegboard.kernel.errors import invalid
from pegboard.kernel.http.errors import from_msgspec
from pegboard.modules.messaging.errors import TextTooLong, UnknownKind

Kind = Literal["text", "markdown", "image", "file", "link", "forward", "system"]

MARKED = ("text", "markdown")
FILES = ("image", "file")
EDITABLE = MARKED


class _Content(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of all contents."""


class Text(_Content, frozen=True, kw_only=True):
    """Plain text."""

    text: str


class Markdown(_Content, frozen=True, kw_only=True):
    """A closed subset of CommonMark, rendered from its syntax tree; HTML in it is text."""

    text: str
    title: Annotated[str, Meta(max_length=200)] | None = None


class Image(_Content, frozen=True, kw_only=True):
    """A picture that was uploaded; the server fills in its measures (pixels)."""

    file_id: UUID
    width: int | None = None
    height: int | None = None


class File(_Content, frozen=True, kw_only=True):
    """Any uploaded file; the server fills in name, size (bytes) and media type."""

    file_id: UUID
    name: str | None = None
    size: int | None = None
    type: str | None = None


class Link(_Content, frozen=True, kw_only=True):
    """An address with a title and a line of text."""

    url: Annotated[str, Meta(pattern=r"^https?://\S+$", max_length=2048)]
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    text: Annotated[str, Meta(max_length=500)] = ""
    picture_url: Annotated[str, Meta(pattern=r"^https?://\S+$", max_length=2048)] | None = None


BY_KIND: Mapping[str, type[_Content]] = {
    "text": Text,
    "markdown": Markdown,
    "image": Image,
    "file": File,
    "link": Link,
}
"""What people may send directly. `forward` is made by forwarding, `system` by the server."""

_decoders = {kind: msgspec.json.Decoder(struct) for kind, struct in BY_KIND.items()}
_encoder = msgspec.json.Encoder()

C = TypeVar("C", bound=_Content)


def parse(kind: str, raw: bytes | memoryview, *, text_limit: int) -> _Content:
    """The content as its kind's type. Refuses unknown kinds, wrong shapes, empty and too long texts."""
    decoder = _decoders.get(kind)
    if decoder is None:
        raise UnknownKind(kind=kind, kinds=sorted(BY_KIND))
    try:
        content: _Content = decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise from_msgspec(error) from None
    if isinstance(content, (Text, Markdown)):
        if len(content.text) > text_limit:
            raise TextTooLong(limit=text_limit)
        if not content.text.strip():
            raise invalid("content.text", "required")
    return content


def encode(content: Any) -> bytes:
    """The JSON that is stored and sent."""
    return _encoder.encode(content)


def files_in(kind: str, content: Mapping[str, Any]) -> list[UUID]:
    """The files of a message, those of forwarded messages too; none once it was recalled."""
    if kind == "forward":
        return [file_id for item in content.get("items", ()) for file_id in files_in(item["kind"], item["content"])]
    return [UUID(content["file_id"])] if kind in FILES and content else []


def excerpt(kind: str, content: Mapping[str, Any], length: int = 80) -> str:
    """The first words of a message, for quotes and lists; empty where a client has its own word for the kind."""
    match kind:
        case "text" | "markdown":
            text = str(content.get("text", ""))
        case "file":
            text = str(content.get("name", ""))
        case "link":
            text = str(content.get("title", ""))
        case _:
            text = ""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"


def searchable(kind: str, content: Mapping[str, Any]) -> str:
    """What of a message can be found by its words; empty for what the system says, and once it was recalled."""
    match kind:
        case "text":
            parts = [content.get("text")]
        case "markdown":
            parts = [content.get("title"), content.get("text")]
        case "file":
            parts = [content.get("name")]
        case "link":
            parts = [content.get("title"), content.get("text")]
        case "forward":
            parts = [searchable(item["kind"], item["content"]) for item in content.get("items", ())]
        case _:
            parts = []
    return "\n".join(part for part in parts if part)
