"""Losses over numbers. What was not observed, NaN in the target, never counts."""

import keras
import tensorflow as tf

_ERRORS = {
    "mse": tf.square,
    "mae": tf.abs,
    "huber": lambda error: tf.where(tf.abs(error) <= 1.0, 0.5 * tf.square(error), tf.abs(error) - 0.5),
}

_UNITS = {
    "mse": "squared error of scaled values",
    "mae": "absolute error of scaled values",
    "huber": "Huber loss of scaled values",
}


class _ObservedMean(keras.losses.Loss):
    """A mean over the observed values of a batch."""

    def weight(self, y_true):
        """Number of observed values, which the loss is a mean over."""
        return _observed_count(~tf.math.is_nan(y_true), y_true.dtype)


@keras.saving.register_keras_serializable(package="seq2seq")
class ObservedLoss(_ObservedMean):
    """Mean error over the observed values of a batch; 0 where there are none.

    What the model says where the target is NaN, be it NaN itself, has no influence on the loss and its gradient.

    Args:
        kind: `"mse"`, squared error; `"mae"`, absolute error; or `"huber"`, half the squared error up to an error of 1,
            the absolute error minus 1/2 beyond (Huber 1964).

    Call arguments:
        y_true: float tensor of any shape, NaN where nothing was observed.
        y_pred: float tensor of the same shape.

    Raises:
        ValueError: unknown `kind`; shapes that differ, which plain Keras losses may silently broadcast.
    """

    def __init__(self, kind="mse", name="observed_loss"):
        super().__init__(name=name, reduction=None)
        if kind not in _ERRORS:
            raise ValueError(f"kind={kind!r}: expected 'mse', 'mae' or 'huber'.")
        self.kind = kind

    @property
    def unit(self):
        return _UNITS[self.kind]

    def call(self, y_true, y_pred):
        _check_shapes(y_true.shape, y_pred.shape, "shape")
        observed = ~tf.math.is_nan(y_true)
        return _observed_mean(_ERRORS[self.kind](_differences(y_true, y_pred, observed)), observed)

    def get_config(self):
        return {"name": self.name, "kind": self.kind}


@keras.saving.register_keras_serializable(package="seq2seq")
class QuantileLoss(_ObservedMean):
    """Pinball loss, the mean over observed values and quantiles (Koenker and Bassett 1978); 0 where none are observed.

    With `e = y_true - y_pred` it is `max(q e, (q - 1) e)`: least where a share `q` of the targets lies below `y_pred`.

    Args:
        quantiles: floats between 0 and 1, in the order of the last axis of `y_pred`.

    Call arguments:
        y_true: float tensor `(…)`, NaN where nothing was observed.
        y_pred: float tensor `(…, quantiles)`.

    Raises:
        ValueError: no quantiles, or one that is not between 0 and 1; shapes that do not fit.
    """

    unit = "quantile loss of scaled values"

    def __init__(self, quantiles, name="quantile_loss"):
        super().__init__(name=name, reduction=None)
        self.quantiles = tuple(float(quantile) for quantile in quantiles)
        if not self.quantiles or not all(0.0 < quantile < 1.0 for quantile in self.quantiles):
            raise ValueError(
                f"quantiles={self.quantiles}: expected numbers between 0 and 1, such as (0.05, 0.5, 0.95)."
            )

    def call(self, y_true, y_pred):
        _check_shapes((*y_true.shape, len(self.quantiles)), y_pred.shape, "shape and one entry for each quantile")
        observed = ~tf.math.is_nan(y_true)
        errors = _differences(y_true[..., None], y_pred, observed[..., None])
        pinball = tf.maximum(errors * self.quantiles, errors * [quantile - 1.0 for quantile in self.quantiles])
        return _observed_mean(tf.reduce_mean(pinball, axis=-1), observed)

    def get_config(self):
        return {"name": self.name, "quantiles": list(self.quantiles)}


def _check_shapes(expected, given, words):
    expected, given = tf.TensorShape(expected), tf.TensorShape(given)
    if not expected.is_compatible_with(given):
        raise ValueError(f"y_pred has shape {given}: expected the target's {words}, {expected}.")


def _differences(y_true, y_pred, observed):
    # Zeros before anything is computed from them: a NaN that is masked afterwards would return in the gradient.
    return tf.where(observed, y_true - y_pred, 0.0)


def _observed_mean(losses, observed):
    return tf.reduce_sum(losses) / tf.maximum(_observed_count(observed, losses.dtype), 1.0)


def _observed_count(observed, dtype):
    return tf.reduce_sum(tf.cast(observed, dtype))
