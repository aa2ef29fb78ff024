"""What is read from the head of a page, whatever the page is like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegboard.modules.messaging.page_head import DESCRIPTION, READ_AT_MOST, SITE, TITLE, PageHead, read_head


def _head(markup: str, content_type: str = "text/html; charset=utf-8") -> PageHead:
    return read_head(markup.encode(), content_type)


@pytest.mark.parametrize(
    ("markup", "title"),
    [
        ("<title>Plain</title>", "Plain"),
        ("<!doctype html><html><head><TITLE >\n Two\n lines </TITLE ></head>", "Two lines"),
        ("<title>A &amp; B &lt;C&gt; &#x91d8;&#37336;</title>", "A & B <C> 釘釘"),
        ("<title>Tags are <b>text</b> here</title>", "Tags are <b>text</b> here"),
        ("<title></title><title>Second</title>", "Second"),
        ("<title>First</title><title>Second</title>", "First"),
        ('<title>Page</title><meta property="og:title" content="Graph">', "Graph"),
        ("<meta content='Turned round' property='og:title'>", "Turned round"),
        ("<meta property=og:title content=Bare>", "Bare"),
        ("<META PROPERTY=OG:TITLE CONTENT='Shouted'/>", "Shouted"),
        ('<meta name="twitter:title" content="Bird"><title>Page</title>', "Bird"),
        ('<meta name="twitter:title" content="Bird"><meta name="og:title" content="By name">', "By name"),
        ('<meta property="og:title" content=""><title>Page</title>', "Page"),
        ('<meta property="og:title" content="It\'s > there">', "It's > there"),
        ("<meta data-a='<title>No</title>' property='og:title' content='Yes'>", "Yes"),
        ("<!-- <title>Hidden</title> --><title>Seen</title>", "Seen"),
        ("<script>'<title>Script</title>'</script><title>Seen</title>", "Seen"),
        ("<style>/*<title>Style</title>*/</style ><title>Seen</title>", "Seen"),
        ("<SCRIPT>if (a </b) '</scripted>'</SCRIPT\n><title>Seen</title>", "Seen"),
        ("<template><title>Template</title></template><title>Seen</title>", "Seen"),
        ("<noscript><meta property=og:title content=Seen></noscript>", "Seen"),
        ("< title>No</ title><title>Seen</title>", "Seen"),
        ("<p>a < b</p><title>Seen</title>", "Seen"),
        ("<title>Never closed", ""),
        ("<!-- never closed <title>Hidden</title>", ""),
        ("<meta content='never closed><title>Hidden</title>", ""),
        ("<head></head><title>Too late</title>", ""),
        ("<body><title>Too late</title>", ""),
        ("<titles>No</titles>", ""),
        ("", ""),
        ("not a page at all", ""),
        ("<title>\u202eevil\u2066\u200b bidi\u0007\x00</title>", "evil bidi"),
        ("<title>&#x202e;evil&#0;&#xd800;</title>", "evil\ufffd\ufffd"),
        ("<title>👩‍👩‍👧</title>", "👩‍👩‍👧"),
    ],
)
def test_titles(markup: str, title: str) -> None:
    assert _head(markup).title == title


def test_descriptions_and_sites() -> None:
    head = _head(
        '<meta name=description content="plain"><meta property="og:description" content="graph">'
        '<meta name="application-name" content="App"><meta property="og:site_name" content="Site">'
    )
    assert head == PageHead(title="", description="graph", site="Site")


def test_long_texts_are_cut() -> None:
    head = _head(
        f"<title>{'字' * 500}</title><meta name=description content='{'d ' * 5000}'>"
        f"<meta property=og:site_name content={'s' * 500}>"
    )
    assert (len(head.title), len(head.site)) == (TITLE, SITE)
    assert len(head.description) <= DESCRIPTION
    assert all(text.endswith("…") for text in (head.title, head.description, head.site))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<title>釘板 Pegboard</title>".encode(), ""),
        ("<title>釘板 Pegboard</title>".encode("utf-8-sig"), "text/html; charset=big5"),
        ("<title>釘板 Pegboard</title>".encode("utf-16"), "text/html"),
        ("<title>釘板 Pegboard</title>".encode("big5"), "text/html; charset=Big5"),
        ("<title>釘板 Pegboard</title>".encode("gb18030"), 'text/html;charset="gb2312"'),
        ("<meta charset=gbk><title>釘板 Pegboard</title>".encode("gb18030"), "text/html"),
        (
            "<meta http-equiv=Content-Type content='text/html; charset=big5'><title>釘板 Pegboard</title>".encode(
                "big5"
            ),
            "text/html; charset=no-such-thing",
        ),
        ("<meta charset=utf-16><title>釘板 Pegboard</title>".encode(), ""),
        ("<meta charset=unicode_escape><title>釘板 Pegboard</title>".encode(), ""),
        ("<meta charset=utf-7><title>釘板 Pegboard</title>".encode(), ""),
    ],
)
def test_encodings(body: bytes, content_type: str) -> None:
    assert read_head(body, content_type).title == "釘板 Pegboard"


@pytest.mark.parametrize(
    "piece",
    [
        *("<", "<a", "<a/", "<a ", "<a b=", "<a b='", '<meta "', "<!--", "<!-->", "<!", "<![", "<?", "</", "</a", "= "),
        *("<title>", "<title></title", "<script>", "<script></script ", "<style>", "&", "&#", "&amp", "&#9", "a=b "),
        *("<meta name=a content=", "<meta content='' ", "\x00", "\ufeff", "<svg><title>", "<template>", "<noscript>"),
    ],
)
def test_no_page_takes_long(piece: str) -> None:
    """As long as a page can be. A parser that looks back needs minutes for some of these; the suite would notice."""
    body = (piece * (READ_AT_MOST // len(piece.encode()) + 1)).encode()
    read_head(body)
    read_head(b"<title>x" + body)


_PIECES = st.sampled_from(
    [
        *("<", ">", "/", "=", "'", '"', " ", "<title>", "</title>", "<meta ", "content=", "property=og:title", "<!--"),
        *("-->", "<script>", "</script>", "&amp;", "&#x", "釘", "\x00", "</head>", "<body", "charset=big5", "x"),
    ]
)


@given(st.lists(_PIECES, max_size=60).map("".join), st.sampled_from(["", "text/html; charset=utf-8", "charset=gbk"]))
def test_anything_can_be_read(markup: str, content_type: str) -> None:
    for encoding in ("utf-8", "gb18030", "utf-16"):
        head = read_head(markup.encode(encoding), content_type)
        for text, length in ((head.title, TITLE), (head.description, DESCRIPTION), (head.site, SITE)):
            assert len(text) <= length
            assert text == " ".join(text.split())
            assert "\x00" not in text


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read(body: bytes) -> None:
    read_head(body)
    read_head(b"<title>" + body + b"</title>")
