"""Attention of decoder states over the encoder's outputs.

An attention layer has two calls, because the second runs once per decoded token and the first once per sentence:

    memory = attention.prepare(encoder_outputs, mask)      # projects keys (and values) once
    context, weights = attention(queries, memory)          # queries: (batch, any number of queries, units)

Queries may be the steps of a teacher-forced target or the hypotheses of a beam: each attends on its own.
"""

from typing import NamedTuple

import keras
import tensorflow as tf
from keras import ops


class Memory(NamedTuple):
    """What the decoder attends to; every leaf has the batch first, and multi-head attention a heads axis after it.

    keys: `(batch, source_steps, units)`. values: `(batch, source_steps, any)`.
    mask: bool `(batch, 1, source_steps)`, `False` at padding.
    """

    keys: tf.Tensor
    values: tf.Tensor
    mask: tf.Tensor


def attend(scores, values, mask):
    """Softmax of `scores` over the real source steps, in float32, and the mean of `values` under it."""
    weights = ops.softmax(ops.where(mask, ops.cast(scores, "float32"), -1e9), axis=-1)
    return ops.matmul(ops.cast(weights, values.dtype), values), weights


@keras.saving.register_keras_serializable(package="seq2seq")
class DotAttention(keras.layers.Layer):
    """Luong attention, "general" form: `score(q, m) = qᵀ W m` (Luong et al. 2015, eq. 8).

    Args:
        units: int. Width of the queries.
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.key = keras.layers.Dense(units, use_bias=False, dtype=self.dtype_policy, name="key")

    def build(self, query_shape, memory_dim):
        self.key.build((None, None, memory_dim))

    def prepare(self, encoder_outputs, mask):
        return Memory(self.key(encoder_outputs), encoder_outputs, ops.expand_dims(mask, 1))

    def call(self, queries, memory):
        # tf.matmul reads the keys as they lie; a transposed copy of them for every decoded token would cost more.
        scores = tf.matmul(queries, memory.keys, transpose_b=True)
        return attend(scores, memory.values, memory.mask)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="seq2seq")
class AdditiveAttention(keras.layers.Layer):
    """Bahdanau attention: `score(q, m) = vᵀ tanh(W q + U m)` (Bahdanau et al. 2015, appendix A.1.2).

    It forms a tensor of `(batch, queries, source_steps, units)`: several times the memory of `DotAttention`.

    Args:
        units: int. Width of the queries and of the hidden layer.
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.key = keras.layers.Dense(units, use_bias=False, dtype=self.dtype_policy, name="key")
        self.query = keras.layers.Dense(units, dtype=self.dtype_policy, name="query")
        self.score = keras.layers.Dense(1, use_bias=False, dtype=self.dtype_policy, name="score")

    def build(self, query_shape, memory_dim):
        self.key.build((None, None, memory_dim))
        self.query.build((None, None, query_shape[-1]))
        self.score.build((None, None, None, self.units))

    def prepare(self, encoder_outputs, mask):
        return Memory(self.key(encoder_outputs), encoder_outputs, ops.expand_dims(mask, 1))

    def call(self, queries, memory):
        hidden = ops.tanh(self.query(queries)[:, :, None] + memory.keys[:, None])  # (batch, queries, source, units)
        return attend(ops.squeeze(self.score(hidden), -1), memory.values, memory.mask)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="seq2seq")
class MultiHeadAttention(keras.layers.Layer):
    """Scaled dot-product attention in several heads (Vaswani et al. 2017, section 3.2.2).

    The weights that it returns are the mean over the heads.

    Args:
        units: int. Width of the queries, a multiple of `heads`.
        heads: int.
    """

    def __init__(self, units, heads=4, **kwargs):
        super().__init__(**kwargs)
        if units % heads:
            raise ValueError(
                f"Multi-head attention shares its units among the heads: {units} is no multiple of {heads}."
            )
        self.units = units
        self.heads = heads
        dense = lambda name: keras.layers.Dense(units, use_bias=False, dtype=self.dtype_policy, name=name)  # noqa: E731
        self.key, self.value, self.query, self.merge = map(dense, ("key", "value", "query", "merge"))

    def build(self, query_shape, memory_dim):
        self.key.build((None, None, memory_dim))
        self.value.build((None, None, memory_dim))
        self.query.build((None, None, query_shape[-1]))
        self.merge.build((None, None, self.units))

    def prepare(self, encoder_outputs, mask):
        keys, values = self._split(self.key(encoder_outputs)), self._split(self.value(encoder_outputs))
        return Memory(keys, values, mask[:, None, None])

    def _split(self, sequence):
        """`(batch, steps, units)` → `(batch, heads, steps, units / heads)`."""
        batch, steps = ops.shape(sequence)[:2]
        return ops.transpose(ops.reshape(sequence, (batch, steps, self.heads, self.units // self.heads)), (0, 2, 1, 3))

    def call(self, queries, memory):
        scale = (self.units // self.heads) ** -0.5
        scores = tf.matmul(self._split(self.query(queries)) * scale, memory.keys, transpose_b=True)
        context, weights = attend(scores, memory.values, memory.mask)  # (batch, heads, queries, …)
        batch, steps = ops.shape(queries)[:2]
        context = ops.reshape(ops.transpose(context, (0, 2, 1, 3)), (batch, steps, self.units))
        return self.merge(context), ops.mean(weights, axis=1)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "heads": self.heads}


def make_attention(kind, units, heads=4, **kwargs):
    """The attention layer of that `kind`: `"dot"`, `"additive"`, `"multi_head"`; `None` for `"none"`."""
    if kind == "none":
        return None
    if kind == "multi_head":
        return MultiHeadAttention(units, heads, **kwargs)
    kinds = {"dot": DotAttention, "additive": AdditiveAttention}
    if kind not in kinds:
        raise ValueError(f"attention={kind!r}: expected 'none', 'dot', 'additive' or 'multi_head'.")
    return kinds[kind](units, **kwargs)
