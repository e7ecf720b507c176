"""The encoder–decoder: from source tokens to the scores of target tokens."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf
from keras import ops

from seq2seq.layers.attention import make_attention
from seq2seq.layers.bridge import Bridge
from seq2seq.models.recurrent import RecurrentStack, make_dropout

PAD, BOS = 0, 2  # as in seq2seq.text.tokenizer, which models do not import


class Encoded(NamedTuple):
    """What the encoder knows of a batch: `outputs` `(batch, steps, units)`, final `states`, bool `mask` `(batch, steps)`."""

    outputs: Any
    states: Any
    mask: Any


class DecoderState(NamedTuple):
    """Where the decoder stands: `cells`, one list `[h, c]` per layer, and the `memory` that it attends to, or `None`.

    `cells` hold `(batch, units)` for a whole sequence, `(batch, beams, units)` for single steps.
    """

    cells: Any
    memory: Any


class TokenEmbedding(keras.layers.Layer):
    """Ids → vectors, with dropout of whole tokens and of vector entries."""

    def __init__(self, vocabulary_size, dim, dropout, word_dropout, dropout_along_time, **kwargs):
        super().__init__(**kwargs)
        # Small enough that tied logits start near uniform.
        scale = keras.initializers.RandomNormal(stddev=dim**-0.5)
        self.table = keras.layers.Embedding(vocabulary_size, dim, scale, dtype=self.dtype_policy, name="table")
        self.dropout = make_dropout(dropout, dropout_along_time, dtype=self.dtype_policy)
        self.word_dropout = keras.layers.Dropout(word_dropout, noise_shape=(None, None, 1), dtype=self.dtype_policy)

    def build(self, tokens_shape):
        self.table.build(tokens_shape)

    def call(self, tokens, training=False):
        return self.dropout(self.word_dropout(self.table(tokens), training=training), training=training)


class Encoder(keras.layers.Layer):
    """Source tokens, int32 `(batch, steps)`, 0 at padding → `Encoded`."""

    def __init__(self, embedding, stack, **kwargs):
        super().__init__(**kwargs)
        self.embedding, self.stack = embedding, stack

    def build(self, tokens_shape):
        self.embedding.build(tokens_shape)
        self.stack.build((*tokens_shape, self.embedding.table.output_dim))

    def call(self, tokens, training=False):
        mask = ops.not_equal(tokens, PAD)
        outputs, states = self.stack(self.embedding(tokens, training=training), mask=mask, training=training)
        return Encoded(outputs, states, mask)


class Decoder(keras.layers.Layer):
    """Target tokens and a `DecoderState` → logits of the next tokens.

    Attention follows the recurrent layers (Luong et al. 2015, eq. 5: `tanh(W [context; h])`), so that these run over the
    whole target in one call.
    """

    def __init__(self, embedding, stack, bridge, attention, readout_dim, tie_output, dropout, along_time, **kwargs):
        super().__init__(**kwargs)
        self.embedding, self.stack, self.bridge, self.attention = embedding, stack, bridge, attention
        self.tie_output = tie_output
        self.vocabulary_size = embedding.table.input_dim
        self.readout = self.output_layer = None
        if attention is not None:
            self.readout = keras.layers.Dense(readout_dim, activation="tanh", dtype=self.dtype_policy, name="readout")
        elif readout_dim != stack.units:
            self.readout = keras.layers.Dense(readout_dim, dtype=self.dtype_policy, name="readout")
        self.readout_dim = readout_dim
        self.dropout = make_dropout(dropout, along_time, dtype=self.dtype_policy)
        if not tie_output:
            self.output_layer = keras.layers.Dense(self.vocabulary_size, dtype=self.dtype_policy, name="output")

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
        if self.tie_output:
            self.output_bias = self.add_weight(shape=(self.vocabulary_size,), initializer="zeros", name="output_bias")
        else:
            self.output_layer.build((None, self.readout_dim))

    def _context_dim(self, encoder_units):
        return self.stack.units if hasattr(self.attention, "merge") else encoder_units

    def initial_state(self, encoded):
        """The `DecoderState` before the first target token."""
        memory = None if self.attention is None else self.attention.prepare(encoded.outputs, encoded.mask)
        return DecoderState(self.bridge(encoded.states), memory)

    def call(self, tokens, state, training=False):
        """Score whole sequences: `tokens`, int32 `(batch, steps)` → float32 logits `(batch, steps, vocabulary)`, state."""
        features, state = self.features(tokens, state, training=training)
        return self.project(features), state

    def features(self, tokens, state, training=False):
        """The vectors, `(batch, steps, readout_dim)`, from which `project` makes logits, and the state after the last step."""
        embedded = self.embedding(tokens, training=training)
        outputs, cells = self.stack(embedded, states=state.cells, training=training)
        features, _ = self._read_out(outputs, state.memory)
        return self.dropout(features, training=training), DecoderState(cells, state.memory)

    def attention_weights(self, tokens, state):
        """What each step of a whole sequence attends to: float32 `(batch, steps, source_steps)`."""
        outputs, _ = self.stack(self.embedding(tokens), states=state.cells)
        return self._read_out(outputs, state.memory)[1]

    def project(self, features):
        """`(…, readout_dim)` → float32 logits `(…, vocabulary)`. In packed training `…` is the real tokens only."""
        if self.output_layer is not None:
            return ops.cast(self.output_layer(features), "float32")
        table = ops.cast(self.embedding.table.embeddings, features.dtype)
        return ops.cast(ops.matmul(features, ops.transpose(table)), "float32") + ops.cast(self.output_bias, "float32")

    def step(self, tokens, state):
        """Score one step of several hypotheses at inference.

        Args:
            tokens: int32 `(batch, beams)`, the last token of each hypothesis.
            state: `DecoderState` with cells of `(batch, beams, units)`. Its memory has no beam axis: all hypotheses of a
                sentence attend to one copy.

        Returns:
            float32 logits, `(batch, beams, vocabulary)`, the new state, and the attention weights,
            `(batch, beams, source_steps)`, or `None` without attention.
        """
        batch, beams = ops.shape(tokens)[:2]
        flat = lambda tensor: ops.reshape(tensor, (batch * beams, tensor.shape[-1]))  # noqa: E731
        unflat = lambda tensor: ops.reshape(tensor, (batch, beams, tensor.shape[-1]))  # noqa: E731
        outputs, cells = self.stack.step(
            flat(self.embedding(tokens)), [[flat(part) for part in layer] for layer in state.cells]
        )
        features, weights = self._read_out(unflat(outputs), state.memory)
        cells = [[unflat(part) for part in layer] for layer in cells]
        return self.project(features), DecoderState(cells, state.memory), weights

    def _read_out(self, outputs, memory):
        if self.attention is None:
            return (outputs if self.readout is None else self.readout(outputs)), None
        context, weights = self.attention(outputs, memory)
        return self.readout(ops.concatenate((outputs, context), axis=-1)), weights


@keras.saving.register_keras_serializable(package="seq2seq")
class EncoderDecoder(keras.Model):
    """A recurrent encoder–decoder for token sequences.

    Ids are 0 padding, 1 unknown, 2 begin, 3 end. With teacher forcing the decoder reads `BOS + target` and is scored on
    `target + EOS`. `fit` takes `((source, target_input), labels)`, int32 arrays `(batch, steps)` padded on the right.
    Training and evaluation pass only the real tokens through the output layer; the numbers are those of the plain formula.

    Args:
        source_vocabulary_size: int.
        target_vocabulary_size: int.
        embedding_dim: int.
        units: int. Width of the decoder; a bidirectional encoder has half of it in each direction.
        encoder_layers: int.
        decoder_layers: int.
        cell: `"lstm"` or `"gru"`.
        bidirectional: bool.
        go_backwards: bool. A unidirectional encoder reads the source from its end.
        residual: bool. Around every recurrent layer from the second on.
        bridge: `"copy"`, `"dense"` or `"zero"`, see `Bridge`.
        attention: `"none"`, `"dot"`, `"additive"` or `"multi_head"`.
        attention_heads: int.
        tie_output: bool. The output layer shares the target embedding.
        tie_source: bool. One embedding for both sides; the vocabularies must be one.
        embedding_dropout: float. Share of dropped embedding entries.
        layer_dropout: float. Between recurrent layers.
        output_dropout: float. Before the output layer.
        word_dropout: float. Share of input tokens whose embedding is zeroed.
        dropout_along_time: bool. One dropout mask for all steps.

    Call arguments:
        inputs: `(source, target_input)`.

    Returns:
        float32 logits, `(batch, target_steps, target_vocabulary_size)`.

    Raises:
        ValueError: `tie_source` with vocabularies of different sizes; a `"copy"` bridge between different widths.
    """

    def __init__(
        self,
        source_vocabulary_size,
        target_vocabulary_size,
        embedding_dim=256,
        units=512,
        encoder_layers=1,
        decoder_layers=1,
        cell="lstm",
        bidirectional=True,
        go_backwards=False,
        residual=True,
        bridge="dense",
        attention="dot",
        attention_heads=4,
        tie_output=True,
        tie_source=False,
        embedding_dropout=0.0,
        layer_dropout=0.0,
        output_dropout=0.0,
        word_dropout=0.0,
        dropout_along_time=False,
        **kwargs,
    ):
        arguments = {name: value for name, value in locals().items() if name not in ("self", "kwargs", "__class__")}
        super().__init__(**kwargs)
        self.arguments = arguments
        if tie_source and source_vocabulary_size != target_vocabulary_size:
            raise ValueError(
                "tie_source=True needs one vocabulary for both sides, got sizes "
                f"{source_vocabulary_size} and {target_vocabulary_size}."
            )
        dtype = {"dtype": self.dtype_policy}
        dropouts = (embedding_dropout, word_dropout, dropout_along_time)
        target_embedding = TokenEmbedding(
            target_vocabulary_size, embedding_dim, *dropouts, name="target_embedding", **dtype
        )
        source_embedding = target_embedding
        if not tie_source:
            source_embedding = TokenEmbedding(
                source_vocabulary_size, embedding_dim, *dropouts, name="source_embedding", **dtype
            )
        stack = {"cell": cell, "residual": residual, "dropout": layer_dropout, "dropout_along_time": dropout_along_time}
        stack.update(dtype)
        self.encoder = Encoder(
            source_embedding,
            RecurrentStack(
                encoder_layers, units, bidirectional=bidirectional, go_backwards=go_backwards, name="stack", **stack
            ),
            name="encoder",
            **dtype,
        )
        self.decoder = Decoder(
            target_embedding,
            RecurrentStack(decoder_layers, units, name="stack", **stack),
            Bridge(bridge, units, decoder_layers, name="bridge", **dtype),
            make_attention(attention, units, attention_heads, name="attention", **dtype),
            readout_dim=embedding_dim if tie_output else units,
            tie_output=tie_output,
            dropout=output_dropout,
            along_time=dropout_along_time,
            name="decoder",
            **dtype,
        )
        # Share of decoder inputs that are true tokens while training; None is teacher forcing throughout.
        self.truth_ratio = None
        # Weighted by tokens, so that the logged loss is exact rather than a mean of batch means.
        self.mean_loss = keras.metrics.Mean(name="loss")
        self.build()

    def build(self, input_shape=None):
        """All shapes but batch and length are known from the arguments, so the weights exist from the start."""
        if self.built:
            return
        units = self.arguments["units"]
        states = [[(None, units)] * (2 if self.arguments["cell"] == "lstm" else 1)] * self.arguments["encoder_layers"]
        self.encoder.build((None, None))
        self.decoder.build((None, None), units, states)
        self.built = True

    def call(self, inputs, training=False):
        source, target_input = inputs
        logits, _ = self.decoder(target_input, self._start(source, training), training=training)
        return logits

    def _start(self, source, training=False):
        return self.decoder.initial_state(self.encoder(source, training=training))

    def start(self, source, beams=1):
        """Encode `source`, int32 `(batch, steps)`, and give the state for `decoder.step` with that many hypotheses each."""
        cells, memory = self._start(source)
        cells = [[ops.repeat(ops.expand_dims(part, 1), beams, axis=1) for part in layer] for layer in cells]
        return DecoderState(cells, memory)

    def train_step(self, data):
        (source, target_input), labels = data
        if self.truth_ratio is not None:
            target_input = self.mix_own_predictions(source, target_input)
        with tf.GradientTape() as tape:
            labels, logits = self.packed(source, target_input, labels, training=True)
            loss = self.compute_loss(None, labels, logits)
            scaled_loss = self.optimizer.scale_loss(loss)
        weights = self.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(scaled_loss, weights), weights, strict=True))
        self.mean_loss.update_state(loss, sample_weight=tf.shape(labels)[0])
        return self.compute_metrics(None, labels, logits)

    def test_step(self, data):
        (source, target_input), labels = data
        labels, logits = self.packed(source, target_input, labels, training=False)
        loss = self.compute_loss(None, labels, logits, training=False)
        self.mean_loss.update_state(loss, sample_weight=tf.shape(labels)[0])
        return self.compute_metrics(None, labels, logits)

    def packed(self, source, target_input, labels, training):
        """Labels, `(tokens,)`, and logits, `(tokens, vocabulary)`, of the real tokens of a batch, padding left out."""
        features, _ = self.decoder.features(target_input, self._start(source, training), training=training)
        real = tf.where(tf.not_equal(labels, PAD))
        return tf.gather_nd(labels, real), self.decoder.project(tf.gather_nd(features, real))

    def mix_own_predictions(self, source, target_input):
        """Replace true decoder inputs by the model's own predictions (scheduled sampling, Bengio et al. 2015).

        The decoder runs step by step; each input after BOS is the true token with probability `truth_ratio`, or else the
        most probable token given the inputs so far. No gradient passes through that choice, so training on the sequence
        that comes out, in one teacher-forced pass, has the gradients of the step-by-step form.

        Args:
            source: int32 `(batch, source_steps)`.
            target_input: int32 `(batch, steps)`, starting with BOS.

        Returns:
            int32 `(batch, steps)`.
        """
        state = self.start(source)
        steps = tf.shape(target_input)[1]
        truth = tf.transpose(target_input)  # (steps, batch)
        keep_truth = tf.random.uniform(tf.shape(truth)) < self.truth_ratio

        def step(t, tokens, cells, inputs):
            logits, new_state, _ = self.decoder.step(tokens[:, None], DecoderState(cells, state.memory))
            predicted = tf.argmax(logits[:, 0], axis=-1, output_type=tf.int32)
            real = tf.not_equal(truth[t], PAD)
            tokens = tf.where(keep_truth[t] | ~real, truth[t], predicted)
            return t + 1, tokens, new_state.cells, inputs.write(t, tokens)

        inputs = tf.TensorArray(tf.int32, steps, element_shape=truth.shape[1:]).write(0, truth[0])
        *_, inputs = tf.while_loop(lambda t, *_: t < steps, step, (1, truth[0], state.cells, inputs))
        return tf.stop_gradient(tf.transpose(inputs.stack()))

    def get_config(self):
        return {**super().get_config(), **self.arguments}
