"""What a file really is: by its first bytes, never by its name alone."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

HEAD_BYTES = 4096
UNKNOWN = "application/octet-stream"

# Offset and bytes, from the formats' own specifications.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"\xca\xfe\xba\xbe", "application/java-vm"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_IN_ZIP = ("application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.")
_IN_ZIP_EXACT = (
    "application/epub+zip",
    "application/java-archive",
    "application/vnd.android.package-archive",
)
_IN_OLE = ("application/msword", "application/vnd.ms-", "application/x-msi")
_BRANDS = {b"avif": "image/avif", b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heif"}
_MARKUP = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(!doctype\s+html|html|head|body|script|svg|!doctype\s+svg)",
    re.IGNORECASE | re.DOTALL,
)

# A declared type of these is believed only if the bytes agree: something acts on it.
_NEEDS_PROOF = (
    "image/",
    "audio/",
    "video/",
    "application/pdf",
    "application/zip",
    "application/x-msdownload",
)
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,80}/[a-z0-9][a-z0-9!#$&^_.+-]{0,120}")

SAFE_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Pictures that a browser shows without running anything."""


def sniff(head: bytes) -> str | None:
    """The media type that the first bytes prove; None if they prove nothing."""
    for offset, magic, found in _MAGIC:
        if head.startswith(magic, offset):
            return found
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12]) or ("video/quicktime" if head[8:10] == b"qt" else "video/mp4")
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    if head.startswith(b"MZ"):
        return "application/x-msdownload"
    if head.startswith(b"BM") and len(head) > 14 and head[6:10] == b"\0\0\0\0":
        return "image/bmp"
    if head[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"):
        return "audio/mpeg"
    if head.startswith(_ZIP):
        return "application/zip"
    if head.startswith(_OLE):
        return "application/x-ole-storage"
    if match := _MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")):
        return "image/svg+xml" if b"svg" in match[1].lower() else "text/html"
    return None


def type_of(head: bytes, declared: str) -> str:
    """The type to keep: what the bytes prove, else what was declared where nothing acts on it."""
    declared = plain_type(declared)
    found = sniff(head)
    if found == "application/zip" and (declared.startswith(_IN_ZIP) or declared in _IN_ZIP_EXACT):
        return declared
    if found == "application/x-ole-storage" and declared.startswith(_IN_OLE):
        return declared
    if found == "audio/ogg" and declared in ("video/ogg", "audio/opus", "application/ogg"):
        return declared
    if found == "video/mp4" and declared in ("audio/mp4", "audio/x-m4a", "video/3gpp"):
        return declared
    if found == "video/webm" and declared == "audio/webm":
        return declared
    if found is not None:
        return found
    return UNKNOWN if declared.startswith(_NEEDS_PROOF) else declared


def plain_type(declared: str) -> str:
    """A declared media type without its parameters; `application/octet-stream` for what is none."""
    wanted = declared.partition(";")[0].strip().lower()
    return wanted if _TYPE.fullmatch(wanted) else UNKNOWN


def is_blocked(types: Iterable[str], blocked: Iterable[str]) -> bool:
    """Whether one of the types matches a blocked pattern (`video/*`)."""
    patterns = [pattern.lower() for pattern in blocked]
    return any(fnmatchcase(kind, pattern) for kind in types for pattern in patterns)
