"""No setting of the loop, which every training has, does nothing: another value changes how a training goes or ends.

A new setting needs a line in `CHANGES`, or a place where it is tried instead.
"""

from dataclasses import fields

import keras
import numpy as np
import pytest
import tensorflow as tf

from seq2seq.batches.windows import WindowBatches
from seq2seq.config import AutoencoderConfig, TrainingConfig
from seq2seq.errors import InputError
from seq2seq.models import Autoencoder
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.training.loop import Training
from seq2seq.training.number_losses import ObservedLoss

# Setting → another value, and what has to be set for either to matter.
CHANGES = {
    "epochs": (2, {}),
    "optimizer": ("adamw", {"weight_decay": 0.5}),
    "learning_rate": (0.1, {}),
    "schedule": ("constant", {}),
    "lr_ramp_steps": (5, {}),
    "final_learning_rate": (5e-3, {}),
    "plateau_patience": (1, {"schedule": "plateau"}),
    "weight_decay": (0.5, {"optimizer": "adamw"}),
    "clip_norm": (1e-9, {}),
    "accumulate_batches": (3, {}),
    "ema_decay": (0.5, {}),
    "average_checkpoints": (2, {}),
    "patience": (1, {}),
    "checkpoint_minutes": (0.0, {}),
    "on_divergence": ("roll_back", {"fragile": True}),
    "tensorboard": (True, {}),
}
# In which a model computes: tests/tasks/test_settings_of_text.py; what stays as it is: tests/tasks/test_starting.py;
# what is drawn: tests/cli/test_seeds.py.
ELSEWHERE = {"precision", "freeze", "seed"}


def test_all_settings_are_tried():
    assert {field.name for field in fields(TrainingConfig)} == CHANGES.keys() | ELSEWHERE


class Fragile(ObservedLoss):
    """No number in the eighth update, as long as the learning rate is the whole one."""

    training = None

    def call(self, y_true, y_pred):
        steps, factor = self.training.model.optimizer.iterations, self.training.schedule.factor
        return super().call(y_true, y_pred) + tf.where((steps >= 7) & (factor > 0.6), np.float32("nan"), 0.0)


def outcome(path, fragile=False, **settings):
    """How a training of some updates goes and ends: rates, weights, checkpoints, files."""
    keras.utils.set_random_seed(1)
    batches = WindowBatches([np.sin(np.arange(40.0))[:, None]], look_back=8, batch_size=8, seed=1)
    losses = iter((3.0, 2.0, 4.0, 5.0, 6.0))
    loss = Fragile() if fragile else ObservedLoss()
    loss.training = training = Training(
        Autoencoder(1, units=2),
        loss,
        lambda epoch: batches,
        lambda: {"loss": next(losses)},
        TrainingConfig(**{"epochs": 4, "lr_ramp_steps": 0, "learning_rate": 1e-2} | settings),
        Run.start(path, "autoencoder", AutoencoderConfig()),
        Report(),
    )
    saved, save = [], training._save
    training._save = lambda: saved.append(save())
    try:
        training.fit()
    except InputError:
        return "stopped"
    rates = [row["learning_rate"] for row in training.state.history]
    with np.load(training.run.weights) as best:
        weights = [best[name].tolist() for name in sorted(best) if best[name].dtype.kind == "f"]
    files = sorted(file.name.split(".")[0] for file in path.iterdir())
    return rates, [np.asarray(weight).tolist() for weight in training.model.weights], weights, len(saved), files


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_a_setting_changes_something(name, tmp_path):
    value, needed = CHANGES[name]
    if name == "tensorboard":
        pytest.importorskip("tensorboard")
    before, after = outcome(tmp_path / "before", **needed), outcome(tmp_path / "after", **needed | {name: value})
    assert before != after


@pytest.mark.slow
def test_no_change_changes_nothing(tmp_path):
    assert outcome(tmp_path / "one") == outcome(tmp_path / "other")
