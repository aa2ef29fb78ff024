"""Which addresses are found in a text."""

import pytest

from pegboard.modules.messaging.links import MAX_LENGTH, MAX_LINKS, links_in, may_hold_links


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("https://example.com", ["https://example.com"]),
        ("See http://example.com/a?b=c#d.", ["http://example.com/a?b=c#d"]),
        ("(https://example.com/a)", ["https://example.com/a"]),
        ("https://example.com/a_(b)", ["https://example.com/a_(b)"]),
        ('[title](https://example.com/a "tip")', ["https://example.com/a"]),
        ("<https://example.com/a>", ["https://example.com/a"]),
        ("**https://example.com/a**", ["https://example.com/a"]),
        ("看這裡：https://example.com/a，很好。", ["https://example.com/a"]),
        ("《https://example.com/a》（https://example.com/b）", ["https://example.com/a", "https://example.com/b"]),
        ("https://例子.example/釘釘", ["https://例子.example/釘釘"]),
        ("HTTPS://EXAMPLE.COM", ["HTTPS://EXAMPLE.COM"]),
        ("https://example.com https://example.com", ["https://example.com"]),
        ("https://example.com:8443/", ["https://example.com:8443/"]),
        ("example.com ftp://example.com mailto:a@example.com javascript://x http:// https://", []),
        ("https://user:password@example.com/", []),
        ("https://2130706433/ https://[::1/ https://a..b/", []),
        ("https://example.com/" + "x" * MAX_LENGTH, []),
        (
            " ".join(f"https://example.com/{number}" for number in range(9)),
            [f"https://example.com/{n}" for n in range(3)],
        ),
        ("http://a" + ")" * 19_000, []),
        ("://", []),
    ],
)
def test_links(text: str, links: list[str]) -> None:
    assert links_in("text", {"text": text}) == links
    assert links_in("markdown", {"text": text}) == links
    assert len(links) <= MAX_LINKS


def test_other_kinds_have_none() -> None:
    assert links_in("link", {"url": "https://example.com", "title": "https://example.com"}) == []
    assert links_in("text", {}) == []
    assert not may_hold_links("link", b'{"url":"https://example.com"}')
    assert not may_hold_links("text", b'{"text":"hello"}')
    assert may_hold_links("text", b'{"text":"http://a"}')
