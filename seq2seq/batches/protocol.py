"""What a training asks of its batches."""

from dataclasses import dataclass
from typing import Protocol

import tensorflow as tf


@dataclass(frozen=True)
class Share:
    """What one of several workers takes of each batch: the rows `index`, `index + of`, `index + 2 of`, …

    Of a batch with too few rows it takes the last one, as another worker does, with targets that are all padding: no
    worker may be without a row, and that one counts for nothing.
    """

    index: int = 0
    of: int = 1


WHOLE = Share()


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

    def epoch(self, epoch: int = 0, share: Share = WHOLE) -> tf.data.Dataset:
        """The batches of an epoch in order, or a share of each, as `fit` takes them."""
