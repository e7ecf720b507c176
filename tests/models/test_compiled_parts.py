"""Training in compiled parts is training on the whole batch."""

import keras
import numpy as np
import pytest

from seq2seq.models import Autoencoder
from seq2seq.training.number_losses import ObservedLoss
from tests.conftest import slow


def update(model, parts, x, y):
    """The loss of one update with plain gradients, and the weights after it."""
    model.compiled_parts = parts
    model.compile(keras.optimizers.SGD(1.0), ObservedLoss())
    return model.train_on_batch(x, y, return_dict=True)["loss"], model.get_weights()


@pytest.mark.parametrize(("parts", "horizon"), [slow(2, 0), slow(1, 0), slow(7, 0), (2, 2), slow(1, 2), slow(3, 2)])
def test_an_update_in_parts_is_that_of_the_whole_batch(parts, horizon):
    random = np.random.default_rng(1)
    x = random.normal(size=(5, 6, 2)).astype("float32")
    x[0, 3:] = np.nan  # so that parts have different weights, and of seven two have none
    y = (x, random.normal(size=(5, horizon, 2)).astype("float32")) if horizon else x
    models = [Autoencoder(features=2, units=4, horizon=horizon) for _ in range(2)]
    models[1].set_weights(models[0].get_weights())
    (loss, weights), (whole_loss, whole_weights) = update(models[0], parts, x, y), update(models[1], 0, x, y)
    assert loss == pytest.approx(whole_loss, rel=1e-5)
    for mine, other in zip(weights, whole_weights, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("parts", [0, slow(1), slow(2)])
def test_the_scale_of_a_loss_changes_no_update(parts):
    x = np.random.default_rng(1).normal(size=(5, 6, 2)).astype("float32")
    models = [Autoencoder(features=2, units=4) for _ in range(2)]
    models[1].set_weights(models[0].get_weights())
    for model, scales in zip(models, (True, False), strict=True):
        plain = keras.optimizers.SGD(1.0)
        model.compiled_parts = parts
        model.compile(keras.optimizers.LossScaleOptimizer(plain, 2.0**10) if scales else plain, ObservedLoss())
        model.train_on_batch(x, x)
    for mine, other in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-4, atol=1e-5)
