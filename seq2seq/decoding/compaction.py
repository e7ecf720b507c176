"""Sentences that have ended leave the batch, so that the last ones do not pay for them."""

import tensorflow as tf

COMPACT = 0.85  # once no more than this share of the sentences goes on, the others leave


def with_memory(step, memory):
    """The step function as one of three arguments, the memory, and whether sentences may leave: a step that keeps its
    memory to itself (`None`) does not know who has left."""
    if memory is None:
        return (lambda tokens, state, _: step(tokens, state)), (), False
    return step, memory, True


def compacted(going, parts):
    """`parts`, a nest of tensors `(n, …)`, without the rows that are not `going`, bool `(n,)`, if these are many."""
    count = tf.math.count_nonzero(going, dtype=tf.float32)
    few = (count > 0) & (count <= COMPACT * tf.cast(tf.size(going), tf.float32))

    def take():
        kept = tf.where(going)[:, 0]
        return tf.nest.map_structure(lambda tensor: tf.gather(tensor, kept), parts)

    return tf.cond(few, take, lambda: parts)


def any_rows(parts):
    """The shapes of a nest of tensors for a loop in which their first axis shrinks."""
    return tf.nest.map_structure(lambda tensor: tf.TensorShape((None, *tensor.shape[1:])), parts)
