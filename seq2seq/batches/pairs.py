"""Pairs of ids → batches: bucketed by length, shifted for teacher forcing, padded.

Which pairs make which batch is planned in NumPy, once per epoch and from the seed and the epoch alone, so that the
order can be repeated from any epoch on. The rows of some batches are then taken together, from memory or from a file,
and tf.data cuts, shifts, pads and prefetches.
"""

import weakref
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from seq2seq.batches.options import fixed_parallelism
from seq2seq.batches.protocol import WHOLE, Share
from seq2seq.special_ids import BOS, EOS, PAD
from seq2seq.text.stored_rows import StoredRows
from seq2seq.text.tokens import TokenRows

BATCHES_TOGETHER = 64  # whose rows are taken at once: Python is asked so much less often
SORTED_TOGETHER = 2**18  # rows: bounds the memory that it takes to order an epoch


@dataclass(frozen=True)
class BatchPlan:
    """The batches of one epoch.

    Batch `b` holds the pairs `order[starts[b] : starts[b] + sizes[b]]`, padded to `source_steps[b]` and
    `target_steps[b]`, special ids included. All arrays are int32 or int64, one entry per batch except `order`,
    which has one per pair.
    """

    order: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray
    source_steps: np.ndarray
    target_steps: np.ndarray

    def __len__(self):
        return len(self.starts)

    def taken_by(self, share: Share) -> tuple["BatchPlan", np.ndarray]:
        """The batches with the pairs that a share has of each; and which of them have pairs of their own."""
        sizes = np.maximum(-(-(self.sizes - share.index) // share.of), 1)
        starts = np.cumsum(sizes) - sizes
        firsts = self.starts + np.minimum(share.index, self.sizes - 1)
        places = np.repeat(firsts, sizes) + share.of * (np.arange(sizes.sum()) - np.repeat(starts, sizes))
        plan = BatchPlan(self.order[places], starts, sizes, self.source_steps, self.target_steps)
        return plan, share.index < self.sizes


class PairBatches:
    """Tokenized pairs as batches for `EncoderDecoder.fit`.

    With source ids `a b` and target ids `x y`, a row is source `a b EOS`, decoder input `BOS x y`, labels `x y EOS`.

    Args:
        source: `TokenRows` or `StoredRows`, without special ids.
        target: the same, as many.
        batch_sentences: int. Pairs in a batch, or 0.
        batch_tokens: int. Instead: most padded tokens in a batch, on the longer side. A pair that alone is
            longer makes a batch of its own.
        bucket_step: int. Padded lengths are multiples of this. Pairs of the same padded lengths are batched together.
        seed: int for another order of pairs and batches each epoch, or `None` for one order by length.
    """

    def __init__(
        self,
        source: TokenRows | StoredRows,
        target: TokenRows | StoredRows,
        batch_sentences: int = 64,
        batch_tokens: int = 0,
        bucket_step: int = 4,
        seed: int | None = None,
    ) -> None:
        if len(source) != len(target):
            raise ValueError(f"Expected as many sources as targets, got {len(source)} and {len(target)}.")
        self.source, self.target = source, target
        self.batch_sentences, self.batch_tokens, self.bucket_step = batch_sentences, batch_tokens, bucket_step
        self.seed = seed

    unit = "target tokens"
    static_shapes = False

    @property
    def amount(self) -> int:
        """Number of labels in an epoch, EOS included."""
        return int(self.target.lengths.sum()) + len(self.target)

    def num_batches(self, epoch: int = 0) -> int:
        """Number of batches of an epoch."""
        return len(self.plan(epoch))

    def largest(self, epoch: int = 0) -> int:
        """Which batch of an epoch takes the most memory."""
        plan = self.plan(epoch)
        return int(np.argmax(plan.sizes * (plan.source_steps + plan.target_steps)))

    def plan(self, epoch: int = 0) -> BatchPlan:
        """The `BatchPlan` of an epoch, a function of the rows, the seed and `epoch` alone."""
        step = self.bucket_step
        # Padded to `(bucket + 1) · step`, EOS included; in the type of the lengths, which may be a small one.
        source_buckets, target_buckets = self.source.lengths // step, self.target.lengths // step
        random = None if self.seed is None else np.random.default_rng((self.seed, epoch))
        order = np.arange(len(self.source), dtype=np.int32)
        if random is not None:
            random.shuffle(order)
        # Pairs of one bucket stay in random order.
        order = sorted_stably(order, source_buckets, target_buckets)
        source_buckets, target_buckets = source_buckets[order], target_buckets[order]
        starts = self._cut(np.maximum(source_buckets, target_buckets))
        sizes = np.diff(np.append(starts, len(order)))
        source_steps, target_steps = (
            (np.maximum.reduceat(buckets, starts).astype(np.int32) + 1) * step
            for buckets in (source_buckets, target_buckets)
        )
        if random is not None:
            shuffled = random.permutation(len(starts))
            starts, sizes = starts[shuffled], sizes[shuffled]
            source_steps, target_steps = source_steps[shuffled], target_steps[shuffled]
        return BatchPlan(order, starts, sizes, source_steps, target_steps)

    def _cut(self, buckets):
        """Starts of batches in a sequence of rows of these buckets."""
        if self.batch_sentences:
            return np.arange(0, len(buckets), self.batch_sentences)
        starts, start = [], 0
        while start < len(buckets):
            starts.append(start)
            most = self.batch_tokens // ((int(buckets[start]) + 1) * self.bucket_step)
            widest = np.maximum.accumulate(buckets[start : start + most]).astype(np.int64)
            padded = (widest + 1) * self.bucket_step * np.arange(1, len(widest) + 1)  # never falls
            start += max(1, int(np.searchsorted(padded, self.batch_tokens, side="right")))
        return np.array(starts, np.int64)

    def epoch(self, epoch: int = 0, share: Share = WHOLE) -> tf.data.Dataset:
        """The batches of an epoch, or a share of the pairs of each.

        Returns:
            `tf.data.Dataset` of int32 `((source, target_input), labels)` in planned order.
        """
        plan, labelled = self.plan(epoch).taken_by(share)
        groups = _Groups(plan, labelled, self.source, self.target)
        # TensorFlow keeps every function that a graph calls until the process ends: it must not keep the corpus alive.
        read_group = weakref.WeakMethod(groups.read)

        def read(group):
            return read_group()(group)

        def ids_of(group):
            arrays = tf.numpy_function(read, [group], [tf.int32] * 5)
            return [tf.ensure_shape(array, (None,) * rank) for array, rank in zip(arrays, (1, 1, 1, 1, 2), strict=True)]

        dataset = tf.data.Dataset.range(len(groups)).map(ids_of).prefetch(1).flat_map(_batches)
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(plan)))
        dataset = dataset.prefetch(8).with_options(fixed_parallelism())
        dataset.groups = groups  # lives as long as the data set and its iterators, which refer to it
        return dataset


@dataclass(frozen=True, eq=False)
class _Groups:
    """The rows of the batches of a plan, read for `BATCHES_TOGETHER` batches at a time."""

    plan: BatchPlan
    labelled: np.ndarray
    source: TokenRows | StoredRows
    target: TokenRows | StoredRows

    def __len__(self):
        return -(-len(self.plan) // BATCHES_TOGETHER)

    def read(self, group):
        """Ids and lengths of both sides, and int32 `(batches, 4)`: of each batch its size, source and target steps, and
        1 where its labels count."""
        plan, part = self.plan, slice(group * BATCHES_TOGETHER, (group + 1) * BATCHES_TOGETHER)
        spans = zip(plan.starts[part], plan.sizes[part], strict=True)
        rows = np.concatenate([plan.order[start : start + size] for start, size in spans])
        source, target = self.source.take(rows), self.target.take(rows)
        columns = (plan.sizes, plan.source_steps, plan.target_steps, self.labelled)
        batches = np.stack([column[part] for column in columns], axis=1)
        return source.values, source.lengths, target.values, target.lengths, batches.astype(np.int32)


def sorted_stably(order: np.ndarray, minor: np.ndarray, major: np.ndarray) -> np.ndarray:
    """`order[np.lexsort((minor[order], major[order]))]` for small unsigned keys, by counting, some rows at a time.

    Beside the result it holds some rows only: each epoch begins with it, when the training has taken its memory.
    """
    width = int(minor.max(initial=0)) + 1
    kinds = (int(major.max(initial=0)) + 1) * width
    if kinds > SORTED_TOGETHER:  # of very long texts: the counts themselves would be large
        return order[np.lexsort((minor[order], major[order]))]
    parts = [order[start : start + SORTED_TOGETHER] for start in range(0, len(order), SORTED_TOGETHER)]

    def keys(rows):
        return (major[rows].astype(np.int64) * width + minor[rows]).astype(np.min_scalar_type(kinds))

    counts = np.zeros(kinds, np.int64)
    for part in parts:
        counts += np.bincount(keys(part), minlength=kinds)
    free = np.cumsum(counts) - counts  # the next place of each key
    result = np.empty_like(order)
    for part in parts:
        part = part[np.argsort(keys(part), kind="stable")]
        counts = np.bincount(keys(part), minlength=kinds)
        firsts = np.cumsum(counts) - counts
        result[np.repeat(free - firsts, counts) + np.arange(len(part))] = part
        free += counts
    return result


def _batches(source_values, source_lengths, target_values, target_lengths, batches):
    """The batches of one group as a data set, from the rows of all of them."""
    sources = tf.RaggedTensor.from_row_lengths(source_values, source_lengths, validate=False)
    targets = tf.RaggedTensor.from_row_lengths(target_values, target_lengths, validate=False)

    def batch(end, shape):
        size, source_steps, target_steps, labelled = tf.unstack(shape, 4)
        source, target = sources[end - size : end], targets[end - size : end]
        bos, eos = tf.fill((size, 1), BOS), tf.fill((size, 1), EOS)
        padded_source = _padded((source, eos), source_steps)
        target_input, labels = _padded((bos, target), target_steps), _padded((target, eos), target_steps)
        return (padded_source, target_input), labels * labelled  # padding is 0

    slices = tf.data.Dataset.from_tensor_slices((tf.cumsum(batches[:, 0]), batches))
    return slices.map(batch, num_parallel_calls=2, deterministic=True)


def _padded(columns, steps):
    return tf.concat(columns, axis=1).to_tensor(PAD, shape=tf.stack((-1, steps)))
