"""Averages of the weights: of updates, however many batches make one."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.training.averaging import ExponentialAverage


def follow(values, batches):
    """Give a weight one value after the other, an update each of so many batches; the average after each."""
    weight = keras.Variable(0.0)
    optimizer = keras.optimizers.SGD(1.0, gradient_accumulation_steps=batches if batches > 1 else None)
    optimizer.build([weight])
    average = ExponentialAverage([weight], optimizer, 0.9, every=2)
    seen = []
    for value in values:
        for _ in range(batches):
            optimizer.apply_gradients([(tf.constant(weight.value - value), weight)])
            average.after_batch()
        seen.append(float(average.average[0]))
    return seen, average


@pytest.mark.parametrize("batches", [2, 4])
def test_the_average_forgets_by_the_update_not_by_the_batch(batches):
    values = np.random.default_rng(0).normal(size=30).astype(np.float32)
    plain, _ = follow(values, 1)
    accumulated, average = follow(values, batches)
    np.testing.assert_allclose(accumulated, plain, rtol=1e-5, atol=1e-6)
    assert int(average.updates) == len(values)


def test_a_call_of_several_updates_is_averaged_by_as_many(calls=10, updates=8):
    weight, optimizer = keras.Variable(0.0), keras.optimizers.SGD(1.0)
    optimizer.build([weight])
    average, expected = ExponentialAverage([weight], optimizer, 0.9, every=2), 0.0
    for call in range(1, calls + 1):
        for _ in range(updates):
            optimizer.apply_gradients([(tf.constant(-1.0), weight)])
        average.after_batch()
        done = call * updates
        decay = min(0.9, (1 + done) / (10 + done)) ** updates
        expected = decay * expected + (1 - decay) * done  # the weight is the number of updates
    assert float(average.average[0]) == pytest.approx(expected, rel=1e-5)
