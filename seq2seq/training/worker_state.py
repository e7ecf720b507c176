"""What workers of a training have of their own, as the one process would have it that trained without others.

These stand for variables where checkpoints are written and read: so a checkpoint of several workers is that of one, and
any number of them can go on with it.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from seq2seq.training.cluster import Cluster

APART = 0x9E3779B9  # between the seeds of two workers; odd, so that no two of 2³² are alike


def as_of_one(cluster: Cluster, variables: Iterable[Any], states: Iterable[tf.Variable] = ()) -> list:
    """What stands for variables of a model, and for states whose rows are the slots that the workers share.

    The values are asked for by all workers at the same moment.
    """
    if cluster.is_alone:
        return [*variables, *states]
    return [
        *(_Seed(variable, cluster) if variable.name == "seed_generator_state" else variable for variable in variables),
        *(_Slots(state, cluster) for state in states),
    ]


class _Seed:
    """The state of a random generator, `[seed, count]`: each worker has a seed of its own, or all would drop alike."""

    def __init__(self, variable, cluster):
        self.variable, self.shape = variable, variable.shape
        self.own = np.array([APART * cluster.place.index % 2**32, 0], np.uint32)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.variable) - self.own

    def assign(self, value):
        self.variable.assign(np.asarray(value, np.uint32) + self.own)


class _Slots:
    """The state of all slots, `(slots, width)`, of which each worker carries on its share."""

    def __init__(self, variable, cluster):
        self.variable, self.shape, self.cluster = variable, variable.shape, cluster

    def __array__(self, dtype=None, copy=None):
        own = self.variable.numpy()
        if not len(own):  # before the first batch
            return own
        parts = [
            np.frombuffer(part, own.dtype).reshape(-1, own.shape[1])
            for part in self.cluster.gather_bytes(own.tobytes())
        ]
        rows = np.empty((sum(map(len, parts)), own.shape[1]), own.dtype)
        for index, part in enumerate(parts):
            rows[index :: len(parts)] = part
        return rows

    def assign(self, value):
        share = self.cluster.share
        self.variable.assign(value[share.index :: share.of])
