"""From weights to links: each target position to the source position that it attends to most."""

import numpy as np
import pytest

from seq2seq.inference.alignment import align


@pytest.fixture
def weights():
    """Four target tokens over five source tokens and EOS."""
    rows = np.random.default_rng(0).uniform(size=(4, 6)) ** 3
    return rows / rows.sum(axis=1, keepdims=True)


def test_tokens_go_to_the_largest_weight_but_never_to_eos(weights):
    weights[2] = [0.1, 0.05, 0.02, 0.02, 0.01, 0.8]
    links = align(weights, np.arange(5), np.arange(4)).tokens
    assert [link.target for link in links] == [0, 1, 2, 3]
    assert [link.source for link in links] == weights[:, :5].argmax(axis=1).tolist()
    assert links[2].source == 0 and links[2].probability == pytest.approx(0.1)


def test_where_each_token_is_a_word_the_words_are_the_tokens(weights):
    found = align(weights, np.arange(5), np.arange(4))
    assert found.words == found.tokens


def test_tokens_of_a_word_are_one(weights):
    found = align(weights, np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 2]))
    words = np.stack((weights[:, :2].sum(axis=1), weights[:, 2:5].sum(axis=1)), axis=1)
    words = np.stack((words[0], words[1:3].mean(axis=0), words[3]))
    assert [(link.source, link.target) for link in found.words] == [(s, t) for t, s in enumerate(words.argmax(axis=1))]
    np.testing.assert_allclose([link.probability for link in found.words], words.max(axis=1))


def test_spaces_that_belong_to_no_word_have_no_link(weights):
    links = align(weights, np.arange(5), np.array([0, 1, 1, -1])).words
    assert [link.target for link in links] == [0, 1]
    assert align(weights, np.full(5, -1), np.arange(4)).words == []
    assert align(weights[:0], np.arange(5), np.arange(0)).words == []
