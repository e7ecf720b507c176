"""What an update does is what its formula says."""

import keras
import numpy as np
import tensorflow as tf

from seq2seq.models import LanguageModel
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


def test_workers_that_share_a_batch_update_as_one_with_all_of_it():
    labels = np.where(np.arange(4) < np.array([[4], [2]]), TOKENS, 0)  # the rows have different weights
    whole = model_for(keras.optimizers.SGD(0.5))
    logs = whole.train_step((tf.constant(TOKENS), tf.constant(labels)))

    losses, weights, gradients = [], [], []

    def note(loss, weight, of_weights):
        losses.append(loss)
        weights.append(weight)
        gradients.append(of_weights)
        return loss, weight, of_weights

    def mean(*_):
        shares = [weight / sum(weights) for weight in weights]
        means = [sum(g * share for g, share in zip(each, shares, strict=True)) for each in zip(*gradients, strict=True)]
        return sum(loss * share for loss, share in zip(losses, shares, strict=True)), sum(weights), means

    for over_workers, row in ((note, 0), (note, 1), (mean, 0)):
        model = model_for(keras.optimizers.SGD(0.5))
        model.over_workers = over_workers
        mine = model.train_step((tf.constant(TOKENS[row : row + 1]), tf.constant(labels[row : row + 1])))
    assert abs(mine["loss"] - logs["loss"]) < 1e-6
    for mine, other in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-6)
