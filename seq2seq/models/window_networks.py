"""The networks of window forecasters: from what is known of a window to what is written of each step of the horizon."""

from typing import NamedTuple

import keras
import tensorflow as tf

from seq2seq.models.recurrent import RecurrentStack


class Window(NamedTuple):
    """A batch of windows, as networks read them.

    Attributes:
        values: float32 `(batch, look_back, features)`, 0 where nothing was observed.
        targets: float32 `(batch, look_back, targets)`, the columns of them that are forecast.
        observed: bool, as `targets`.
        last: float32 `(batch, targets)`, the last observed value of each, 0 where there is none.
    """

    values: tf.Tensor
    targets: tf.Tensor
    observed: tf.Tensor
    last: tf.Tensor


class WindowNetwork(keras.layers.Layer):
    """What networks have in common.

    Args:
        horizon: int. Steps that are written.
        targets: int. Columns that are forecast.
        outputs: int. Numbers for each step of each target.
        middle: int. Which of them is the forecast itself.

    Attributes:
        from_last: bool. What is written is the change from the last observed value, whatever the base is.

    Call arguments:
        window: `Window`.
        base: float32 `(batch, horizon, targets)`, what the forecast is the change from.
        known: float32 `(batch, horizon, known)`, the columns known ahead, or `None`.

    Returns:
        float32 `(batch, horizon, targets, outputs)`.
    """

    from_last = False

    def __init__(self, horizon, targets, outputs, middle, **kwargs):
        super().__init__(autocast=False, **kwargs)  # what passes by stays float32; the layers cast where they compute
        self.horizon, self.targets, self.outputs, self.middle = horizon, targets, outputs, middle

    @property
    def encoder_layers(self):
        """The layers that read the window, which can be frozen together."""
        return [self.encoder]


class Direct(WindowNetwork):
    """A dense layer writes all steps from the last state (many to one).

    Known columns enter by a `tanh` layer of the state and a step's own columns.

    Args:
        features: int. Columns of the window.
        known: int. Columns known ahead.
        units, num_layers, cell, dropout: of the `RecurrentStack`; `dropout` before what is written, too.
        initializer: of the layer that writes.
        **kwargs: of `WindowNetwork`.
    """

    def __init__(self, features, known, units, num_layers, cell, dropout, initializer, **kwargs):
        super().__init__(**kwargs)
        dtype = {"dtype": self.dtype_policy}
        self.encoder = RecurrentStack(num_layers, units, cell=cell, dropout=dropout, name="encoder", **dtype)
        self.dropout = keras.layers.Dropout(dropout, **dtype)
        width, start = self.targets * self.outputs, {"kernel_initializer": initializer, **dtype}
        self.output_layer = keras.layers.Dense(width * self.horizon, name="output", **start)
        self.known_layer = self.known_output = None
        self.encoder.build((None, None, features))
        self.output_layer.build((None, units))
        if known:
            self.known_layer = keras.layers.Dense(units, activation="tanh", name="known", **dtype)
            self.known_output = keras.layers.Dense(width, use_bias=False, name="known_output", **start)
            self.known_layer.build((None, None, units + known))
            self.known_output.build((None, None, units))
        self.built = True

    def call(self, window, base, known=None, training=False):
        outputs, _ = self.encoder(window.values, training=training)
        state = self.dropout(outputs[:, -1], training=training)
        shape = (-1, self.horizon, self.targets, self.outputs)
        raw = tf.reshape(self.output_layer(state), shape)
        if known is not None:
            along = tf.repeat(state[:, None], self.horizon, axis=1)
            hidden = self.known_layer(tf.concat((along, tf.cast(known, along.dtype)), axis=2))
            raw += tf.reshape(self.known_output(hidden), shape)
        return tf.cast(raw, tf.float32)


class StepByStep(WindowNetwork):
    """A second stack starts from the states of the first and goes through the horizon; it reads its own forecast of the
    step before (first: the last observed value) and the known columns, in training too.

    Args: as for `Direct`.
    """

    def __init__(self, features, known, units, num_layers, cell, dropout, initializer, **kwargs):
        super().__init__(**kwargs)
        dtype = {"dtype": self.dtype_policy}
        self.encoder = RecurrentStack(num_layers, units, cell=cell, dropout=dropout, name="encoder", **dtype)
        self.decoder = RecurrentStack(num_layers, units, cell=cell, name="decoder", **dtype)
        self.dropout = keras.layers.Dropout(dropout, **dtype)
        width = self.targets * self.outputs
        self.output_layer = keras.layers.Dense(width, kernel_initializer=initializer, name="output", **dtype)
        self.encoder.build((None, None, features))
        self.decoder.build((None, None, self.targets + known))
        self.output_layer.build((None, units))
        self.built = True

    def call(self, window, base, known=None, training=False):
        _, states = self.encoder(window.values, training=training)
        # One mask for the whole horizon.
        keep = self.dropout(tf.ones((tf.shape(window.last)[0], self.decoder.units)), training=training)
        base, known = (None if x is None else tf.transpose(x, (1, 0, 2)) for x in (base, known))  # steps first

        def step(t, value, states, results):
            inputs = value if known is None else tf.concat((value, known[t]), axis=1)
            outputs, states = self.decoder.step(inputs, states)
            raw = tf.cast(self.output_layer(outputs * keep), tf.float32)
            raw = tf.reshape(raw, (-1, self.targets, self.outputs))
            return t + 1, raw[..., self.middle] + base[t], states, results.write(t, raw)

        results = tf.TensorArray(
            tf.float32, self.horizon, element_shape=(window.last.shape[0], self.targets, self.outputs)
        )
        *_, results = tf.while_loop(
            lambda t, *_: t < self.horizon,
            step,
            (0, window.last, states, results),
            parallel_iterations=1,
            maximum_iterations=self.horizon,
        )
        return tf.transpose(results.stack(), (1, 0, 2, 3))


class Segments(WindowNetwork):
    """Each target by itself, a segment of some hours or days at a time.

    After SegRNN (Lin et al. 2023, "SegRNN: Segment Recurrent Neural Network for Long-Term Time Series Forecasting"): a
    layer that reads a day at a time carries what it knows over few steps, and all segments of the horizon are written
    at once, each from the last state and from which segment of which column it is. The weights are those of all
    targets; what is read of a target, and written, is the change from its last observed value.

    Args:
        segment: int. Steps of a segment. Of a window that has no whole number of them the first steps are not read.
        look_back: int. Steps of a window, at least a segment.
        beside: ints. Columns of the window that are no targets, which each target reads with its own.
        known, units, num_layers, cell, dropout: as for `Direct`.
        **kwargs: of `WindowNetwork`.
    """

    from_last = True

    def __init__(self, segment, look_back, beside, known, units, num_layers, cell, dropout, **kwargs):
        super().__init__(**kwargs)
        dtype = {"dtype": self.dtype_policy}
        self.segment, self.beside = segment, tuple(beside)
        self.read, self.written = look_back // segment, -(-self.horizon // segment)  # segments
        self.embedding = keras.layers.Dense(units, activation="relu", name="embedding", **dtype)
        self.stack = RecurrentStack(num_layers, units, cell=cell, dropout=dropout, name="stack", **dtype)
        self.place = self.add_weight((self.written, units // 2), "random_normal", name="place")
        self.column = self.add_weight((self.targets, units - units // 2), "random_normal", name="column")
        self.ahead = keras.layers.Dense(units, use_bias=False, name="ahead", **dtype) if known else None
        self.dropout = keras.layers.Dropout(dropout, **dtype)
        self.output_layer = keras.layers.Dense(
            segment * self.outputs, kernel_initializer="zeros", name="output", **dtype
        )
        self.embedding.build((None, None, segment * (1 + len(self.beside))))
        self.stack.build((None, None, units))
        self.output_layer.build((None, units))
        if self.ahead:
            self.ahead.build((None, None, segment * known))
        self.built = True

    @property
    def encoder_layers(self):
        return [self.embedding, self.stack]

    def call(self, window, base, known=None, training=False):
        _, states = self.stack(self.embedding(self._segments(window)), training=training)
        by_target = (-1, self.targets, self.stack.units)
        states = tf.nest.map_structure(lambda state: tf.reshape(state, by_target), states)
        outputs = self.stack.branches(self._queries(known), states)  # (batch, targets, segments, units)
        made = self.output_layer(self.dropout(outputs, training=training))
        made = tf.reshape(made, (-1, self.targets, self.written * self.segment, self.outputs))[:, :, : self.horizon]
        return tf.cast(tf.transpose(made, (0, 2, 1, 3)), tf.float32)

    def _segments(self, window):
        """Those of each target, `(batch · targets, segments, segment · (1 + beside))`."""
        steps = self.read * self.segment
        changes = tf.where(window.observed, window.targets - window.last[:, None], 0.0)
        rows = tf.transpose(changes[:, -steps:], (0, 2, 1))
        rows = tf.reshape(rows, (-1, self.targets, self.read, self.segment))
        if self.beside:
            beside = tf.gather(window.values[:, -steps:], self.beside, axis=2)
            beside = tf.reshape(beside, (-1, 1, self.read, self.segment * len(self.beside)))
            rows = tf.concat((rows, tf.repeat(beside, self.targets, axis=1)), axis=-1)
        return tf.reshape(rows, (-1, self.read, rows.shape[-1]))

    def _queries(self, known):
        """Which segment of which target is to be written, `(targets, segments, units)`; with known columns, of each
        window, `(batch, targets, segments, units)`."""
        place = tf.repeat(self.place[None], self.targets, axis=0)
        column = tf.repeat(self.column[:, None], self.written, axis=1)
        which = tf.cast(tf.concat((place, column), axis=-1), self.compute_dtype)
        if known is None:
            return which
        known = tf.pad(known, ((0, 0), (0, self.written * self.segment - self.horizon), (0, 0)))
        return which + self.ahead(tf.reshape(known, (-1, 1, self.written, self.segment * known.shape[2])))
