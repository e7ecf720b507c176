"""What a training asks of its batches."""

from typing import Protocol

import tensorflow as tf


class Batches(Protocol):
    """The batches of a training part, epoch after epoch.

    Each epoch's order follows from a seed and the epoch alone, so that a training can go on in the middle of one.

    Attributes:
        unit: str. What an epoch is measured in, such as `"target tokens"`.
        amount: int. How many of them there are in an epoch.
        static_shapes: bool. Whether all batches but the last have one shape: XLA pays then, on a CPU.
    """

    unit: str
    static_shapes: bool

    @property
    def amount(self) -> int: ...

    def num_batches(self, epoch: int = 0) -> int:
        """Number of batches of an epoch."""

    def largest(self, epoch: int = 0) -> int:
        """The position, in an epoch, of the batch that takes the most memory."""

    def epoch(self, epoch: int = 0) -> tf.data.Dataset:
        """The batches of an epoch in order, as `fit` takes them."""
