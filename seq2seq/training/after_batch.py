"""What happens between two calls of the graph that trains."""

import keras


class DivergedError(Exception):
    """The loss was no number any more in one of the batches `before` + 1 to `done` of the epoch."""

    def __init__(self, before, done):
        super().__init__()
        self.before, self.done = before, done


class AfterBatch(keras.callbacks.Callback):
    """Shows progress after every call of the graph, and hands over to the training."""

    def __init__(self, training):
        super().__init__()
        self.training = training
        self.loss = ()  # variables and values of the mean so far, of an epoch that goes on from a checkpoint

    def begin(self, shown, batches, amount, unit):
        """An epoch of so many batches, each with about an `amount` of what `unit` names, some of them done."""
        self.shown, self.batches, self.amount, self.unit = shown, batches, amount, unit
        self.first = self.done = self.training.state.batch
        shown.begin_at(self.done)

    def on_epoch_begin(self, epoch, logs=None):
        if self.first:
            for variable, value in self.loss:
                variable.assign(value)
        self.loss = ()

    def on_train_batch_end(self, batch, logs=None):
        before, self.done = self.done, min(self.first + batch + 1, self.batches)
        new = self.done - before
        self.shown.advance(new, new * self.amount, of=self.unit, loss=logs["loss"])
        self.training.after_batch(before, self.done, logs["loss"])
