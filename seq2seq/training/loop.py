"""Compile and fit: epochs of training, each followed by validation on real decoding, with the best weights kept."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import tensorflow as tf

from seq2seq.config import TrainingConfig
from seq2seq.models.parts import CompiledParts
from seq2seq.plots import learning_curve, save_figure
from seq2seq.report import Report
from seq2seq.run import Run, replacing
from seq2seq.training.averaging import make_average
from seq2seq.training.checkpoint import load_checkpoint, save_checkpoint
from seq2seq.training.device import cores_to_share
from seq2seq.training.optimizers import make_optimizer
from seq2seq.training.schedules import RampedSchedule

HIGHER_IS_BETTER = {"bleu", "exact_match"}
UPDATES_WORTH_XLA = 2000  # compiling takes 5 to 10 s, and saves 5 to 40 ms of an update
BATCHES_AT_ONCE = 16  # in one call of a graph: saves 1 ms of Python a batch
SECONDS_BETWEEN_CURVES = 10.0  # an epoch on little data takes less time than its picture


@dataclass
class Progress:
    """Where a training stands after its last finished epoch; JSON-ready."""

    history: list[dict] = field(default_factory=list)
    best: float | None = None
    best_epoch: int = 0
    best_loss: float | None = None
    epochs_without_better: int = 0
    epochs_without_lower_loss: int = 0
    stopped: bool = False


class Training:
    """One training of a model in a run directory.

    Args:
        model: the model, with fresh weights.
        loss: Keras loss with a `unit`, that of its values.
        batches: function of the epoch that gives its batches, an object with `epoch(epoch)`, the `tf.data.Dataset`;
            `num_batches(epoch)`; `amount`, how much the epoch has of what its `unit` names ("target tokens"); and
            `static_shapes`, whether all but the last have the same shape: XLA pays then, on a CPU.
        validate: function that judges the model as it is: a dict with `loss`, and what else there is to know.
        settings: `TrainingConfig`; `settings.monitor` names the figure of `validate` that decides which epoch is best.
        run: the `Run` that receives weights, history, metrics and checkpoints.
        report: `Report`.
    """

    def __init__(
        self,
        model,
        loss: keras.losses.Loss,
        batches: Callable,
        validate: Callable[[], dict[str, float]],
        settings: TrainingConfig,
        run: Run,
        report: Report,
    ):
        self.model, self.batches, self.validate = model, batches, validate
        self.settings, self.run, self.report = settings, run, report
        updates = settings.epochs * batches(0).num_batches(0) // settings.accumulate_batches
        # XLA cannot compile cuDNN's layers.
        on_cpu = not tf.config.list_logical_devices("GPU")
        jit_compile = on_cpu and batches(0).static_shapes and updates >= UPDATES_WORTH_XLA
        averaged = settings.ema_decay > 0  # which is done batch by batch
        at_once = BATCHES_AT_ONCE if jit_compile and not averaged else 1
        optimizer = make_optimizer(settings, updates)
        cores = cores_to_share()
        in_parts = jit_compile and isinstance(model, CompiledParts) and cores > 1
        if in_parts:
            model.compiled_parts = cores
        model.compile(optimizer, loss=loss, jit_compile=jit_compile and not in_parts, steps_per_execution=at_once)
        model.optimizer.build(model.trainable_variables)
        self.average = make_average(model.trainable_variables, settings.ema_decay, settings.average_checkpoints)
        self.loss_unit = loss.unit
        self.progress = Progress()
        self._drawn_at = 0.0

    @property
    def schedule(self) -> RampedSchedule:
        return self.model.optimizer._learning_rate

    def fit(self) -> dict:
        """Train until the epochs are over or patience is, from the run's checkpoint on if there is one.

        Ctrl-C leaves usable weights and a checkpoint.

        Returns:
            The figures of the best epoch, and some of the whole training; JSON-ready.
        """
        if self.run.checkpoint.exists():
            self.progress = Progress(**load_checkpoint(self.run.checkpoint, self._variables()))
            self.report.say(f"resuming after epoch {len(self.progress.history)}")
        callbacks = [_BatchCallback(self)]
        if self.settings.tensorboard:
            callbacks.append(keras.callbacks.TensorBoard(self.run.tensorboard, update_freq=100))
        try:
            while len(self.progress.history) < self.settings.epochs and not self.progress.stopped:
                self._epoch(len(self.progress.history), callbacks)
        except KeyboardInterrupt:
            if not self.run.weights.exists():
                self._save_weights()
            raise
        finally:
            self._draw_curve()
        history = self.progress.history
        return {
            **history[self.progress.best_epoch - 1],
            "epochs": len(history),
            "weights": self.model.count_params(),
            "training_seconds": round(sum(row["seconds"] for row in history), 1),
        }

    def _epoch(self, epoch, callbacks):
        start = time.perf_counter()
        self._set_truth_ratio(epoch)
        batches = self.batches(epoch)
        count = batches.num_batches(epoch)
        title = f"epoch {epoch + 1}/{self.settings.epochs}"
        with self.report.progress(title, count, "batches") as callbacks[0].progress:
            callbacks[0].begin(count, batches.amount / count, batches.unit)
            fitted = self.model.fit(
                batches.epoch(epoch),
                initial_epoch=epoch,
                epochs=epoch + 1,
                callbacks=callbacks,
                shuffle=False,
                verbose=0,
            )
        seconds = time.perf_counter() - start
        self.average.after_epoch()
        figures = {
            "epoch": epoch + 1,
            "loss": float(fitted.history["loss"][-1]),
            "learning_rate": float(self.model.optimizer.learning_rate),
            f"{batches.unit.replace(' ', '_')}_per_second": round(batches.amount / seconds, 1),
            "seconds": round(seconds, 2),
        }
        with self.average.applied():
            figures |= {f"val_{name}": value for name, value in self.validate().items()}
            self._keep_if_best(figures)
        self._after_validation(figures)

    def _keep_if_best(self, figures):
        progress, value = self.progress, figures[f"val_{self.settings.monitor}"]
        higher = self.settings.monitor in HIGHER_IS_BETTER
        if progress.best is None or (value > progress.best if higher else value < progress.best):
            progress.best, progress.best_epoch, progress.epochs_without_better = value, figures["epoch"], 0
            self._save_weights()
        else:
            progress.epochs_without_better += 1

    def _after_validation(self, figures):
        progress, settings = self.progress, self.settings
        progress.history.append(figures)
        if progress.best_loss is None or figures["val_loss"] < progress.best_loss:
            progress.best_loss, progress.epochs_without_lower_loss = figures["val_loss"], 0
        else:
            progress.epochs_without_lower_loss += 1
            if settings.schedule == "plateau" and progress.epochs_without_lower_loss % settings.plateau_patience == 0:
                self.schedule.halve()
        progress.stopped = 0 < settings.patience <= progress.epochs_without_better
        save_checkpoint(self.run.checkpoint, self._variables(), vars(progress))
        self.run.write_history(progress.history)
        if time.monotonic() - self._drawn_at > SECONDS_BETWEEN_CURVES:
            self._draw_curve()
        mark = " · best so far" if progress.best_epoch == figures["epoch"] else ""
        self.report.say(f"epoch {figures['epoch']}: {_line(figures)}{mark}")
        if progress.stopped:
            monitored = f"the validation {settings.monitor}"
            self.report.say(f"stopping: {monitored} has not been better for {settings.patience} epochs")

    def _draw_curve(self):
        if history := self.progress.history:
            curve = learning_curve({key: [row[key] for row in history] for key in history[0]}, self.loss_unit)
            save_figure(curve, self.run.learning_curve)
            self._drawn_at = time.monotonic()

    def _save_weights(self):
        # From a copy that was never compiled: Keras writes the optimizer's variables, twice the weights, beside them.
        copy = type(self.model).from_config(self.model.get_config())
        copy.set_weights(self.model.get_weights())
        with replacing(self.run.weights) as temporary:
            copy.save_weights(temporary)

    def _set_truth_ratio(self, epoch):
        ratio = getattr(self.model, "truth_ratio", None)  # of scheduled sampling
        if ratio is not None:
            first, last = self.settings.truth_ratio, self.settings.final_truth_ratio
            share = epoch / max(self.settings.epochs - 1, 1)
            ratio.assign(first if last is None else first + (last - first) * share)

    def _variables(self):
        """All that changes while training: weights, random state, optimizer, average, plateau factor."""
        return [*self.model.variables, *self.model.optimizer.variables, *self.average.arrays, self.schedule.factor]


class _BatchCallback(keras.callbacks.Callback):
    """After every batch: the average of the weights, and the progress bar."""

    def __init__(self, training):
        super().__init__()
        self.training = training
        self.progress = None

    def begin(self, batches, amount, unit):
        """An epoch of so many batches, each with about an `amount` of what `unit` names."""
        self.batches, self.amount, self.unit, self.done = batches, amount, unit, 0

    def on_train_batch_end(self, batch, logs=None):
        self.training.average.after_batch()
        new, self.done = min(batch + 1, self.batches) - self.done, min(batch + 1, self.batches)
        self.progress.advance(new, new * self.amount, of=self.unit, loss=logs["loss"])


def _line(figures):
    parts = [f"loss {figures['loss']:.4g}", f"validation {figures['val_loss']:.4g}"]
    if "val_perplexity" in figures:
        parts.append(f"perplexity {figures['val_perplexity']:.2f}")
    if "val_bleu" in figures:
        parts.append(f"BLEU {figures['val_bleu']:.2f}, exact {figures['val_exact_match']:.1%}")
    rate = next(name for name in figures if name.endswith("_per_second"))
    parts.append(f"{figures[rate]:,.0f} {rate.removesuffix('_per_second').replace('_', ' ')}/s")
    return " · ".join(parts)
