"""Forecasts by segments: a window is read, and its horizon written, some hours or days at a time.

After SegRNN (Lin et al. 2023, "SegRNN: Segment Recurrent Neural Network for Long-Term Time Series Forecasting"): a
recurrent layer that reads a day at a time has few steps to carry what it knows along, and all segments of the horizon
are written at once, each from the last state and from which segment of which column it is.
"""

import keras
import tensorflow as tf

from seq2seq.models.recurrent import RecurrentStack


class Segments(keras.layers.Layer):
    """Windows of changes → what is written of each step of the horizon. Each target is a row by itself: the weights are
    shared, and each has a vector of its own.

    Args:
        segment: int. Steps of a segment. Of a window that has no whole number of them the first steps are not read.
        look_back: int. Steps of a window, at least a segment.
        horizon: int. Steps that are written.
        targets: int. Columns that are forecast.
        beside: int. Other columns of the window, which each target reads with its own; 0 for none.
        known: int. Columns known ahead; 0 for none.
        outputs: int. Numbers for each step of each target.
        units: int.
        num_layers: int.
        cell: `"lstm"` or `"gru"`.
        dropout: float. Between layers, and before what is written.

    Call arguments:
        targets: float `(batch, look_back, targets)`.
        beside: float `(batch, look_back, beside)`, or `None`.
        known: float `(batch, horizon, known)`, or `None`.

    Returns:
        float32 `(batch, horizon, targets, outputs)`.
    """

    def __init__(
        self,
        segment,
        look_back,
        horizon,
        targets,
        beside=0,
        known=0,
        outputs=1,
        units=128,
        num_layers=1,
        cell="lstm",
        dropout=0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        dtype = {"dtype": self.dtype_policy}
        self.segment, self.horizon, self.targets, self.outputs = segment, horizon, targets, outputs
        self.read, self.written = look_back // segment, -(-horizon // segment)  # segments
        self.embedding = keras.layers.Dense(units, activation="relu", name="embedding", **dtype)
        self.stack = RecurrentStack(num_layers, units, cell=cell, dropout=dropout, name="stack", **dtype)
        self.place = self.add_weight((self.written, units // 2), "random_normal", name="place")
        self.column = self.add_weight((targets, units - units // 2), "random_normal", name="column")
        self.ahead = keras.layers.Dense(units, use_bias=False, name="ahead", **dtype) if known else None
        self.dropout = keras.layers.Dropout(dropout, **dtype)
        self.output_layer = keras.layers.Dense(segment * outputs, kernel_initializer="zeros", name="output", **dtype)
        self.embedding.build((None, None, segment * (1 + beside)))
        self.stack.build((None, None, units))
        self.output_layer.build((None, units))
        if self.ahead:
            self.ahead.build((None, None, segment * known))
        self.built = True

    def call(self, targets, beside=None, known=None, training=False):
        _, states = self.stack(self.embedding(self._read(targets, beside)), training=training)
        states = tf.nest.map_structure(lambda state: tf.repeat(state, self.written, axis=0), states)
        queries = self._queries(tf.shape(targets)[0], known)
        outputs, _ = self.stack.step(queries, states)
        made = self.output_layer(self.dropout(outputs, training=training))
        made = tf.reshape(made, (-1, self.targets, self.written * self.segment, self.outputs))[:, :, : self.horizon]
        return tf.cast(tf.transpose(made, (0, 2, 1, 3)), tf.float32)

    def _read(self, targets, beside):
        """The segments of each target, `(batch · targets, segments, segment · (1 + beside))`."""
        steps = self.read * self.segment
        rows = tf.transpose(targets[:, -steps:], (0, 2, 1))
        rows = tf.reshape(rows, (-1, self.targets, self.read, self.segment))
        if beside is not None:
            others = tf.reshape(beside[:, -steps:], (-1, 1, self.read, self.segment * beside.shape[2]))
            rows = tf.concat((rows, tf.repeat(others, self.targets, axis=1)), axis=-1)
        return tf.reshape(rows, (-1, self.read, rows.shape[-1]))

    def _queries(self, batch, known):
        """Which segment of which target is to be written, `(batch · targets · segments, units)`."""
        place = tf.repeat(self.place[None], self.targets, axis=0)
        column = tf.repeat(self.column[:, None], self.written, axis=1)
        which = tf.concat((place, column), axis=-1)[None]  # (1, targets, segments, units)
        if self.ahead is None:
            which = tf.repeat(which, batch, axis=0)
        else:
            spare = self.written * self.segment - self.horizon
            known = tf.pad(known, ((0, 0), (0, spare), (0, 0)))
            known = tf.reshape(known, (batch, self.written, self.segment * known.shape[2]))
            ahead = self.ahead(known)[:, None]
            which = tf.cast(which, ahead.dtype) + ahead
        return tf.cast(tf.reshape(which, (-1, self.stack.units)), self.compute_dtype)
