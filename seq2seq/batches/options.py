"""How TensorFlow runs the data sets of this project."""

import tensorflow as tf


def fixed_parallelism() -> tf.data.Options:
    """Options of a data set that says itself how many elements are made at once: nothing tunes it while it runs.

    The end of an iterator waits for the autotuner's thread, which sleeps for 10 ms first, each time for twice as long,
    for up to a minute (TF 2.21).
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return options
