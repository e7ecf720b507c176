"""`--folds`: runs that each hold out another part of the samples, and answer as one."""

import json
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.evaluation.thresholds import fit_threshold
from seq2seq.inference.detection import detect
from seq2seq.inference.detector import Detector
from seq2seq.inference.detectors import Detectors
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.run.seeds import runs_in
from tests.cli.running import run


@pytest.fixture(scope="module")
def beats(beats_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds") / "beats"
    given = ["--data", beats_file, "--array", "train", "--units", 4, "--epochs", 1, "--folds", 3]
    shown = run("train", "autoencoder", *given, "--set", "detection.score=absolute", "--run", folder)
    return folder, shown


def test_each_sample_is_held_out_by_one_run_and_the_threshold_is_fitted_to_all_of_them(beats, beats_file):
    folder, _ = beats
    runs = runs_in(folder)
    held_out = [Detector.load(Reconstructor.load(each).run).scorers["autoencoder"].held_out for each in runs]
    assert [each.name for each in runs] == ["fold-1", "fold-2", "fold-3"]
    assert sum(map(len, held_out)) == len(np.load(beats_file)["train"])
    together = Reconstructor.load(folder)
    series = together.read(str(beats_file), array="test")
    for asked, (kind, value) in ((None, ("quantile", 0.99)), (("sigma", 2.0), ("sigma", 2.0))):
        found = detect(together, series, threshold=asked)
        assert found.threshold == pytest.approx(fit_threshold(kind, np.concatenate(held_out), value))
        assert "scores held out by 3 runs in turn" in found.rule
    alone = [detect(Reconstructor.load(each), series).scores.samples for each in runs]
    np.testing.assert_allclose(found.scores.samples, np.mean(alone, axis=0))


def test_one_fold_is_a_run_as_others_are_and_some_are_an_ensemble(beats, beats_file):
    first, second, _ = runs_in(beats[0])
    series = Reconstructor.load(first).read(str(beats_file), array="test")
    assert "in turn" not in detect(Reconstructor.load(first), series).rule
    assert "held out by 2 runs in turn" in detect(Reconstructor.load([first, second]), series).rule
    other = Reconstructor.load([first, second])
    config = other.members[1].config
    other.members[1].config = replace(config, data=replace(config.data, keep="kind==1"))  # other samples
    assert "in turn" not in detect(other, series).rule


def test_no_run_of_a_fold_asks_for_a_larger_part(beats):
    _, shown = beats
    assert "valid_share" not in shown.stdout + shown.stderr


def test_each_fold_is_measured_alone_with_labels(beats, beats_file, tmp_path):
    folder, _ = beats
    data = ["--input", beats_file, "--array", "test", "--labels", f"{beats_file}:label"]
    shown = run("detect", folder, *data, "--json", tmp_path / "figures.json").stdout
    alone = json.loads((tmp_path / "figures.json").read_text())["autoencoder"]["alone"]
    assert list(alone) == [str(each) for each in runs_in(folder)] and "Each run alone" in shown


def test_what_one_run_holds_out_may_be_too_little_for_a_threshold_of_all(beats, beats_file, monkeypatch):
    together, own = Reconstructor.load(beats[0]), Detectors.own_scorers.fget
    series = together.read(str(beats_file), array="test")
    assert len(detect(together, series, threshold=("pot", 0.001)).alone) == 3
    few = property(lambda self: [replace(each, held_out=each.held_out[:4]) for each in own(self)])
    monkeypatch.setattr(Detectors, "own_scorers", few)
    found = detect(together, series, threshold=("pot", 0.001))
    assert found.alone == {} and np.isfinite(found.threshold)


def test_the_card_is_shown_again_only_where_it_differs(beats):
    _, shown = beats  # 170 samples: 57, 57 and 56 are held out
    assert shown.stdout.count("time steps") == 2
    assert shown.stdout.count("Shapes: as of the run before") == 1
    assert shown.stdout.count("none; --set data.test_share=0.2 keeps one") == 2


def test_too_few_samples_are_refused_before_a_run_begins(tmp_path):
    np.savez(tmp_path / "few.npz", X=np.random.default_rng(0).normal(size=(4, 30, 1)))
    given = ["--data", tmp_path / "few.npz", "--array", "X", "--folds", 5, "--run", tmp_path / "run"]
    refused = run("train", "autoencoder", *given, code=2)
    assert "4 samples are too few for 5 folds: expected two for each." in " ".join(refused.stderr.split())
    assert "run 1 of 5" not in refused.stdout + refused.stderr and not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--folds", 1], "--folds 1: expected at least 2"),
        (["--folds", 3, "--seeds", 2], "--seeds 2 and --folds 3: give one"),
        (["--folds", 3, "--look-back", 5], "windows (--look-back) are of series in time"),
        (["--folds", 3, "--set", "data.fold=1/3"], "data.fold=1/3 with --folds"),
        (["--set", "data.fold=4/3"], "data.fold=4/3: expected the number of a part"),
        (["--folds", 90], "samples are too few for 90 folds"),
        (["--folds", 3, "--workers", 2], "--folds trains runs one after the other"),
        (["--folds", 3, "--set", "data.valid_share=0.3"], "data.valid_share=0.3 does nothing with --folds 3"),
    ],
)
def test_what_does_not_go_together(given, said, beats_file, tmp_path):
    train = ["train", "autoencoder", "--data", beats_file, "--array", "train", "--run", tmp_path / "run"]
    error = run(*train, *given, code=2).stderr
    assert said in " ".join(error.split())
    assert not list(tmp_path.glob("run/*/config.json"))
