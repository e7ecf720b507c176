"""Averages of the weights along a training: better than the last weights, for the price of a copy."""

from contextlib import contextmanager

import tensorflow as tf


class NoAverage:
    """Validate and keep the weights as they are."""

    arrays = ()

    def after_batch(self):
        pass

    def after_epoch(self):
        pass

    @contextmanager
    def applied(self):
        yield


class ExponentialAverage:
    """Exponential moving average of the trainable weights (Polyak and Juditsky 1992, in its exponential form).

    Args:
        weights: list of variables.
        optimizer: built Keras optimizer, whose `iterations` counts updates: some batches make none.
        decay: float, of one update; early on at most `(1 + updates) / (10 + updates)`, so that the start is forgotten.
        every: int. Updates between two averagings at least: more, where one call makes more. Of `n` updates since the
            last one, an averaging uses `decay ** n`.
    """

    def __init__(self, weights, optimizer, decay, every=4):
        self.weights = [weight.value for weight in weights]
        self.average = [tf.Variable(weight, trainable=False) for weight in self.weights]
        self.updates = tf.Variable(0, dtype=tf.int64, trainable=False)  # when it was averaged last
        self.optimizer, self.decay, self.every = optimizer, decay, every

    @property
    def arrays(self):
        return (*self.average, self.updates)

    def after_batch(self):
        self._follow()

    @tf.function
    def _follow(self):
        done = tf.cast(self.optimizer.iterations, tf.int64)
        new = done - self.updates
        if new >= self.every:
            self.updates.assign(done)
            updates = tf.cast(done, tf.float32)
            decay = tf.minimum(self.decay, (1.0 + updates) / (10.0 + updates)) ** tf.cast(new, tf.float32)
            for average, weight in zip(self.average, self.weights, strict=True):
                average.assign_sub((1.0 - decay) * (average - weight))

    def after_epoch(self):
        pass

    @contextmanager
    def applied(self):
        """The model has the average within the block and its own weights again after it."""
        with _swapped(self.weights, self.average):
            yield


class CheckpointAverage:
    """Mean of the weights at the ends of the last `count` epochs.

    Args:
        weights: list of variables.
        count: int.
    """

    def __init__(self, weights, count):
        self.weights = [weight.value for weight in weights]
        # Variables from the start, so that a checkpoint always has the same arrays.
        self.epochs = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.kept = [[tf.Variable(weight, trainable=False) for weight in self.weights] for _ in range(count)]

    @property
    def arrays(self):
        return (self.epochs, *(copy for copies in self.kept for copy in copies))

    def after_batch(self):
        pass

    def after_epoch(self):
        for copy, weight in zip(self.kept[int(self.epochs) % len(self.kept)], self.weights, strict=True):
            copy.assign(weight)
        self.epochs.assign_add(1)

    @contextmanager
    def applied(self):
        """The model has the mean within the block and its own weights again after it."""
        filled = self.kept[: max(min(int(self.epochs), len(self.kept)), 1)]
        means = [tf.add_n([copy.value() for copy in copies]) / len(filled) for copies in zip(*filled, strict=True)]
        with _swapped(self.weights, means):
            yield


@contextmanager
def _swapped(variables, values):
    own = [tf.identity(variable) for variable in variables]
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    try:
        yield
    finally:
        for variable, value in zip(variables, own, strict=True):
            variable.assign(value)


def make_average(model, ema_decay=0.0, checkpoints=1):
    """The average of the weights of a compiled model that the settings ask for."""
    if ema_decay:
        return ExponentialAverage(model.trainable_variables, model.optimizer, ema_decay)
    return CheckpointAverage(model.trainable_variables, checkpoints) if checkpoints > 1 else NoAverage()
