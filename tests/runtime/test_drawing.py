"""Random numbers without TensorFlow are those with it."""

import numpy as np
import pytest
import tensorflow as tf

from seq2seq.runtime.drawing import LEAST, uniform


@pytest.mark.parametrize("seed", [(0, 0), (3, 1), (2**40 + 5, (7 << 32) + 19), (-1, 2**31)])
@pytest.mark.parametrize("count", [1, 4, 1001])
def test_uniform_numbers_are_those_of_tensorflow(seed, count):
    expected = tf.random.stateless_uniform((count,), tf.constant(seed, tf.int64), minval=1e-20)
    found = uniform(seed, count)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.float32 and found.min() >= LEAST and found.max() < 1.0
