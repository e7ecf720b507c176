"""Forecasts of one step at a time, from a state that goes on for as long as the data do."""

from typing import Any

import keras
import tensorflow as tf

from seq2seq.errors import InputError
from seq2seq.layers.observed import carried_forward, split_observed
from seq2seq.models.recurrent import RecurrentStack
from seq2seq.models.stateful import StatefulModel, as_float32, layer_widths


@keras.saving.register_keras_serializable(package="seq2seq")
class StreamForecaster(StatefulModel):
    """After every step, the next one: all features of step t + 1 from the steps up to t.

    See `StatefulModel` for states and training: on whole sequences, `fit(x[:, :-1], x[:, 1:])`, or on connected chunks.
    NaN is a value that was not observed. It is read as 0, and time goes on; a row's own end matters only to `forecast`.

    Args:
        features: int.
        units: int.
        num_layers: int.
        cell: `"lstm"` or `"gru"`.
        dropout: float. Between layers and before the output.
        residual: `"none"`, or `"last"`: the output is the change from the last observed value (0 before the first),
            and an untrained model forecasts that value. The last observed values are part of the state then.

    Call arguments:
        x: float `(batch, steps, features)`.
        states: as `run` returns them, or `None` to start from zeros.

    Returns:
        float32 `(batch, steps, features)`: at step t the forecast of step t + 1.

    Raises:
        InputError: an unknown `residual`.

    Example:

    >>> model = StreamForecaster(features=1, units=8)
    >>> outputs, states = model.run(np.zeros((4, 30, 1)))
    >>> output, states = model.step(np.ones((4, 1)), states)
    >>> model.forecast(np.zeros((4, 30, 1)), steps=5).shape
    TensorShape([4, 5, 1])
    """

    def __init__(
        self,
        features: int,
        units: int = 64,
        num_layers: int = 1,
        cell: str = "lstm",
        dropout: float = 0.0,
        residual: str = "none",
        **kwargs: Any,
    ) -> None:
        arguments = {name: value for name, value in locals().items() if name not in ("self", "kwargs", "__class__")}
        if residual not in ("none", "last"):
            raise InputError(f"residual={residual!r}: expected 'none' or 'last'.")
        widths = layer_widths(cell, num_layers, units)
        super().__init__([*widths, [features]] if residual == "last" else widths, **kwargs)
        self.arguments = arguments
        self.features, self.residual = features, residual
        dtype = {"dtype": self.dtype_policy}
        self.stack = RecurrentStack(num_layers, units, cell=cell, dropout=dropout, name="stack", **dtype)
        self.dropout = keras.layers.Dropout(dropout, **dtype)
        start = "glorot_uniform" if residual == "none" else "zeros"  # zeros: training begins at the last value
        self.output_layer = keras.layers.Dense(features, kernel_initializer=start, name="output", **dtype)
        states = tf.nest.map_structure(lambda width: tf.TensorSpec((None, width)), self.state_widths)
        self._forecast = tf.function(
            self._forecast_graph,
            input_signature=(tf.TensorSpec((None, None, features)), tf.TensorSpec((), tf.int32), states),
            autograph=False,
        )
        self.build()

    def build(self, input_shape: Any = None) -> None:
        """All shapes but batch and length are known from the arguments, so the weights exist from the start."""
        if self.built:
            return
        self.stack.build((None, None, self.features))
        self.output_layer.build((None, None, self.stack.units))
        self.built = True

    @property
    def layer_groups(self) -> dict[str, list[keras.layers.Layer]]:
        return {"encoder": [self.stack]}

    @property
    def input_specs(self) -> Any:
        """What `export` takes: steps of all features."""
        return tf.TensorSpec((None, None, self.features))

    def call(self, x: Any, states: Any = None, training: bool = False) -> Any:
        return self.run(x, states, training=training)[0]

    def run(self, x: Any, states: Any = None, mask: Any = None, training: bool = False) -> Any:
        """Read some steps, `(batch, steps, features)`.

        Args:
            x: float `(batch, steps, features)`.
            states: as this function returns them, or `None` to start from zeros.
            mask: bool `(batch, steps)`, or `None`. `False` after a row's last step: its state stays as it is there.
            training: bool.

        Returns:
            The forecasts, float32 `(batch, steps, features)`, each of the step after, and the states after the last.
        """
        x = tf.cast(x, tf.float32)
        states = self.initial_state(tf.shape(x)[0]) if states is None else states
        values, _ = split_observed(x)
        outputs, cells = self.stack(values, states=self._cells(states), mask=mask, training=training)
        outputs = self._changes(self.dropout(outputs, training=training))
        if self.residual == "none":
            return outputs, as_float32(cells)
        last = carried_forward(x, states[-1][0])
        return outputs + last, as_float32([*cells, [last[:, -1]]])

    def step(self, x: Any, states: Any = None) -> Any:
        """Read one step, `(batch, features)` → the forecast of the next, float32 of that shape, and the new states."""
        x = tf.cast(x, tf.float32)
        states = self.initial_state(tf.shape(x)[0]) if states is None else states
        missing = tf.math.is_nan(x)
        outputs, cells = self.stack.step(tf.where(missing, 0.0, x), self._cells(states))
        outputs = self._changes(outputs)
        if self.residual == "none":
            return outputs, as_float32(cells)
        last = tf.where(missing, states[-1][0], x)
        return outputs + last, as_float32([*cells, [last]])

    def forecast(self, x: Any, steps: int, states: Any = None) -> Any:
        """Warm up on known steps, then feed each forecast back as the next input, in one compiled graph.

        Args:
            x: float `(batch, warm_up_steps, features)`, oldest first. Rows may be of different lengths: what follows
                the last step with any observed value is padding, and the forecast starts there.
            steps: int. How far to go.
            states: where the model stands before `x`, or `None` for zeros.

        Returns:
            float32 `(batch, steps, features)`, the steps after `x`.

        Raises:
            InputError: `x` or `steps` has not the form asked for.
        """
        x = tf.cast(x, tf.float32)
        if x.shape.rank != 3 or x.shape[2] != self.features or x.shape[1] == 0:
            raise InputError(
                f"Expected x of shape (batch, steps, {self.features}) with at least one step, got {tuple(x.shape)}."
            )
        if steps < 1:
            raise InputError(f"Expected at least 1 step to forecast, got steps={steps}.")
        states = self.initial_state(x.shape[0]) if states is None else as_float32(states)
        return self._forecast(x, tf.constant(steps, tf.int32), states)

    def _forecast_graph(self, x, steps, states):
        _, mask = split_observed(x)
        outputs, states = self.run(x, states, mask=mask)
        ends = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1) - 1
        first = tf.gather(outputs, ends, batch_dims=1)  # (batch, features)

        def feed_back(t, value, states, forecasts):
            forecasts = forecasts.write(t, value)
            return t + 1, *self.step(value, states), forecasts

        forecasts = tf.TensorArray(tf.float32, steps, element_shape=(None, self.features))
        *_, forecasts = tf.while_loop(
            lambda t, *_: t < steps, feed_back, (0, first, states, forecasts), parallel_iterations=1
        )
        return tf.transpose(forecasts.stack(), (1, 0, 2))

    def _cells(self, states):
        return states[: len(self.stack.layers)]

    def _changes(self, outputs):
        return tf.cast(self.output_layer(outputs), tf.float32)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.arguments}
