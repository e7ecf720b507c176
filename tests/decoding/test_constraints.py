"""No n-gram twice, and a given beginning: in every search."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from seq2seq.decoding import Sampling, beam_search, greedy_search
from seq2seq.decoding.greedy import most_probable

PAD, EOS, WORDS = 0, 3, range(4, 8)
LIMITS = [9, 2, 7, 1, 20, 4, 9, 9]


def searches(model, rows, limits, memory=None, **constraints):
    """What greedy search, a beam and sampling find, each int32 `(rows, limit)` and scores `(rows,)`."""
    limits, step = tf.constant(limits), model.step
    if memory is not None:
        step = lambda tokens, state, memory: model.step(tokens, state)  # noqa: E731
    drawn = Sampling(temperature=1.5, seed=3).selector(tf.constant([*rows]))
    for select in (most_probable, drawn):
        yield greedy_search(step, model.start(rows), limits, select, memory, **constraints)
    tokens, scores = beam_search(step, model.start(rows), limits, 3, 0.0, 2, memory, **constraints)
    yield from ((tokens[:, n], scores[:, n]) for n in range(2))


def repeats(hypothesis, n):
    grams = [hypothesis[i : i + n] for i in range(len(hypothesis) - n + 1)]
    return len(set(grams)) < len(grams)


def padded(prefixes):
    width = max(map(len, prefixes))
    return tf.constant([[*prefix, *[PAD] * (width - len(prefix))] for prefix in prefixes], tf.int32)


@pytest.mark.parametrize(("n", "memory"), [(1, ()), (2, None), (3, ())])  # with a memory those that have ended leave
def test_no_n_gram_stands_twice_and_scores_are_the_models(table, n, memory):
    model = table(8, seed=n, eos=-4.0)
    for tokens, scores in searches(model, range(8), LIMITS, memory, no_repeat=n):
        for row, limit in enumerate(LIMITS):
            if float(scores[row]) < -1e29:  # of single words there are only five, so that a beam may find fewer
                continue
            hypothesis = model.hypothesis(tokens[row], limit)
            assert not repeats(hypothesis, n)
            assert float(scores[row]) == pytest.approx(model.log_probability(row, hypothesis), abs=1e-3)
    free = [model.hypothesis(*row) for row in zip(next(searches(model, range(8), LIMITS))[0], LIMITS, strict=True)]
    assert any(repeats(hypothesis, n) for hypothesis in free)


@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
@pytest.mark.parametrize("n", [1, 2])
def test_a_wide_beam_finds_the_best_of_all_sequences_without_repeats(table, n, length_penalty):
    model, limits = table(seed=2, eos=-1.0), [4, 3, 1, 5]
    tokens, _ = beam_search(
        model.step, model.start(range(4)), tf.constant(limits), 1400, length_penalty, 5, no_repeat=n
    )
    for row, limit in enumerate(limits):
        every = [(*words, EOS) for k in range(limit) for words in itertools.product(WORDS, repeat=k)]
        every = [one for one in (*every, *itertools.product(WORDS, repeat=limit)) if not repeats(one, n)]
        every.sort(key=lambda one: -model.log_probability(row, one) / len(one) ** length_penalty)
        found = [model.hypothesis(one, limit) for one in tokens[row] if np.any(one)]
        assert found == every[:5]


def test_a_narrow_ban_changes_nothing_where_nothing_repeats(table):
    model = table(8, seed=5)
    for free, banned in zip(
        searches(model, range(8), LIMITS), searches(model, range(8), LIMITS, no_repeat=20), strict=True
    ):
        np.testing.assert_array_equal(free[0], banned[0])
        np.testing.assert_array_equal(free[1], banned[1])


@pytest.mark.parametrize(("no_repeat", "memory"), [(0, None), (2, ())])
def test_hypotheses_begin_as_they_must(table, memory, no_repeat):
    model = table(8, seed=6, eos=1.0)
    prefixes = [(), (4,), (5, 5, 5), (), (7, 6, 5, 4, 4, 4, 4, 4), (6, 7), (4, 5), (7,)]
    limits = [max(limit, len(prefix) + 2) for limit, prefix in zip(LIMITS, prefixes, strict=True)]
    given = {"prefix": padded(prefixes), "no_repeat": no_repeat}
    for tokens, scores in searches(model, range(8), limits, memory, **given):
        for row, (limit, prefix) in enumerate(zip(limits, prefixes, strict=True)):
            hypothesis = model.hypothesis(tokens[row], limit)
            assert hypothesis[: len(prefix)] == prefix and len(hypothesis) > len(prefix)
            assert float(scores[row]) == pytest.approx(model.log_probability(row, hypothesis), abs=1e-3)


def test_its_own_beginning_changes_no_greedy_search(table):
    model, limit = table(4, seed=7), 12
    greedy = [model.greedy(row, limit) for row in range(4)]
    for length in (1, 3, 5):
        own = [tuple(token for token in found[:length] if token != EOS) for found in greedy]
        tokens, _ = greedy_search(model.step, model.start(range(4)), tf.fill((4,), limit), prefix=padded(own))
        assert [model.hypothesis(row, limit) for row in tokens] == greedy


def test_a_wide_beam_finds_the_best_of_what_begins_so(table):
    model, limits, prefixes = table(seed=8, eos=-1.0), [4, 3, 2, 5], [(4, 4), (5,), (6,), (7, 5, 4)]
    tokens, _ = beam_search(model.step, model.start(range(4)), tf.constant(limits), 400, 0.5, prefix=padded(prefixes))
    for row, (limit, prefix) in enumerate(zip(limits, prefixes, strict=True)):
        rest = limit - len(prefix)
        every = [(*prefix, *words, EOS) for k in range(rest) for words in itertools.product(WORDS, repeat=k)]
        every += [(*prefix, *words) for words in itertools.product(WORDS, repeat=rest)]
        best = max(every, key=lambda one: model.log_probability(row, one) / len(one) ** 0.5)
        assert model.hypothesis(tokens[row, 0], limit) == best


def test_no_beginning_is_no_constraint_and_batch_mates_do_not_matter(table):
    model = table(8, seed=9)
    prefixes = [(), (4,), (), (5,), (6, 7, 4, 4), (), (4,), (5, 6)]
    limits = [max(limit, len(prefix) + 2) for limit, prefix in zip(LIMITS, prefixes, strict=True)]
    together = list(searches(model, range(8), limits, no_repeat=2, prefix=padded(prefixes)))
    for row, (limit, prefix) in enumerate(zip(limits, prefixes, strict=True)):
        given = {"prefix": padded([prefix])} if prefix else {}
        alone = searches(model, [row], [limit], no_repeat=2, **given)
        for (tokens, scores), (expected, score) in zip(together, alone, strict=True):
            assert tokens[row, :limit].numpy().tolist() == expected[0].numpy().tolist()
            assert float(scores[row]) == pytest.approx(float(score[0]), rel=1e-5)
