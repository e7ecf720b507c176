"""What a hypothesis may not contain, and what it must begin with."""

import tensorflow as tf

from seq2seq.special_ids import PAD

MINUS_INFINITY = -1e30  # finite, so that differences stay numbers


def without_repeats(logits, history, t, n):
    """Logits in which no token is left that would be the last of `n` tokens that stand in their hypothesis already.

    Args:
        logits: float32 `(rows, vocabulary)`.
        history: int32 `(rows, steps)`. The tokens of each hypothesis so far.
        t: int32. How many these are.
        n: int, at least 1.

    Returns:
        float32 `(rows, vocabulary)`, `MINUS_INFINITY` in place of those logits.
    """
    steps = tf.shape(history)[1]
    starts = tf.range(tf.maximum(steps - n + 1, 0))  # of all n-grams, those that are not yet complete included
    repeated = tf.tile((starts + n - 1 < t)[None], (tf.shape(history)[0], 1))
    for k in range(n - 1):  # the k-th token of each n-gram, and that of the one that is about to end
        now = tf.gather(history, tf.clip_by_value(t - n + 1 + k, 0, steps - 1), axis=1)
        repeated &= tf.gather(history, starts + k, axis=1) == now[:, None]
    places = tf.where(repeated)
    tokens = tf.gather_nd(history[:, n - 1 :], places)
    places = tf.stack((places[:, 0], tf.cast(tokens, places.dtype)), 1)
    return tf.tensor_scatter_nd_update(logits, places, tf.fill(tf.shape(tokens), MINUS_INFINITY))


def given_tokens(prefix, t, rows):
    """The token that a given beginning has at `t`, int32 `(n,)`, PAD where it is over.

    Args:
        prefix: int32 `(batch, steps)`. The beginnings, each with PAD after it.
        t: int32.
        rows: int32 `(n,)`. Which sentences of the batch are asked for.
    """
    padded = tf.pad(prefix, ((0, 0), (0, 1)), constant_values=PAD)
    return tf.gather(padded[:, tf.minimum(t, tf.shape(prefix)[1])], rows)
