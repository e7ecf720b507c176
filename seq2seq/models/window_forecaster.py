"""Forecasts of a whole horizon from a window of the past."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from seq2seq.errors import InputError
from seq2seq.layers.linear import LinearStart
from seq2seq.models.compiled_parts import CompiledParts
from seq2seq.models.window_networks import Direct, Segments, StepByStep, Window

KINDS = ("direct", "encoder_decoder", "segments")
RESIDUALS = ("none", "last", "season", "season_growth", "linear")
EPSILON = 1e-5  # added to the variance of a window


@keras.saving.register_keras_serializable(package="seq2seq")
class WindowForecaster(CompiledParts):
    """The last `look_back` steps → the next `horizon` steps.

    NaN is a value that was not observed, and read as 0 (with `normalize_window`: as the window's mean). A window ends
    where the forecast begins: missing steps at its end are missing, not padding.

    Args:
        features: int. Columns of the window.
        horizon: int. Steps to forecast.
        target_columns: ints. The columns that are forecast; `None` for all.
        known_features: int. Columns that are known ahead, for each step of the horizon (calendar, plans); 0 for none.
        kind: the network: `"direct"`, all steps from the last state, see `Direct`; `"encoder_decoder"`, step by step,
            see `StepByStep`; `"segments"`, each target by itself and many steps at a time, see `Segments`.
        units: int.
        num_layers: int.
        cell: `"lstm"` or `"gru"`.
        dropout: float. Between layers (of the encoder) and before the output, one mask for the whole horizon.
        residual: `"none"`, or what the output is the change from, and an untrained model's forecast: `"last"`, the last
            observed value; `"season"`, the value one season before (repeated beyond a season; the last observed
            value where that one is missing); `"season_growth"`, that value plus what the last step has grown by since
            the season before (of logarithms: times its growth), once more for every further season; `"linear"`, a
            linear forecast that is fitted beforehand and given to `start.assign`: until then the last value. Of the
            change from it the share `start.share` counts.
        season: int. Steps in a season; at most `look_back`, for `"season_growth"` at most `look_back - 1`.
        normalize_window: bool. Shift and scale each window by its own mean and standard deviation, and undo it on the
            output (Kim et al. 2022, without the learned part).
        look_back: int. Steps of a window; needed for `"linear"` and `"segments"` alone.
        known_columns: ints. Where the columns known ahead are in the window; needed for `"linear"` alone.
        segment: int. Steps of a segment, at most `look_back`; needed for `"segments"` alone.
        quantiles: floats, rising, within 0 and 1. The output has a last axis with these; they never cross.

    Call arguments:
        inputs: float `(batch, look_back, features)`, or with known columns a pair of that and
            `(batch, horizon, known_features)`.

    Returns:
        float32 `(batch, horizon, targets)`, or `(batch, horizon, targets, quantiles)`.

    Raises:
        InputError: an argument out of range; a window shorter than a season; inputs without the known columns.

    Example:

    >>> model = WindowForecaster(features=3, horizon=24, target_columns=(0,), residual="season", season=24)
    >>> model(np.zeros((8, 48, 3))).shape
    TensorShape([8, 24, 1])
    """

    def __init__(
        self,
        features: int,
        horizon: int,
        target_columns: Sequence[int] | None = None,
        known_features: int = 0,
        kind: str = "direct",
        units: int = 64,
        num_layers: int = 1,
        cell: str = "lstm",
        dropout: float = 0.0,
        residual: str = "none",
        season: int = 0,
        normalize_window: bool = False,
        quantiles: Sequence[float] = (),
        look_back: int | None = None,
        known_columns: Sequence[int] = (),
        segment: int | None = None,
        **kwargs: Any,
    ) -> None:
        target_columns = tuple(range(features)) if target_columns is None else tuple(target_columns)
        quantiles, known_columns = tuple(quantiles), tuple(known_columns)
        arguments = {name: value for name, value in locals().items() if name not in ("self", "kwargs", "__class__")}
        _check(features, horizon, target_columns, kind, residual, season, quantiles)
        super().__init__(autocast=False, **kwargs)  # inputs stay float32; the layers cast where they compute
        self.arguments = arguments
        self.horizon, self.target_columns, self.known_features = horizon, target_columns, known_features
        self.residual, self.season, self.known_columns = residual, season, known_columns
        self.normalize_window, self.quantiles = normalize_window, quantiles
        self.middle = min(range(len(quantiles)), key=lambda k: abs(quantiles[k] - 0.5), default=0)
        sizes = {"units": units, "num_layers": num_layers, "cell": cell, "dropout": dropout, "known": known_features}
        sizes |= {"horizon": horizon, "targets": len(target_columns), "outputs": max(len(quantiles), 1)}
        sizes |= {"middle": self.middle, "dtype": self.dtype_policy, "name": "network"}
        if kind == "segments":
            if not look_back or not segment or not 1 <= segment <= look_back:
                raise InputError(f"kind='segments' needs 1 <= segment <= look_back, got {segment} and {look_back}.")
            beside = [column for column in range(features) if column not in target_columns]
            self.network = Segments(segment, look_back, beside, **sizes)
        else:
            # With zeros training begins at the forecast that the output is the change from.
            initializer = "glorot_uniform" if residual == "none" else "zeros"
            network = StepByStep if kind == "encoder_decoder" else Direct
            self.network = network(features, initializer=initializer, **sizes)
        self.start = None
        if residual == "linear":
            if not look_back or len(known_columns) != known_features:
                raise InputError("residual='linear' needs look_back, and a column of the window for each known one.")
            self.start = LinearStart(len(target_columns), look_back, horizon, known_features, name="start")
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        window, known = self._split_inputs(inputs)
        observed = ~tf.math.is_nan(window)
        values = tf.where(observed, window, 0.0)
        if self.normalize_window:
            mean, deviation = _moments(values, observed)
            values = tf.where(observed, (window - mean) / deviation, 0.0)
        targets, targets_observed = (tf.gather(x, self.target_columns, axis=2) for x in (values, observed))
        last = _last_observed(targets, targets_observed)
        scale = shift = None
        if self.normalize_window:
            scale, shift = (tf.gather(x, self.target_columns, axis=2) for x in (deviation, mean))  # (batch, 1, targets)
        if self.start:
            base = self._linear(window, known)
            base = base if scale is None else (base - shift) / scale
        else:
            base = self._base(targets, targets_observed, last)  # (batch, horizon, targets)
        raw = self.network(Window(values, targets, targets_observed, last), base, known, training=training)
        change = self._ordered(raw)
        if self.network.from_last:
            change += (last[:, None] - base)[..., None]
        if self.start:
            change -= (1.0 - self.start.share[..., None]) * change[..., self.middle : self.middle + 1]
        forecast = change + base[..., None]
        if scale is not None:
            forecast = forecast * scale[..., None] + shift[..., None]
        return forecast if self.quantiles else forecast[..., 0]

    def _linear(self, window, known):
        """The linear forecast, `(batch, horizon, targets)`."""
        targets = tf.gather(window, self.target_columns, axis=2)
        past = None if known is None else tf.gather(window, self.known_columns, axis=2)
        return self.start(targets, past, known)

    @property
    def layer_groups(self) -> dict[str, list[keras.layers.Layer]]:
        return {"encoder": self.network.encoder_layers}

    @property
    def input_specs(self) -> Any:
        """What `export` takes: the window, with the columns known ahead where there are any."""
        window = tf.TensorSpec((None, self.arguments["look_back"], self.arguments["features"]))
        known = tf.TensorSpec((None, self.horizon, self.known_features))
        return (window, known) if self.known_features else window

    def _split_inputs(self, inputs):
        """The window and the known columns, float32, or `None`."""
        pair = isinstance(inputs, tuple | list)
        if pair != bool(self.known_features) or (pair and len(inputs) != 2):
            expected = f"a window and {self.known_features} known columns" if self.known_features else "a window alone"
            raise InputError(f"Expected {expected}, got {len(inputs) if pair else 1} input(s).")
        window, known = inputs if pair else (inputs, None)
        window = tf.cast(window, tf.float32)
        needed = {"season": self.season, "season_growth": self.season + 1}.get(self.residual, 1)
        if self.start and window.shape[1] not in (None, self.start.look_back):
            raise InputError(f"Expected windows of {self.start.look_back} steps, got {window.shape[1]}.")
        if window.shape[1] is not None and window.shape[1] < needed:
            raise InputError(
                f"residual={self.residual!r} with season={self.season} needs windows of at least {needed} steps, "
                f"got {window.shape[1]}; raise look_back."
            )
        if known is not None:
            known = tf.cast(known, tf.float32)
            known = tf.where(tf.math.is_nan(known), 0.0, known)
        return window, known

    def _base(self, targets, observed, last):
        """What the output is the change from, `(batch, horizon, targets)`."""
        if self.residual == "none":
            return tf.zeros((tf.shape(last)[0], self.horizon, last.shape[1]))
        if self.residual == "last":
            return tf.repeat(last[:, None], self.horizon, axis=1)
        seasons, phase = divmod(np.arange(self.horizon), self.season)
        steps = tf.shape(targets)[1] - self.season + phase
        before = tf.where(tf.gather(observed, steps, axis=1), tf.gather(targets, steps, axis=1), last[:, None])
        if self.residual == "season":
            return before
        now, then = -1, -1 - self.season
        growth = tf.where(observed[:, now] & observed[:, then], targets[:, now] - targets[:, then], 0.0)[:, None]
        return before + growth * (seasons[:, None] + 1.0).astype(np.float32)

    def _ordered(self, raw):
        """Quantiles from the middle one outwards by steps above 0, so that they cannot cross."""
        middle = raw[..., self.middle : self.middle + 1]
        below, above = raw[..., : self.middle], raw[..., self.middle + 1 :]
        below = middle - tf.cumsum(tf.nn.softplus(below), axis=-1, reverse=True)
        above = middle + tf.cumsum(tf.nn.softplus(above), axis=-1)
        return tf.concat((below, middle, above), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.arguments}


def _moments(values, observed):
    """Mean and standard deviation of each window and feature over its observed steps, `(batch, 1, features)`."""
    seen = tf.cast(observed, tf.float32)
    count = tf.maximum(tf.reduce_sum(seen, axis=1, keepdims=True), 1.0)
    mean = tf.reduce_sum(values, axis=1, keepdims=True) / count
    variance = tf.reduce_sum(seen * tf.square(values - mean), axis=1, keepdims=True) / count
    return mean, tf.sqrt(variance + EPSILON)


def _last_observed(values, observed):
    """The last observed value of each feature, `(batch, features)`; 0 where there is none."""
    steps = tf.range(tf.shape(values)[1])[:, None]
    latest = tf.reduce_max(tf.where(observed, steps, 0), axis=1)  # (batch, features)
    return tf.gather(tf.transpose(values, (0, 2, 1)), latest, batch_dims=2)


def _check(features, horizon, target_columns, kind, residual, season, quantiles):
    if kind not in KINDS:
        raise InputError(f"kind={kind!r}: expected one of {', '.join(KINDS)}.")
    if residual not in RESIDUALS:
        raise InputError(f"residual={residual!r}: expected one of {', '.join(RESIDUALS)}.")
    if horizon < 1:
        raise InputError(f"Expected a horizon of at least 1 step, got {horizon}.")
    if residual.startswith("season") and season < 1:
        raise InputError(f"residual={residual!r} needs the steps of a season, at least 1, got season={season}.")
    if not target_columns or not all(0 <= column < features for column in target_columns):
        raise InputError(f"Expected target_columns from 0 to {features - 1}, at least one, got {target_columns}.")
    if list(quantiles) != sorted(set(quantiles)) or not all(0 < quantile < 1 for quantile in quantiles):
        raise InputError(f"Expected rising quantiles between 0 and 1, got {quantiles}.")
