"""`seq2seq explain`: a table for runs of every task, and a picture."""

import json
import re

import pytest

from tests.cli.running import run
from tests.conftest import OLDER_RUNS

RUNS = ["translation", "characters", "language-model", "autoencoder", "forecaster", "stream"]


@pytest.mark.parametrize("name", RUNS)
def test_the_weights_of_all_layers_are_those_of_the_model(name):
    shown = run("explain", OLDER_RUNS / name).stdout.splitlines()
    total = int(re.search(r"([\d,]+) weights$", shown[0])[1].replace(",", ""))
    assert shown[1].split()[:3] == ["part", "layer", "reads"]
    assert sum(int(line.split()[-1].replace(",", "")) for line in shown[2:]) == total


@pytest.mark.parametrize("name", RUNS)
def test_the_length_is_that_of_the_training_or_the_one_asked_for(name):
    config = json.loads((OLDER_RUNS / name / "config.json").read_text(encoding="utf-8"))["config"]
    windows = config.get("windows", {})
    length = {"stream": windows.get("chunk")}.get(name, windows.get("look_back") or None)
    if length:
        assert f"(batch, {length}, " in run("explain", OLDER_RUNS / name).stdout
    else:
        assert "(batch, 7, " in run("explain", OLDER_RUNS / name, "--steps", 7).stdout


@pytest.mark.parametrize(("name", "suffix"), list(zip(RUNS, (".png", ".svg", ".pdf") * 2, strict=True)))
def test_a_picture_of_every_task(name, suffix, tmp_path):
    plot = tmp_path / f"network{suffix}"
    run("explain", OLDER_RUNS / name, "--predicting", "--show", 2, "--plot", plot)
    assert plot.stat().st_size > 3000


def test_batches_in_a_row(tmp_path):
    plot = tmp_path / "network.svg"
    run("explain", OLDER_RUNS / "stream", "--batches", 3, "--slots", 1, "--plot", plot)
    assert "batch 3: " in plot.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--plot", "network.jpg"], "ends in .png or .svg or .pdf"),
        (["--show", 3], "--show 3 is of the picture: add --plot"),
        (["--plot", "no/such/folder.png"], "there is no folder"),
        (["--plot", "network.png", "--batches", 2], "stateful models alone"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(options, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = run("explain", OLDER_RUNS / "translation", *options, code=2).stderr
    assert told.startswith("Error: ") and message in told and told.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_no_run_is_refused(tmp_path):
    assert "is not a run directory" in run("explain", tmp_path, code=2).stderr
