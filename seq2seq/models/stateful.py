"""What the models that go on where they stopped have in common: explicit states, and training that carries them."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from seq2seq.models.exportable import Exportable
from seq2seq.models.update import log_loss, loss_and_gradients, update


class StatefulModel(Exportable):
    """A recurrent model of one direction whose state is an explicit value.

    States are a list, one entry per recurrent layer, of `[h, c]` (`[h]` of a GRU), float32 `(batch, units)`; a subclass
    may append more. Nothing is hidden in the layers, so the batch may be of another size at every call, and a state can
    be kept, copied or written to a file. One long sequence gives the same numbers as its pieces:

        outputs, states = model.run(sequence[:, :50])
        more, states = model.run(sequence[:, 50:], states)

    `fit` and `evaluate` take whole sequences, `(x, y)`, each of which starts from zeros, or the connected chunks of
    `ChunkBatches`, `((x, fresh), y)`: row j then goes on from the state in which row j of the batch before ended, or
    from zeros where `fresh`, bool `(slots,)`. No gradient passes from a chunk to the one before (truncated
    backpropagation through time).

    A subclass has `run(x, states, training=False) -> (outputs, states)` and `call(x, states=None, training=False)`.

    Args:
        state_widths: list of lists of ints. Width of each part of the state.
    """

    def __init__(self, state_widths: Sequence[Sequence[int]], **kwargs: Any) -> None:
        # Keras would round inputs and states to the dtype of the matrix products; the layers do so where they compute.
        super().__init__(autocast=False, **kwargs)
        self.state_widths = state_widths
        # Not Keras variables: they are no part of the weights, and their first axis is that of the data at hand.
        self.train_states = self._state_variables()
        self._test_states = self._state_variables()

    def initial_state(self, batch: int) -> Any:
        """The states before the first step: zeros for `batch` rows."""
        return tf.nest.map_structure(lambda width: tf.zeros((batch, width)), list(map(list, self.state_widths)))

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)

        def score():
            outputs = self._carry_on(x, self.train_states, training=True)
            return self.compute_loss(x, y, outputs, sample_weight, training=True), outputs

        (loss, outputs), gradients = loss_and_gradients(self, score)
        update(self, loss, _real_targets(y), gradients)
        return self.compute_metrics(x, y, outputs, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        outputs = self._carry_on(x, self._test_states, training=False)
        loss = self.compute_loss(x, y, outputs, sample_weight, training=False)
        log_loss(self, loss, _real_targets(y))
        return self.compute_metrics(x, y, outputs, sample_weight)

    def _carry_on(self, x, variables, training):
        """The outputs for `x`; of connected chunks, from the states in `variables` on, and leaving the new ones."""
        if not isinstance(x, tuple | list):
            return self(x, training=training)
        chunk, fresh = x
        outputs, states = self.run(chunk, self._resumed(variables, fresh), training=training)
        for variable, value in zip(variables, tf.nest.flatten(states), strict=True):
            variable.assign(tf.stop_gradient(value))
        return outputs

    def _resumed(self, variables, fresh):
        """The states in `variables`, as zeros in the rows that are `fresh`."""
        slots = tf.shape(fresh)[0]
        fits = tf.shape(variables[0])[0] == slots
        message = "Connected chunks came out of order, or mixed with others: not all rows are fresh, and there are now"
        tf.debugging.Assert(fits | tf.reduce_all(fresh), [message, slots])
        states = []
        for variable in variables:
            blank = tf.zeros((slots, variable.shape[1]))
            # Another number of rows is another data set, of which all rows are fresh: any values will do.
            value = tf.concat((variable, blank), 0)[:slots]
            states.append(tf.where(fresh[:, None], blank, value))
        return tf.nest.pack_sequence_as(self.initial_state(0), states)

    def _state_variables(self):
        widths = tf.nest.flatten(self.state_widths)
        return tuple(tf.Variable(tf.zeros((0, width)), trainable=False, shape=(None, width)) for width in widths)


def layer_widths(cell, num_layers, units):
    """`state_widths` of a stack of recurrent layers."""
    return [[units] * (2 if cell == "lstm" else 1) for _ in range(num_layers)]


def as_float32(states):
    """States of whatever the layers compute in as they are kept: float32."""
    return tf.nest.map_structure(lambda part: tf.cast(part, tf.float32), [list(layer) for layer in states])


def _real_targets(y):
    """How many targets there are: numbers that are not NaN, or tokens that are not padding (0)."""
    real = ~tf.math.is_nan(y) if y.dtype.is_floating else y != 0
    return tf.reduce_sum(tf.cast(real, tf.float32))
