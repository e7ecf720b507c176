"""Checkpoints: what was saved comes back, what is damaged is passed over, what is of another model is refused."""

import numpy as np
import pytest
import tensorflow as tf

from seq2seq.config import LanguageConfig
from seq2seq.errors import InputError
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.training.checkpoint import NotFiniteError, load_checkpoint, save_checkpoint

SHAPES = [(3,), (2, 4), ()]


def variables(value):
    return [tf.Variable(tf.fill(shape, float(value))) for shape in SHAPES]


def progress(epochs, batch=0):
    return {"history": [{"epoch": number + 1} for number in range(epochs)], "batch": batch}


class Warnings(Report):
    def __init__(self):
        self.lines = []

    def warn(self, line):
        self.lines.append(line)


@pytest.fixture
def run(tmp_path):
    return Run.start(tmp_path / "run", "language-model", LanguageConfig())


def test_the_last_checkpoint_comes_back(run):
    for epoch in (1, 2):
        save_checkpoint(run, variables(epoch), progress(epoch, batch=7))
    loaded = variables(0)
    assert load_checkpoint(run, loaded, Report()) == progress(2, batch=7)
    assert all((np.asarray(variable) == 2.0).all() for variable in loaded)


def test_without_a_checkpoint_nothing_is_loaded(run):
    loaded = variables(5)
    assert load_checkpoint(run, loaded, Report()) is None
    assert all((np.asarray(variable) == 5.0).all() for variable in loaded)


def test_a_damaged_checkpoint_is_passed_over_with_a_word(run):
    for epoch in (1, 2):
        save_checkpoint(run, variables(epoch), progress(epoch))
    path = run.checkpoints()[-1]
    path.write_bytes(path.read_bytes()[:-40])
    report, loaded = Warnings(), variables(0)
    assert load_checkpoint(run, loaded, report) == progress(1)
    assert "passed over" in report.lines[0] and path.name in report.lines[0]
    assert float(loaded[2]) == 1.0


def test_no_checkpoint_holds_what_is_no_number(run):
    with pytest.raises(NotFiniteError):
        save_checkpoint(run, [*variables(1), tf.Variable(np.nan)], progress(1))
    assert not run.checkpoints()


@pytest.mark.parametrize("others", [variables(0)[:2], [*variables(0)[:2], tf.Variable([1.0, 2.0])]])
def test_the_checkpoint_of_another_model_is_refused(run, others):
    save_checkpoint(run, variables(1), progress(1))
    with pytest.raises(InputError, match="another model"):
        load_checkpoint(run, others, Report())
