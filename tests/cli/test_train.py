"""`seq2seq train translation`: from files to a run, through an interruption."""

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from seq2seq.cli import app

ROOT = Path(__file__).resolve().parents[2]
RECIPE = """
[text]
tokenizer = "char"

[model]
units = 16
embedding_dim = 8

[training]
validate_bleu = false
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(RECIPE)
    return path


def arguments(tiny_data, recipe, run, *more):
    sides = ["--source", "src", "--target", "tgt"]
    data = ["--train", tiny_data / "train", "--valid", tiny_data / "valid", *sides]
    return [*map(str, ["train", "translation", *data, "--recipe", recipe, "--run", run, *more])]


def history(run):
    with open(run / "history.csv") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.slow
def test_options_win_over_settings_and_settings_over_the_recipe(tiny_data, recipe, tmp_path):
    run = tmp_path / "run"
    settings = ["--set", "model.units=20", "--set", "training.epochs=7", "--set", "text.joint=false"]
    result = CliRunner().invoke(app, arguments(tiny_data, recipe, run, *settings, "--epochs", 1, "--limit", 100))
    assert result.exit_code == 0, (result.stderr, result.exception)
    config = json.loads((run / "config.json").read_text())["config"]
    assert (config["model"]["units"], config["model"]["embedding_dim"], config["text"]["joint"]) == (20, 8, False)
    assert len(history(run)) == 1
    assert f"{run} holds the weights of epoch 1" in result.stdout


def test_a_run_is_not_overwritten(tiny_data, recipe, tiny_run):
    result = CliRunner().invoke(app, arguments(tiny_data, recipe, tiny_run))
    assert result.exit_code == 2
    assert "holds a run already" in result.stderr


@pytest.mark.slow
def test_an_interrupted_training_keeps_what_is_finished_and_goes_on(tiny_data, recipe, tmp_path):
    run = tmp_path / "run"
    command = arguments(tiny_data, recipe, run, "--limit", 100, "--epochs", 500)
    script = [sys.executable, str(ROOT / "scripts" / "train.py"), *command[1:]]
    with open(tmp_path / "log", "w+") as log:
        process = subprocess.Popen(script, stdout=log, stderr=subprocess.PIPE, text=True)
        try:
            while process.poll() is None and not (run / "history.csv").exists():
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130, said
    assert said.startswith("Interrupted. ") and "--resume" in said and len(said.splitlines()) == 1
    finished = len(history(run))
    assert finished >= 1

    resumed = arguments(tiny_data, recipe, run, "--limit", 100, "--epochs", finished + 1, "--resume")
    result = CliRunner().invoke(app, resumed)
    assert result.exit_code == 0, (result.stderr, result.exception)
    assert [row["epoch"] for row in history(run)] == [str(epoch) for epoch in range(1, finished + 2)]


def test_a_training_stops_when_its_time_is_over(tiny_data, recipe, tmp_path):
    run = tmp_path / "run"
    stopped = CliRunner().invoke(app, arguments(tiny_data, recipe, run, "--limit", 100, "--max-time", "00:00"))
    assert stopped.exit_code == 75
    assert "its time is over" in stopped.stderr and "--resume" in stopped.stderr
    assert list((run / "checkpoints").iterdir())


def test_a_time_that_is_none_is_refused(tiny_data, recipe, tmp_path):
    refused = CliRunner().invoke(app, arguments(tiny_data, recipe, tmp_path / "run", "--max-time", "3h"))
    assert refused.exit_code == 2
    assert "--max-time 3h: expected hours, minutes and seconds" in refused.stderr
