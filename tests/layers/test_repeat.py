"""One vector along a sequence, and what counts as observed in one."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.layers import Repeat, split_observed

NAN = float("nan")
VECTOR = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


@pytest.mark.parametrize("steps", [1, 7])
def test_every_step_is_the_vector(steps):
    expected = np.repeat(VECTOR[:, None], steps, axis=1)
    for like in (np.zeros((4, steps, 2), "float32"), np.zeros((4, steps), "int32"), np.zeros((4, steps, 1, 2))):
        np.testing.assert_array_equal(Repeat()((VECTOR, like)), expected)


def test_one_model_serves_all_lengths_and_keeps_the_mask():
    tokens = keras.Input((None,), dtype="int32")
    embedded = keras.layers.Embedding(5, 2, mask_zero=True)(tokens)
    code = keras.layers.LSTM(3)(embedded)
    repeated = Repeat()((code, embedded))
    assert repeated.shape == (None, None, 3)
    model = keras.Model(tokens, [code, repeated])
    for batch in ([[1, 2, 0], [3, 0, 0]], [[4, 1, 2, 3, 0]]):
        code_value, result = model(np.array(batch))
        np.testing.assert_array_equal(result, np.repeat(code_value[:, None], len(batch[0]), axis=1))
        np.testing.assert_array_equal(result._keras_mask, np.array(batch) != 0)


def test_the_gradient_is_the_sum_over_steps():
    vector, weights = tf.constant(VECTOR), np.random.default_rng(1).normal(size=(4, 5, 3)).astype("float32")
    with tf.GradientTape() as tape:
        tape.watch(vector)
        total = tf.reduce_sum(Repeat()((vector, weights)) * weights)
    np.testing.assert_allclose(tape.gradient(total, vector), weights.sum(axis=1), rtol=1e-5, atol=1e-6)


def sequences(dtype="float32"):
    x = np.random.default_rng(2).normal(size=(5, 6, 2)).astype(dtype)
    x[1, 4:] = NAN  # padding
    x[2, 2] = NAN  # a missing step
    x[3, 5, 0] = x[3, 0, 1] = NAN  # single missing values
    x[4] = NAN  # nothing at all
    return x


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_keep_what_was_observed_and_are_zero_elsewhere(dtype):
    x = sequences(dtype)
    values, _ = split_observed(x)
    assert values.dtype == dtype
    np.testing.assert_array_equal(values, np.nan_to_num(x))


def test_the_mask_ends_with_the_last_observed_step_and_never_before_the_first():
    _, mask = split_observed(sequences())
    assert mask.numpy().sum(axis=1).tolist() == [6, 4, 6, 6, 1]
    assert (np.diff(mask.numpy().astype(int), axis=1) <= 0).all()  # True, then False


def test_integers_have_nothing_missing():
    values, mask = split_observed(np.arange(6).reshape(1, 3, 2))
    assert values.dtype == "float32"
    assert mask.numpy().all()


def test_infinity_is_not_taken_for_a_missing_value():
    x = sequences()
    x[0, 5] = np.inf
    values, mask = split_observed(x)
    assert np.isinf(values[0, 5]).all()
    assert mask[0, 5]


def test_unknown_sizes_in_a_graph():
    graph = tf.function(split_observed, input_signature=[tf.TensorSpec((None, None, 2))])
    for result, expected in zip(graph(sequences()), split_observed(sequences()), strict=True):
        np.testing.assert_array_equal(result, expected)


def test_two_axes_are_refused_with_the_way_out():
    with pytest.raises(ValueError, match=r"\(samples, steps, features\).*\(5, 6\).*array\[\.\.\., None\]"):
        split_observed(np.zeros((5, 6)))
