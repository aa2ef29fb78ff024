"""Pictures: their size from the header alone, and small ones of them. Only four formats, never more than 50
megapixels.
"""

from io import BytesIO

from pegboard.kernel.files.errors import ImageTooLarge, NoThumbnail
from pegboard.kernel.files.types import SAFE_IMAGES

MAX_MEGAPIXELS = 50
HEADER_BYTES = 1024 * 1024
"""So much of the beginning holds the size of any picture that cameras and programs make."""
THUMBNAIL_PIXELS = 480

_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")


def dimensions(head: bytes, kind: str) -> tuple[int, int] | None:
    """Width and height as the picture is to be seen; None if it is none, or none that we look into.

    Raises `ImageTooLarge`. Nothing is unpacked.
    """
    if kind not in SAFE_IMAGES:
        return None
    from PIL import Image, UnidentifiedImageError

    # The limit below is ours, comes before anything is unpacked, and is an error rather than a warning.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(BytesIO(head), formats=_FORMATS) as image:
            width, height = image.size
            _check(width, height)
            # EXIF orientation: lies on its side. Asking a picture without EXIF would unpack it.
            turned = "exif" in image.info and image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        KeyError,
        IndexError,
        TypeError,
    ):
        return None
    return (height, width) if turned else (width, height)


def _check(width: int, height: int) -> None:
    if width * height > MAX_MEGAPIXELS * 1_000_000:
        raise ImageTooLarge(limit=MAX_MEGAPIXELS)


def make_thumbnail(content: bytes) -> bytes:
    """A WebP of at most 480 × 480 pixels, upright, without metadata. Raises `NoThumbnail`; runs in a
    thread.
    """
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as image:
            _check(*image.size)
            image.draft("RGB", (THUMBNAIL_PIXELS * 2, THUMBNAIL_PIXELS * 2))  # JPEG unpacks at a fraction at once
            upright = ImageOps.exif_transpose(image)
            small = upright.convert("RGBA" if _has_alpha(upright.mode, upright.info) else "RGB")
            small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
            out = BytesIO()
            small.save(out, "WEBP", quality=80, method=4)
            return out.getvalue()
    except ImageTooLarge:
        raise NoThumbnail from None
    except Exception as error:
        # Pillow's parsers fail in many ways on hostile bytes; for us they all mean the same.
        raise NoThumbnail from error


def _has_alpha(mode: str, info: object) -> bool:
    return mode in ("RGBA", "LA", "PA") or (isinstance(info, dict) and "transparency" in info)
