"""Greedy search, and sampling, which differs from it in one function."""

import tensorflow as tf

PAD, BOS, EOS = 0, 2, 3  # as in seq2seq.text.tokens, which decoding does not import


def most_probable(logits, t):
    """The token of the largest logit: `(batch, vocabulary)` → `(batch,)`."""
    return tf.argmax(logits, axis=-1, output_type=tf.int32)


def greedy_search(step, state, limits, select=most_probable):
    """Extend each sentence by one selected token at a time until EOS.

    Args:
        step: step function, see `seq2seq.decoding`; here with one hypothesis for each sentence.
        state: its initial state, leaves `(batch, 1, …)`.
        limits: int32 `(batch,)`. A hypothesis of that many tokens, EOS included, ends without EOS.
        select: `(logits (batch, vocabulary), t) -> tokens (batch,)`.

    Returns:
        `tokens`, int32 `(batch, longest limit)`: the hypothesis with its EOS, then PAD; and `scores`, float32
        `(batch,)`: the sum of its tokens' log-probabilities under the model, nats.
    """
    batch, steps = tf.shape(limits)[0], tf.reduce_max(limits)
    blank = tf.fill((batch, steps), PAD)

    def unfinished(t, last, state, finished, scores, tokens):
        return (t < steps) & ~tf.reduce_all(finished)

    def extend(t, last, state, finished, scores, tokens):
        logits, state = step(last[:, None], state)
        logits = logits[:, 0]
        chosen = select(logits, t)
        gained = tf.gather(logits, chosen, batch_dims=1) - tf.reduce_logsumexp(logits, axis=-1)
        scores += tf.where(finished, 0.0, gained)
        chosen = tf.where(finished, PAD, chosen)
        finished |= (chosen == EOS) | (t + 1 >= limits)
        tokens = tf.where(tf.range(steps) == t, chosen[:, None], tokens)
        return t + 1, chosen, state, finished, scores, tokens

    start = (0, tf.fill((batch,), BOS), state, limits <= 0, tf.zeros((batch,)), blank)
    *_, scores, tokens = tf.while_loop(unfinished, extend, start, parallel_iterations=1)
    return tokens, scores
