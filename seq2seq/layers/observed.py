"""The one convention for numbers that are not there: NaN. A padded tail is NaN, a missing value is NaN."""

import tensorflow as tf


def split_observed(x):
    """Split sequences with NaN into what recurrent layers read: finite values and a mask of real steps.

    A step is real up to and including the last step of its row that has any value; what follows is padding. A step
    inside a row whose features are all missing is read as zeros, which after scaling is about the mean. A row without
    any value keeps its first step, since cuDNN needs one real step in each row. ±inf is left as it is and spoils the
    loss, rather than being taken for a missing value.

    Args:
        x: float or int tensor, `(batch, steps, features)`, NaN where nothing was observed.

    Returns:
        `values`, `x` with 0 for NaN (int becomes float32); and `mask`, bool `(batch, steps)`, `True` at the real steps:
        padded on the right only, at least one `True` in each row.

    Raises:
        ValueError: `x` has not three axes.

    >>> nan = float("nan")
    >>> values, mask = split_observed(tf.constant([[[nan], [2.0], [nan]]]))
    >>> values[..., 0].numpy().tolist(), mask.numpy().tolist()
    ([[0.0, 2.0, 0.0]], [[True, True, False]])
    """
    x = tf.convert_to_tensor(x)
    if x.shape.rank != 3:
        raise ValueError(
            f"Expected an array of (samples, steps, features), got shape {tuple(x.shape)}; "
            "sequences of one feature are array[..., None]."
        )
    if not x.dtype.is_floating:
        x = tf.cast(x, tf.float32)
    missing = tf.math.is_nan(x)
    values = tf.where(missing, tf.zeros_like(x), x)
    steps = tf.range(tf.shape(x)[1])
    seen = tf.where(tf.reduce_all(missing, axis=-1), 0, steps)  # (batch, steps): the step's number where it has a value
    mask = steps <= tf.reduce_max(seen, axis=1, keepdims=True)
    mask.set_shape(x.shape[:2])
    return values, mask


def carried_forward(x, before=None):
    """The last observed value at every step.

    Args:
        x: float `(batch, steps, features)`, NaN where nothing was observed.
        before: `(batch, features)`. What stands in until the first observed value; `None` for zeros.

    Returns:
        `(batch, steps, features)` without NaN.
    """
    by_feature = tf.transpose(x, (0, 2, 1))
    before = tf.zeros_like(by_feature[..., 0]) if before is None else before
    observed = ~tf.math.is_nan(by_feature)
    latest = _latest(observed)
    there, values = (tf.gather(each, latest, batch_dims=2) for each in (observed, by_feature))
    return tf.transpose(tf.where(there, values, before[..., None]), (0, 2, 1))


def _latest(observed):
    """int32, like bool `(batch, features, steps)`: the last step up to each that was observed, or one that was not."""
    steps = observed.shape[2]
    if steps is None:
        counts = tf.cumsum(tf.cast(observed, tf.int32), axis=2)  # observed so far
        return tf.searchsorted(counts, counts)  # the first step that has as many
    latest, width = tf.where(observed, tf.range(steps), 0), 1
    while width < steps:  # the maximum of twice as many steps each time: LiteRT has neither of the two operations above
        latest = tf.maximum(latest, tf.pad(latest[..., :-width], ((0, 0), (0, 0), (width, 0))))
        width *= 2
    return latest
