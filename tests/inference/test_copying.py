"""An unknown word becomes the word of the source that it attends to, whatever the tokenizer makes of the source."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seq2seq.inference.copying import with_copies
from seq2seq.special_ids import EOS, UNK
from seq2seq.text.corpus import normalize
from seq2seq.text.tokenizer import train_tokenizer
from seq2seq.text.tokens import UNKNOWN_TEXT

TEXTS = ["the cat sat on the mat", "a cattle cart, the seats"] * 5


@pytest.fixture(scope="module", params=["unigram", "bpe", "char", "word", "bytes"])
def tokenizer(request):
    if request.param == "bytes":
        return train_tokenizer("unigram", TEXTS, vocabulary_size=400, byte_fallback=True)
    return train_tokenizer(request.param, TEXTS, vocabulary_size=40)


@given(text=st.text("acts \u2581\u2585\u6f22\u200b").map(normalize).filter(lambda text: text.split()))
@example(text="a\u2581cat \u2581 \u6f22\u6f22s cat")
def test_a_copy_is_a_word_of_the_source(tokenizer, text):
    surfaces, words = tokenizer.surfaces(text), text.split()
    assert len(surfaces) == len(tokenizer.encode([text])[0])
    ends = np.cumsum([len(part.strip()) for part in surfaces])  # characters of words so far
    for number, word in enumerate(words):
        end = sum(map(len, words[: number + 1]))
        weights = np.zeros((3, len(surfaces) + 1))
        weights[1, np.searchsorted(ends, end)] = 1.0  # the token with its last character
        copied = with_copies(f"so {UNKNOWN_TEXT}", np.array([9, UNK, EOS]), weights, surfaces)
        assert copied == f"so {word}"


def test_what_merely_looks_unknown_stays():
    for text in (f"{UNKNOWN_TEXT} {UNKNOWN_TEXT}", "none"):
        assert with_copies(text, np.array([UNK]), np.ones((1, 1)), [" a"]) == text
    assert with_copies(UNKNOWN_TEXT, np.array([UNK]), np.ones((1, 1)), [" "]) == UNKNOWN_TEXT  # no word to copy
