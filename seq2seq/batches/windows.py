"""Long series → batches of windows of a fixed length.

No window exists before its batch does: tf.data works out where a batch's windows begin and gathers them at once. Which
windows make which batch follows from the seed and the epoch alone.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from seq2seq.batches.end_to_end import blank_where, end_to_end, gather, map_batches
from seq2seq.batches.protocol import WHOLE, Share
from seq2seq.series.windows import check_at_least, check_some_fit

# With the default of 4 rounds, a million positions come out visibly ordered (correlation of neighbours 0.4), and alike
# in different epochs; with 16 they cannot be told from a drawn permutation, at the same cost.
SHUFFLE_ROUNDS = 16


class WindowBatches:
    """All windows of one or more series as batches for `fit`; never across the border of two series.

    Memory is that of the values, however many windows they make: a shuffled order is computed, not stored.
    A series with fewer than `look_back + horizon` steps gives no window.

    Args:
        inputs: sequence of float arrays `(steps, features)`, one per series, oldest step first.
        targets: sequence of float arrays `(steps, target_features)`, the same steps; by default `inputs`.
        look_back: int. Steps in a window.
        horizon: int. Steps to predict after the window; 0 to reconstruct the window itself.
        stride: int. Steps between the starts of consecutive windows of a series.
        known: sequence of float arrays `(steps, known_features)`, the same steps: what is known ahead about the
            horizon. Needs a horizon.
        batch_size: int. Windows in a batch; the last batch of an epoch may hold fewer.
        seed: int for another order of the windows each epoch, or `None` for series after series, oldest first.

    Attributes:
        num_windows: int. Windows in an epoch.
        too_short: int. Series that give no window.

    Raises:
        InputError: If no series is long enough for a window.
    """

    unit = "windows"
    static_shapes = True

    def __init__(
        self,
        inputs: Any,
        targets: Any = None,
        *,
        look_back: int,
        horizon: int = 0,
        stride: int = 1,
        known: Any = None,
        batch_size: int = 64,
        seed: int | None = None,
    ) -> None:
        check_at_least(1, look_back=look_back, stride=stride, batch_size=batch_size)
        check_at_least(0, horizon=horizon)
        if known is not None and not horizon:
            raise ValueError("`known` describes the steps of a horizon: expected horizon >= 1 with it, got 0.")
        self.look_back, self.horizon, self.stride = look_back, horizon, stride
        self.batch_size, self.seed = batch_size, seed
        self._inputs, lengths = end_to_end(inputs)
        self._targets = self._inputs if targets is None else end_to_end(targets, lengths)[0]
        self._known = None if known is None else end_to_end(known, lengths)[0]
        check_some_fit(lengths, look_back, horizon)
        self._counts = np.maximum((lengths - look_back - horizon) // stride + 1, 0)
        self._begins = np.cumsum(lengths) - lengths
        self.num_windows, self.too_short = int(self._counts.sum()), int(np.sum(self._counts == 0))

    @property
    def amount(self) -> int:
        """Number of windows in an epoch."""
        return self.num_windows

    def num_batches(self, epoch: int = 0) -> int:
        """Number of batches of an epoch."""
        return len(self)

    def largest(self, epoch: int = 0) -> int:
        """Which batch of an epoch takes the most memory: they are all alike."""
        return 0

    def __len__(self):
        """Batches in an epoch."""
        return -(-self.num_windows // self.batch_size)

    def starts(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the windows begin, in the order that `seed=None` gives.

        Returns:
            Two int64 arrays `(num_windows,)`: the number of the window's series, and the window's first step in it.
        """
        series = np.repeat(np.arange(len(self._counts)), self._counts)
        before = np.cumsum(self._counts) - self._counts
        return series, (np.arange(self.num_windows) - before[series]) * self.stride

    def epoch(self, epoch: int = 0, share: Share = WHOLE) -> tf.data.Dataset:
        """The batches of an epoch.

        Args:
            epoch: int.
            share: `Share` of the windows of each batch.

        Returns:
            `tf.data.Dataset` of float32 batches, with windows `(batch, look_back, features)`:
            without a horizon `(window, window)`, the second one cut from `targets`; with a horizon
            `(window, target)`, target `(batch, horizon, target_features)`; with `known`
            `((window, known), target)`, known `(batch, horizon, known_features)`.
        """
        ends = np.cumsum(self._counts)
        with tf.device("CPU"):
            window_ends = tf.constant(ends)
            # Window i of all, in series s, begins at step i * stride + shifts[s] of the values end to end.
            shifts = tf.constant(self._begins - (ends - self._counts) * self.stride)

        def batch(number):
            begin = number * self.batch_size
            end = tf.minimum(begin + self.batch_size, self.num_windows)
            windows = self._shuffled(tf.range(tf.minimum(begin + share.index, end - 1), end, share.of), epoch)
            blank = begin + share.index >= end
            series = tf.searchsorted(window_ends, windows, side="right")
            first = windows * self.stride + tf.gather(shifts, series)
            window = gather(self._inputs, first, self.look_back)
            if not self.horizon:
                same = self._targets is self._inputs
                return window, blank_where(blank, window if same else gather(self._targets, first, self.look_back))
            target = blank_where(blank, gather(self._targets, first + self.look_back, self.horizon))
            if self._known is None:
                return window, target
            return (window, gather(self._known, first + self.look_back, self.horizon)), target

        return map_batches(tf.data.Dataset.range(len(self)), batch)

    def _shuffled(self, windows, epoch):
        """Where the epoch's permutation of all windows puts these; it takes no memory."""
        if self.seed is None:
            return windows
        key = np.random.SeedSequence((self.seed, epoch)).generate_state(3)
        last = np.int64(self.num_windows - 1)
        return tf.raw_ops.RandomIndexShuffle(index=windows, seed=key, max_index=last, rounds=SHUFFLE_ROUNDS)
