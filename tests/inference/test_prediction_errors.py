"""Alarms by what a model predicts, and by that together with what it writes again."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.config import AutoencoderConfig, resolve
from seq2seq.errors import InputError
from seq2seq.evaluation.detection import Labels
from seq2seq.inference.detection import detect
from seq2seq.inference.detector import Detector
from seq2seq.inference.pieces import cut, pieces_after
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.inference.scores import running_mean
from seq2seq.inference.selection import Selection
from seq2seq.report import Report
from seq2seq.run import Run
from seq2seq.tasks.fit_detector import refit
from seq2seq.tasks.train_autoencoder import train

HORIZON, WINDOW = 2, 12


def config(pumps_files, *settings, **given):
    data = {"location": str(pumps_files / "train.csv"), "group": "pump", "columns": "flow,heat"}
    given = {"windows__look_back": WINDOW, **given, **{f"data__{name}": value for name, value in data.items()}}
    return resolve(AutoencoderConfig, settings=["model.units=8", "training.epochs=2", *settings], **given)


@pytest.fixture(scope="module")
def both_run(pumps_files, shared):
    settings = f"model.horizon={HORIZON}", "detection.components=4"
    return shared("pumps-both", lambda run_dir: train(config(pumps_files, *settings), run_dir))


@pytest.fixture(scope="module")
def both(both_run):
    return Reconstructor.load(both_run)


@pytest.mark.parametrize("gaps", [None, [np.array([4, 9]), np.zeros(0, int), np.array([2])]])
def test_what_follows_a_window_is_all_there_without_a_gap(gaps):
    scaled = [np.arange(length, dtype=np.float32)[:, None] for length in (14, 5, 3)]
    bounds = [[*([] if gaps is None else gaps[row]), len(values)] for row, values in enumerate(scaled)]
    for steps in (1, 3):
        for pieces in cut(scaled, 2, gaps=gaps):
            rows, after = pieces_after(pieces, scaled, steps, gaps)
            for row, (series, first) in enumerate(zip(pieces.series, pieces.first, strict=True)):
                end = min(bound for bound in bounds[series] if bound > first + 1)
                assert (row in rows) == (first + 2 + steps <= end)
            np.testing.assert_array_equal(after.first, pieces.first[rows] + 2)
            for series, first, values in zip(after.series, after.first, after.values, strict=True):
                np.testing.assert_array_equal(values, scaled[series][first : first + steps])


def test_errors_of_a_prediction_are_of_the_steps_after_its_window(both, pumps_test):
    scaled = both.scaled(pumps_test)
    for errors in both.errors(scaled):
        (pieces, _), (after, found) = errors["reconstruction"], errors["prediction"]
        _, predicted = both.model(pieces.values)
        rows = [number for number, first in enumerate(pieces.first) if first + WINDOW + HORIZON <= 120]
        np.testing.assert_allclose(after.values - found, np.array(predicted)[rows], rtol=1e-4, atol=1e-5)


def test_the_score_is_the_mean_of_both_on_the_scale_of_their_thresholds(both_run, both, pumps_test, tmp_path):
    run = shutil.copytree(both_run, tmp_path / "run")
    refit(run, changes={"smoothing": 1})
    found = detect(Reconstructor.load(run), pumps_test)
    written, predicted = (found.systems[name] for name in ("reconstruction", "prediction"))
    for kind in ("steps", "windows"):
        ours = getattr(found.scores, kind)[0]
        parts = [getattr(each.scores, kind)[0] / each.threshold for each in (written, predicted)]
        first = WINDOW + (HORIZON - 1 if kind == "windows" else 0)
        np.testing.assert_allclose(ours[first:], np.mean(parts, axis=0)[first:], rtol=1e-9)
        np.testing.assert_allclose(ours[:first], parts[0][:first], rtol=1e-9)  # nothing is predicted of the first steps
    np.testing.assert_allclose(np.nansum(found.scores.blame[0], axis=1), found.scores.steps[0], rtol=1e-9)


@pytest.mark.parametrize("width", [2, 5])
def test_smoothed_scores_are_means_of_neighbours(both_run, pumps_test, tmp_path, width):
    found = []
    for smoothing in (1, width):
        run = shutil.copytree(both_run, tmp_path / str(smoothing))
        refit(run, changes={"smoothing": smoothing})
        found.append(detect(Reconstructor.load(run), pumps_test).systems["reconstruction"].scores)
    sharp, smooth = found
    for at in (20, 60):
        before = at - width // 2
        assert smooth.steps[0][at] == pytest.approx(sharp.steps[0][before : before + width].mean())
        assert smooth.windows[0][at] == pytest.approx(sharp.windows[0][at - width + 1 : at + 1].mean())
    assert smooth.reach == sharp.reach + width - 1


def test_no_mean_goes_across_a_gap_or_over_what_has_no_score():
    values = np.random.default_rng(0).normal(size=(40, 2))
    values[7] = np.nan
    stretches = np.repeat([0, 1], [25, 15])
    found = running_mean(values, stretches, 3, 2)
    for step in range(40):
        near = [other for other in range(step - 3, step + 3) if 0 <= other < 40 and stretches[other] == stretches[step]]
        expected = np.nanmean(values[near], axis=0) if step != 7 else np.full(2, np.nan)
        np.testing.assert_allclose(found[step], expected)


@pytest.mark.parametrize("length", [0, 1, 2, 3])
def test_a_series_shorter_than_the_mean_is_its_own_mean(length):
    values = np.arange(float(length))
    found = running_mean(values, np.zeros(length, int), 5, 5)
    np.testing.assert_allclose(found, np.full(length, values.mean() if length else 0.0))


def test_the_scores_of_a_range_are_those_of_the_whole(both, pumps_test):
    whole, part = (detect(both, pumps_test, selection=chosen) for chosen in (None, Selection((1,), (40,), (70,))))
    for name in whole.systems:
        ours, theirs = (each.systems[name] for each in (part, whole))
        for kind in ("steps", "windows"):
            expected = getattr(theirs.scores, kind)[1][40:70]
            np.testing.assert_allclose(getattr(ours.scores, kind)[0], expected, rtol=1e-3, err_msg=f"{name} {kind}")


def test_what_is_known_takes_nothing_that_comes_later(both, pumps_test):
    whole = detect(both, pumps_test)
    for end in (50, 75):
        until = detect(
            both,
            replace(
                pumps_test,
                values=[each[:end] for each in pumps_test.values],
                times=tuple(each[:end] for each in pumps_test.times),
            ),
        )
        for name in whole.systems:
            ours, theirs = (each.systems[name].scores.windows[0][:end] for each in (until, whole))
            np.testing.assert_allclose(ours, theirs, rtol=1e-3)


def test_either_kind_of_error_can_stand_alone(both_run, both, pumps_test, tmp_path):
    together = detect(both, pumps_test)
    assert set(together.systems) == {"autoencoder", "pca", "reconstruction", "prediction"}
    for kind in ("reconstruction", "prediction"):
        run = shutil.copytree(both_run, tmp_path / kind)
        refit(run, changes={"errors": kind})
        found = detect(Reconstructor.load(run), pumps_test)
        assert set(found.systems) == {"autoencoder", "pca"}
        assert found.threshold == pytest.approx(together.systems[kind].threshold)
        np.testing.assert_allclose(found.scores.steps[0], together.systems[kind].scores.steps[0])
        assert Detector.load(Run.open(run, "autoencoder")).settings.errors == kind


def test_what_nothing_is_predicted_of_is_told_and_not_counted(both_run, pumps_test, tmp_path):
    run = shutil.copytree(both_run, tmp_path / "run")
    refit(run, changes={"errors": "prediction"})
    model, told, report = Reconstructor.load(run), [], Report()
    report.warn = told.append
    assert not np.isnan(detect(model, pumps_test, report=report).scores.steps[0][WINDOW:]).any() and not told
    short = replace(
        pumps_test,
        values=[pumps_test.values[0][: WINDOW + HORIZON - 1], pumps_test.values[1]],
        times=(pumps_test.times[0][: WINDOW + HORIZON - 1], pumps_test.times[1]),
    )
    found = detect(model, short, report=report)
    assert np.isnan(found.scores.steps[0]).all()
    assert told == [
        f"1 series ({short.names[0]!r}) without a score: nothing is predicted but after a window of 12 steps and the 2 "
        "after it"
    ]
    labels = Labels(np.tile((np.arange(120) >= 60) & (np.arange(120) < 80), 2))
    by_labels = detect(model, pumps_test, threshold=("f_beta", 1.0), labelled=(pumps_test, labels))
    assert f"of {240 - 2 * WINDOW:,} labelled scores" in by_labels.rule


@pytest.mark.parametrize(
    ("settings", "look_back", "message"),
    [
        (["detection.errors=both"], WINDOW, "model.horizon=1"),
        (["detection.errors=prediction"], WINDOW, "model.horizon=1"),
        (["detection.smoothing=3"], 0, "whole sequences"),
        (["detection.smoothing=5000"], WINDOW, "is longer than the validation part, whose longest stretch has"),
    ],
)
def test_errors_that_a_model_has_not_are_refused_before_it_is_trained(
    beats_file, pumps_files, tmp_path, settings, look_back, message
):
    given = {"windows__look_back": look_back}
    asked = config(pumps_files, *settings, **given)
    if not look_back:
        data = replace(asked.data, location=str(beats_file), array="train", group=None, columns=None)
        asked = replace(asked, data=data)
    with pytest.raises(InputError, match=message):
        train(asked, tmp_path / "run")
    assert not (tmp_path / "run").exists()
