"""Models of texts as graphs that TensorFlow compiles: what `seq2seq.runtime.texts` does with the graphs of exports."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import tensorflow as tf

from seq2seq.decoding import Sampling, beam_search, greedy_search
from seq2seq.decoding.drawing import selector
from seq2seq.decoding.greedy import most_probable
from seq2seq.inference.compiled import graph
from seq2seq.inference.search import BESIDE_THE_GRAPH, Search
from seq2seq.layers.rows import spare_rows
from seq2seq.models import EncoderDecoder, Ensemble, LanguageModel
from seq2seq.models.ensemble import mean_probability
from seq2seq.special_ids import BOS, NEVER_WRITTEN, PAD
from seq2seq.text.tokens import SPECIAL_PIECES

# What passes attention and output layer together, however long the targets are: tokens, whose logits are as wide as the
# vocabulary, and pairs of target and source tokens, for each of which additive attention makes a vector.
TOKENS_AT_ONCE = {"CPU": 1024, "GPU": 8192}
CELLS_AT_ONCE = {"CPU": 2**16, "GPU": 2**18}


def search_graph(model: EncoderDecoder | Ensemble, search: Search, graphs: dict | None = None) -> Callable:
    """One compiled graph for any batch and any length.

    Args:
        model: `EncoderDecoder`, or an `Ensemble` of some.
        search: a settled `Search`.
        graphs: dict of the compiled graphs of this model so far, one for each kind of search, which takes a new one.
            TensorFlow frees none of them, so that a number that anyone may choose is an input.

    Returns:
        A function of int32 source ids `(batch, steps)`, most tokens of each translation `(batch,)`, the number of its
        random stream `(batch,)` and the tokens that all begin with, `(tokens,)`; it gives int32 ids
        `(batch, n_best, steps)` and float32 scores `(batch, n_best)`. Where translations are drawn, there may be as
        many limits and streams for each source, one after the other: so many are drawn.
    """
    kind = replace(search, **dict.fromkeys(BESIDE_THE_GRAPH), prefix=bool(search.prefix))
    graphs = {} if graphs is None else graphs
    graph = graphs.get(kind) or graphs.setdefault(kind, _search_graph(model, kind))
    return lambda *inputs: graph(*inputs, np.float32(search.length_penalty), np.int32(search.n_best))


def _search_graph(model, search):
    row = tf.TensorSpec((None,), tf.int32)
    penalty, count = tf.TensorSpec((), tf.float32), tf.TensorSpec((), tf.int32)
    signature = tf.TensorSpec((None, None), tf.int32), row, row, row, penalty, count

    @tf.function(input_signature=signature, autograph=False)
    def graph(source, limits, streams, prefix, length_penalty, n_best):
        cells, memory, step = model.begin(source, NEVER_WRITTEN)
        if search.sampling is not None:  # several draws of each text, which is read once
            copies = tf.size(limits) // tf.shape(source)[0]
            cells, memory = tf.nest.map_structure(lambda each: tf.repeat(each, copies, axis=0), (cells, memory))
        constraints = {"no_repeat": search.no_repeat}
        if search.prefix:
            constraints["prefix"] = tf.tile(prefix[None], (tf.size(limits), 1))
        if search.beam_size == 1:
            select = most_probable if search.sampling is None else search.sampling.selector(streams)
            tokens, scores = greedy_search(step, cells, limits, select, memory, search.scored, **constraints)
            lengths = tf.math.count_nonzero(tokens, axis=1, dtype=tf.float32)
            return tokens[:, None], (scores / lengths**length_penalty)[:, None]
        return beam_search(step, cells, limits, search.beam_size, length_penalty, n_best, memory, **constraints)

    return graph


def forced_graph(model: EncoderDecoder | Ensemble, attended: bool = False) -> Callable:
    """One compiled graph for any batch and any length.

    The probabilities are those that the search goes by: PAD and BOS have none.

    Args:
        model: `EncoderDecoder`, or an `Ensemble` of some.
        attended: bool. Give the attention weights, too; the model must have some. Of an ensemble they are the mean of
            those of the members that have any.

    Returns:
        A function of int32 source ids `(batch, source_steps)`, each row with its EOS, and int32 labels, `(batch,
        steps)`, target ids with EOS where one is to be scored; both padded on the right. It gives a tuple: of each
        label the log-probability given those before it, float32 `(batch, steps)`, nats, 0 at padding; and, if
        `attended`, what it attends to, float32 `(batch, steps, source_steps)`, each row summing to 1.
    """
    ids = tf.TensorSpec((None, None), tf.int32)

    @tf.function(input_signature=(ids, ids), autograph=False)
    def forced(source, labels):
        if not isinstance(model, Ensemble):
            return _forced(model, source, labels, attended)
        attend = [attended and member.decoder.attention is not None for member in model.members]
        found = [_forced(member, source, labels, seen) for member, seen in zip(model.members, attend, strict=True)]
        log_probabilities = mean_probability([each[0] for each in found])
        weights = [each[1] for each in found if len(each) > 1]
        return (log_probabilities, tf.add_n(weights) / len(weights)) if attended else (log_probabilities,)

    return forced


def _forced(model, source, labels, attended):
    """What `forced_graph` gives of one model."""
    decoder, device = model.decoder, "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    state = decoder.initial_state(model.encoder(source))
    given = tf.where(labels == PAD, PAD, tf.pad(labels[:, :-1], ((0, 0), (1, 0)), constant_values=BOS))
    project = decoder.projection(NEVER_WRITTEN)
    (rows, source_steps), steps = tf.unstack(tf.shape(source)), tf.shape(labels)[1]
    at_once = tf.minimum(TOKENS_AT_ONCE[device] // rows, CELLS_AT_ONCE[device] // (rows * source_steps))
    at_once = tf.maximum(at_once, 1)

    def attention(queries, memory):
        attend = lambda part: decoder.attention(queries[:, part], memory)  # noqa: E731
        context, weights = _in_parts(attend, steps, at_once, decoder.stack.context_dim, None)
        return tf.cast(context, queries.dtype), weights

    outputs, _ = decoder.recurrent(given, state, attention=attention)

    def read(part):
        features, weights = decoder.read_out([each[:, part] for each in outputs], state.memory)
        found = _log_probabilities(project, features, labels[:, part])
        return (found[..., None], weights) if attended else (found[..., None],)

    log_probabilities, *seen = _in_parts(read, steps, at_once, 1, *[None] * attended)
    return log_probabilities[..., 0], *seen


def _in_parts(read, steps, at_once, *widths):
    """What `read` gives of a slice of the steps, a tuple of `(rows, steps, width)`, of all steps, so many at a time."""
    count = -(-steps // at_once)
    # In what is kept the steps come first, so that the parts can be joined.
    kept = [tf.TensorArray(tf.float32, count, element_shape=(None, None, width), infer_shape=False) for width in widths]
    swapped = lambda each: tf.transpose(tf.cast(each, tf.float32), (1, 0, 2))  # noqa: E731

    def part(k, *kept):
        found = read(slice(k * at_once, (k + 1) * at_once))
        return k + 1, *(array.write(k, swapped(each)) for array, each in zip(kept, found, strict=True))

    _, *kept = tf.while_loop(lambda k, *_: k < count, part, (0, *kept), parallel_iterations=1)
    return [swapped(array.concat()) for array in kept]


def _log_probabilities(project, features, labels):
    """float32 like `labels`, `(batch, steps)`: only real ones pass the output layer."""
    real = tf.where(tf.not_equal(labels, PAD))
    tokens = tf.shape(real)[0]
    spare = spare_rows(tokens)
    logits = project(tf.pad(tf.gather_nd(features, real), ((0, spare), (0, 0))))
    chosen = tf.pad(tf.gather_nd(labels, real), ((0, spare),))
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(chosen, logits)[:tokens]
    return tf.scatter_nd(real, -losses, tf.shape(labels, tf.int64))


def write_graph(model: LanguageModel, sampling: Sampling | None, graphs: dict | None = None) -> Callable:
    """`(prompts, limits, streams)` → tokens and their scores.

    Args:
        model: `LanguageModel`.
        sampling: `Sampling`, or `None` for the most probable token each time.
        graphs: dict, as for `search_graph`.
    """
    draws = sampling or Sampling()
    kind = sampling and (draws.top_k > 0, draws.top_p < 1)
    graphs = {} if graphs is None else graphs
    write = graphs.get(kind) or graphs.setdefault(kind, _write_graph(model, kind))
    numbers = np.float32(draws.temperature), np.int32(draws.top_k), np.float32(draws.top_p), np.int64(draws.seed)
    return lambda *inputs: write(*inputs, *numbers)


def _write_graph(model, kind):
    row = tf.TensorSpec((None,), tf.int32)
    # Of the ids that stand for no character, which a text of characters cannot hold, none may be written.
    is_character = tf.range(model.vocabulary_size) >= len(SPECIAL_PIECES)

    def step(tokens, state):
        logits, state = model.continue_step(tokens, state)
        return tf.where(is_character, logits, -1e9), state

    def write(prompts, limits, streams, temperature, top_k, top_p, seed):
        select = most_probable
        if kind:
            limited, nucleus = kind
            draws = {"top_k": top_k if limited else 0, "top_p": top_p if nucleus else 1.0}
            select = selector(SimpleNamespace(temperature=temperature, seed=seed, **draws), streams)
        return greedy_search(step, model.start(prompts), limits, select)

    numbers = [tf.TensorSpec((), kind) for kind in (tf.float32, tf.int32, tf.float32, tf.int64)]
    return graph(write, tf.TensorSpec((None, None), tf.int32), row, row, *numbers)
