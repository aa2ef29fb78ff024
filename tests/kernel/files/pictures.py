"""Pictures, and other files by their first bytes."""

import struct
import zlib
from io import BytesIO

from PIL import Image


def picture(
    kind: str = "PNG", size: tuple[int, int] = (640, 320), *, orientation: int | None = None, mode: str = "RGB"
) -> bytes:
    """A plain picture of the format."""
    image = Image.new(mode, size, "red" if mode == "RGB" else None)
    out = BytesIO()
    if orientation is None:
        image.save(out, kind)
    else:
        exif = Image.Exif()
        exif[0x0112] = orientation
        image.save(out, kind, exif=exif)
    return out.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of some hundred bytes whose header names any size: a decompression bomb."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )
