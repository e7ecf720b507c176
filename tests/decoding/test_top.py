"""The best of a wide vocabulary are TensorFlow's."""

import numpy as np
import pytest
import tensorflow as tf

from seq2seq.decoding.top import log_normalizers, top_k


@pytest.mark.parametrize("k", [1, 2, 10])
@pytest.mark.parametrize("vocabulary", [10, 64, 1021, 1024, 5000, 8009])  # 1,021 and 8,009 are prime
@pytest.mark.parametrize("levels", [3, 1_000_000])  # of few levels many are equal
def test_top_k_is_that_of_tensorflow_ties_included(vocabulary, k, levels):
    random = np.random.default_rng(vocabulary + k)
    scores = tf.constant(random.integers(-levels, levels, (7, vocabulary)), tf.float32)
    for mine, other in zip(top_k(scores, k), tf.math.top_k(scores, k), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("scale", [0.1, 10.0, 1000.0])
def test_log_normalizers_are_logsumexp(scale):
    logits = tf.constant(np.random.default_rng(1).normal(0, scale, (5, 3000)), tf.float32)
    normalizers = log_normalizers(logits, tf.reduce_max(logits, axis=-1), tf.argmax(logits, axis=-1))
    np.testing.assert_allclose(normalizers, tf.reduce_logsumexp(logits, axis=-1), rtol=1e-6, atol=1e-6)
