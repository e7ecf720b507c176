import numpy as np
import pytest
import tensorflow as tf

from seq2seq.decoding import Sampling, greedy_search
from seq2seq.errors import InputError

LOGITS = np.array([1.0, -1.0, 0.3, -3.0, 2.0, 1.7, 0.0, -0.5], np.float32)
DRAWS = 3000


def sample(model, rows, limits, streams, sampling):
    select = sampling.selector(tf.constant(streams))
    return greedy_search(model.step, model.start(rows), tf.constant(limits), select)


def draw(sampling, steps=1):
    """Token ids drawn from `LOGITS`, `(DRAWS, steps)`, one stream each."""
    select = tf.function(sampling.selector(tf.range(DRAWS)))
    logits = tf.tile(LOGITS[None], (DRAWS, 1))
    return np.stack([select(logits, tf.constant(t)) for t in range(steps)], 1)


def expected_distribution(sampling):
    """In plain NumPy, token by token."""
    probabilities = np.exp(LOGITS.astype(np.float64) / sampling.temperature)
    ranked = np.argsort(-probabilities)
    for token in ranked[sampling.top_k or len(ranked) :]:
        probabilities[token] = 0
    probabilities /= probabilities.sum()
    mass = 0.0
    for token in ranked:
        probabilities[token], mass = (
            (0 if mass >= sampling.top_p else probabilities[token]),
            mass + probabilities[token],
        )
    return probabilities / probabilities.sum()


@pytest.mark.parametrize(
    "options",
    [{}, {"temperature": 0.5}, {"temperature": 3.0}, {"top_k": 3}, {"top_p": 0.8}, {"top_k": 5, "top_p": 0.7}],
)
def test_tokens_come_as_often_as_they_are_probable(options):
    sampling = Sampling(seed=5, **options)
    expected = expected_distribution(sampling) * DRAWS
    counts = np.bincount(draw(sampling)[:, 0], minlength=len(LOGITS))
    assert not counts[expected == 0].any()
    likely = expected > 0
    # Chi-square of at most 7 degrees of freedom: above 35 by chance once in 100,000 seeds.
    assert ((counts - expected)[likely] ** 2 / expected[likely]).sum() < 35


def test_steps_are_drawn_independently():
    sampling = Sampling(seed=6)
    first, second = draw(sampling, steps=2).T
    joint = np.zeros((len(LOGITS), len(LOGITS)))
    np.add.at(joint, (first, second), 1)
    probabilities = expected_distribution(sampling)
    expected = np.outer(probabilities, probabilities) * DRAWS
    likely = expected > 5
    assert ((joint - expected)[likely] ** 2 / expected[likely]).sum() < 2.5 * likely.sum()


def test_the_seed_decides(table):
    model = table(seed=1)
    arguments = (model, [0] * 12, [5] * 12, range(12))
    runs = [sample(*arguments, Sampling(seed=seed))[0].numpy() for seed in (1, 1, 2, -1, 2**40 + 1)]
    assert np.array_equal(runs[0], runs[1])
    assert not any(np.array_equal(runs[0], other) for other in runs[2:])
    assert len(set(map(tuple, runs[0].tolist()))) > 5  # each stream draws its own


def test_streams_differ_however_far_apart():
    streams = tf.constant([0, 1, 2**15, 2**16, 2**16 + 1, 2**31 - 1])
    select = Sampling().selector(streams)
    drawn = np.stack([select(tf.zeros((6, 50)), t) for t in range(8)], 1)
    assert len(set(map(tuple, drawn.tolist()))) == 6


def test_sentences_do_not_see_their_batch(table):
    model, limits, streams = table(8, seed=3), [9, 2, 7, 1, 30, 4, 9, 9], [3, 1, 4, 15, 9, 2, 6, 5]
    sampling = Sampling(temperature=1.5, top_k=4, top_p=0.95, seed=8)
    together, scores = sample(model, range(8), limits, streams, sampling)
    for row, limit in enumerate(limits):
        alone, score = sample(model, [row], limits[row : row + 1], streams[row : row + 1], sampling)
        assert alone[0].numpy().tolist() == together[row, :limit].numpy().tolist()
        assert float(score[0]) == pytest.approx(float(scores[row]), rel=1e-5)


def test_scores_are_the_log_probabilities_of_the_model(table):
    model, limits = table(seed=4), [9, 2, 7, 1]
    tokens, scores = sample(model, range(4), limits, range(4), Sampling(temperature=2.0, top_k=3))
    for row, limit in enumerate(limits):
        hypothesis = model.hypothesis(tokens[row], limit)
        assert float(scores[row]) == pytest.approx(model.log_probability(row, hypothesis), abs=1e-4)


@pytest.mark.parametrize("options", [{"top_k": 1}, {"top_p": 1e-6}, {"temperature": 1e-6}])
def test_the_narrowest_sampling_is_greedy_search(table, options):
    model, limits = table(seed=5), [9, 2, 7, 12]
    tokens, _ = sample(model, range(4), limits, range(4), Sampling(**options))
    assert [model.hypothesis(*row) for row in zip(tokens, limits, strict=True)] == [
        model.greedy(*row) for row in enumerate(limits)
    ]


@pytest.mark.parametrize("options", [{"top_k": 1}, {"top_p": 1e-6}])
def test_of_equally_probable_tokens_the_first_counts_as_in_greedy_search(options):
    logits = tf.tile([[0.0, 1.0, 1.0, 1.0]], (20, 1))
    assert set(Sampling(**options).selector(tf.range(20))(logits, 0).numpy()) == {1}


def test_more_than_there_is():
    assert np.array_equal(draw(Sampling(top_k=99)), draw(Sampling(top_k=len(LOGITS))))


@pytest.mark.parametrize("options", [{"temperature": 0.0}, {"top_k": -1}, {"top_p": 0.0}, {"top_p": 1.1}])
def test_out_of_range(options):
    ((name, value),) = options.items()
    with pytest.raises(InputError, match=rf"{name}={value}: expected"):
        Sampling(**options)


def test_one_graph_for_all_batches(table):
    model, sampling = table(), Sampling(top_k=3, top_p=0.9, seed=1)

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.int32)] * 3)
    def search(rows, limits, streams):
        return greedy_search(model.step, model.start(rows), limits, sampling.selector(streams))

    for rows, limits, streams in (
        ([0, 1, 2, 3], [5, 1, 8, 3], [7, 8, 9, 10]),
        ([2], [20], [0]),
        ([3, 1], [0, 0], [1, 2]),
    ):
        tokens, scores = search(*map(tf.constant, (rows, limits, streams)))
        eager_tokens, eager_scores = sample(table(), rows, limits, streams, sampling)
        assert np.array_equal(tokens, eager_tokens)
        np.testing.assert_allclose(scores, eager_scores, rtol=1e-5)
    assert search.experimental_get_tracing_count() == model.steps == 1
