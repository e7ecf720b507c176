import itertools

import numpy as np
import pytest
import tensorflow as tf

from seq2seq.decoding import beam_search, greedy_search
from seq2seq.errors import InputError

EOS, WORDS = 3, range(4, 8)
PENALTIES = [0.0, 0.6, 1.0]


def found(model, rows, limits, beam_size, length_penalty=1.0, n_best=1):
    """Run the search and check the form of what it returns: for each sentence, its [(hypothesis, score)]."""
    limits = np.array(limits, np.int32)
    state = model.start(rows)
    tokens, scores = beam_search(model.step, state, limits, beam_size, length_penalty, n_best)
    assert tokens.shape == (len(limits), n_best, limits.max()) and tokens.dtype == tf.int32
    assert scores.shape == (len(limits), n_best)
    results = []
    for row, limit, some_tokens, some_scores in zip(rows, limits, tokens, scores.numpy(), strict=True):
        result = [
            (model.hypothesis(one, limit), score)
            for one, score in zip(some_tokens, some_scores, strict=True)
            if score > -1e29
        ]
        assert not some_tokens[len(result) :].numpy().any()
        assert len({hypothesis for hypothesis, _ in result}) == len(result)
        assert sorted(some_scores, reverse=True) == list(some_scores)
        for hypothesis, score in result:
            expected = model.log_probability(row, hypothesis) / len(hypothesis) ** length_penalty
            assert score == pytest.approx(expected, abs=1e-4)
        results.append(result)
    return results


def reference(model, row, limit, beam_size, length_penalty, n_best):
    """The same search in plain Python, stopped only by the limit and by `beam_size` ended hypotheses."""
    alive, ended = [((), 0.0)], []
    for length in range(1, limit + 1):
        extensions = [
            ((*hypothesis, token), score + gained)
            for hypothesis, score in alive
            for token, gained in enumerate(model.log_probabilities(row, hypothesis))
            if gained > -np.inf
        ]
        extensions.sort(key=lambda extension: -extension[1])
        ended += [
            (hypothesis, score / length**length_penalty)
            for hypothesis, score in extensions[:beam_size]
            if hypothesis[-1] == EOS or length == limit
        ]
        alive = [extension for extension in extensions if extension[0][-1] != EOS][:beam_size]
        if len(ended) >= beam_size:
            break
    return sorted(ended, key=lambda result: -result[1])[:n_best]


def hypotheses(results):
    return [[hypothesis for hypothesis, _ in result] for result in results]


@pytest.mark.parametrize("length_penalty", PENALTIES)
@pytest.mark.parametrize("eos", [-9.0, 0.0, 2.0])
def test_a_beam_of_one_is_greedy_search(table, eos, length_penalty):
    model, limits = table(seed=1, eos=eos), [12, 1, 5, 7]
    tokens, scores = greedy_search(model.step, model.start(range(4)), tf.constant(limits))
    results = found(model, range(4), limits, 1, length_penalty)
    assert hypotheses(results) == [[model.hypothesis(*row)] for row in zip(tokens, limits, strict=True)]
    for ((hypothesis, score),), greedy_score in zip(results, scores, strict=True):
        assert score * len(hypothesis) ** length_penalty == pytest.approx(float(greedy_score), rel=1e-5)


@pytest.mark.parametrize("length_penalty", PENALTIES)
def test_a_wide_beam_finds_the_best_of_all_sequences(table, length_penalty):
    model, limits, n_best = table(seed=2, eos=1.0), [4, 3, 1, 2], 5
    results = found(model, range(4), limits, 400, length_penalty, n_best)
    for row, limit in enumerate(limits):
        every = [(*words, EOS) for n in range(limit) for words in itertools.product(WORDS, repeat=n)]
        every += itertools.product(WORDS, repeat=limit)
        every.sort(key=lambda hypothesis: -model.log_probability(row, hypothesis) / len(hypothesis) ** length_penalty)
        assert [hypothesis for hypothesis, _ in results[row]] == every[:n_best]


@pytest.mark.parametrize("length_penalty", PENALTIES)
@pytest.mark.parametrize("eos", [-2.0, 0.0, 3.0])
@pytest.mark.parametrize(("beam_size", "n_best"), [(2, 1), (3, 3), (6, 2), (12, 12)])
def test_stopping_early_changes_nothing(table, beam_size, n_best, eos, length_penalty):
    model, limits = table(8, seed=beam_size, eos=eos), [1, 2, 3, 6, 9, 12, 12, 12]
    results = found(model, range(8), limits, beam_size, length_penalty, n_best)
    for row, limit in enumerate(limits):
        expected = reference(model, row, limit, beam_size, length_penalty, n_best)
        assert [hypothesis for hypothesis, _ in results[row]] == [hypothesis for hypothesis, _ in expected]


def test_the_search_stops_as_soon_as_nothing_better_can_come(table):
    model = table(eos=20.0)
    results = found(model, range(4), [40] * 4, 4, length_penalty=0.0)
    assert hypotheses(results) == [[(EOS,)]] * 4
    assert model.steps == 1  # three beams had not ended


def test_sentences_do_not_see_their_batch(table):
    model, limits = table(8, seed=4), [9, 2, 7, 1, 30, 4, 9, 9]
    together = found(model, range(8), limits, 3, n_best=2)
    alone = [found(model, [row], [limit], 3, n_best=2)[0] for row, limit in enumerate(limits)]
    backwards = found(model, range(7, -1, -1), limits[::-1], 3, n_best=2)[::-1]
    for other in (alone, backwards):
        assert hypotheses(other) == hypotheses(together)
        for results in zip(other, together, strict=True):
            one, two = ([score for _, score in result] for result in results)
            assert one == pytest.approx(two, rel=1e-5)


def test_fewer_hypotheses_than_asked_for(table):
    (result,) = found(table(), [0], [1], 8, n_best=8)
    assert {hypothesis for hypothesis, _ in result} == {(token,) for token in (EOS, *WORDS)}
    assert found(table(), [0, 1], [0, 2], 2)[0] == []


@pytest.mark.parametrize("n_best", [0, 3])
def test_n_best_is_at_most_the_beam(table, n_best):
    with pytest.raises(InputError, match=f"n_best from 1 to beam_size=2, got {n_best}"):
        beam_search(table().step, table().start([0]), tf.constant([3]), 2, n_best=n_best)


def test_one_graph_for_all_batches(table):
    model = table()

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int32)] * 2 + [tf.TensorSpec((), tf.int32)])
    def search(rows, limits, n_best):
        return beam_search(model.step, model.start(rows), limits, 3, n_best=n_best)

    for rows, limits, n_best in (([0, 1, 2, 3], [5, 1, 8, 3], 2), ([2], [20], 3), ([3, 1], [0, 0], 1)):
        in_graph = search(tf.constant(rows), tf.constant(limits), n_best)
        eager = beam_search(table().step, table().start(rows), tf.constant(limits), 3, n_best=n_best)
        assert np.array_equal(in_graph[0], eager[0])
        np.testing.assert_allclose(in_graph[1], eager[1], rtol=1e-5)
    assert search.experimental_get_tracing_count() == 1 and model.steps == 2  # of one hypothesis, and of three
