"""Means over the workers of one machine, by way of memory that they share: less work than to send numbers around."""

import mmap
import os
from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np
import tensorflow as tf

_BLOCK = 2**16  # numbers that are added up and divided at once, while the processor has them at hand
_WRITTEN, _AVERAGED = 3, 4  # where workers meet
_ALIGNED = 64  # bytes: arrays that begin so TensorFlow takes as they are, others it copies


class SharedMemory:
    """A row of numbers for each worker, and a last one for their mean, which every worker makes a part of.

    Args:
        rows: float32 `(workers + 1, numbers)`, in memory that all workers have.
        index: int. The number of this worker.
    """

    def __init__(self, rows: np.ndarray, index: int):
        self._rows, self._index = rows, index
        ends = np.linspace(1, rows.shape[1], len(rows), dtype=int)  # the first number of a row is its weight
        self._own_part = range(ends[index], ends[index + 1], _BLOCK), ends[index + 1]

    @classmethod
    def open(cls, index: int, count: int, numbers: int, gather: Callable) -> "SharedMemory | None":
        """Open memory of all workers; `None` where one of them cannot.

        Args:
            index: int. The number of this worker.
            count: int. How many workers there are.
            numbers: int. How many numbers each of them has.
            gather: function that gives, of what each worker gives, all in their order.
        """
        file, rows, size = None, None, 4 * (count + 1) * (numbers + 1)
        with suppress(OSError, AttributeError):  # of a system without
            if index == 0:
                file = os.memfd_create("seq2seq")  # without a name: it goes when its last process has ended
                os.posix_fallocate(file, 0, size)
        name, *same = gather(file and [f"/proc/{os.getpid()}/fd/{file}", *os.fstat(file)[1:3]])[0] or [None]
        with suppress(OSError):
            if name and index:
                file = os.open(name, os.O_RDWR)
            if file is not None and list(os.fstat(file)[1:3]) == same:  # what another sees by this name
                rows = np.frombuffer(mmap.mmap(file, size), np.float32).reshape(count + 1, -1)
        have_all = all(gather(rows is not None))
        if file is not None:
            os.close(file)
        return cls(rows, index) if have_all else None

    def mean(self, loss: tf.Tensor, weight: tf.Tensor, gradients: Sequence[tf.Tensor], meet: Callable) -> tuple:
        """As `Cluster.mean`.

        Args:
            meet: function of a float32 scalar and a number that differs for each place of the graph; it gives a scalar
                once all workers have come to that place.
        """
        parts = [loss, *gradients]
        written = tf.numpy_function(self.write, [weight, *parts], tf.float32)
        total = tf.ensure_shape(tf.numpy_function(self.average, [meet(written, _WRITTEN)], tf.float32), ())
        shapes = [tuple(part.shape) for part in parts]
        with tf.control_dependencies([meet(total, _AVERAGED)]):
            means = tf.numpy_function(lambda: self.read(shapes), [], [tf.float32] * len(parts))
        loss, *gradients = (tf.ensure_shape(mean, shape) for mean, shape in zip(means, shapes, strict=True))
        return loss, total, gradients

    def write(self, weight, *parts):
        """Write the weight, and each part times it."""
        row, end = self._rows[self._index], 1
        row[0] = weight
        for part in parts:
            start, end = end, end + part.size
            np.multiply(part.reshape(-1), weight, out=row[start:end])
        return np.float32(0.0)

    def average(self, _):
        """Divide the sums of all rows by that of the weights, in the part of the last row that is for this worker."""
        *rows, mean = self._rows
        total = np.float32(sum(row[0] for row in rows))
        starts, end = self._own_part
        for start in starts:
            block = slice(start, min(start + _BLOCK, end))
            summed = np.add(rows[0][block], rows[1][block], out=mean[block])
            for row in rows[2:]:
                summed += row[block]
            summed /= max(total, np.float32(1.0))
        return total

    def read(self, shapes):
        """Copies of the means: TensorFlow may write into what it has from here."""
        mean, end, parts = self._rows[-1], 1, []
        for shape in shapes:
            part = _aligned(shape)
            start, end = end, end + part.size
            part.reshape(-1)[:] = mean[start:end]
            parts.append(part)
        return parts


def _aligned(shape):
    spare = np.empty(int(np.prod(shape, dtype=int)) + _ALIGNED // 4, np.float32)
    start = -spare.ctypes.data % _ALIGNED // 4
    return spare[start : len(spare) - _ALIGNED // 4 + start].reshape(shape)
