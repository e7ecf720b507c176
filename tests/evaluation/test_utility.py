"""The matrices hold what one score after the other would."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sacrebleu.metrics import CHRF

from seq2seq.evaluation.utility import bleu_matrix, chrf_matrix

some_texts = st.lists(st.text(alphabet="ab c\u00e4\U0001f600.", max_size=12), min_size=1, max_size=5)


@given(some_texts)
@example([""])
@example(["", "a", " "])
@example(["aaaa aaaa", "aa", "aaaaaaaa", "aaaa aaaa"])
def test_chrf_is_that_of_sacrebleu(texts):
    metric = CHRF()
    expected = [[metric.sentence_score(judged, [reference]).score for reference in texts] for judged in texts]
    np.testing.assert_allclose(chrf_matrix(texts), expected, atol=1e-9)


def plain_bleu(judged, reference):
    judged, reference = (text.replace(".", " . ").split() for text in (judged, reference))
    if not judged:
        return 0.0
    product = 1.0
    for order in range(1, 5):
        grams = [
            Counter(tuple(words[k : k + order]) for k in range(len(words) - order + 1)) for words in (judged, reference)
        ]
        shared, more = sum((grams[0] & grams[1]).values()), float(order > 1)
        product *= (shared + more) / (sum(grams[0].values()) + more)
    return 100 * product**0.25 * math.exp(min(0.0, 1 - len(reference) / len(judged)))


@given(st.lists(st.text(alphabet="ab .", max_size=12), min_size=1, max_size=5))
@example(["", "a"])
@example(["a b a b a b", "a b", "b a b a . a b a b"])
def test_bleu_is_that_of_one_sentence_after_the_other(texts):
    expected = [[plain_bleu(judged, reference) for reference in texts] for judged in texts]
    np.testing.assert_allclose(bleu_matrix(texts), expected, atol=1e-9)


@pytest.mark.parametrize("matrix", [chrf_matrix, bleu_matrix])
def test_a_text_is_nearest_to_itself(matrix):
    texts = ["a man rides a bike .", "a man rides a horse .", "dogs", "a man"]
    found = matrix(texts)
    assert found.shape == (4, 4) and np.diag(found) == pytest.approx(100)
    assert (np.argmax(found, axis=0) == np.arange(4)).all()
