"""Series → connected chunks, for training that carries its state on.

Where each chunk lies is laid out in NumPy, one row of places per batch; tf.data gathers the values.
"""

import heapq
from itertools import pairwise

import numpy as np
import tensorflow as tf

from seq2seq.batches.end_to_end import end_to_end, gather_padded, map_batches
from seq2seq.batches.protocol import WHOLE, Share
from seq2seq.errors import InputError
from seq2seq.series.windows import check_at_least


class ChunkBatches:
    """Connected chunks for training a one-step-ahead model that carries its state from batch to batch.

    Row (slot) `j` of a batch goes on where row `j` of the batch before ended. Each slot goes through its series in
    order; the next series begins in a new chunk, with `fresh` set. A series gives its steps but the last as input
    and its steps but the first as target; after its end both are NaN. A series that is to run in several slots
    at once (a long text, say) is cut beforehand.

    Args:
        inputs: sequence of float arrays `(steps, features)`, or of integer arrays of ids `(steps,)`, oldest first.
            With ids, padding is 0 instead of NaN. A series of fewer than two steps has no target and is left out.
        chunk: int. Steps in a chunk.
        slots: int. Series side by side, the batch size; by default one per series, at most 64. Series beyond it
            go to the slot with the fewest chunks so far.

    Attributes:
        slots: int.
        num_series: int. Series in an epoch.
        too_short: int. Series of fewer than two steps.

    Raises:
        InputError: If no series has two steps.
    """

    unit = "steps"
    static_shapes = False  # XLA does not compile states that outlive a batch

    def __init__(self, inputs, *, chunk, slots=None):
        check_at_least(1, chunk=chunk, **({} if slots is None else {"slots": slots}))
        self._inputs, lengths = end_to_end(inputs, ids=True)
        usable = np.flatnonzero(lengths > 1)
        if not len(usable):
            raise InputError(f"Chunks need a series of at least 2 steps, the longest has {lengths.max()}.")
        self.num_series, self.too_short = len(usable), len(lengths) - len(usable)
        self.num_steps = int((lengths[usable] - 1).sum())
        self.chunk, self.slots = chunk, slots or min(len(usable), 64)
        self._plan = self._lay_out((np.cumsum(lengths) - lengths)[usable], lengths[usable] - 1)

    @property
    def amount(self):
        """Number of steps in an epoch."""
        return self.num_steps

    def num_batches(self, epoch=0):
        """Number of batches of an epoch."""
        return len(self)

    def largest(self, epoch=0):
        """Which batch of an epoch takes the most memory: they are all alike."""
        return 0

    def __len__(self):
        """Batches in an epoch."""
        return len(self._plan[0])

    def _lay_out(self, begins, steps):
        """First step, number of steps, and whether a series starts: three arrays `(batches, slots)`."""
        counts = -(-steps // self.chunk)
        free = [(0, slot) for slot in range(self.slots)]  # when each slot is free again, soonest first
        places = []
        for count in counts:
            batch, slot = free[0]
            places.append((batch, slot))
            heapq.heapreplace(free, (batch + int(count), slot))
        first = np.zeros((max(batch for batch, _ in free), self.slots), np.int64)
        count, fresh = np.zeros_like(first), np.ones(first.shape, bool)
        series = np.repeat(np.arange(len(counts)), counts)
        number = np.arange(len(series)) - (np.cumsum(counts) - counts)[series]  # of the chunk in its series
        batch, slot = np.array(places)[series].T
        first[batch + number, slot] = begins[series] + number * self.chunk
        count[batch + number, slot] = np.minimum(steps[series] - number * self.chunk, self.chunk)
        fresh[batch + number, slot] = number == 0
        return first, count, fresh

    def epoch(self, epoch=0, share: Share = WHOLE):
        """The chunks of an epoch, the same in every epoch: shuffled, they would not connect.

        Args:
            epoch: int.
            share: `Share` of the slots.

        Returns:
            `tf.data.Dataset` of `((input, fresh), target)`: input and target float32 `(slots, chunk, features)`, or
            int32 `(slots, chunk)`, the target one step later; fresh bool `(slots,)`, whether the slot's state is to
            be reset first. A slot without a series left has input 0, target NaN (0 for ids) and fresh set.
        """

        def batch(first, count, fresh):
            chunk = gather_padded(self._inputs, first, count, self.chunk)
            # Not NaN: a row without any step to read is what cuDNN cannot take.
            idle = tf.reshape(count == 0, (-1,) + (1,) * (len(chunk.shape) - 1))
            chunk = tf.where(idle, tf.zeros_like(chunk), chunk)
            return (chunk, fresh), gather_padded(self._inputs, first + 1, count, self.chunk)

        if share.of > self.slots:
            raise InputError(
                f"{self.slots} series that are read side by side cannot be shared out among {share.of} workers: each "
                f"goes on where it was in the batch before. Take {self.slots} at most."
            )
        plan = tuple(part[:, share.index :: share.of] for part in self._plan)
        return map_batches(tf.data.Dataset.from_tensor_slices(plan), batch)


def connected_parts(ids: np.ndarray, slots: int, chunk: int) -> list[np.ndarray]:
    """Cut a text into connected parts of equal length (within one character), to be read side by side.

    Each part ends with the character that the next begins with: it is predicted there, and read here. So every
    character of the text but the first is predicted once.

    Args:
        ids: int array `(characters,)`, at least 2.
        slots: int. How many parts; fewer where a part would be shorter than a chunk.
        chunk: int. Characters in a chunk.

    >>> [part.tolist() for part in connected_parts(np.arange(7), slots=2, chunk=2)]
    [[0, 1, 2, 3], [3, 4, 5, 6]]
    """
    predicted = len(ids) - 1
    slots = max(1, min(slots, predicted // chunk))
    borders = [predicted * j // slots for j in range(slots + 1)]
    return [ids[first : last + 1] for first, last in pairwise(borders)]
