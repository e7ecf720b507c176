"""What an update does is what its formula says."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.models import Autoencoder, LanguageModel
from seq2seq.training.number_losses import ObservedLoss
from seq2seq.training.optimizers import Adam
from seq2seq.training.token_losses import TokenCrossEntropy

TOKENS = np.array([[4, 4, 4, 5], [4, 6, 4, 4]])


def model_for(optimizer):
    keras.utils.set_random_seed(1)
    model = LanguageModel(7, embedding_dim=3, units=4)
    model.compile(optimizer, loss=TokenCrossEntropy(), jit_compile=False)
    return model


def test_repeated_tokens_are_added_up_before_anything_is_squared():
    """The gradient of an embedding comes as rows; the norm to clip by, and Adam's moments, are those of the sum."""
    model, other = model_for(Adam(0.1, global_clipnorm=0.01, epsilon=1e-4)), model_for(keras.optimizers.SGD(0.1))
    model.train_on_batch(TOKENS, TOKENS)

    with tf.GradientTape() as tape:
        loss = other.loss(TOKENS, other(TOKENS, training=True))
    gradients = [tf.convert_to_tensor(each) for each in tape.gradient(loss, other.trainable_weights)]
    clipped, _ = tf.clip_by_global_norm(gradients, 0.01)
    for weight, start, gradient in zip(model.trainable_weights, other.trainable_weights, clipped, strict=True):
        # The first step of Adam, with the epsilon hat of Kingma and Ba (2015), section 2.
        expected = start.numpy() - 0.1 * gradient / (np.abs(gradient) + 1e-4 / np.sqrt(1.0 - 0.999))
        np.testing.assert_allclose(weight.numpy(), expected, atol=1e-5)


class Workers:
    """A cluster whose workers compute one after the other: what it tells one is right once all have been there."""

    def __init__(self):
        self.counts, self.given = {}, {}

    def at(self, row):
        self.row = row
        return self

    def total(self, counts):
        self.counts[self.row] = counts
        return tf.add_n(list(self.counts.values()))

    def mean(self, loss, weight, gradients):
        self.given[self.row] = weight, [weight * part for part in (loss, *gradients)]
        weights, sums = zip(*self.given.values(), strict=True)
        loss, *gradients = (tf.add_n(list(parts)) / tf.add_n(list(weights)) for parts in zip(*sums, strict=True))
        return loss, tf.add_n(list(weights)), gradients


def assert_workers_update_as_one(make, batch):
    whole, workers = make(), Workers()
    whole.over_workers = Workers().at(0)  # one of one
    logs = whole.train_step(tf.nest.map_structure(tf.constant, batch))
    rows = len(tf.nest.flatten(batch)[0])
    for row in (*range(rows), *range(rows)):
        model = make()
        model.over_workers = workers.at(row)
        mine = model.train_step(tf.nest.map_structure(lambda part, row=row: tf.constant(part[row : row + 1]), batch))
    assert abs(mine["loss"] - logs["loss"]) < 1e-6
    for mine, other in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-6)
    return whole


def test_workers_that_share_a_batch_update_as_one_with_all_of_it():
    labels = np.where(np.arange(4) < np.array([[4], [2]]), TOKENS, 0)  # the rows have different weights
    assert_workers_update_as_one(lambda: model_for(keras.optimizers.SGD(0.5)), (TOKENS, labels))


@pytest.mark.slow
def test_so_do_those_of_a_model_with_several_outputs_whose_targets_are_shared_out_unevenly():
    steps = np.random.default_rng(0).normal(size=(3, 6, 2)).astype("float32")
    steps[0, 3:5] = steps[1, 4:] = np.nan  # a row without anything to predict

    def make(parts=0):
        keras.utils.set_random_seed(1)
        model = Autoencoder(2, units=4, horizon=2)
        model.compile(keras.optimizers.SGD(0.5), ObservedLoss(), jit_compile=False)
        model.compiled_parts = parts
        return model

    batch = steps[:, :4], (steps[:, :4], steps[:, 4:])
    whole = assert_workers_update_as_one(make, batch)
    for parts in (0, 2):  # as Keras makes an update; in parts, one row and two
        alone = make(parts)
        alone.train_step(tf.nest.map_structure(tf.constant, batch))
        for mine, other in zip(alone.get_weights(), whole.get_weights(), strict=True):
            np.testing.assert_allclose(mine, other, atol=1e-6)
