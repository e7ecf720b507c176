"""What the machine has is told as it is, and what is not as it should be is said."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import keras
import pytest

from seq2seq.cores import parts_of
from seq2seq.report import Report
from seq2seq.tasks import examine_device, training_rates
from seq2seq.tasks.examine_device import compare_kernel, examine


@pytest.fixture(scope="module")
def found():
    return examine(seconds=0)


def test_all_that_was_found_is_in_the_table_and_in_json(found):
    rows = dict(found.rows())
    assert {"seq2seq", "TensorFlow", "processor", "cores", "memory", "GPU", "LSTM layer", "GRU layer"} <= rows.keys()
    assert rows["trainings run on"] == found.device and rows["precision=auto"].startswith(found.precision)
    assert json.loads(json.dumps(found.as_dict()))["kernels"][0]["cell"] == "lstm"
    assert not found.rates and not found.warnings


def test_layers_have_the_numbers_of_their_cells(found):
    assert [kernel.cell for kernel in found.kernels] == ["lstm", "gru"]
    assert all(kernel.is_right and kernel.outputs < 1e-5 and kernel.gradients < 1e-5 for kernel in found.kernels)


def test_a_layer_that_computes_something_else_is_told(monkeypatch):
    wrong = lambda cell, units: keras.layers.LSTM(units, activation="relu", return_sequences=True)  # noqa: E731
    monkeypatch.setattr(examine_device, "recurrent_layer", wrong)
    kernel = compare_kernel("lstm")
    assert not kernel.is_right
    (line,) = examine_device._warnings([kernel], "float32", {})
    assert line.startswith("the LSTM layer computes other numbers")


def test_a_faster_precision_than_that_of_auto_is_told():
    rates = {"float32": 100.0, "mixed_bfloat16": 85.0}
    (line,) = examine_device._warnings([], "mixed_bfloat16", rates)
    assert line == "training.precision=auto takes mixed_bfloat16; here --set training.precision=float32 is faster"
    assert not list(examine_device._warnings([], "float32", rates))


def test_beside_eight_cores_trainings_in_parts_are_measured_each_in_a_process_of_its_own(monkeypatch):
    rates = {1: 60.0, 2: 80.0, 3: 90.0, 4: 100.0, 8: 130.0}

    def run(command, **how):
        parts = re.search(r"rate_of\('float32', (\d+), 1.0\)", command[-1])[1]
        return SimpleNamespace(stdout=f"a line of some library\n{rates[int(parts)]}\n")

    monkeypatch.setattr(training_rates, "subprocess", SimpleNamespace(run=run))
    measured = training_rates.rates_in_parts("float32", parts_of(64, 8), 8, 1.0, Report())
    assert measured == {parts: rates[parts] for parts in (1, 2, 4, 8)}
    assert training_rates.rates_in_parts("float32", 3, 3, 1.0, Report()).keys() == {1, 3}
    (line,) = examine_device._warn_of_parts(4, measured)
    assert "in 4 parts; here --set training.parts=8 is faster" in line
    assert not list(examine_device._warn_of_parts(4, {1: 60.0, 4: 100.0, 8: 105.0}))
    assert not list(examine_device._warn_of_parts(2, {}))


def test_what_parts_were_measured_is_in_the_table(found):
    assert not found.rates_in_parts and "  in 2" not in dict(found.rows())  # of two cores nothing is chosen
    rows = dict(replace(found, parts=4, rates_in_parts={1: 60.0, 4: 100.0}).rows())
    assert (rows["parts of a batch"], rows["  in 1"], rows["  in 4"]) == (
        "4 for 64 sentences",
        "60 target tokens/s, each operation split over the cores",
        "100 target tokens/s",
    )


def test_a_precision_that_does_not_train_is_told_and_never_advised():
    rates = {"float32": 100.0, "mixed_bfloat16": 200.0}
    (line,) = examine_device._warnings([], "float32", rates, ("mixed_bfloat16",))
    assert line.startswith("a training in mixed_bfloat16 does not stay finite here")


@pytest.mark.slow
def test_a_training_in_each_precision_is_measured():
    found = examine(seconds=0.1)
    assert "float32" in found.rates and all(rate > 0 for rate in found.rates.values())
    assert not found.diverged
