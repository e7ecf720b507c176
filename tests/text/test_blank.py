"""Nothing to be seen is nothing to be read."""

from hypothesis import given
from hypothesis import strategies as st

from seq2seq.text.blank import is_blank
from seq2seq.text.corpus import normalize

UNSEEN = " \t\r\x00\x85\xa0\xad\u200b\u200d\u2028\u2060\u3000\ufeff\ud800"


@given(st.text(UNSEEN))
def test_characters_that_are_not_seen_are_blank(text):
    assert is_blank(text) and is_blank(normalize(text))


@given(st.text(UNSEEN), st.characters(categories=["L", "N", "P", "S"]), st.text())
def test_one_that_is_seen_makes_a_text(before, character, after):
    assert not is_blank(before + character + after)
