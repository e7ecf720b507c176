"""Errors of what was observed, by the plain formula."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.training.number_losses import ObservedLoss, QuantileLoss

NAN = float("nan")
RANDOM = np.random.default_rng(0)
TARGET = RANDOM.normal(size=(3, 5, 2), scale=2.0).astype("float32")
TARGET[0, 3:] = NAN
TARGET[1, 2, 1] = NAN
PREDICTED = RANDOM.normal(size=(3, 5, 2)).astype("float32")
OBSERVED = ~np.isnan(TARGET)
QUANTILES = (0.1, 0.5, 0.8)

FORMULAS = {
    "mse": lambda error: error**2,
    "mae": np.abs,
    "huber": lambda error: np.where(np.abs(error) <= 1, error**2 / 2, np.abs(error) - 0.5),
}
each_kind = pytest.mark.parametrize("kind", FORMULAS)
each_loss = pytest.mark.parametrize(
    "loss", [*map(ObservedLoss, FORMULAS), QuantileLoss(QUANTILES)], ids=[*FORMULAS, "quantiles"]
)


def predicted_for(loss):
    """Predictions in the form that `loss` takes."""
    if isinstance(loss, QuantileLoss):
        return PREDICTED[..., None] + np.array([-1.0, 0.0, 1.0], "float32")
    return PREDICTED


def value_and_gradient(loss, target, predicted):
    predicted = tf.constant(predicted)
    with tf.GradientTape() as tape:
        tape.watch(predicted)
        value = loss(target, predicted)
    return float(value), tape.gradient(value, predicted).numpy()


@each_kind
def test_the_mean_over_what_was_observed(kind):
    expected = FORMULAS[kind](TARGET - PREDICTED)[OBSERVED].mean()
    assert float(ObservedLoss(kind)(TARGET, PREDICTED)) == pytest.approx(expected, rel=1e-6)


@each_loss
def test_what_is_not_observed_changes_neither_value_nor_gradient(loss):
    predicted = predicted_for(loss)
    value, gradient = value_and_gradient(loss, TARGET, predicted)
    assert not gradient[~OBSERVED].any()
    assert gradient[OBSERVED].any()
    for other in (NAN, np.inf, 1e30):
        changed = predicted.copy()
        changed[~OBSERVED] = other
        same_value, same_gradient = value_and_gradient(loss, TARGET, changed)
        assert same_value == value
        np.testing.assert_array_equal(same_gradient, gradient)


@each_loss
def test_more_padding_changes_nothing(loss):
    value = float(loss(TARGET, predicted_for(loss)))
    padding = ((0, 2), (0, 3), (0, 0))
    predicted = np.pad(predicted_for(loss), (*padding, (0, 0))[: predicted_for(loss).ndim], constant_values=9.0)
    assert float(loss(np.pad(TARGET, padding, constant_values=NAN), predicted)) == pytest.approx(value, rel=1e-6)


@each_loss
def test_nothing_observed_is_zero(loss):
    value, gradient = value_and_gradient(loss, np.full_like(TARGET, NAN), predicted_for(loss))
    assert value == 0.0
    assert not gradient.any()


@each_loss
def test_a_model_that_fails_is_seen(loss):
    predicted = predicted_for(loss).copy()
    predicted[2, 0] = NAN
    assert np.isnan(float(loss(TARGET, predicted)))


def test_the_pinball_formula():
    predicted = predicted_for(QuantileLoss(QUANTILES))
    terms = []
    for k, quantile in enumerate(QUANTILES):
        error = (TARGET - predicted[..., k])[OBSERVED]
        terms.append(np.where(error > 0, quantile * error, (quantile - 1) * error).mean())
    assert float(QuantileLoss(QUANTILES)(TARGET, predicted)) == pytest.approx(np.mean(terms), rel=1e-6)


def test_the_median_is_half_the_absolute_error():
    median = QuantileLoss([0.5])(TARGET, PREDICTED[..., None])
    assert float(median) == pytest.approx(float(ObservedLoss("mae")(TARGET, PREDICTED)) / 2, rel=1e-6)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_the_quantile_of_the_targets_costs_least(quantile):
    targets = RANDOM.exponential(size=1001).astype("float32")
    candidates = np.linspace(targets.min(), targets.max(), 400, dtype="float32")
    costs = [float(QuantileLoss([quantile])(targets, np.full((1001, 1), candidate))) for candidate in candidates]
    best = candidates[np.argmin(costs)]
    assert abs(best - np.quantile(targets, quantile)) <= candidates[1] - candidates[0]


def test_shapes_that_would_be_broadcast_are_refused():
    with pytest.raises(ValueError, match=r"y_pred has shape \(3, 5, 1\).*\(3, 5, 2\)"):
        ObservedLoss()(TARGET, PREDICTED[..., :1])
    with pytest.raises(ValueError, match=r"y_pred has shape \(3, 5, 2\).*each quantile, \(3, 5, 2, 3\)"):
        QuantileLoss(QUANTILES)(TARGET, PREDICTED)


def test_unknown_arguments_are_refused():
    with pytest.raises(ValueError, match=r"kind='rmse'.*'mse', 'mae' or 'huber'"):
        ObservedLoss("rmse")
    for quantiles in ((), (0.5, 1.0), (0.0,), (NAN,), (5, 95)):
        with pytest.raises(ValueError, match=r"expected numbers between 0 and 1"):
            QuantileLoss(quantiles)


@each_loss
def test_config_round_trip(loss):
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    assert float(again(TARGET, predicted_for(loss))) == float(loss(TARGET, predicted_for(loss)))
