"""A linear forecast of a window as a layer: fitted beforehand, never trained."""

import keras
import tensorflow as tf

from seq2seq.layers.observed import carried_forward


class LinearStart(keras.layers.Layer):
    """Windows → the forecast that a network's output is a change from, and how much of that change counts.

    A value that was not observed is read as the one before it, as 0 where there is none. Until `assign` it is the last
    observed value.

    Args:
        targets: int. Columns that are forecast.
        look_back: int. Steps of a window.
        horizon: int. Steps to forecast.
        known_features: int. Columns known ahead.

    Attributes:
        share: weight `(horizon, targets)`, 0 to 1: what of the network's change counts; 1 until it is assigned.
    """

    def __init__(self, targets, look_back, horizon, known_features=0, **kwargs):
        super().__init__(trainable=False, dtype="float32", **kwargs)
        self.look_back = look_back

        def last(shape, dtype=None):
            return tf.concat((tf.zeros((targets, look_back - 1, horizon)), tf.ones((targets, 1, horizon))), axis=1)

        self.kernel = self.add_weight((targets, look_back, horizon), last, name="kernel")
        self.bias = self.add_weight((targets, horizon), "zeros", name="bias")
        self.ahead = self.add_weight((known_features, targets), "zeros", name="ahead") if known_features else None
        self.share = self.add_weight((horizon, targets), "ones", name="share")
        self.built = True

    def assign(self, kernel, bias, ahead):
        """Take over what was fitted: arrays of the shapes of the weights."""
        self.kernel.assign(kernel)
        self.bias.assign(bias)
        if self.ahead is not None:
            self.ahead.assign(ahead)

    def call(self, window, past=None, known=None):
        """Forecast.

        Args:
            window: float32 `(batch, look_back, targets)`, NaN = not observed.
            past: float32 `(batch, look_back, known_features)`, the known columns of the window; or `None`.
            known: float32 `(batch, horizon, known_features)`, without NaN; or `None`.

        Returns:
            float32 `(batch, horizon, targets)`.
        """
        if past is not None:
            window -= tf.where(tf.math.is_nan(past), 0.0, past) @ self.ahead
        forecast = tf.einsum("blt,tlh->bht", carried_forward(window), self.kernel) + tf.transpose(self.bias)
        return forecast if known is None else forecast + known @ self.ahead
