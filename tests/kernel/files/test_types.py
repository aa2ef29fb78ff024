"""What a file is, and what it is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegboard.kernel.files.errors import ImageTooLarge, NoThumbnail
from pegboard.kernel.files.images import dimensions, make_thumbnail
from pegboard.kernel.files.types import HEAD_BYTES, is_blocked, sniff, type_of
from pegboard.kernel.files.uploads import clean_name
from tests.kernel.files.pictures import picture, png_that_claims

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("head", "declared", "kept"),
    [
        (picture("PNG"), "image/png", "image/png"),
        (picture("PNG"), "text/plain", "image/png"),
        (picture("JPEG"), "image/png", "image/jpeg"),
        (picture("GIF"), "", "image/gif"),
        (picture("WEBP"), "image/webp", "image/webp"),
        (picture("BMP"), "image/bmp", "image/bmp"),
        (b"%PDF-1.7 x", "application/pdf", "application/pdf"),
        (b"plain text", "image/png", "application/octet-stream"),
        (b"plain text", "application/pdf", "application/octet-stream"),
        (b"plain text", "text/plain; charset=utf-8", "text/plain"),
        (b"plain text", "TEXT/CSV", "text/csv"),
        (b"plain text", "nonsense", "application/octet-stream"),
        (b"plain text", "text/plain\r\nx-evil: 1", "application/octet-stream"),
        (b"MZ\x90\0", "image/png", "application/x-msdownload"),
        (b"\x7fELF\2", "", "application/x-elf"),
        (b"<!DOCTYPE html><p>", "text/plain", "text/html"),
        (b"\xef\xbb\xbf <!-- x --> <HTML>", "image/png", "text/html"),
        (b"<script>alert(1)</script>", "text/plain", "text/html"),
        (b'<?xml version="1.0"?><svg onload="x">', "image/png", "image/svg+xml"),
        (b"<svg>", "image/svg+xml", "image/svg+xml"),
        (b"PK\x03\x04....", DOCX, DOCX),
        (b"PK\x03\x04....", "image/png", "application/zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword", "application/msword"),
        (b"\0\0\0\x18ftypmp42", "video/mp4", "video/mp4"),
        (b"\0\0\0\x18ftypM4A ", "audio/mp4", "audio/mp4"),
        (b"\0\0\0\x18ftypavif", "", "image/avif"),
        (b"RIFF\0\0\0\0WAVE", "", "audio/wav"),
        (b"\x1aE\xdf\xa3....webm", "audio/webm", "audio/webm"),
        (b"", "", "application/octet-stream"),
        (b"", "text/plain", "text/plain"),
    ],
)
def test_bytes_decide_where_something_acts_on_the_type(head: bytes, declared: str, kept: str) -> None:
    assert type_of(head[:HEAD_BYTES], declared) == kept


@given(st.binary(max_size=64), st.text(max_size=40))
def test_whatever_comes_there_is_a_type(head: bytes, declared: str) -> None:
    kept = type_of(head, declared)
    assert kept.count("/") == 1
    assert kept.isascii()
    assert kept.isprintable()
    assert kept in (sniff(head), "application/octet-stream") or not kept.startswith(("image/", "audio/", "video/"))


def test_blocked_types_may_be_families() -> None:
    assert is_blocked(["video/mp4"], ["video/*"])
    assert is_blocked(["text/plain", "application/x-msdownload"], ["Application/X-MSDownload"])
    assert not is_blocked(["image/png"], ["video/*", "image/pn"])


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("報告.docx", "報告.docx"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\x\\a.txt", "a.txt"),
        ("../..", "file"),
        ("", "file"),
        ("...", "file"),
        ("a\r\nb\0.txt", "ab.txt"),
        ("a\ud800b.txt", "ab.txt"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("." + "x" * 300, "." + "x" * 254),
    ],
)
def test_names_are_only_names(name: str, clean: str) -> None:
    assert clean_name(name) == clean


# --- pictures ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_pictures_size_is_in_its_head(kind: str) -> None:
    assert dimensions(picture(kind), f"image/{kind.lower()}") == (640, 320)


def test_a_picture_that_lies_on_its_side_is_measured_upright() -> None:
    assert dimensions(picture("JPEG", orientation=6), "image/jpeg") == (320, 640)
    assert dimensions(picture("JPEG", orientation=3), "image/jpeg") == (640, 320)


def test_what_is_no_picture_has_no_size() -> None:
    assert dimensions(b"x", "text/plain") is None
    assert dimensions(b"\x89PNG\r\n\x1a\nnot at all", "image/png") is None
    assert dimensions(picture("GIF"), "application/pdf") is None


def test_more_than_fifty_megapixels_are_refused_unopened() -> None:
    assert dimensions(png_that_claims(10_000, 5_000), "image/png") == (10_000, 5_000)
    for width, height in ((10_001, 5_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)):
        with pytest.raises(ImageTooLarge):
            dimensions(png_that_claims(width, height), "image/png")


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (picture("JPEG", (4000, 2000)), (480, 240)),
        (picture("PNG", (100, 50)), (100, 50)),
        (picture("PNG", (500, 1000), mode="RGBA"), (240, 480)),
        (picture("GIF", (960, 960), mode="P"), (480, 480)),
        (picture("JPEG", (1000, 500), orientation=6), (240, 480)),
    ],
)
def test_a_thumbnail_is_small_upright_webp(content: bytes, size: tuple[int, int]) -> None:
    small = make_thumbnail(content)
    assert sniff(small) == "image/webp"
    assert dimensions(small, "image/webp") == size


@pytest.mark.parametrize(
    "content",
    [b"", b"x", picture("BMP"), png_that_claims(20_000, 20_000), png_that_claims(500, 500), picture("PNG")[:200]],
)
def test_what_cannot_be_unpacked_safely_has_no_thumbnail(content: bytes) -> None:
    with pytest.raises(NoThumbnail):
        make_thumbnail(content)


@given(st.binary(max_size=200), st.integers(0, 100))
def test_damaged_pictures_never_break_anything(noise: bytes, at: int) -> None:
    content = picture("PNG", (20, 20))
    damaged = content[:at] + noise + content[at + len(noise) :]
    assert dimensions(damaged, "image/png") is None or len(damaged) > 20
    try:
        make_thumbnail(damaged)
    except NoThumbnail:
        pass
