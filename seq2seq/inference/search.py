"""How a translator searches: the compiled graph, and which lines go through it together."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from seq2seq.config import DecodingConfig
from seq2seq.decoding import Sampling, beam_search, greedy_search
from seq2seq.decoding.greedy import most_probable
from seq2seq.models import EncoderDecoder
from seq2seq.models.encoder_decoder import DecoderState
from seq2seq.special_ids import NEVER_WRITTEN


@dataclass(frozen=True)
class Search:
    """How to search: the resolved `settings`, the number of hypotheses for each line, whether the scores of these are
    told, and the compiled `graph`."""

    settings: DecodingConfig
    n_best: int
    scored: bool
    graph: Callable


def search_graph(
    model: EncoderDecoder,
    beam_size: int,
    length_penalty: float,
    n_best: int,
    sampling: Sampling | None,
    scored: bool = True,
) -> Callable:
    """One compiled graph for any batch and any length.

    Returns:
        A function of int32 source ids `(batch, steps)`, most tokens of each translation `(batch,)` and the number of
        its random stream `(batch,)`; it gives int32 ids `(batch, n_best, steps)` and float32 scores `(batch, n_best)`.
    """
    row = tf.TensorSpec((None,), tf.int32)

    @tf.function(input_signature=(tf.TensorSpec((None, None), tf.int32), row, row), autograph=False)
    def search(source, limits, streams):
        cells, memory = model.start(source)
        decoder_step = model.decoder.stepper(never=NEVER_WRITTEN)

        def step(tokens, cells, memory):
            logits, state, _ = decoder_step(tokens, DecoderState(cells, memory or None))
            return logits, state.cells

        memory = memory or ()  # without attention there is none
        if beam_size == 1:
            select = most_probable if sampling is None else sampling.selector(streams)
            tokens, scores = greedy_search(step, cells, limits, select, memory, scored)
            lengths = tf.math.count_nonzero(tokens, axis=1, dtype=tf.float32)
            return tokens[:, None], (scores / lengths**length_penalty)[:, None]
        return beam_search(step, cells, limits, beam_size, length_penalty, n_best, memory)

    return search


def length_batches(lengths, batch_tokens) -> Iterator[np.ndarray]:
    """Indices of non-empty rows by length, cut so that padded tokens, EOS included, stay within `batch_tokens`."""
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    end = len(order)
    while end:  # from the longest on, so that the width of a batch is that of its first row
        size = max(1, batch_tokens // (int(lengths[order[end - 1]]) + 1))
        yield order[max(end - size, 0) : end]
        end = max(end - size, 0)
