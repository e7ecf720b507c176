"""The values of all series in memory once, end to end, and rows of steps gathered from them.

NaN is what was not observed, padding included.
"""

import numpy as np
import tensorflow as tf

from seq2seq.batches.options import fixed_parallelism
from seq2seq.errors import InputError


def end_to_end(series, lengths=None, ids=False):
    """All values in one tensor `(all_steps, features)`, or `(all_steps,)` of ids, and the int64 lengths of the series.

    `lengths` are those expected; `ids` allows integer arrays of one axis.
    """
    arrays = [np.asarray(array) for array in series]
    if not arrays:
        raise InputError("Expected at least one series, got none.")
    ids = ids and all(array.ndim == 1 and array.dtype.kind in "iu" for array in arrays)
    shapes = sorted({array.shape[1:] for array in arrays})
    if len(shapes) > 1 or len(shapes[0]) != (0 if ids else 1):
        given = ", ".join(str(("steps", *shape)).replace("'", "") for shape in shapes[:3])
        raise ValueError(f"Expected series of shape (steps, features), all of the same features, got {given}.")
    own_lengths = np.array([len(array) for array in arrays], np.int64)
    if lengths is not None and not np.array_equal(own_lengths, lengths):
        raise ValueError("Expected targets and known features to have the series and steps of the inputs.")
    dtype = np.int32 if ids else np.float32
    joined = arrays[0].astype(dtype, copy=False) if len(arrays) == 1 else np.concatenate(arrays, dtype=dtype)
    with tf.device("CPU"):  # where tf.data runs; a GPU has better things to hold
        return tf.constant(joined), own_lengths


def gather(values, first, steps):
    """Rows of `steps` values from `first` on."""
    return tf.gather(values, first[:, None] + tf.range(tf.cast(steps, tf.int64)))


def gather_padded(values, first, count, steps):
    """Rows of `steps` values from `first` on, of which `count` are kept and the others NaN (ids: 0)."""
    step = tf.range(tf.cast(steps, tf.int64))
    inside = step < count[:, None]
    rows = tf.gather(values, tf.where(inside, first[:, None] + step, 0))
    padding = tf.constant(np.nan if values.dtype.is_floating else 0, values.dtype)
    return tf.where(tf.reshape(inside, tf.concat((tf.shape(inside), [1] * (len(values.shape) - 1)), 0)), rows, padding)


def blank_where(condition, targets):
    """Targets of numbers, or none at all where a scalar `condition` holds."""
    return tf.where(condition, np.float32(np.nan), targets)


def map_batches(dataset, batch):
    """Make the batches of an epoch from a dataset that says what is in each.

    Args:
        dataset: `tf.data.Dataset`, an element for each batch.
        batch: function from an element to a batch, as a graph.

    Returns:
        `tf.data.Dataset` of the batches in the order of the elements, a few of them made ahead.
    """
    options = fixed_parallelism()
    # To look for maps to fuse, of which there are none here, the default rewriting copies all values and keeps them.
    options.experimental_optimization.apply_default_optimizations = False
    return dataset.map(batch, num_parallel_calls=2, deterministic=True).prefetch(8).with_options(options)
