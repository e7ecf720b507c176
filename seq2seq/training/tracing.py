"""What TensorFlow says of functions that are traced again and again."""

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf


@contextmanager
def models_in_turn() -> Iterator[None]:
    """Leave out the warning that a function is traced too often, which TensorFlow takes for a mistake.

    It tells functions apart by their code. That of a training of Keras is the same for each model, so that models
    trained one after the other, as by cross-validation, look like one that is traced for each of its batches.
    """

    def other(record):
        return "triggered tf.function retracing" not in record.getMessage()

    logger = tf.get_logger()
    logger.addFilter(other)
    try:
        yield
    finally:
        logger.removeFilter(other)
