"""Greedy search, and sampling, which differs from it in one function."""

from typing import Any

import tensorflow as tf

from seq2seq.decoding.compaction import any_rows, compacted, with_memory
from seq2seq.decoding.constraints import given_tokens, without_repeats
from seq2seq.decoding.top import log_normalizers, top_k
from seq2seq.special_ids import BOS, EOS, PAD


def most_probable(logits: Any, t: Any, rows: Any) -> Any:
    """The token of the largest logit: `(batch, vocabulary)` → `(batch,)`."""
    return top_k(logits, 1)[1][:, 0]


def greedy_search(
    step: Any,
    state: Any,
    limits: Any,
    select: Any = most_probable,
    memory: Any = None,
    scored: bool = True,
    no_repeat: int = 0,
    prefix: Any = None,
) -> tuple[Any, Any]:
    """Extend each sentence by one selected token at a time until EOS.

    Args:
        step: step function, see `seq2seq.decoding`; here with one hypothesis for each sentence.
        state: its initial state, leaves `(batch, 1, …)`.
        limits: int32 `(batch,)`. A hypothesis of that many tokens, EOS included, ends without EOS.
        select: `(logits (n, vocabulary), t, rows (n,)) -> tokens (n,)`, of the sentences `rows` of the batch.
        memory: what `step` knows of the sentences, see `seq2seq.decoding`.
        no_repeat: int. No so many tokens in a row stand in a hypothesis twice; 0: they may.
        prefix: int32 `(batch, steps)`, or `None`. What each hypothesis begins with, whatever the model and `no_repeat`
            say, PAD after it.
        scored: bool. Without, scores stay 0, and no step has to pass over the whole vocabulary for its normalizer.

    Returns:
        `tokens`, int32 `(batch, longest limit)`: the hypothesis with its EOS, then PAD; and `scores`, float32
        `(batch,)`: the sum of its tokens' log-probabilities under the model, nats.
    """
    step, memory, may_leave = with_memory(step, memory)
    batch, steps = tf.shape(limits)[0], tf.reduce_max(limits)

    def unfinished(t, active, *_):
        return (t < steps) & tf.reduce_any(active[0])

    def extend(t, active, scores, tokens):
        going, rows, last, state, memory = active
        logits, state = step(last[:, None], state, memory)
        logits = logits[:, 0]
        choices = without_repeats(logits, tf.gather(tokens, rows), t, no_repeat) if no_repeat else logits
        chosen = select(choices, t, rows)
        if prefix is not None:
            given = given_tokens(prefix, t, rows)
            chosen = tf.where(given == PAD, chosen, given)
        if scored:
            largest, where = top_k(logits, 1)
            gained = tf.gather(logits, chosen, batch_dims=1) - log_normalizers(logits, largest[:, 0], where[:, 0])
            scores = tf.tensor_scatter_nd_add(scores, rows[:, None], tf.where(going, gained, 0.0))
        chosen = tf.where(going, chosen, PAD)
        tokens = tf.tensor_scatter_nd_update(tokens, tf.stack((rows, tf.fill(tf.shape(rows), t)), 1), chosen)
        going &= (chosen != EOS) & (t + 1 < tf.gather(limits, rows))
        active = (going, rows, chosen, state, memory)
        return t + 1, compacted(going, active) if may_leave else active, scores, tokens

    active = (limits > 0, tf.range(batch), tf.fill((batch,), BOS), state, memory)
    found = (tf.zeros((batch,)), tf.fill((batch, steps), PAD))
    shapes = (tf.TensorShape(()), any_rows(active), *any_rows(found))
    *_, scores, tokens = tf.while_loop(unfinished, extend, (0, active, *found), shapes, parallel_iterations=1)
    return tokens, scores
