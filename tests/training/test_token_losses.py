"""Cross-entropy per real token, with smoothed labels, by the plain formula."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.training import token_losses as module
from seq2seq.training.token_losses import (
    Taught,
    TokenCrossEntropy,
    product_log_probabilities,
    product_loss,
    token_losses,
)
from tests.stand_ins.graphics_card import seen

TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}
LABELS = np.array([[4, 1, 6, 0], [3, 0, 0, 0], [2, 2, 5, 3]], "int32")
LOGITS = np.random.default_rng(0).normal(size=(3, 4, 7), scale=3.0).astype("float32")

each_smoothing = pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 0.9])


def plain(labels, logits, label_smoothing):
    """Cross-entropy of each token against a matrix of smoothed one-hot labels."""
    targets = tf.one_hot(labels, logits.shape[-1]) * (1.0 - label_smoothing) + label_smoothing / logits.shape[-1]
    return -tf.reduce_sum(targets * tf.nn.log_softmax(logits), axis=-1)


def value_and_gradient(function, logits):
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = function(logits)
    return value, tape.gradient(value, logits)


@each_smoothing
def test_the_plain_formula_in_value_and_gradient(label_smoothing):
    real = tf.constant(LABELS != 0, tf.float32)
    loss = TokenCrossEntropy(label_smoothing)
    value, gradient = value_and_gradient(lambda logits: loss(LABELS, logits), LOGITS)
    expected, expected_gradient = value_and_gradient(
        lambda logits: tf.reduce_sum(plain(LABELS, logits, label_smoothing) * real) / tf.reduce_sum(real), LOGITS
    )
    assert value.shape == ()
    np.testing.assert_allclose(value, expected, **TOLERANCE)
    np.testing.assert_allclose(gradient, expected_gradient, **TOLERANCE)


@each_smoothing
def test_each_token_has_its_own_gradient(label_smoothing):
    labels, logits, weights = LABELS.reshape(-1), LOGITS.reshape(-1, 7), np.linspace(-1, 2, 12, dtype="float32")
    value, gradient = value_and_gradient(
        lambda z: tf.reduce_sum(weights * token_losses(labels, z, label_smoothing)), logits
    )
    expected, expected_gradient = value_and_gradient(
        lambda z: tf.reduce_sum(weights * plain(labels, z, label_smoothing)), logits
    )
    np.testing.assert_allclose(value, expected, **TOLERANCE)
    np.testing.assert_allclose(gradient, expected_gradient, **TOLERANCE)


@each_smoothing
@pytest.mark.parametrize("at_once", [2, 3, 9, 256])
def test_the_loss_of_a_product_is_that_of_its_logits(label_smoothing, at_once, monkeypatch):
    monkeypatch.setattr(module, "TOKENS_AT_ONCE", {"CPU": at_once, "GPU": at_once})
    draw = np.random.default_rng(1)
    features, table, bias = (draw.normal(size=size).astype("float32") for size in ((9, 5), (7, 5), (7,)))
    labels = tf.constant(draw.integers(1, 7, 9), tf.int32)
    labels = tf.where(tf.range(9) < 3, labels[0], labels)  # a label that comes more than once

    def value_and_gradients(loss):
        inputs = [tf.constant(array) for array in (features, table, bias)]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = loss(*inputs) * 3.0
        return value, *tape.gradient(value, inputs)

    loss = TokenCrossEntropy(label_smoothing)
    found = value_and_gradients(lambda *weights: loss.of_product(labels, *weights))
    expected = value_and_gradients(
        lambda features, table, bias: loss(labels, tf.matmul(features, table, transpose_b=True) + bias)
    )
    for ours, plain_value in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, plain_value, **TOLERANCE)


@pytest.mark.parametrize("consistency", [None, 5.0])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_the_loss_of_a_product_of_few_bits_is_the_same_on_a_gpu(dtype, consistency):
    draw = np.random.default_rng(1)
    features, table = (tf.cast(draw.normal(size=size), kind) for size, kind in (((8, 5), dtype), ((7, 5), tf.float32)))
    labels = np.tile(draw.integers(1, 7, 4), 2)

    def loss_and_gradients():
        with tf.GradientTape() as tape:
            tape.watch((features, table))
            loss = TokenCrossEntropy(0.1).of_product(labels, features, table, tf.zeros(7), consistency)
        return loss, *tape.gradient(loss, (features, table))

    expected = loss_and_gradients()
    with seen():
        found = loss_and_gradients()
    for mine, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("at_once", [2, 9, 512])
def test_the_loss_of_a_product_with_weights(at_once, monkeypatch):
    monkeypatch.setattr(module, "TOKENS_AT_ONCE", {"CPU": at_once, "GPU": at_once})
    draw = np.random.default_rng(1)
    given = [tf.constant(draw.normal(size=size), tf.float32) for size in ((9, 5), (7, 5), (7,))]
    labels, weights = draw.integers(1, 7, 9), np.linspace(-1, 2, 9, dtype="float32")

    def plainly(features, table, bias):
        return tf.reduce_sum(weights * plain(labels, tf.matmul(features, table, transpose_b=True) + bias, 0.0))

    def value_and_gradients(loss):
        with tf.GradientTape() as tape:
            tape.watch(given)
            value = loss(*given)
        return value, *tape.gradient(value, given)

    found = value_and_gradients(lambda *given: product_loss(labels, *given, weights=weights))
    for ours, plain_value in zip(found, value_and_gradients(plainly), strict=True):
        np.testing.assert_allclose(ours, plain_value, **TOLERANCE)
    logits = tf.matmul(given[0], given[1], transpose_b=True) + given[2]
    np.testing.assert_allclose(product_log_probabilities(labels, *given), -plain(labels, logits, 0.0), **TOLERANCE)


def disagreement(p, q):
    """KL(p, q) + KL(q, p) of each row of logits, by its definition."""
    p, q = tf.nn.log_softmax(p), tf.nn.log_softmax(q)
    return tf.reduce_sum(tf.exp(p) * (p - q), -1) + tf.reduce_sum(tf.exp(q) * (q - p), -1)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("at_once", [2, 6, 512])
def test_two_readings_that_have_to_agree_by_the_plain_formula(label_smoothing, at_once, monkeypatch):
    monkeypatch.setattr(module, "TOKENS_AT_ONCE", {"CPU": at_once, "GPU": at_once})
    draw = np.random.default_rng(1)
    weights = [tf.constant(draw.normal(size=size), tf.float32) for size in ((2 * 7, 5), (9, 5), (9,))]
    labels = np.tile(draw.integers(1, 9, 7), 2)

    def value_and_gradients(loss):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            value = loss(*weights) * 3.0
        return value, *tape.gradient(value, weights)

    def plainly(features, table, bias):
        logits = tf.matmul(features, table, transpose_b=True) + bias
        apart = disagreement(logits[:7], logits[7:])
        return tf.reduce_mean(plain(labels, logits, label_smoothing)) + 0.5 * 5.0 * tf.reduce_sum(apart) / 14

    loss = TokenCrossEntropy(label_smoothing)
    found = value_and_gradients(lambda *weights: loss.of_product(labels, *weights, consistency=5.0))
    for ours, plain_value in zip(found, value_and_gradients(plainly), strict=True):
        np.testing.assert_allclose(ours, plain_value, **TOLERANCE)
    without = value_and_gradients(lambda *weights: loss.of_product(labels, *weights, consistency=0.0))
    for ours, plain_value in zip(without, value_and_gradients(lambda *w: loss.of_product(labels, *w)), strict=True):
        np.testing.assert_allclose(ours, plain_value, **TOLERANCE)


def test_readings_that_agree_cost_nothing_more():
    draw = np.random.default_rng(1)
    features, table = (tf.constant(draw.normal(size=size), tf.float32) for size in ((7, 5), (9, 5)))
    labels, loss = draw.integers(1, 9, 7), TokenCrossEntropy(0.1)
    twice = loss.of_product(np.tile(labels, 2), tf.tile(features, (2, 1)), table, tf.zeros(9), consistency=50.0)
    np.testing.assert_allclose(twice, loss.of_product(labels, features, table, tf.zeros(9)), rtol=1e-6)


@pytest.mark.parametrize("consistency", [None, 5.0])
def test_the_loss_of_no_tokens_is_zero_with_zero_gradients(consistency):
    table = tf.ones((7, 5))
    with tf.GradientTape() as tape:
        tape.watch(table)
        nothing = tf.zeros(0, tf.int32), tf.zeros((0, 5)), table, tf.zeros(7)
        value = TokenCrossEntropy(0.1).of_product(*nothing, consistency=consistency)
    assert float(value) == 0.0
    np.testing.assert_array_equal(tape.gradient(value, table), 0.0)


def test_extreme_logits_stay_finite():
    logits = np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0]], "float32")
    value, gradient = value_and_gradient(lambda z: token_losses(np.array([0, 0]), z, 0.1), logits)
    np.testing.assert_allclose(value, plain([0, 0], tf.constant(logits), 0.1), rtol=1e-5)
    assert np.isfinite(gradient).all()


@each_smoothing
def test_padding_counts_neither_in_value_nor_in_gradient(label_smoothing):
    loss = TokenCrossEntropy(label_smoothing)
    value, gradient = value_and_gradient(lambda logits: loss(LABELS, logits), LOGITS)
    real = LABELS != 0
    assert not np.any(gradient.numpy()[~real])
    np.testing.assert_allclose(loss(LABELS[real], LOGITS[real]), value, rtol=1e-6)  # packed
    padded = loss(np.pad(LABELS, ((0, 2), (0, 3))), np.pad(LOGITS, ((0, 2), (0, 3), (0, 0)), constant_values=9.0))
    np.testing.assert_allclose(padded, value, rtol=1e-6)


def test_a_batch_of_nothing_but_padding_is_zero():
    value, gradient = value_and_gradient(lambda logits: TokenCrossEntropy()(np.zeros_like(LABELS), logits), LOGITS)
    assert value == 0.0
    assert not np.any(gradient)


def test_uniform_logits_cost_the_logarithm_of_the_vocabulary():
    for label_smoothing in (0.0, 0.3):
        loss = TokenCrossEntropy(label_smoothing)(LABELS, np.zeros_like(LOGITS))
        assert float(loss) == pytest.approx(np.log(7), rel=1e-6)


def test_config_round_trip():
    loss = keras.losses.deserialize(keras.losses.serialize(TokenCrossEntropy(0.2)))
    assert isinstance(loss, TokenCrossEntropy)
    assert loss.get_config() == {"name": "token_cross_entropy", "label_smoothing": 0.2}


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("at_once", [2, 7, 512])
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_what_teachers_believe_by_the_plain_formula(share, label_smoothing, at_once, monkeypatch):
    monkeypatch.setattr(module, "TOKENS_AT_ONCE", {"CPU": at_once, "GPU": at_once})
    draw = np.random.default_rng(1)
    sizes = ((7, 5), (9, 5), (9,)), ((7, 4), (9, 4), (9,)), ((7, 3), (9, 3), (9,))
    weights, *teachers = ([tf.constant(draw.normal(size=size), tf.float32) for size in each] for each in sizes)
    labels = draw.integers(1, 9, 7)

    def value_and_gradients(loss):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            value = loss(*weights) * 3.0
        return value, *tape.gradient(value, weights)

    def logits_of(features, table, bias):
        return tf.matmul(features, table, transpose_b=True) + bias

    def plainly(*weights):
        logits = logits_of(*weights)
        believed = sum(tf.nn.softmax(logits_of(*each)) for each in teachers) / 2
        unlike = -tf.reduce_sum(believed * tf.nn.log_softmax(logits), -1)
        return tf.reduce_mean((1 - share) * plain(labels, logits, label_smoothing) + share * unlike)

    loss = TokenCrossEntropy(label_smoothing)
    found = value_and_gradients(lambda *weights: loss.of_product(labels, *weights, taught=Taught(share, teachers)))
    for ours, plain_value in zip(found, value_and_gradients(plainly), strict=True):
        np.testing.assert_allclose(ours, plain_value, **TOLERANCE)
