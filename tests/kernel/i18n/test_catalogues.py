"""Texts: found, filled, and complete in three languages."""

from pathlib import Path

import msgspec
import pytest

from pegboard.kernel.i18n import Catalogues, language_of
from pegboard.kernel.i18n.catalogues import KERNEL_FOLDER, DuplicateText
from pegboard.kernel.i18n.check import catalogue_problems, errors_without_text


def write(folder: Path, language: str, **texts: str) -> None:
    (folder / "texts").mkdir(parents=True, exist_ok=True)
    (folder / "texts" / f"{language}.json").write_bytes(msgspec.json.encode(texts))


def test_the_kernels_catalogues_agree() -> None:
    assert catalogue_problems(KERNEL_FOLDER) == []


def test_every_error_of_the_kernel_has_a_text() -> None:
    assert errors_without_text(Catalogues(), "pegboard.kernel") == []


def test_a_text_is_filled_in_the_language_asked_for(tmp_path: Path) -> None:
    write(tmp_path, "en", **{"x.y": "{who} has {count} left"})
    write(tmp_path, "zh-TW", **{"x.y": "{who} 還有 {count} 個"})
    catalogues = Catalogues([tmp_path])
    assert catalogues.text("x.y", "zh-TW", who="小明", count=3) == "小明 還有 3 個"
    assert catalogues.text("x.y", "en", who=["a", "b"], count=0) == "a, b has 0 left"
    assert "x.y" in catalogues
    assert catalogues.texts("zh-TW")["x.y"] == "{who} 還有 {count} 個"


def test_a_text_never_fails(tmp_path: Path) -> None:
    write(tmp_path, "en", **{"x.y": "{who} {0} {a.b} {", "only.en": "English"})
    catalogues = Catalogues([tmp_path])
    assert catalogues.text("x.y", "en") == "{who} {0} {a.b} {"
    assert catalogues.text("x.y", "en", who="{count}", count=1) == "{count} {0} {a.b} {"
    assert catalogues.text("only.en", "zh-CN") == "English"
    assert catalogues.text("nowhere.at_all", "zh-CN") == "nowhere.at_all"
    assert catalogues.text("only.en", "xx") == "English"
    assert catalogues.text("x.y", "en", key="the name of a parameter is free", language="too")


def test_two_catalogues_cannot_say_different_things_under_one_key(tmp_path: Path) -> None:
    write(tmp_path, "en", not_found="nowhere")
    with pytest.raises(DuplicateText, match="not_found"):
        Catalogues([tmp_path])


def test_the_check_finds_what_differs(tmp_path: Path) -> None:
    write(tmp_path, "en", a="{x}", b="b", c=" ")
    write(tmp_path, "zh-TW", a="{y}", b="b", c="c", d="d")
    write(tmp_path, "zh-CN", a="{x}", c="c")
    assert sorted(catalogue_problems(tmp_path)) == [
        "en: c: empty",
        "zh-CN: b: missing",
        "zh-TW: a: other places than in en",
        "zh-TW: d: not in en",
    ]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("*", "en"),
        ("zh", "zh-TW"),
        ("zh-TW,zh;q=0.9,en;q=0.8", "zh-TW"),
        ("zh-Hant", "zh-TW"),
        ("zh-Hant-HK", "zh-TW"),
        ("zh-HK", "zh-TW"),
        ("zh-MO", "zh-TW"),
        ("zh-CN", "zh-CN"),
        ("zh-Hans", "zh-CN"),
        ("zh-Hans-HK", "zh-CN"),
        ("zh-SG", "zh-CN"),
        ("ZH_cn", "zh-CN"),
        ("en-GB", "en"),
        ("fr, de;q=0.9, zh-CN;q=0.1", "zh-CN"),
        ("en;q=0.1, zh-TW;q=0.2", "zh-TW"),
        ("zh-TW;q=0, en", "en"),
        ("zh-TW;q=x, en;q=0.1", "en"),
        ("fr, de", "en"),
        (";;;,,,q=1", "en"),
        ("zh-TW," * 10_000, "zh-TW"),
    ],
)
def test_the_language_is_that_of_the_caller(header: str | None, language: str) -> None:
    assert language_of(header) == language
