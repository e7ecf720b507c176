"""The decoder: from target tokens and a state to the scores of the next tokens."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf
from keras import ops

from seq2seq.models.recurrent import make_dropout
from seq2seq.special_ids import PAD


class DecoderState(NamedTuple):
    """Where the decoder stands: `cells`, one list `[h, c]` per layer, and the `memory` that it attends to, or `None`.

    `cells` hold `(batch, units)` for a whole sequence, `(batch, beams, units)` for single steps.
    """

    cells: Any
    memory: Any


class Decoder(keras.layers.Layer):
    """Target tokens and a `DecoderState` → logits of the next tokens.

    The outputs of one recurrent layer attend to the source, and what they find, the context, is read out beside the
    outputs of the top layer (Luong et al. 2015, eq. 5: `tanh(W [context; h])`), so that each layer runs over the whole
    target in one call. It is the top layer that attends, or the first: those above it then read the context at each
    step beside the layer below (Wu et al. 2016, section 3.2), and remember what was translated so far.

    Args:
        embedding: `TokenEmbedding` of the target.
        stack: recurrent layers, `stack.units` wide; if it has a `context_dim`, its first layer attends.
        bridge: layer from the encoder's final states to the first ones of `stack`.
        attention: attention layer, or `None` for a decoder that knows the source by its first state alone.
        readout_dim: int. Width of what the scores are computed from; of a tied output that of the embedding.
        tie_output: bool. The embedding is the table of the output, too.
        dropout: float. Share of the entries of the readout that is zeroed in training.
        along_time: bool. Zero the same entries at all steps of a sequence.
    """

    def __init__(self, embedding, stack, bridge, attention, readout_dim, tie_output, dropout, along_time, **kwargs):
        super().__init__(**kwargs)
        self.embedding, self.stack, self.bridge, self.attention = embedding, stack, bridge, attention
        self.attends_first = stack.context_dim > 0
        self.tie_output = tie_output
        self.vocabulary_size = embedding.table.input_dim
        self.readout = None
        if attention is not None:
            self.readout = keras.layers.Dense(readout_dim, activation="tanh", dtype=self.dtype_policy, name="readout")
        elif readout_dim != stack.units:
            self.readout = keras.layers.Dense(readout_dim, dtype=self.dtype_policy, name="readout")
        self.readout_dim = readout_dim
        self.dropout = make_dropout(dropout, along_time, dtype=self.dtype_policy)

    def build(self, tokens_shape, encoder_units, encoder_states_shape):
        if not self.embedding.built:
            self.embedding.build(tokens_shape)
        units = self.stack.units
        self.stack.build((None, None, self.embedding.table.output_dim))
        self.bridge.build(encoder_states_shape)
        if self.attention is not None:
            self.attention.build((None, None, units), encoder_units)
            self.readout.build((None, None, units + self._context_dim(encoder_units)))
        elif self.readout is not None:
            self.readout.build((None, None, units))
        self.output_bias = self.add_weight(shape=(self.vocabulary_size,), initializer="zeros", name="output_bias")
        if not self.tie_output:
            self.output_table = self.add_weight(shape=(self.vocabulary_size, self.readout_dim), name="output_table")

    def _context_dim(self, encoder_units):
        return self.stack.units if hasattr(self.attention, "merge") else encoder_units

    def initial_state(self, encoded):
        """The `DecoderState` before the first target token."""
        memory = None if self.attention is None else self.attention.prepare(encoded.outputs, encoded.mask)
        return DecoderState(self.bridge(encoded.states), memory)

    def call(self, tokens, state, training=False):
        """Score whole sequences: int32 `(batch, steps)` → float32 logits `(batch, steps, vocabulary)`, and a state."""
        features, state = self.features(tokens, state, training=training)
        return self.project(features), state

    def features(self, tokens, state, places=None, training=False):
        """What `project` makes logits from, and the state after the last step.

        Args:
            tokens: int32 `(batch, steps)`.
            state: `DecoderState`.
            places: int `(places, 2)`, row and step of those to read out, or `None` for all.
            training: bool.

        Returns:
            `(batch, steps, readout_dim)`, or `(places, readout_dim)`; `DecoderState`.
        """
        outputs, cells = self.recurrent(tokens, state, training=training)
        features, _ = self.read_out(outputs, state.memory, places)
        if places is None or self.dropout.noise_shape is None:
            features = self.dropout(features, training=training)
        else:  # one mask for all steps of a row
            masks = ops.ones((ops.shape(tokens)[0], 1, self.readout_dim), features.dtype)
            masks = self.dropout(masks, training=training)
            features *= tf.gather(masks[:, 0], places[:, 0])
        return features, DecoderState(cells, state.memory)

    def recurrent(self, tokens, state, training=False, attention=None):
        """Run the recurrent layers over `tokens`, int32 `(batch, steps)`.

        Args:
            tokens, state, training: as for `features`.
            attention: what the first layer attends by in place of the attention layer, where it does.

        Returns:
            What `read_out` reads: a list of the outputs of the top layer, `(batch, steps, units)`, and, if the first
            attends, of the context and the attention weights of each step; and the last states.
        """
        embedded = self.embedding(tokens, training=training)
        attend, attended = self._attend(attention or self.attention, state.memory)
        mask = ops.not_equal(tokens, PAD)
        outputs, cells = self.stack(embedded, states=state.cells, mask=mask, attend=attend, training=training)
        return [outputs, *attended], cells

    def _attend(self, attention, memory):
        """What `stack` is to attend by, if the first layer attends, and a list of what that will have found."""
        attended = []

        def attend(queries):
            attended[:] = attention(queries, memory)
            return attended[0]

        return attend if self.attends_first else None, attended

    def read_out(self, outputs, memory, places=None):
        """What follows the recurrent layers, on any number of steps.

        Args:
            outputs: list, see `recurrent`.
            memory: of the `DecoderState`.
            places: see `features`.

        Returns:
            What `project` makes logits from, `(batch, steps, readout_dim)`, or of `places`, see `features`; and the
            attention weights, float32 `(batch, steps, source_steps)`, or `None` without attention.
        """
        top, *attended = outputs
        parts, weights = [top], None
        if self.attention is not None:
            context, weights = attended or self.attention(top, memory)
            parts.append(context)
        if places is not None:
            parts = [tf.gather_nd(part, places) for part in parts]
        joined = parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)
        return (joined if self.readout is None else self.readout(joined)), weights

    def output_weights(self):
        """What logits are made with: a row for each token, `(vocabulary, readout_dim)`, and the biases."""
        table = self.embedding.table.embeddings if self.tie_output else self.output_table
        return ops.convert_to_tensor(table), ops.convert_to_tensor(self.output_bias)

    def project(self, features):
        """`(…, readout_dim)` → float32 logits `(…, vocabulary)`. In packed training `…` is the real tokens only."""
        logits = self.projection()(ops.reshape(features, (-1, self.readout_dim)))
        return ops.reshape(logits, (*ops.shape(features)[:-1], self.vocabulary_size))

    def projection(self, never=()):
        """`project` as a function of `(rows, readout_dim)` for a loop: what all rows need is done once.

        Args:
            never: ids of tokens that are not predicted: their logits are those of the model less 1e9.
        """
        table, bias = self.output_weights()
        table = ops.cast(table, self.compute_dtype)
        if never:
            bias -= 1e9 * ops.multi_hot(ops.array(never), self.vocabulary_size)
        return lambda features: _logits(features, table, bias)

    def step(self, tokens, state):
        """Score one step of several hypotheses at inference.

        Args:
            tokens: int32 `(batch, beams)`, the last token of each hypothesis.
            state: `DecoderState` with cells of `(batch, beams, units)`. Its memory has no beam axis: all hypotheses of
                a sentence attend to one copy.

        Returns:
            float32 logits, `(batch, beams, vocabulary)`, the new state, and the attention weights,
            `(batch, beams, source_steps)`, or `None` without attention.
        """
        return self.stepper()(tokens, state)

    def stepper(self, never=()):
        """`step` for a loop over many: what does not change from one to the next is done once.

        Args:
            never: ids of tokens that no step may predict, see `projection`.
        """
        stack_step = self.stack.stepper()
        project = self.projection(never)
        embeddings = ops.cast(ops.convert_to_tensor(self.embedding.table.embeddings), self.compute_dtype)
        flat = lambda tensor: ops.reshape(tensor, (-1, tensor.shape[-1]))  # noqa: E731

        def step(tokens, state):
            unflat = lambda tensor: ops.reshape(tensor, (*ops.shape(tokens), tensor.shape[-1]))  # noqa: E731
            inputs = tf.gather(embeddings, ops.reshape(tokens, (-1,)))
            attend, attended = self._attend(self.attention, state.memory)
            by_rows = attend and (lambda outputs: flat(attend(unflat(outputs))))
            outputs, cells = stack_step(inputs, [[flat(part) for part in layer] for layer in state.cells], by_rows)
            features, weights = self.read_out([unflat(outputs), *attended], state.memory)
            cells = [[unflat(part) for part in layer] for layer in cells]
            return unflat(project(flat(features))), DecoderState(cells, state.memory), weights

        return step


def _logits(features, table, bias):
    """float32 `(rows, vocabulary)` from `(rows, readout_dim)`: a plain product of two matrices, no table is copied."""
    product = tf.matmul(features, ops.cast(table, features.dtype), transpose_b=True)
    return ops.cast(product, "float32") + ops.cast(bias, "float32")
