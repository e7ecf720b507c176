"""Pairs of ids → batches: bucketed by length, shifted for teacher forcing, padded.

Which pairs make which batch is planned in NumPy, once per epoch and from the seed and the epoch alone; tf.data then
only gathers, shifts, pads and prefetches. So the order can be repeated from any epoch on.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from seq2seq.text.tokens import BOS, EOS, PAD, TokenRows


@dataclass(frozen=True)
class BatchPlan:
    """The batches of one epoch.

    Batch `b` holds the pairs `order[starts[b] : starts[b] + sizes[b]]`, padded to `source_steps[b]` and
    `target_steps[b]`, special ids included. All arrays are int32 or int64, one entry per batch except `order`.
    """

    order: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray
    source_steps: np.ndarray
    target_steps: np.ndarray

    def __len__(self):
        return len(self.starts)


class PairBatches:
    """Tokenized pairs as batches for `EncoderDecoder.fit`.

    With source ids `a b` and target ids `x y`, a row is source `a b EOS`, decoder input `BOS x y`, labels `x y EOS`.

    Args:
        source: `TokenRows`, without special ids.
        target: `TokenRows`, as many.
        batch_sentences: int. Pairs in a batch, or 0.
        batch_tokens: int. Instead: most padded tokens in a batch, on the longer side. A pair that alone is
            longer makes a batch of its own.
        bucket_step: int. Padded lengths are multiples of this. Pairs of the same padded lengths are batched together.
        seed: int for another order of pairs and batches each epoch, or `None` for one order by length.
    """

    def __init__(self, source, target, batch_sentences=64, batch_tokens=0, bucket_step=4, seed=None):
        if len(source) != len(target):
            raise ValueError(f"Expected as many sources as targets, got {len(source)} and {len(target)}.")
        self.source, self.target = source, target
        self.batch_sentences, self.batch_tokens, self.bucket_step = batch_sentences, batch_tokens, bucket_step
        self.seed = seed

    unit = "target tokens"
    static_shapes = False

    @property
    def amount(self):
        """Number of labels in an epoch, EOS included."""
        return int(self.target.lengths.sum()) + len(self.target)

    def num_batches(self, epoch=0):
        """Number of batches of an epoch."""
        return len(self.plan(epoch))

    def plan(self, epoch=0):
        """The `BatchPlan` of an epoch, a function of the rows, the seed and `epoch` alone."""
        step = self.bucket_step
        source_steps = -(-(self.source.lengths + 1) // step) * step
        target_steps = -(-(self.target.lengths + 1) // step) * step
        random = None if self.seed is None else np.random.default_rng((self.seed, epoch))
        order = np.arange(len(self.source)) if random is None else random.permutation(len(self.source))
        # Stable, so that pairs of one bucket stay in random order.
        order = order[np.lexsort((source_steps[order], target_steps[order]))]
        starts = self._cut(np.maximum(source_steps, target_steps)[order])
        sizes = np.diff(np.append(starts, len(order)))
        longest_source = np.maximum.reduceat(source_steps[order], starts)
        longest_target = np.maximum.reduceat(target_steps[order], starts)
        if random is not None:
            shuffled = random.permutation(len(starts))
            starts, sizes = starts[shuffled], sizes[shuffled]
            longest_source, longest_target = longest_source[shuffled], longest_target[shuffled]
        return BatchPlan(order, starts, sizes, longest_source.astype(np.int32), longest_target.astype(np.int32))

    def _cut(self, steps):
        """Starts of batches in a sequence of rows that need `steps` each."""
        if self.batch_sentences:
            return np.arange(0, len(steps), self.batch_sentences)
        starts, start = [], 0
        while start < len(steps):
            starts.append(start)
            widths = np.maximum.accumulate(steps[start : start + self.batch_tokens // steps[start]])
            padded = widths * np.arange(1, len(widths) + 1)  # never falls
            start += max(1, int(np.searchsorted(padded, self.batch_tokens, side="right")))
        return np.array(starts, np.int64)

    def epoch(self, epoch=0):
        """The batches of an epoch, a `tf.data.Dataset` of int32 `((source, target_input), labels)` in planned order."""
        plan = self.plan(epoch)
        with tf.device("CPU"):  # where tf.data runs; a GPU has better things to hold
            order, sources, targets = tf.constant(plan.order), _ragged(self.source), _ragged(self.target)

        def batch(start, size, source_steps, target_steps):
            rows = order[start : start + size]
            source, target = tf.gather(sources, rows), tf.gather(targets, rows)
            bos, eos = tf.fill((size, 1), BOS), tf.fill((size, 1), EOS)
            padded_source = _padded((source, eos), source_steps)
            target_input, labels = _padded((bos, target), target_steps), _padded((target, eos), target_steps)
            return (padded_source, target_input), labels

        slices = (plan.starts, plan.sizes, plan.source_steps, plan.target_steps)
        dataset = tf.data.Dataset.from_tensor_slices(slices).map(batch, num_parallel_calls=2, deterministic=True)
        return dataset.prefetch(8).with_options(_fixed_parallelism())


def _fixed_parallelism():
    options = tf.data.Options()
    # The end of an iterator waits for the autotuner's thread, which may sleep for up to a minute then (TF 2.21).
    options.autotune.enabled = False
    return options


def pad_rows(rows: TokenRows, steps=None) -> np.ndarray:
    """Rows with EOS appended, padded on the right: int32 `(rows, steps)`, by default just wide enough for all."""
    steps = steps or int(rows.lengths.max(initial=0)) + 1
    padded = np.full((len(rows), steps), PAD, np.int32)
    padded[np.arange(steps) < rows.lengths[:, None]] = rows.values
    padded[np.arange(len(rows)), rows.lengths] = EOS
    return padded


def _ragged(rows):
    return tf.RaggedTensor.from_row_lengths(rows.values, rows.lengths.astype(np.int64), validate=False)


def _padded(columns, steps):
    return tf.concat(columns, axis=1).to_tensor(PAD, shape=tf.stack((-1, steps)))
