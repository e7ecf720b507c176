"""Stopped or killed at any moment, a training ends as if nothing had happened: the same bits."""

import csv
import random
import shutil
import signal

import numpy as np
import pytest
from nursery import Nursery
from trainings import StopsAfter, train

from seq2seq.interruption import Stopped

TASKS = ("translation", "autoencoder", "forecaster")
TIMES = ("seconds", "per_second")  # of all figures these alone depend on the machine


@pytest.fixture(scope="module")
def nursery():
    nursery = Nursery()
    yield nursery
    nursery.close()


def left_by(run):
    """The bytes of weights and last checkpoint, and the history, without the times."""
    with open(run / "history.csv") as file:
        rows = [{k: v for k, v in row.items() if not k.endswith(TIMES)} for row in csv.DictReader(file)]
    with np.load(sorted(run.glob("checkpoints/*.npz"))[-1]) as arrays:
        last = {name: arrays[name].tobytes() for name in arrays.files if name != "record"}
    return (run / "weights.npz").read_bytes(), rows, last


@pytest.fixture(scope="module")
def whole_forecaster(small_data, tmp_path_factory):
    """What an undisturbed training of the forecaster leaves."""
    run = tmp_path_factory.mktemp("forecaster") / "whole"
    train("forecaster", str(small_data), str(run))
    return left_by(run)


@pytest.mark.slow  # in short: below, and in the tests of training a translator and an autoencoder
@pytest.mark.parametrize("task", ["translation", "autoencoder"])
def test_a_stopped_training_goes_on_as_if_it_had_not_been(task, small_data, tmp_path):
    settings = []
    if task == "translation":  # which translates nothing then, so that the number of sentences is the default again
        settings = ["training.validate_bleu=false", "training.validation_sentences=1000", "training.epochs=2"]

    def trained(run, **given):
        train(task, str(small_data), str(tmp_path / run), settings, **given)

    trained("whole")
    with pytest.raises(Stopped):
        trained("stopped", interruption=StopsAfter(25))  # within the second epoch
    trained("stopped")
    assert left_by(tmp_path / "stopped") == left_by(tmp_path / "whole")


def killed_until_done(nursery, task, small_data, run, random, kills, settings=()):
    """Kill the training at random moments, at most so many times, and let it end; returns the number of kills."""
    arguments = {"task": task, "data": str(small_data), "settings": settings}
    whole = nursery.call("trainings:train", run=str(run.with_name("whole")), **arguments)
    assert whole["code"] == 0
    count = 0
    while True:
        seconds = whole["seconds"] * random.uniform(0.3, 1.0) if count < kills else None
        ended = nursery.call("trainings:train", seconds=seconds, run=str(run), **arguments)
        if ended["code"] == 0:
            return count
        assert ended["code"] == -signal.SIGKILL
        count += 1


@pytest.mark.slow  # the longest of a file whose other tests stop a training by a signal, or at a moment of its own
def test_a_killed_training_goes_on_as_if_it_had_not_been(nursery, small_data, tmp_path):
    assert killed_until_done(nursery, "forecaster", small_data, tmp_path / "killed", random.Random(4), kills=1)
    assert left_by(tmp_path / "killed") == left_by(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_many_kills(nursery, task, small_data, tmp_path, record_property):
    count, wanted, draw = 0, 50, random.Random(5)
    settings = ["training.truth_ratio=0.8"] if task == "translation" else []
    while count < wanted:
        for folder in ("killed", "whole"):
            shutil.rmtree(tmp_path / folder, ignore_errors=True)
        count += killed_until_done(nursery, task, small_data, tmp_path / "killed", draw, 12, settings)
        assert left_by(tmp_path / "killed") == left_by(tmp_path / "whole")
    record_property("kills", count)


@pytest.mark.slow
def test_a_stopped_forecaster_goes_on_from_its_last_whole_checkpoint(small_data, whole_forecaster, tmp_path):
    with pytest.raises(Stopped):
        train("forecaster", str(small_data), str(tmp_path / "stopped"), interruption=StopsAfter(25))
    shutil.copytree(tmp_path / "stopped", tmp_path / "torn")
    last = sorted((tmp_path / "torn").glob("checkpoints/*.npz"))[-1]
    last.write_bytes(last.read_bytes()[:-100])
    for run in ("stopped", "torn"):
        train("forecaster", str(small_data), str(tmp_path / run))
        assert left_by(tmp_path / run) == whole_forecaster


@pytest.mark.slow
def test_a_terminated_training_says_so_by_its_exit_code_and_keeps_a_checkpoint(nursery, small_data, tmp_path):
    arguments = {"task": "forecaster", "data": str(small_data), "run": str(tmp_path / "run")}
    arguments["settings"] = ["training.epochs=4000", "training.checkpoint_minutes=60"]
    assert nursery.call("trainings:train", seconds=4.0, number=signal.SIGTERM, **arguments)["code"] == 75
    assert list(tmp_path.glob("run/checkpoints/*.npz"))
