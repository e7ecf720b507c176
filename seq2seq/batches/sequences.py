"""Whole sequences of different lengths → padded batches.

Which sequences make which batch is planned in NumPy, from the seed and the epoch alone; tf.data gathers and pads.
"""

import numpy as np
import tensorflow as tf

from seq2seq.batches.end_to_end import blank_where, end_to_end, gather_padded, map_batches
from seq2seq.batches.protocol import WHOLE, Share
from seq2seq.errors import InputError
from seq2seq.series.windows import check_at_least


class SequenceBatches:
    """Whole sequences of different lengths, each batch padded with NaN on the right to its longest.

    Sequences of similar lengths (within a tenth or so) are batched together, with other batch-mates each epoch.

    Args:
        inputs: sequence of float arrays `(steps, features)`. Those of no steps are left out.
        targets: sequence of float arrays `(steps, target_features)`, the same steps; by default `inputs`.
        batch_size: int. Sequences in a batch.
        seed: int for another order each epoch, or `None` for one order by length.

    Attributes:
        num_sequences: int. Sequences in an epoch.
        too_short: int. Sequences without a step.

    Raises:
        InputError: If no sequence has a step.
    """

    unit = "sequences"

    def __init__(self, inputs, targets=None, *, batch_size=64, seed=None):
        check_at_least(1, batch_size=batch_size)
        self.batch_size, self.seed = batch_size, seed
        self._inputs, self._lengths = end_to_end(inputs)
        self._targets = self._inputs if targets is None else end_to_end(targets, self._lengths)[0]
        self.num_sequences = int(np.sum(self._lengths > 0))
        if not self.num_sequences:
            raise InputError(f"Expected a sequence with at least one step, all {len(self._lengths)} have none.")
        self.too_short = len(self._lengths) - self.num_sequences

    @property
    def static_shapes(self):
        """Whether all sequences are equally long."""
        return len(set(self._lengths[self._lengths > 0])) == 1

    @property
    def amount(self):
        """Number of sequences in an epoch."""
        return self.num_sequences

    def num_batches(self, epoch=0):
        """Number of batches of an epoch."""
        return len(self)

    def __len__(self):
        """Batches in an epoch."""
        return -(-self.num_sequences // self.batch_size)

    def largest(self, epoch=0):
        """Which batch of an epoch takes the most memory."""
        return int(np.argmax([len(batch) * self._lengths[batch].max() for batch in self.plan(epoch)]))

    def plan(self, epoch=0):
        """Which sequences make which batch: one int64 array of their numbers per batch, row by row."""
        sequences = np.flatnonzero(self._lengths)
        lengths = self._lengths[sequences]
        random = None if self.seed is None else np.random.default_rng((self.seed, epoch))
        if random is not None:
            lengths = lengths * random.uniform(0.9, 1.1, len(lengths))  # or the same ones always meet
        sequences = sequences[np.argsort(lengths, kind="stable")]
        batches = np.split(sequences, range(self.batch_size, len(sequences), self.batch_size))
        return batches if random is None else [batches[place] for place in random.permutation(len(batches))]

    def epoch(self, epoch=0, share: Share = WHOLE):
        """The batches of an epoch, in planned order.

        Args:
            epoch: int.
            share: `Share` of the sequences of each batch.

        Returns:
            `tf.data.Dataset` of float32 `(input, target)`, `(batch, steps, features)` and
            `(batch, steps, target_features)`, NaN after the end of a sequence.
        """
        batches = self.plan(epoch)
        row_ends = np.cumsum([len(batch) for batch in batches])
        with tf.device("CPU"):
            rows, lengths = tf.constant(np.concatenate(batches)), tf.constant(self._lengths)
            begins = tf.constant(np.cumsum(self._lengths) - self._lengths)

        def batch(row, row_end):
            sequences = tf.gather(rows, tf.range(tf.minimum(row + share.index, row_end - 1), row_end, share.of))
            first, count = tf.gather(begins, sequences), tf.gather(lengths, sequences)
            longest = tf.reduce_max(count)
            inputs, targets = (gather_padded(values, first, count, longest) for values in (self._inputs, self._targets))
            return inputs, blank_where(row + share.index >= row_end, targets)

        slices = tf.data.Dataset.from_tensor_slices((np.append(0, row_ends[:-1]), row_ends))
        return map_batches(slices, batch)
