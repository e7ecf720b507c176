"""Drawing tokens in a graph, as a `Sampling` says."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from seq2seq.decoding.sampling import Sampling


def candidates(sampling: Sampling, logits: Any) -> tuple[Any, Any]:
    """The tokens to draw from, int32, and logits to draw them by, `-inf` where excluded; both `(batch, n)`.

    Args:
        sampling: `Sampling`, or the same with scalar tensors in place of numbers that leave something out.
        logits: float32 `(batch, vocabulary)`.
    """
    scores = logits / sampling.temperature
    batch, size = tf.unstack(tf.shape(scores))
    limited = tf.is_tensor(sampling.top_k) or sampling.top_k > 0
    nucleus = tf.is_tensor(sampling.top_p) or sampling.top_p < 1.0
    if not limited and not nucleus:  # no need to sort
        return tf.tile(tf.range(size)[None], (batch, 1)), scores
    scores, tokens = tf.math.top_k(scores, tf.minimum(sampling.top_k, size) if limited else size)
    if nucleus:
        before = tf.cumsum(tf.nn.softmax(scores), axis=-1, exclusive=True)  # mass of the more probable tokens
        scores = tf.where(before < sampling.top_p, scores, float("-inf"))
    return tokens, scores


def selector(sampling: Sampling, streams: Any) -> Callable[..., Any]:
    """Make the `select` function for `greedy_search`.

    Args:
        sampling: `Sampling`.
        streams: int32 `(batch,)`. Number of each sentence's random stream; `select` draws for all of them unless
            told for which `rows`.
    """
    streams = tf.cast(streams, tf.int64) * 2**32  # room for the steps
    seed = tf.convert_to_tensor(sampling.seed, tf.int64)

    def select(logits, t, rows=None):
        tokens, scores = candidates(sampling, logits)
        # Several sentences may have one stream, of which each number is drawn once.
        different, places = tf.unique(streams if rows is None else tf.gather(streams, rows), tf.int32)

        def gumbel(stream):
            pair = tf.stack((seed, stream + tf.cast(t, tf.int64)))
            uniform = tf.random.stateless_uniform(tf.shape(scores)[1:], pair, minval=1e-20)  # its logarithm is finite
            return tf.math.log(-tf.math.log(uniform))

        chosen = tf.argmax(scores - tf.gather(tf.map_fn(gumbel, different, tf.float32), places), axis=-1)  # Gumbel-max
        return tf.gather(tokens, chosen, batch_dims=1)

    return select
