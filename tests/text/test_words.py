"""Tokens know their word, whatever the tokenizer."""

import numpy as np
import pytest

from seq2seq.special_ids import EOS, PAD
from seq2seq.text.tokenizer import train_tokenizer
from seq2seq.text.words import word_numbers

TEXTS = ["the cat sat on the mat", "a cattle cart, the seats", "tea at the stall", "sit a while at the sea"]


@pytest.fixture(scope="module", params=["unigram", "bpe", "char", "word"])
def tokenizer(request):
    return train_tokenizer(request.param, TEXTS * 5, vocabulary_size=40)


@pytest.mark.parametrize("text", [*TEXTS, "the sets", "cat", "x the x", "the catx xsat"])
def test_each_word_has_the_tokens_that_spell_it(tokenizer, text):
    ids = tokenizer.encode([text])[0]
    spelling, numbers = tokenizer.spelling(ids), word_numbers(tokenizer.spelling(ids))
    assert "".join(spelling).strip() == tokenizer.decode([ids])[0]
    words = ["".join(spelling[i] for i in np.flatnonzero(numbers == word)).strip() for word in range(numbers.max() + 1)]
    assert words == tokenizer.decode([ids])[0].split()
    assert len(words) == len(text.split())


def test_special_ids_spell_nothing(tokenizer):
    ids = tokenizer.encode(["the cat"])[0]
    assert tokenizer.spelling([*ids, EOS, PAD]) == [*tokenizer.spelling(ids), "", ""]


def test_spaces_belong_to_what_follows():
    assert word_numbers([" ", "a", "b", " ", " c", " "]).tolist() == [0, 0, 0, 1, 1, -1]
    assert word_numbers([]).tolist() == []
