"""Beam search in one graph, for all sentences of a batch at once."""

from typing import Any, NamedTuple

import tensorflow as tf

from seq2seq.decoding.compaction import any_rows, compacted, with_memory
from seq2seq.decoding.constraints import MINUS_INFINITY, given_tokens, without_repeats
from seq2seq.decoding.top import log_normalizers, top_k
from seq2seq.errors import InputError
from seq2seq.special_ids import BOS, EOS, PAD


class _Search(NamedTuple):
    """Where a search stands. `B` sentences that are still in the batch, `k` beams (one alive before the first token),
    `L` the longest limit."""

    rows: Any  # (B,) int32, which sentences they are
    alive_tokens: Any  # (B, k, L) int32, PAD from t on
    alive_scores: Any  # (B, k) log-probabilities, best first
    last: Any  # (B, k) int32, the last token of each alive hypothesis
    state: Any  # leaves (B, k, …)
    ended_tokens: Any  # (B, k, L) int32, best first
    ended_scores: Any  # (B, k) log-probability / length ** penalty; MINUS_INFINITY where there is none
    done: Any  # (B,) bool
    memory: Any  # leaves (B, …)


def beam_search(
    step: Any,
    state: Any,
    limits: Any,
    beam_size: int,
    length_penalty: float = 1.0,
    n_best: Any = 1,
    memory: Any = None,
    no_repeat: int = 0,
    prefix: Any = None,
) -> tuple[Any, Any]:
    """Search for the hypotheses of highest `log-probability / length ** length_penalty`.

    A hypothesis ends when EOS is among the `beam_size` best extensions, so that a beam of one is greedy search; the
    best `2 * beam_size` extensions are looked at, so that `beam_size` hypotheses stay alive. A sentence is done when
    `beam_size` hypotheses have ended, or as soon as no alive one can still enter the `n_best`: log-probabilities only
    fall and lengths stay within the limit, so `best alive log-probability / limit ** length_penalty` bounds every score
    to come. The early stop is therefore exact.

    Args:
        step: step function, see `seq2seq.decoding`.
        state: its initial state, leaves `(batch, 1, …)`: one hypothesis, from whose first tokens `beam_size` are made.
        limits: int32 `(batch,)`. A hypothesis of that many tokens, EOS included, ends without EOS.
        beam_size: int.
        length_penalty: float, at least 0. 0 compares log-probabilities, 1 means per token.
        n_best: int, at most `beam_size`; or an int32 tensor of it, which is not checked.
        memory: what `step` knows of the sentences, see `seq2seq.decoding`.
        no_repeat: int. No so many tokens in a row stand in a hypothesis twice; 0: they may.
        prefix: int32 `(batch, steps)`, or `None`. What each hypothesis begins with, whatever the model and `no_repeat`
            say, PAD after it.

    Returns:
        `tokens`, int32 `(batch, n_best, longest limit)`, best first, each with its EOS, then PAD; and `scores`, float32
        `(batch, n_best)`: log-probability / length ** length_penalty, nats. Where fewer than `n_best` hypotheses were
        found, the others are all PAD with a score of -1e30.

    Raises:
        InputError: `n_best` is out of range.
    """
    if isinstance(n_best, int) and not 1 <= n_best <= beam_size:
        raise InputError(f"Expected n_best from 1 to beam_size={beam_size}, got {n_best}.")
    step, memory, may_leave = with_memory(step, memory)
    batch, steps = tf.shape(limits)[0], tf.reduce_max(limits)
    nothing = tf.fill((batch, beam_size), MINUS_INFINITY)
    blank = tf.fill((batch, beam_size, tf.maximum(steps, 1)), PAD)  # nothing can be written into a width of 0
    last = tf.fill((batch, 1), BOS)
    alive = (blank[:, :1], tf.zeros((batch, 1)), last)
    search = _Search(tf.range(batch), *alive, state, blank, nothing, limits <= 0, memory)
    bounds = tf.cast(tf.maximum(limits, 1), tf.float32) ** length_penalty

    def unfinished(t, search, *_):
        return (t < steps) & ~tf.reduce_all(search.done)

    def results(search, found_tokens, found_scores):
        rows = search.rows[:, None]
        return (
            tf.tensor_scatter_nd_update(found_tokens, rows, search.ended_tokens[:, :n_best]),
            tf.tensor_scatter_nd_update(found_scores, rows, search.ended_scores[:, :n_best]),
        )

    def extend(t, search, *found):
        origins, tokens, scores, state = _extensions(step, search, beam_size, t, no_repeat, prefix)
        length, limit = t + 1, tf.gather(limits, search.rows)
        extended = tf.gather(search.alive_tokens, origins, batch_dims=1)  # (B, 2k, L)
        extended = tf.where(tf.range(tf.shape(extended)[2]) == t, tokens[..., None], extended)
        is_eos = tokens == EOS
        at_limit = (length >= limit)[:, None]
        # A hypothesis ends with an EOS among the best k; at the limit all of the best k do.
        ends = (is_eos | at_limit) & (tf.range(2 * beam_size) < beam_size) & (scores > MINUS_INFINITY / 2)
        normalized = tf.where(ends, scores / tf.cast(length, tf.float32) ** length_penalty, MINUS_INFINITY)
        ended_scores, ended_tokens = _best(
            tf.concat((search.ended_scores, normalized), 1), tf.concat((search.ended_tokens, extended), 1), beam_size
        )
        ended_scores = tf.where(search.done[:, None], search.ended_scores, ended_scores)
        ended_tokens = tf.where(search.done[:, None, None], search.ended_tokens, ended_tokens)

        alive_scores, kept = tf.math.top_k(tf.where(is_eos, MINUS_INFINITY, scores), beam_size)
        alive_tokens = tf.gather(extended, kept, batch_dims=1)
        origins, last = tf.gather(origins, kept, batch_dims=1), tf.gather(tokens, kept, batch_dims=1)
        state = tf.nest.map_structure(lambda leaf: tf.gather(leaf, origins, batch_dims=1), state)

        all_ended = ended_scores[:, -1] > MINUS_INFINITY / 2
        settled = ended_scores[:, n_best - 1] >= alive_scores[:, 0] / tf.gather(bounds, search.rows)
        done = search.done | all_ended | settled | at_limit[:, 0]
        new = (alive_tokens, alive_scores, last, state, ended_tokens, ended_scores, done, search.memory)
        search = _Search(search.rows, *new)
        if may_leave:  # what leaves has been found, and what stays is found again later
            found = results(search, *found)
            search = compacted(~done, search)
        return length, search, *found

    t, *begun = extend(0, search, blank[:, :n_best], nothing[:, :n_best])
    shapes = (tf.TensorShape(()), *any_rows(begun))
    _, search, *found = tf.while_loop(unfinished, extend, (t, *begun), shapes, parallel_iterations=1)
    tokens, scores = results(search, *found)
    return tokens[..., :steps], scores


def _extensions(step, search, beam_size, t, no_repeat, prefix):
    """Beam of origin, token and log-probability of the `2 * beam_size` best extensions, `(B, 2k)`, and the state."""
    logits, state = step(search.last, search.state, search.memory)
    vocabulary = logits.shape[-1]
    width = min(2 * beam_size, vocabulary)
    # The best 2k of all are among the best 2k of each beam, so only those need their log-probability.
    rows = tf.reshape(logits, (-1, vocabulary))
    best, tokens = largest = top_k(rows, width)
    if no_repeat:
        history = tf.reshape(search.alive_tokens, (-1, tf.shape(search.alive_tokens)[2]))
        best, tokens = top_k(without_repeats(rows, history, t, no_repeat), width)
    normalizers = log_normalizers(rows, largest[0][:, 0], largest[1][:, 0])[:, None]
    best -= normalizers
    beams = search.last.shape[1]
    if prefix is not None:
        given = tf.repeat(given_tokens(prefix, t, search.rows), beams)[:, None]
        only = tf.where(tf.range(width) == 0, tf.gather(rows, given, batch_dims=1) - normalizers, MINUS_INFINITY)
        best, tokens = tf.where(given == PAD, best, only), tf.where(given == PAD, tokens, given)
    scores = search.alive_scores[..., None] + tf.reshape(best, (-1, beams, width))
    flat = (tf.shape(scores)[0], beams * width)
    scores, positions = tf.math.top_k(_padded(tf.reshape(scores, flat), 2 * beam_size), 2 * beam_size)
    tokens = tf.gather(_padded(tf.reshape(tokens, flat), 2 * beam_size, 0), positions, batch_dims=1)
    return tf.minimum(positions // width, beams - 1), tokens, scores, state


def _padded(rows, width, value=MINUS_INFINITY):
    """Rows widened to at least `width`: a tiny vocabulary has fewer extensions than 2k."""
    missing = tf.maximum(width - tf.shape(rows)[1], 0)
    return tf.pad(rows, ((0, 0), (0, missing)), constant_values=tf.cast(value, rows.dtype))


def _best(scores, tokens, count):
    """The `count` highest of `scores`, `(B, n)`, best first, with their rows of `tokens`, `(B, n, L)`."""
    scores, chosen = tf.math.top_k(scores, count)
    return scores, tf.gather(tokens, chosen, batch_dims=1)
