"""How a training is compiled, and what it says of a ramp that its updates do not suffice for."""

import pytest

from seq2seq.batches.windows import WindowBatches
from seq2seq.config import TrainingConfig
from seq2seq.device import share_cores
from seq2seq.models import Autoencoder
from seq2seq.report import Report
from seq2seq.training.compiling import BATCHES_AT_ONCE, compile_model
from seq2seq.training.number_losses import ObservedLoss
from tests.stand_ins.graphics_card import seen


class Warnings(Report):
    def __init__(self):
        self.lines = []

    def warn(self, line):
        self.lines.append(line)


def warnings_for(**settings):
    report = Warnings()
    batches = WindowBatches([[[float(step)] for step in range(44)]], look_back=5, batch_size=4)  # ten of them
    compile_model(Autoencoder(1, units=2), ObservedLoss(), batches, TrainingConfig(**settings), report)
    return report.lines


@pytest.mark.parametrize("ramp", [0, 1, 10, 25])
def test_a_ramp_that_fits_is_no_matter(ramp):
    assert warnings_for(epochs=10, lr_ramp_steps=ramp) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"epochs": 10, "lr_ramp_steps": 55}, "has 100: it rises for 55% of it"),
        ({"epochs": 10, "lr_ramp_steps": 400}, "reaches only 25% of its peak"),
        ({"epochs": 10, "lr_ramp_steps": 55, "accumulate_batches": 5}, "has 20: it reaches only 36%"),
    ],
)
def test_a_ramp_longer_than_the_training_is_told_with_one_that_fits(settings, said):
    (line,) = warnings_for(**settings)
    assert said in line
    fitting = int(line.partition("--set training.lr_ramp_steps=")[2].partition(",")[0])
    assert warnings_for(**settings | {"lr_ramp_steps": fitting}) == []


def test_beside_a_gpu_nothing_is_compiled_by_xla_nor_shared_out_to_cores():
    model = Autoencoder(1, units=2)
    batches = WindowBatches([[[float(step)] for step in range(44)]], look_back=5, batch_size=4)
    with seen():
        compile_model(model, ObservedLoss(), batches, TrainingConfig(epochs=1000, ema_decay=0.0), Warnings())
        assert share_cores(2) == 1
    assert (model.jit_compile, model.steps_per_execution, model.compiled_parts) == (False, BATCHES_AT_ONCE, 0)
