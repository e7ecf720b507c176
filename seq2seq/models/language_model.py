"""A recurrent language model: after every token, how probable each next one is."""

from typing import Any

import keras
import tensorflow as tf

from seq2seq.models.encoder import TokenEmbedding
from seq2seq.models.recurrent import RecurrentStack, make_dropout
from seq2seq.models.stateful import StatefulModel, as_float32, layer_widths
from seq2seq.special_ids import PAD


@keras.saving.register_keras_serializable(package="seq2seq")
class LanguageModel(StatefulModel):
    """Tokens, characters for example → logits of the next token at every step.

    See `StatefulModel` for states and training: on whole sequences, `fit(x[:, :-1], x[:, 1:])`, or on connected chunks
    of one long text. Compile it with `TokenCrossEntropy`, for which label 0 is padding.

    Args:
        vocabulary_size: int.
        embedding_dim: int.
        units: int.
        num_layers: int.
        cell: `"lstm"` or `"gru"`.
        embedding_dropout: float. Share of dropped embedding entries.
        layer_dropout: float. Between recurrent layers.
        output_dropout: float. Before the output layer.
        word_dropout: float. Share of input tokens whose embedding is zeroed.
        dropout_along_time: bool. One dropout mask for all steps.

    Call arguments:
        tokens: int32 `(batch, steps)`.
        states: as `run` returns them, or `None` to start from zeros.

    Returns:
        float32 logits, `(batch, steps, vocabulary_size)`.
    """

    def __init__(
        self,
        vocabulary_size: int,
        embedding_dim: int = 64,
        units: int = 256,
        num_layers: int = 1,
        cell: str = "lstm",
        embedding_dropout: float = 0.0,
        layer_dropout: float = 0.0,
        output_dropout: float = 0.0,
        word_dropout: float = 0.0,
        dropout_along_time: bool = False,
        **kwargs: Any,
    ) -> None:
        arguments = {name: value for name, value in locals().items() if name not in ("self", "kwargs", "__class__")}
        super().__init__(layer_widths(cell, num_layers, units), **kwargs)
        self.arguments = arguments
        self.vocabulary_size, self.embedding_dim = vocabulary_size, embedding_dim
        dtype = {"dtype": self.dtype_policy}
        self.embedding = TokenEmbedding(
            vocabulary_size,
            embedding_dim,
            embedding_dropout,
            word_dropout,
            dropout_along_time,
            name="embedding",
            **dtype,
        )
        self.stack = RecurrentStack(
            num_layers,
            units,
            cell=cell,
            dropout=layer_dropout,
            dropout_along_time=dropout_along_time,
            name="stack",
            **dtype,
        )
        self.dropout = make_dropout(output_dropout, dropout_along_time, **dtype)
        self.output_layer = keras.layers.Dense(vocabulary_size, name="output", **dtype)
        self.build()

    def build(self, input_shape: Any = None) -> None:
        """All shapes but batch and length are known from the arguments, so the weights exist from the start."""
        if self.built:
            return
        self.embedding.build((None, None))
        self.stack.build((None, None, self.embedding_dim))
        self.output_layer.build((None, None, self.stack.units))
        self.built = True

    @property
    def layer_groups(self) -> dict[str, list[keras.layers.Layer]]:
        return {"embeddings": [self.embedding]}

    @property
    def input_specs(self) -> Any:
        """What `export` takes: tokens."""
        return tf.TensorSpec((None, None), tf.int32)

    def call(self, tokens: Any, states: Any = None, training: bool = False) -> Any:
        return self.run(tokens, states, training=training)[0]

    def run(self, tokens: Any, states: Any = None, mask: Any = None, training: bool = False) -> Any:
        """Read some tokens, int32 `(batch, steps)`.

        Args:
            tokens: int32 `(batch, steps)`.
            states: as this function returns them, or `None` to start from zeros.
            mask: bool `(batch, steps)`, or `None`. `False` after a row's last token: its state stays as it is there.
            training: bool.

        Returns:
            float32 logits, `(batch, steps, vocabulary_size)`, each of the token after, and the states after the last.
        """
        states = self.initial_state(tf.shape(tokens)[0]) if states is None else states
        embedded = self.embedding(tokens, training=training)
        outputs, states = self.stack(embedded, states=states, mask=mask, training=training)
        logits = self.output_layer(self.dropout(outputs, training=training))
        return tf.cast(logits, tf.float32), as_float32(states)

    def step(self, tokens: Any, states: Any) -> Any:
        """Read one token of each row: a step function for `seq2seq.decoding`.

        Args:
            tokens: int32 `(batch,)`, or `(batch, beams)`.
            states: of `(batch, units)`, or `(batch, beams, units)`.

        Returns:
            float32 logits, `(batch, vocabulary_size)` or `(batch, beams, vocabulary_size)`, and the new states.
        """
        rows = tf.shape(tokens)
        flat = [[tf.reshape(part, (-1, part.shape[-1])) for part in layer] for layer in states]
        outputs, flat = self.stack.step(self.embedding(tf.reshape(tokens, (-1,))), flat)
        logits = tf.cast(self.output_layer(outputs), tf.float32)

        def unflat(part, axes):
            return tf.ensure_shape(tf.reshape(part, tf.concat((rows, part.shape[-1:]), 0)), axes)

        states = [
            [unflat(new, old.shape) for new, old in zip(*layers, strict=True)]
            for layers in zip(as_float32(flat), states, strict=True)
        ]
        return unflat(logits, [*tokens.shape, self.vocabulary_size]), states

    def start(self, prompt: Any, states: Any = None) -> Any:
        """The state for `continue_step` with one hypothesis for each prompt.

        Args:
            prompt: int32 `(batch, steps)`, 0 after a row's last token. At least one token in each row.
            states: where the model stands before the prompt, or `None` for zeros.
        """
        batch = tf.shape(prompt)[0]
        states = self.initial_state(batch) if states is None else states
        lengths = tf.reduce_sum(tf.cast(prompt != PAD, tf.int32), axis=1)
        # A search feeds the last token itself. cuDNN needs one real step in each row, so that a prompt of one token is
        # read here as well, and what came of it thrown away.
        mask = tf.sequence_mask(tf.maximum(lengths - 1, 1), tf.shape(prompt)[1])
        _, warm = self.run(prompt, states, mask=mask)
        only_one = (lengths < 2)[:, None]
        warm = tf.nest.map_structure(lambda new, old: tf.where(only_one, old, new), warm, states)
        last = tf.gather(prompt, tf.maximum(lengths - 1, 0), batch_dims=1)
        return tf.nest.map_structure(lambda leaf: leaf[:, None], (warm, last))

    def continue_step(self, tokens: Any, state: Any) -> Any:
        """`step` for a search that continues prompts: in place of its first token, BOS, the prompt's last one is read.

        Args:
            tokens: int32 `(batch, beams)`.
            state: of `start`, or of this function.

        Returns:
            float32 logits, `(batch, beams, vocabulary_size)`, and the new state.
        """
        states, waiting = state
        logits, states = self.step(tf.where(waiting == PAD, tokens, waiting), states)
        return logits, (states, tf.zeros_like(waiting))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.arguments}
