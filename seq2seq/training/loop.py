"""Compile and fit: epochs of training, each followed by validation on real decoding, with the best weights kept."""

import math
import time
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from seq2seq.batches.protocol import Batches
from seq2seq.config import TrainingConfig
from seq2seq.errors import InputError
from seq2seq.interruption import Interruption, Stopped
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.training.after_batch import AfterBatch, DivergedError
from seq2seq.training.averaging import make_average
from seq2seq.training.checkpoint import NotFiniteError, load_checkpoint, save_checkpoint
from seq2seq.training.cluster import LOST, Cluster
from seq2seq.training.compiling import compile_model
from seq2seq.training.curve import LearningCurve
from seq2seq.training.freezing import freeze
from seq2seq.training.joining import send_run
from seq2seq.training.lines import judged, of_epoch
from seq2seq.training.rescue import Rescue
from seq2seq.training.state import TrainingState
from seq2seq.training.tracing import models_in_turn
from seq2seq.training.worker_state import as_of_one

MOST_ROLLBACKS = 5
_SAVE_SILENTLY, _SAVE, _STOP = 1, 2, 3  # what is wished between two batches; the largest wish of all workers counts


class Training:
    """One training of a model in a run directory.

    Args:
        model: the model, with the weights that it starts from.
        loss: Keras loss with a `unit`, that of its values.
        batches: function of the epoch that gives its `Batches`.
        validate: function that judges the model as it is: a dict with `loss`, and what else there is to know. All
            workers call it at the same moment, and what it tells the chief counts.
        settings: `TrainingConfig`; `settings.monitor` names the figure of `validate` that decides which epoch is best.
        run: the `Run` that receives weights, history, metrics and checkpoints.
        report: `Report`.
        interruption: `Interruption` that may ask for a checkpoint or an end, or `None`.
        callbacks: further Keras callbacks, which keep no state of their own.
        cluster: `Cluster` of the workers that train the model; default: this process alone.
        is_tuning: bool. Whether the model knows something already: then it is judged before the first update, too.
    """

    def __init__(
        self,
        model,
        loss: keras.losses.Loss,
        batches: Callable[[int], Batches],
        validate: Callable[[], dict[str, float]],
        settings: TrainingConfig,
        run: Run,
        report: Report,
        interruption: Interruption | None = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        cluster: Cluster | None = None,
        is_tuning: bool = False,
    ):
        self.model, self.batches, self.validate = model, batches, validate
        self.settings, self.run, self.report = settings, run, report
        self.cluster = cluster or Cluster()
        freeze(model, settings.freeze, report)
        self.schedule = compile_model(model, loss, batches(0), settings, report, self.cluster)
        self.average = make_average(model, settings.ema_decay, settings.average_checkpoints)
        self._rescue = Rescue(model, self.cluster)
        self.state = TrainingState()
        self.interruption, self._is_tuning = interruption or Interruption(), is_tuning
        self._after_batch = AfterBatch(self)
        self._callbacks = [self._after_batch, *callbacks]
        self._curve, self._called = LearningCurve(run, loss.unit), getattr(loss, "called", "loss")
        self._began = self._saved_at = 0.0

    def fit(self) -> dict:
        """Train until the epochs are over or patience is, from the run's last checkpoint on if there is one.

        On one device that ends with the same bits as a training that was never interrupted.

        Returns:
            The figures of the best epoch, and some of the whole training; JSON-ready.

        Raises:
            Stopped: the interruption of a worker asked for it; a checkpoint is written, or nothing is lost without. Or
                a worker is lost.
            InputError: the loss is not finite, memory does not suffice for a batch, or the disk for the weights.
        """
        with self.cluster.ending_together(), models_in_turn():
            self._resume()
            self._start_together()
            self._try_largest_batch()
            return self._fit()

    def _fit(self):
        if self._is_tuning and not self.state.history and not self.state.batch:
            figures = self._validated()
            self.state.before = figures[f"val_{self.settings.monitor}"]  # which a checkpoint to roll back to has, too
            self.report.say(f"before the first update: {judged(figures)}")
        if self.settings.on_divergence == "roll_back" and not self.run.checkpoints():
            self._save()
        if self.settings.tensorboard and self.cluster.is_chief:
            self._callbacks.append(keras.callbacks.TensorBoard(self.run.tensorboard, update_freq=100))
        self._saved_at = time.monotonic()
        try:
            self._train()
        except OSError as error:
            raise InputError(
                f"{self.run.path} cannot be written ({error.strerror}): what was there is whole; make room, and the "
                "same command with --resume goes on."
            ) from error
        finally:
            if self.cluster.is_chief:
                self._curve.draw(self.state.history)
        if worse := self.state.loss_by_tuning(self.settings.monitor):
            self.report.warn(worse)
        return self._figures()

    def _start_together(self):
        """Let the workers that wait for the chief have what it starts with."""
        if self.cluster.is_alone:
            return
        if self.cluster.is_chief:
            if not self.run.checkpoints():
                self._save()
            send_run(self.cluster, self.run)
        self.cluster.share_memory(1 + sum(math.prod(weight.shape) for weight in self.model.trainable_weights))

    def finish(self) -> dict:
        """Train no further: take the best weights that the run has, or those so far where no epoch has ended.

        Returns:
            As `fit`; where no epoch has ended `epochs` is 0, and `batches` is how many there were.

        Raises:
            InputError: nothing was trained yet.
        """
        self._resume()
        if self.state.history:
            return self._figures()
        batches, seconds = self.state.batch, self.state.seconds
        if not batches:
            raise InputError(
                f"{self.run.path} has trained nothing yet, so there is nothing to finish: --resume goes on with it."
            )
        self.report.warn(
            f"no epoch has ended, so none is the best: taken are the weights of batch {batches:,} of the first"
        )
        with self.average.applied():
            figures = {f"val_{name}": value for name, value in self.validate().items()}
            self._save_weights()
        counted = {"epoch": 0, "epochs": 0, "batches": batches, "weights": self.model.count_params()}
        return figures | counted | {"training_seconds": round(seconds, 1)}

    def _figures(self):
        history = self.state.history
        return {
            **history[self.state.best_epoch - 1],
            "epochs": len(history),
            "weights": self.model.count_params(),
            "training_seconds": round(sum(row["seconds"] for row in history), 1),
        }

    def _train(self):
        """Train epoch after epoch to the end."""
        try:
            while len(self.state.history) < self.settings.epochs and not self.state.stopped:
                try:
                    self._epoch(len(self.state.history))
                except DivergedError as error:
                    self._roll_back(error)
            self._save()
        except KeyboardInterrupt:
            # Before the first validation the latest weights are better than none: what is there can be tried out, and
            # the first epoch that ends replaces them.
            if not self.state.history:
                self._save_weights()
            raise

    def _resume(self):
        """Go to the last checkpoint, if there is one."""
        found = load_checkpoint(self.run, self._variables(), self.report)
        if found is not None:
            self.state = TrainingState(**found)
            self._after_batch.loss = [(variable, np.asarray(variable)) for variable in self._loss_so_far()]
            batch = f" and {self.state.batch:,} batches" if self.state.batch else ""
            self.report.say(f"resuming after epoch {len(self.state.history)}{batch}")

    def _try_largest_batch(self):
        """Make an update of the largest batch and undo it: where memory does not suffice, that is known at once."""
        epoch = len(self.state.history)
        if epoch >= self.settings.epochs or self.state.stopped:
            return
        batches, before = self.batches(epoch), [np.asarray(variable).copy() for variable in self._variables()]
        largest = batches.epoch(epoch, self.cluster.share).skip(batches.largest(epoch)).take(1)
        self.model.make_train_function()
        try:
            self.model.train_function(iter(largest))
        except (tf.errors.ResourceExhaustedError, MemoryError) as error:
            shapes = [tuple(array.shape) for array in tf.nest.flatten(next(iter(largest)))]
            raise InputError(
                f"the memory does not suffice for the largest batch, arrays of the shapes {shapes}: make batches "
                "smaller, or the model."
            ) from error
        for variable, value in zip(self._variables(), before, strict=True):
            variable.assign(value)

    def _epoch(self, epoch):
        batches, state = self.batches(epoch), self.state
        count = batches.num_batches(epoch)
        title = f"epoch {epoch + 1}/{self.settings.epochs}"
        self._began = time.perf_counter() - state.seconds
        with self.report.progress(title, count, "batches") as shown, self.interruption.deferring():
            self._after_batch.begin(shown, count, batches.amount / count, batches.unit)
            if trains := state.batch < count:  # or it was stopped after the last one
                self._fit_batches(batches.epoch(epoch, self.cluster.share).skip(state.batch), epoch)
            # Whatever comes until the next one can be done again, and a stop need not wait for it.
            self._save()
        # A start that finds only the validation left does it, however short its time is: so each start gets further.
        self._agree_on_stop(trains and self.interruption.due())
        seconds = time.perf_counter() - self._began
        figures = {
            "epoch": epoch + 1,
            "loss": float(self.model.get_metrics_result()["loss"]),
            "learning_rate": float(self.model.optimizer.learning_rate),
            f"{batches.unit.replace(' ', '_')}_per_second": round(batches.amount / seconds, 1),
            "seconds": round(seconds, 2),
        }
        self.average.after_epoch()
        with self.average.applied():
            figures |= self._validated()
            if self.state.count_if_best(figures, self.settings.monitor):
                self._save_weights()
        self._after_validation(figures)

    def _validated(self):
        """What the chief has found of the model as it is, by the names of the history."""
        return {f"val_{name}": value for name, value in self.cluster.gather(self.validate())[0].items()}

    def _fit_batches(self, batches, epoch):
        """Train the batches of an epoch; where another worker is lost, what is whole is kept."""
        self._rescue.keep()
        options = {"callbacks": self._callbacks, "shuffle": False, "verbose": 0}
        try:
            self.model.fit(batches, initial_epoch=epoch, epochs=epoch + 1, **options)
        except LOST:
            if self._rescue.restore():
                self._save()
            raise

    def after_batch(self, before: int, done: int, loss: float) -> None:
        """Whatever there is to do between two calls of the graph, which has trained batches `before` to `done`."""
        self.average.after_batch()
        self.state.batch = done
        self._rescue.keep()
        if not math.isfinite(loss):
            raise DivergedError(before, done)
        stop, asked = self.interruption.due(), self.interruption.save_wanted()
        is_due = time.monotonic() - self._saved_at > 60.0 * self.settings.checkpoint_minutes
        wish = self.cluster.largest(_STOP if stop else _SAVE if asked else _SAVE_SILENTLY if is_due else 0)
        if wish:
            self._save()
        if wish == _STOP:
            raise stop or Stopped("another worker was asked to")
        if wish == _SAVE:
            self.report.say(f"checkpoint after {done:,} batches of the epoch")

    def _agree_on_stop(self, stop):
        """Stop all workers where one of them is to."""
        if self.cluster.largest(_STOP if stop else 0):
            raise stop or Stopped("another worker was asked to")

    def _save(self):
        """Write a checkpoint; where that fails, the training goes on without."""
        if self.state.batch:
            self.state.seconds = time.perf_counter() - self._began
        try:
            save_checkpoint(self.run, self._variables(), vars(self.state))
        except NotFiniteError:
            raise DivergedError(self.state.batch - 1, self.state.batch) from None
        except OSError as error:
            self.report.warn(f"no checkpoint could be written ({error.strerror}): the one before it stays the last")
        self._saved_at = time.monotonic()

    def _roll_back(self, error):
        """Go back to the last checkpoint, with half the learning rate; or say what happened, and where."""
        epoch, settings = len(self.state.history), self.settings
        what = f"the loss is not finite after batch {error.done:,} of epoch {epoch + 1}"
        batches = self.batches(epoch).epoch(epoch).skip(error.before).take(error.done - error.before)
        arrays = {
            f"batch{number}_{part}": array.numpy()
            for number, batch in enumerate(batches, error.before + 1)
            for part, array in enumerate(tf.nest.flatten(batch))
        }
        kept = self.run.write_diverged(f"epoch{epoch + 1}-batch{error.done}", arrays)
        count = self.state.rollbacks + 1
        if settings.on_divergence == "stop" or count > MOST_ROLLBACKS or not self.run.checkpoints():
            raise InputError(
                f"{what}; its data are kept in {kept}: start again with training.learning_rate below "
                f"{settings.learning_rate:g}, or --resume with --set training.on_divergence=roll_back, which goes back "
                "to the last checkpoint at half the rate."
            ) from None
        self._resume()
        # The checkpoint knows of the times before it.
        self.schedule.factor.assign(self.schedule.factor * 0.5 ** (count - self.state.rollbacks))
        self.state.rollbacks = count
        self.report.warn(f"{what}; its data are kept in {kept}. Going back, at {0.5**count:g} of the learning rate")

    def _after_validation(self, figures):
        state, settings = self.state, self.settings
        state.end_epoch(figures)
        waited = state.epochs_without_lower_loss
        if settings.schedule == "plateau" and waited and waited % settings.plateau_patience == 0:
            self.schedule.halve()
        state.stopped = 0 < settings.patience <= state.epochs_without_better
        if self.cluster.is_chief:
            self.run.write_history(state.history)
            self._curve.draw_if_due(state.history)
        mark = " · best so far" if state.best_epoch == figures["epoch"] else ""
        count = f"{figures['epoch']}/{settings.epochs}"
        self.report.say(f"epoch {count}: {of_epoch(figures, self._called)}{mark}")
        if state.stopped:
            monitored = f"the validation {settings.monitor}"
            self.report.say(f"stopping: {monitored} has not been better for {settings.patience} epochs")

    def _save_weights(self):
        self.run.save_weights(self.model.get_weights())

    def _variables(self):
        """All that changes while training: weights, random states, states carried on, optimizer, averages, loss."""
        model = self.model
        return [
            *as_of_one(self.cluster, model.variables, getattr(model, "train_states", ())),
            *model.optimizer.variables,
            *self.average.arrays,
            self.schedule.factor,
            *self._loss_so_far(),
        ]

    def _loss_so_far(self):
        """The variables of the mean loss of an epoch; other metrics come to be with the first update."""
        return next(metric for metric in self.model.metrics if metric.name == "loss").variables
