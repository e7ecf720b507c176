"""`--seeds`: runs that differ by their random numbers alone, in one folder, which answers as one."""

import csv
import json
import shutil

import numpy as np
import pytest

from seq2seq.storage import read_arrays
from tests.cli.running import run

TRAIN = ["train", "forecaster", "--look-back", 24, "--horizon", 3, "--columns", "load,warm", "--epochs", 2]
SMALL = ["--set", "model.units=4", "--set", "training.lr_ramp_steps=2"]


@pytest.fixture(scope="module")
def both(days_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "air"
    shown = run(*TRAIN, *SMALL, "--data", days_file, "--seeds", 2, "--run", folder).stdout
    assert f"run 2 of 2: {folder / 'seed-2'}" in shown and f"{folder} answers as one; validation loss" in shown
    return folder


def test_each_run_is_that_of_its_seed_on_the_same_split(both, days_file, tmp_path):
    given = [*SMALL, "--set", "training.seed=2", "--data", days_file]
    run(*TRAIN, *given, "--run", tmp_path / "alone")
    for name in ("weights.npz", "learned.npz", "linear.npz", "calibration.npz"):
        ours, theirs = (read_arrays(folder / name)[0] for folder in (both / "seed-2", tmp_path / "alone"))
        assert ours.keys() == theirs.keys()
        for array in ours:
            np.testing.assert_array_equal(ours[array], theirs[array])
    first, second = (read_arrays(both / seed / "weights.npz")[0] for seed in ("seed-1", "seed-2"))
    assert any(not np.array_equal(first[name], second[name]) for name in first)


def test_commands_take_the_folder_as_an_ensemble(both, tmp_path):
    runs = [both / "seed-1", "--with", both / "seed-2"]
    for place, given in enumerate(([both], runs)):
        run("forecast", *given, "--output", tmp_path / f"{place}.csv")
    assert (tmp_path / "0.csv").read_bytes() == (tmp_path / "1.csv").read_bytes()
    shown = run("evaluate", both, "--json", tmp_path / "scores.json").stdout
    figures = json.loads((tmp_path / "scores.json").read_text())
    alone = list(figures["alone"].values())
    assert len(alone) == 2 and "of each run alone" in shown
    assert figures["scores"]["mse_scaled"] <= max(alone)
    single = json.loads(run("evaluate", both / "seed-2", "--json", "-").stdout)
    assert single["scores"]["mse_scaled"] == pytest.approx(alone[1]) and not single["alone"]
    beside = json.loads(run("evaluate", both / "seed-2", "--against", both, "--json", "-").stdout)["against"]
    assert beside["run"] == str(both) and beside["origins"] > 0
    assert "is the run itself: there is nothing to compare" in run("evaluate", both, "--against", both, code=2).stderr


def test_it_goes_on_with_those_that_are_not_finished(both, days_file, tmp_path):
    folder = shutil.copytree(both, tmp_path / "air")
    shutil.rmtree(folder / "seed-2")
    kept = (folder / "seed-1" / "weights.npz").stat().st_mtime_ns
    run(*TRAIN, *SMALL, "--data", days_file, "--seeds", 2, "--run", folder, "--resume")
    assert (folder / "seed-1" / "weights.npz").stat().st_mtime_ns == kept
    assert (folder / "seed-2" / "weights.npz").read_bytes() == (both / "seed-2" / "weights.npz").read_bytes()


@pytest.mark.slow
def test_finished_ones_train_on_where_more_epochs_are_asked_for(both, days_file, tmp_path):
    folder = shutil.copytree(both, tmp_path / "air")
    run(*TRAIN, *SMALL, "--data", days_file, "--seeds", 2, "--run", folder, "--resume", "--epochs", 3)
    for seed in ("seed-1", "seed-2"):
        assert len((folder / seed / "history.csv").read_text().splitlines()) == 1 + 3


@pytest.mark.slow
def test_those_that_begin_later_start_from_the_same_run(both, days_file, tmp_path):
    given = ["train", "forecaster", "--data", days_file, "--epochs", 1, "--run", tmp_path / "tuned", "--seeds", 2]
    # Of several seeds, too, whose own seed is not that of the next training.
    run(*given, "--from", both / "seed-1")
    shutil.rmtree(tmp_path / "tuned" / "seed-2")
    refused = run(*given, "--resume", code=2).stderr
    assert f"start from {both / 'seed-1'}" in refused and "--resume with --from" in refused
    refused = run(*given, "--resume", "--from", both / "seed-2", code=2).stderr
    assert f"not from --from {both / 'seed-2'}" in refused
    assert not (tmp_path / "tuned" / "seed-2").exists()
    run(*given, "--resume", "--from", both / "seed-1")
    assert (tmp_path / "tuned" / "seed-2" / "metrics.json").exists()


def test_others_than_those_that_began_are_refused(both, days_file, tmp_path):
    folder = shutil.copytree(both, tmp_path / "air")
    given = [*TRAIN, *SMALL, "--seeds", 2, "--run", folder, "--resume"]
    refused = run(*given, "--data", days_file, "--set", "model.units=5", code=2).stderr
    assert "model.units=5 (the runs: 4)" in refused
    (folder / "seed-1" / "metrics.json").write_text("{}")
    assert "metrics.json is damaged" in run(*given, "--data", days_file, code=2).stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--seeds", 1], "--seeds 1: expected at least 2"),
        (["--seeds", 2, "--finish"], "holds no run to finish"),
        (["--seeds", 2, "--workers", 2], "leave --workers out"),
        (["--seeds", 2, "--set", "training.seed=3"], "training.seed=3 with --seeds, which sets it"),
    ],
)
def test_what_does_not_go_together(given, said, days_file, tmp_path):
    error = run(*TRAIN, "--data", days_file, "--run", tmp_path / "air", *given, code=2).stderr
    assert said in " ".join(error.split())
    assert not list((tmp_path / "air").glob("seed-*"))


@pytest.mark.slow
def test_detectors_of_several_seeds_score_together(tmp_path):
    values = np.sin(np.arange(600) / 5)[:, None] + np.random.default_rng(0).normal(size=(600, 1)) * 0.1
    np.savetxt(tmp_path / "values.csv", values, header="flow", comments="", delimiter=",")
    given = ["--data", tmp_path / "values.csv", "--look-back", 20, "--units", 4, "--epochs", 1]
    run("train", "autoencoder", *given, "--seeds", 2, "--run", tmp_path / "flow")
    run("detect", tmp_path / "flow", "--part", "all", "--output", tmp_path / "scores.csv")
    rows = list(csv.DictReader((tmp_path / "scores.csv").open()))
    assert rows and all(np.isfinite(float(row["score"])) for row in rows)


@pytest.mark.slow
def test_translations_of_several_seeds_are_those_of_their_runs_together(tiny_data, tmp_path):
    sides = ["--train", tiny_data / "train", "--valid", tiny_data / "valid", "--source", "src", "--target", "tgt"]
    small = ["--set", "model.units=8", "--set", "model.embedding_dim=4", "--epochs", 1]
    command = ["train", "translation", *sides, *small, "--seeds", 2, "--run", tmp_path / "both"]
    shown = run(*command).stdout
    assert f"{tmp_path / 'both'} answers as one; validation" in " ".join(shown.split())
    first, second = (tmp_path / "both" / name for name in ("seed-1", "seed-2"))
    (tokenizer,) = first.glob("joint.*")
    assert tokenizer.read_bytes() == (second / tokenizer.name).read_bytes()
    assert (first / "weights.npz").read_bytes() != (second / "weights.npz").read_bytes()
    together = run("translate", tmp_path / "both", "a b c").stdout
    assert together == run("translate", first, "a b c", "--with", second).stdout
    before = (second / "weights.npz").read_bytes()
    run(*command, "--resume")
    assert (second / "weights.npz").read_bytes() == before
