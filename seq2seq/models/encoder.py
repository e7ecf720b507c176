"""The encoder: from source tokens to what the decoder starts from and attends to."""

from typing import Any, NamedTuple

import keras
from keras import ops

from seq2seq.models.recurrent import make_dropout
from seq2seq.special_ids import PAD


class Encoded(NamedTuple):
    """What the encoder knows: `outputs` `(batch, steps, units)`, final `states`, and bool `mask` `(batch, steps)`."""

    outputs: Any
    states: Any
    mask: Any


class TokenEmbedding(keras.layers.Layer):
    """Ids → vectors, with dropout of whole tokens and of vector entries.

    Args:
        vocabulary_size: int. Ids are below it.
        dim: int. Width of a vector.
        dropout: float. Share of the entries of vectors that is zeroed in training.
        word_dropout: float. Share of the tokens whose whole vector is.
        dropout_along_time: bool. Zero the same entries at all steps of a sequence.

    Call arguments:
        tokens: int32 `(batch, steps)`.
        training: bool.

    Returns:
        Float tensor `(batch, steps, dim)`.
    """

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
    """Source tokens → what the decoder starts from and attends to.

    Args:
        embedding: `TokenEmbedding` of the source.
        stack: recurrent layers, called with vectors `(batch, steps, dim)` and a mask.

    Call arguments:
        tokens: int32 `(batch, steps)`, 0 at padding.
        training: bool.

    Returns:
        `Encoded`.
    """

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
