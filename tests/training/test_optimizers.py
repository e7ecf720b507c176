"""One pass of Adam, the numbers of Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.training.optimizers import Adam, AdamW


@pytest.mark.parametrize("options", [{}, {"global_clipnorm": 0.5}, {"gradient_accumulation_steps": 2}])
@pytest.mark.parametrize(
    ("ours", "theirs"), [(Adam, keras.optimizers.Adam), (AdamW, keras.optimizers.AdamW)], ids=["Adam", "AdamW"]
)
def test_the_updates_are_those_of_keras(ours, theirs, options):
    draw = np.random.default_rng(0)
    start = draw.normal(size=(6, 3)).astype("float32")
    gradients = draw.normal(size=(5, 6, 3)).astype("float32")
    ended = []
    for kind in (ours, theirs):
        table, bias = keras.Variable(start), keras.Variable(start[0])
        optimizer = kind(0.1, beta_2=0.98, **options)
        for gradient in gradients:
            rows = tf.IndexedSlices(gradient[:3], tf.constant([4, 1, 0]), tf.constant([6, 3]))
            optimizer.apply_gradients([(rows, table), (tf.constant(gradient[5]), bias)])
        ended.append([table.numpy(), bias.numpy()])
    for one, other in zip(*ended, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_rows_that_come_twice_are_added_up():
    ended = []
    for gradient in (
        tf.IndexedSlices([[1.0], [2.0], [4.0]], tf.constant([2, 0, 2]), tf.constant([3, 1])),
        tf.constant([[2.0], [0.0], [5.0]]),
    ):
        table = keras.Variable(np.ones((3, 1), "float32"))
        optimizer = Adam(0.1, epsilon=1.0)
        optimizer.apply_gradients([(gradient, table)])
        ended.append(table.numpy())
    np.testing.assert_array_equal(*ended)
