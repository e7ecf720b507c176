"""Stacks of recurrent layers, the part that encoder and decoder have in common."""

from functools import partial

import keras
import tensorflow as tf
from keras import ops

from seq2seq.layers.gru import GRU
from seq2seq.layers.lstm import LSTM


def recurrent_layer(cell, units, packed=False, **kwargs):
    """One recurrent layer that returns sequence and state, in the form that cuDNN runs.

    Nothing reads its outputs at masked steps, so they may be 0, which costs least.
    """
    kinds = {"lstm": partial(LSTM, packed=packed), "gru": GRU}
    if cell not in kinds:
        raise ValueError(f"cell={cell!r}: expected 'lstm' or 'gru'.")
    return kinds[cell](units, return_sequences=True, return_state=True, zero_output_for_mask=True, **kwargs)


def make_dropout(rate, along_time, **kwargs):
    """Dropout for `(batch, steps, features)`; `along_time` draws one mask for all steps (Gal and Ghahramani 2016)."""
    return keras.layers.Dropout(rate, noise_shape=(None, 1, None) if along_time else None, **kwargs)


class RecurrentStack(keras.layers.Layer):
    """Recurrent layers on top of each other, with dropout between and residual connections from the second on.

    Args:
        num_layers: int.
        units: int. Width of the output; a bidirectional layer has half of it in each direction.
        cell: `"lstm"` or `"gru"`.
        bidirectional: bool.
        go_backwards: bool. Read the sequence from its end; the outputs stay in the order of the input.
        residual: bool.
        dropout: float. Of what the layers from the second on read.
        dropout_along_time: bool.
        packed: bool. LSTM layers on a CPU leave masked steps out, see `LSTM`.
        context_dim: int. Width of what the layers from the second on read beside the one below them, see `attend`.

    Call arguments:
        sequence: `(batch, steps, features)`.
        states: list, one per layer, of `[h, c]` (`[h]` of a GRU), or `None` for zeros.
        mask: bool `(batch, steps)`, or `None`.
        attend: function of the outputs of the first layer, `(batch, steps, units)`, to what those above read beside the
            one below them, `(batch, steps, context_dim)`; `None` without any.

    Returns:
        The outputs, `(batch, steps, units)`, and the list of final states, in the form of `states`.
    """

    def __init__(
        self,
        num_layers,
        units,
        cell="lstm",
        bidirectional=False,
        go_backwards=False,
        residual=True,
        dropout=0.0,
        dropout_along_time=False,
        packed=False,
        context_dim=0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.supports_masking, self.context_dim = True, context_dim
        self.units, self.bidirectional, self.go_backwards, self.residual = units, bidirectional, go_backwards, residual
        if bidirectional and units % 2:
            raise ValueError(f"A bidirectional layer gives each direction half of the units, so {units} must be even.")
        self.layers = []
        for k in range(num_layers):
            options = {"dtype": self.dtype_policy, "name": f"layer{k}"}
            kind = {"cell": cell, "packed": packed}
            if bidirectional:
                one_way = recurrent_layer(**kind, units=units // 2, dtype=self.dtype_policy)
                self.layers.append(keras.layers.Bidirectional(one_way, **options))
            else:
                self.layers.append(recurrent_layer(**kind, units=units, go_backwards=go_backwards, **options))
        self.dropout = make_dropout(dropout, dropout_along_time, dtype=self.dtype_policy)

    def build(self, sequence_shape):
        for layer in self.layers:
            layer.build(sequence_shape)
            sequence_shape = (*sequence_shape[:-1], self.units + self.context_dim)

    def compute_mask(self, sequence, previous_mask=None):
        return None  # masks travel explicitly, in `Encoded`

    def call(self, sequence, states=None, mask=None, attend=None, training=False):
        final_states, context = [], None
        for k, layer in enumerate(self.layers):
            inputs = both = self.dropout(sequence, training=training) if k else sequence
            if context is not None:
                both = ops.concatenate((inputs, self.dropout(context, training=training)), axis=-1)
            outputs, *state = layer(
                both, initial_state=None if states is None else states[k], mask=mask, training=training
            )
            if self.go_backwards:
                outputs = ops.flip(outputs, axis=1)
            if self.bidirectional:  # forward states come first: [h, c] + [h, c]
                half = len(state) // 2
                state = [ops.concatenate(pair, axis=-1) for pair in zip(state[:half], state[half:], strict=True)]
            # Keras ties its mask to the tensor, and layers would warn of it.
            sequence = tf.identity(outputs + inputs if self.residual and k else outputs)
            if attend and not k:
                context = attend(sequence)
            final_states.append(state)
        return sequence, final_states

    def step(self, inputs, states):
        """One step at inference: `inputs`, `(batch, features)` → outputs, `(batch, units)`, and the new states."""
        return self.stepper()(inputs, states)

    def branches(self, inputs, states):
        """One step from each state with several inputs, as if the state were repeated for each of them.

        Args:
            inputs: `(…, branches, features)`.
            states: list as for `call`, of arrays `(…, units)`. The axes in front are broadcast.

        Returns:
            The outputs, `(…, branches, units)`.
        """
        for k, (layer, state) in enumerate(zip(self.layers, states, strict=True)):
            outputs = layer.branches(inputs, state)
            inputs = outputs + inputs if self.residual and k else outputs
        return inputs

    def stepper(self):
        """`step` for a loop over many: what does not change from one to the next is done once.

        It takes `attend` as a third argument, a function of outputs of the first layer, `(batch, units)`.
        """
        steppers = [layer.stepper() if hasattr(layer, "stepper") else layer.cell for layer in self.layers]

        def step(inputs, states, attend=None):
            new_states, context = [], None
            for k, (layer_step, state) in enumerate(zip(steppers, states, strict=True)):
                both = inputs if context is None else ops.concatenate((inputs, context), axis=-1)
                outputs, state = layer_step(both, state)
                inputs = outputs + inputs if self.residual and k else outputs
                if attend and not k:
                    context = attend(inputs)
                new_states.append(list(state))
            return inputs, new_states

        return step
