"""A model that reads given targets instead of searching for its own: what it believes of each of their tokens, and what
it attends to meanwhile.

Translations are scored, re-ranked, aligned and mended by this one pass, which costs as much as a greedy search: the
recurrent layers run over whole targets in one call, and only real tokens meet the output layer.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import tensorflow as tf

from seq2seq.device import stay_in_process
from seq2seq.inference.search import length_batches
from seq2seq.layers.rows import spare_rows
from seq2seq.models import EncoderDecoder
from seq2seq.special_ids import BOS, NEVER_WRITTEN, PAD
from seq2seq.text.tokens import TokenRows, pad_rows

# What passes attention and output layer together, however long the targets are: tokens, whose logits are as wide as the
# vocabulary, and pairs of target and source tokens, for each of which additive attention makes a vector.
TOKENS_AT_ONCE = {"CPU": 1024, "GPU": 8192}
CELLS_AT_ONCE = {"CPU": 2**16, "GPU": 2**18}


class ForcedReader:
    """Reads any number of targets, those of similar lengths together.

    Args:
        model: `EncoderDecoder`.
        workers: int. Batches that are read at once.
    """

    def __init__(self, model: EncoderDecoder, workers: int = 1):
        self.model, self.workers = model, workers
        self._graphs, self._pool = {}, None

    def read(
        self,
        source: TokenRows,
        labels: TokenRows,
        batch_tokens: int,
        result: Callable,
        *,
        attended: bool = False,
        blank: np.ndarray | None = None,
    ) -> list[Any]:
        """Read a target for each source.

        Args:
            source: `TokenRows`, without EOS.
            labels: `TokenRows`, as many, with EOS where one is to be scored.
            batch_tokens: int. Padded tokens in a batch, on the longer side.
            result: function of the number of a row, the log-probabilities of its labels, float32 `(labels,)`, and what
                these attend to, float32 `(labels, source_steps)`, or `None` unless `attended`.
            attended: bool. Whether attention is wanted.
            blank: bool array, `(rows,)`. Rows that are not read; by default all are.

        Returns:
            What `result` gives for each row; `None` where it is blank.
        """
        stay_in_process()  # before a batch waits for a thread that a fork has not
        graph = self._graphs.get(attended) or self._graphs.setdefault(attended, forced_graph(self.model, attended))
        results = [None] * len(source)

        def read(batch):
            rows = pad_rows(source.take(batch)), pad_rows(labels.take(batch), end=False)
            log_probabilities, *weights = (tensor.numpy() for tensor in graph(*rows))
            for k, (row, length) in enumerate(zip(batch, labels.lengths[batch], strict=True)):
                seen = weights[0][k, :length] if attended else None
                results[row] = result(row, log_probabilities[k, :length].copy(), seen)

        # EOS is counted by `length_batches`, which leaves out what has no length.
        lengths = np.maximum(np.maximum(source.lengths, labels.lengths - 1), 1)
        lengths = lengths if blank is None else np.where(blank, 0, lengths)
        self._pool = self._pool or ThreadPoolExecutor(self.workers)
        for _ in self._pool.map(read, length_batches(lengths, batch_tokens)):
            pass
        return results


def forced_graph(model: EncoderDecoder, attended: bool = False) -> Callable:
    """One compiled graph for any batch and any length.

    The probabilities are those that the search goes by: PAD and BOS have none.

    Args:
        model: `EncoderDecoder`.
        attended: bool. Give the attention weights, too; the model must have some.

    Returns:
        A function of int32 source ids `(batch, source_steps)`, each row with its EOS, and int32 labels, `(batch,
        steps)`, target ids with EOS where one is to be scored; both padded on the right. It gives a tuple: of each
        label the log-probability given those before it, float32 `(batch, steps)`, nats, 0 at padding; and, if
        `attended`, what it attends to, float32 `(batch, steps, source_steps)`, each row summing to 1.
    """
    device = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
    ids = tf.TensorSpec((None, None), tf.int32)

    @tf.function(input_signature=(ids, ids), autograph=False)
    def forced(source, labels):
        decoder = model.decoder
        state = decoder.initial_state(model.encoder(source))
        given = tf.where(labels == PAD, PAD, tf.pad(labels[:, :-1], ((0, 0), (1, 0)), constant_values=BOS))
        outputs, _ = decoder.recurrent(given, state)
        project = decoder.projection(NEVER_WRITTEN)
        (rows, source_steps), steps = tf.unstack(tf.shape(source)), tf.shape(labels)[1]
        at_once = tf.minimum(TOKENS_AT_ONCE[device] // rows, CELLS_AT_ONCE[device] // (rows * source_steps))
        at_once = tf.maximum(at_once, 1)
        # Some steps are read at a time; in what is kept the steps come first, so that the parts can be joined.
        parts = tf.TensorArray(tf.float32, -(-steps // at_once), element_shape=(None, None), infer_shape=False)
        seen = tf.TensorArray(tf.float32, -(-steps // at_once), element_shape=(None, None, None), infer_shape=False)

        def read(start, parts, seen):
            part = slice(start, start + at_once)
            features, weights = decoder.read_out(outputs[:, part], state.memory)
            found = _log_probabilities(project, features, labels[:, part])
            parts = parts.write(start // at_once, tf.transpose(found))
            if attended:
                seen = seen.write(start // at_once, tf.transpose(weights, (1, 0, 2)))
            return start + at_once, parts, seen

        _, parts, seen = tf.while_loop(lambda start, *_: start < steps, read, (0, parts, seen), parallel_iterations=1)
        log_probabilities = tf.transpose(parts.concat())
        return (log_probabilities, tf.transpose(seen.concat(), (1, 0, 2))) if attended else (log_probabilities,)

    return forced


def _log_probabilities(project, features, labels):
    """float32 like `labels`, `(batch, steps)`: only real ones pass the output layer."""
    real = tf.where(tf.not_equal(labels, PAD))
    tokens = tf.shape(real)[0]
    spare = spare_rows(tokens)
    logits = project(tf.pad(tf.gather_nd(features, real), ((0, spare), (0, 0))))
    chosen = tf.pad(tf.gather_nd(labels, real), ((0, spare),))
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(chosen, logits)[:tokens]
    return tf.scatter_nd(real, -losses, tf.shape(labels, tf.int64))
