"""What is faster trains the same, and what goes wrong is said and mended."""

import errno
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import Mock

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.batches.windows import WindowBatches
from seq2seq.config import AutoencoderConfig
from seq2seq.config.series import AutoencoderTrainingConfig
from seq2seq.errors import InputError
from seq2seq.interruption import Interruption, Stopped
from seq2seq.models import Autoencoder
from seq2seq.report import Progress, Report
from seq2seq.run import Run
from seq2seq.storage import read_arrays
from seq2seq.training import compiling
from seq2seq.training.loop import Training
from seq2seq.training.number_losses import ObservedLoss
from tests.conftest import slow


class Counting(Report):
    """Keeps what was counted of each epoch: batches, windows, all batches, and those that were done before."""

    def __init__(self):
        self.epochs = []

    @contextmanager
    def progress(self, title, total, unit):
        counted = [0, 0.0, total, 0]
        self.epochs.append(counted)

        class Counter(Progress):
            def begin_at(self, done):
                counted[3] = done

            def advance(self, steps=1, amount=0.0, of="", **figures):
                counted[0] += steps
                counted[1] += amount

        yield Counter()


def make_training(path, loss=None, report=None, steps=400, run=None, **settings):
    keras.utils.set_random_seed(1)
    series = np.sin(np.arange(float(steps)) / 5)[:, None]
    batches = WindowBatches([series], look_back=8, batch_size=16, seed=1)  # of 400: 24 full batches, one of 9 windows
    model = Autoencoder(1, units=8, dtype=settings.get("precision"))
    return Training(
        model,
        loss or ObservedLoss(),
        lambda epoch: batches,
        lambda: {"loss": float(model.evaluate(batches.epoch(), verbose=0))},
        AutoencoderTrainingConfig(**{"epochs": 2, "lr_ramp_steps": 2, "patience": 0} | settings),
        run or Run.start(path, "autoencoder", AutoencoderConfig()),
        report or Report(),
    )


def trained(path, updates_worth_xla, monkeypatch, **settings):
    monkeypatch.setattr(compiling, "UPDATES_WORTH_XLA", updates_worth_xla)
    report = Counting()
    training = make_training(path, report=report, **settings)
    training.fit()
    return training, report


@pytest.mark.slow
@pytest.mark.parametrize("settings", [slow({}), {"ema_decay": 0.9}])
def test_xla_and_many_batches_at_once_change_no_result(tmp_path, monkeypatch, settings):
    plain, _ = trained(tmp_path / "plain", 1000, monkeypatch, **settings)
    compiled, report = trained(tmp_path / "compiled", 1, monkeypatch, **settings)
    assert compiled.model.jit_compile or compiled.model.compiled_parts > 1
    assert not (plain.model.jit_compile or plain.model.compiled_parts)
    for ours, theirs in zip(compiled.state.history, plain.state.history, strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-3)
        assert ours["val_loss"] == pytest.approx(theirs["val_loss"], rel=1e-3)
    for batches, windows, total, before in report.epochs:
        assert batches == total == 25 and windows == pytest.approx(393) and before == 0


@pytest.mark.slow
def test_a_training_in_float16_learns_and_goes_on_where_it_stopped(tmp_path):
    settings = {"steps": 100, "precision": "mixed_float16", "accumulate_batches": 2, "ema_decay": 0.9}
    whole = make_training(tmp_path / "whole", **settings)
    whole.fit()
    losses = [row["val_loss"] for row in whole.state.history]
    assert np.isfinite(losses).all() and losses[1] < losses[0]
    stopped = make_training(tmp_path / "run", **settings)
    stopped.interruption = Interruption(0)
    with pytest.raises(Stopped):
        stopped.fit()
    resumed = make_training(tmp_path / "run", run=stopped.run, **settings)
    resumed.fit()
    for one, other in zip(resumed.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_of_equal_scores_the_one_with_the_lower_loss_is_the_best(tmp_path):
    class ByExactMatch(AutoencoderTrainingConfig):
        monitor = "exact_match"

    training, losses = make_training(tmp_path / "run"), iter((3.0, 2.0, 2.5))
    training.settings = ByExactMatch(epochs=3, lr_ramp_steps=2, patience=0)
    training.validate = lambda: {"loss": next(losses), "exact_match": 0.0}
    assert training.fit()["epoch"] == 2


@pytest.mark.slow
def test_each_start_gets_further_however_short_its_time_is(tmp_path):
    training = make_training(tmp_path / "run", steps=100)
    training.settings, training.interruption = replace(training.settings, epochs=1), Interruption(0)
    for _ in range(6):  # batches
        with pytest.raises(Stopped):
            training.fit()
    assert training.fit()["epochs"] == 1


def test_what_is_resumed_counts_what_this_process_does(tmp_path):
    report = Counting()
    training = make_training(tmp_path / "run", report=report)
    training.settings, training.interruption = replace(training.settings, epochs=1), Interruption(0)
    for _ in range(3):
        with pytest.raises(Stopped):
            training.fit()
    assert [(done, before) for done, _, _, before in report.epochs] == [(1, 0), (1, 1), (1, 2)]


class Fragile(ObservedLoss):
    """No number from the fifth update on, as long as the learning rate is the whole one."""

    training = None

    def call(self, y_true, y_pred):
        optimizer = self.training.model.optimizer
        broken = (optimizer.iterations >= 4) & (self.training.schedule.factor > 0.3)
        return super().call(y_true, y_pred) + tf.where(broken, np.float32("nan"), 0.0)


def fragile(path, **settings):
    loss, report = Fragile(), Telling()
    loss.training = make_training(path, loss, report, **settings)
    return loss.training, report


class Telling(Report):
    """Keeps the warnings."""

    def __init__(self):
        self.warnings = []

    def warn(self, line):
        self.warnings.append(line)


def test_a_loss_that_is_no_number_stops_the_training_and_its_batch_is_kept(tmp_path):
    training, _ = fragile(tmp_path / "run")
    with pytest.raises(InputError, match=r"not finite after batch 5 of epoch 1; .*diverged-epoch1-batch5\.npz"):
        training.fit()
    arrays, _ = read_arrays(tmp_path / "run" / "diverged-epoch1-batch5.npz")
    window, target = next(iter(training.batches(0).epoch(0).skip(4)))
    np.testing.assert_array_equal(arrays["batch5_0"], window)
    np.testing.assert_array_equal(arrays["batch5_1"], target)


@pytest.mark.slow
def test_on_request_it_goes_back_to_the_last_checkpoint_at_a_smaller_rate(tmp_path):
    training, report = fragile(tmp_path / "run", on_divergence="roll_back")
    training.fit()
    assert float(training.schedule.factor) == 0.25 and training.state.rollbacks == 2
    assert len(training.state.history) == 2
    assert all(np.isfinite(row["loss"]) for row in training.state.history)
    assert [("0.5 of the" in line, "0.25 of the" in line) for line in report.warnings] == [(True, False), (False, True)]


def test_a_disk_that_is_full_for_a_checkpoint_is_told_and_the_training_goes_on(tmp_path, monkeypatch):
    report = Telling()
    training = make_training(tmp_path / "run", report=report)
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(Run, "save_checkpoint", Mock(side_effect=full))
    training.fit()
    assert len(training.state.history) == 2
    assert report.warnings and all("No space left" in line for line in report.warnings)


@pytest.mark.slow
def test_a_disk_that_is_full_for_the_weights_stops_the_training_in_one_line(tmp_path, monkeypatch):
    training = make_training(tmp_path / "run")
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(Run, "save_weights", Mock(side_effect=full))
    for interruption in (Interruption(0), Interruption()):  # weights are kept where it is stopped before any were, too
        training.interruption = interruption
        with pytest.raises(InputError, match="No space left on device"):
            training.fit()
    monkeypatch.undo()
    assert Run.start(tmp_path / "run", "autoencoder", AutoencoderConfig(), resume=True).checkpoints()


def test_the_largest_batch_is_tried_first_and_leaves_no_trace(tmp_path):
    training = make_training(tmp_path / "run")
    before = [np.asarray(variable).copy() for variable in training._variables()]
    training._try_largest_batch()
    for variable, value in zip(training._variables(), before, strict=True):
        np.testing.assert_array_equal(variable, value)

    def exhausted(iterator):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")

    training.model.train_function = exhausted
    with pytest.raises(InputError, match=r"largest batch, arrays of the shapes \[\(16, 8, 1\), \(16, 8, 1\)\]"):
        training.fit()
