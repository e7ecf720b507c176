"""What is faster trains the same."""

from contextlib import contextmanager

import keras
import numpy as np
import pytest

from seq2seq.config import AutoencoderConfig
from seq2seq.config.series import AutoencoderTrainingConfig
from seq2seq.models import Autoencoder
from seq2seq.report import Progress, Report
from seq2seq.run import Run
from seq2seq.series.windows import WindowBatches
from seq2seq.training import loop
from seq2seq.training.observed import ObservedLoss


class Counting(Report):
    """Keeps what was counted of each epoch: batches, and windows."""

    def __init__(self):
        self.epochs = []

    @contextmanager
    def progress(self, title, total, unit):
        counted = [0, 0.0, total]
        self.epochs.append(counted)

        class Counter(Progress):
            def advance(self, steps=1, amount=0.0, of="", **figures):
                counted[0] += steps
                counted[1] += amount

        yield Counter()


def trained(path, updates_worth_xla, monkeypatch, **settings):
    monkeypatch.setattr(loop, "UPDATES_WORTH_XLA", updates_worth_xla)
    keras.utils.set_random_seed(1)
    series = np.sin(np.arange(400.0) / 5)[:, None]
    batches = WindowBatches([series], look_back=8, batch_size=16, seed=1)  # 24 full batches, and one of 9 windows
    model = Autoencoder(1, units=8)
    report = Counting()
    training = loop.Training(
        model,
        ObservedLoss(),
        lambda epoch: batches,
        lambda: {"loss": float(model.evaluate(batches.epoch(), verbose=0))},
        AutoencoderTrainingConfig(epochs=2, lr_ramp_steps=2, **settings),
        Run.start(path, "autoencoder", AutoencoderConfig()),
        report,
    )
    training.fit()
    return training, report


@pytest.mark.parametrize("settings", [{}, {"ema_decay": 0.9}])
def test_xla_and_many_batches_at_once_change_no_result(tmp_path, monkeypatch, settings):
    plain, _ = trained(tmp_path / "plain", 1000, monkeypatch, **settings)
    compiled, report = trained(tmp_path / "compiled", 1, monkeypatch, **settings)
    assert compiled.model.jit_compile or compiled.model.compiled_parts > 1
    assert not (plain.model.jit_compile or plain.model.compiled_parts)
    for ours, theirs in zip(compiled.progress.history, plain.progress.history, strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-3)
        assert ours["val_loss"] == pytest.approx(theirs["val_loss"], rel=1e-3)
    for batches, windows, total in report.epochs:
        assert batches == total == 25 and windows == pytest.approx(393)


def test_a_new_run_does_not_go_on_with_a_checkpoint_that_was_left_behind(tmp_path, monkeypatch):
    first, _ = trained(tmp_path / "run", 1000, monkeypatch)
    (tmp_path / "run" / "config.json").unlink()
    again, report = trained(tmp_path / "run", 1000, monkeypatch)
    assert len(report.epochs) == len(again.progress.history) == 2
    assert [row["loss"] for row in again.progress.history] == [row["loss"] for row in first.progress.history]
