"""Parts of a batch are computed at once, and are the whole batch all the same."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.models.parts import gradients_of_parts

PARTS = 6


class Noisy(keras.Model):
    """Mean of the squares of a line, each value of which is off by noise."""

    def __init__(self):
        super().__init__()
        self.noise = keras.random.SeedGenerator(3)
        self.slope = self.add_weight(shape=(), initializer="ones", name="slope")
        self.compile(keras.optimizers.SGD(1.0))

    def score(self, x):
        noise = keras.random.normal(tf.shape(x), seed=self.noise)
        return tf.reduce_mean((self.slope * x + noise) ** 2), noise


def one_after_another(x, sizes):
    """Loss, noise and gradient where each part leaves the generator to the next."""
    model, losses = Noisy(), []
    with tf.GradientTape() as tape:
        for part in tf.split(x, sizes):
            loss, noise = model.score(part)
            losses.append((loss, noise, len(part)))
        loss = sum(each * count for each, _, count in losses) / len(x)
    return loss, [noise for _, noise, _ in losses], tape.gradient(loss, model.slope.value), model.noise.state.numpy()


@pytest.mark.parametrize("sizes", [[1, 1, 3, 2, 1, 4], [12]])
def test_parts_at_once_are_those_of_one_after_another(sizes):
    x = tf.constant(np.random.default_rng(1).normal(size=12), tf.float32)
    model = Noisy()

    @tf.function
    def at_once(x):
        weights = [tf.constant(float(size)) for size in sizes]
        return gradients_of_parts(model, model.score, [(part,) for part in tf.split(x, sizes)], weights)

    loss, noises, (gradient,) = at_once(x)
    right_loss, right_noises, right_gradient, state = one_after_another(x, sizes)
    assert float(loss) == pytest.approx(float(right_loss), rel=1e-5)
    assert float(gradient) == pytest.approx(float(right_gradient), rel=1e-5)
    for (noise,), right in zip(noises, right_noises, strict=True):
        np.testing.assert_allclose(noise, right, rtol=1e-6)
    np.testing.assert_array_equal(model.noise.state.numpy(), state)


def test_no_part_waits_for_another_though_all_draw_random_numbers():
    model = Noisy()

    def at_once(x):
        parts, weights = [(part,) for part in tf.split(x, PARTS)], [tf.constant(2.0)] * PARTS
        return gradients_of_parts(model, model.score, parts, weights)

    graph = tf.function(at_once).get_concrete_function(tf.TensorSpec((12,))).graph
    calls = [operation for operation in graph.get_operations() if operation.type.endswith("PartitionedCall")]
    assert len(calls) == PARTS and len({call.get_attr("f").name for call in calls}) == 1
    waits_for = {call: {*call.control_inputs, *(tensor.op for tensor in call.inputs)} for call in calls}
    assert not any(waits_for[call] & set(calls) for call in calls)
