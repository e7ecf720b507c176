import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seq2seq.text.blank import is_blank
from seq2seq.text.cleaning import clean
from seq2seq.text.corpus import ParallelText, normalize

UNSEEN = (
    " \t\r\n\x00\x0b\x0c\x1c\x85\xa0\xad\u1680\u180e\u2003\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u2060\u3000"
)
UNSEEN += "\ufeff\U000e0020\u3164\u2800\ufe0f"
unseen = st.text(st.sampled_from(UNSEEN))


@given(unseen)
def test_what_shows_nothing_is_blank(text):
    assert is_blank(text) and is_blank(normalize(text))


@given(
    unseen, st.characters(categories=["L", "N", "P", "S"], exclude_characters="\u115f\u1160\u2800\u3164\uffa0"), unseen
)
def test_one_character_to_be_seen_is_a_text(before, seen, after):
    assert not is_blank(before + seen + after) and not is_blank(normalize(before + seen + after))


@given(st.text())
def test_white_space_and_nothing_are_blank(text):
    assert is_blank(text) or text.strip()
    assert is_blank(text) == is_blank(text[::-1]) == all(map(is_blank, text))


@pytest.mark.parametrize("mark", ["\u0301", "\u05b8", "\u0e31", "\u20dd"])
def test_a_mark_alone_is_seen(mark):
    assert unicodedata.category(mark).startswith("M") and not is_blank(mark)


@given(st.lists(st.tuples(unseen, st.booleans()), min_size=1))
def test_cleaning_drops_every_blank_side(rows):
    texts = ["whole", *(text for text, _ in rows)]
    others = ["entier", *("text" for _ in rows)]
    for sides in ((texts, others), (others, texts)):
        kept, report = clean(ParallelText(*sides))
        assert len(kept) == 1 and report.dropped["empty side"] == len(rows)
