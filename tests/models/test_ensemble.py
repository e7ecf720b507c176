"""Several models as one: the logarithm of the mean of their probabilities, exactly."""

import numpy as np
import pytest
import tensorflow as tf

from seq2seq.models import EncoderDecoder, Ensemble
from seq2seq.models.encoder_decoder import DecoderState
from seq2seq.models.ensemble import mean_logits, mean_probability

VOCABULARY = 11
SOURCE = np.array([[5, 6, 7, 3], [8, 3, 0, 0]], np.int32)


def make_model(seed, **options):
    """A small model whose weights are all random, biases included."""
    model = EncoderDecoder(VOCABULARY, VOCABULARY, **{"embedding_dim": 4, "units": 6, **options})
    draw = np.random.default_rng(seed)
    model.set_weights([draw.normal(0, 0.7, weight.shape) for weight in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def members():
    """Models that have nothing in common but their vocabularies."""
    return [make_model(1), make_model(2, attention="none", units=4, cell="gru", decoder_layers=2)]


def plain(logits):
    """`log(mean(softmax))` over the first axis, float64."""
    logits = np.asarray(logits, np.float64)
    logits -= np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    return np.logaddexp.reduce(logits, axis=0) - np.log(len(logits))


def test_a_step_is_the_mean_of_the_probabilities(members):
    cells, memories, step = Ensemble(members).begin(SOURCE)
    tokens = np.array([[4], [9]], np.int32)
    for _ in range(3):
        own = [
            model.decoder.step(tokens, DecoderState(state, memory or None))[0]
            for model, state, memory in zip(members, cells, memories, strict=True)
        ]
        said, cells = step(tokens, cells, memories)
        assert np.allclose(tf.nn.log_softmax(said), plain(own), rtol=1e-5, atol=1e-5)
        tokens = np.argmin(said, axis=-1).astype(np.int32)


def test_what_is_never_written_has_no_probability(members):
    cells, memories, step = Ensemble(members).begin(SOURCE, never=(0, 2))
    said, _ = step(np.array([[4], [9]], np.int32), cells, memories)
    assert np.isfinite(said).all() and not tf.nn.softmax(said).numpy()[..., [0, 2]].any()


def test_small_probabilities_are_kept():
    far = np.array([[-1e9, -400.0, -3.0, -90.0], [-1e9, -401.0, 0.0, -0.1]], np.float32)
    exact = [-1e9, -400 + np.log((1 + np.exp(-1)) / 2), np.log((np.exp(-3) + 1) / 2), np.log(np.exp(-0.1) / 2)]
    assert np.allclose(mean_probability(list(far)), exact, rtol=1e-6)


def test_logits_of_the_mean_are_exact_whether_float32_holds_the_probabilities_or_not():
    draw = np.random.default_rng(0)
    for scale in (1, 10, 200):
        logits = draw.normal(0, scale, (3, 4, 2, 50)).astype(np.float32)
        logits[..., 7] = -1e9
        said = tf.nn.log_softmax(mean_logits(list(logits), never=(7,))).numpy()
        others = np.arange(50) != 7
        assert np.allclose(said[..., others], plain(logits)[..., others], rtol=1e-5, atol=1e-4)
        assert (said[..., 7] < -9e8).all() and np.isfinite(said).all()


@pytest.mark.parametrize("count", [2, 3, 5])
def test_the_mean_of_equal_ones_is_just_that(count):
    one = tf.nn.log_softmax(np.random.default_rng(0).normal(0, 9, (4, 50)).astype(np.float32))
    assert np.array_equal(mean_probability([one] * count), one)


def test_labels_are_scored_by_the_mean(members):
    given, labels = np.array([[2, 5, 6], [2, 7, 0]], np.int32), np.array([[5, 6, 3], [7, 3, 0]], np.int32)
    real, said = Ensemble(members).teacher_forced(SOURCE, given, labels)
    assert np.array_equal(real, labels[labels > 0])
    own = [model((SOURCE, given)).numpy()[labels > 0] for model in members]
    assert np.allclose(tf.nn.log_softmax(said), plain(own), rtol=1e-5, atol=1e-5)
