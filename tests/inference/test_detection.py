"""Scores and alarms of a trained autoencoder."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.evaluation.detection import Labels, runs
from seq2seq.inference.detection import detect, was_trained_on
from seq2seq.inference.detection_lines import score_lines
from seq2seq.inference.detector import Detector
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.inference.scores import label_of_windows
from seq2seq.inference.selection import Selection
from seq2seq.run import Run
from seq2seq.tasks.fit_detector import refit
from seq2seq.tasks.measure_detection import measure_detection


def test_scores_add_up(pumps_model, pumps_test, beats_model, beats_file):
    windowed = detect(pumps_model, pumps_test).scores
    np.testing.assert_allclose(windowed.blame[0].sum(axis=1), windowed.steps[0])
    assert np.isnan(windowed.windows[0][:11]).all() and np.isfinite(windowed.windows[0][11:]).all()
    # The first step is in one window only, the one that ends with step 11.
    first = windowed.windows[0][11]
    assert 0 < windowed.steps[0][0] < 12 * first
    whole = detect(beats_model, beats_model.read(str(beats_file), array="test")).scores
    np.testing.assert_allclose(whole.samples, [steps.mean() for steps in whole.steps])


def test_an_event_is_known_when_the_data_until_then_say_so(pumps_model, pumps_test):
    whole, look_back = detect(pumps_model, pumps_test), 12
    assert any(event.known_at is not None for event in whole.events()[0])
    for event in whole.events()[0]:
        known = whole.live[0][event.first : event.last + look_back]
        last = event.first + (int(known.argmax()) if known.any() else len(known) - 1)
        assert (event.known_at is None) == (not known.any())
        assert event.known_at is None or event.known_at == pumps_test.times[0][last]
        # Whoever reads no further than that has the same alarms: they take nothing that comes later.
        until = detect(pumps_model, until_step(pumps_test, last + 1))
        np.testing.assert_allclose(until.scores.windows[0], whole.scores.windows[0][: last + 1], rtol=1e-3)
        np.testing.assert_array_equal(until.live[0], whole.live[0][: last + 1])


def test_the_scores_of_a_range_are_those_of_the_whole(pumps_model, pumps_test):
    whole, chosen = detect(pumps_model, pumps_test), Selection((1,), (30,), (70,))
    part = detect(pumps_model, pumps_test, selection=chosen)
    for scores, of_all in ((part.scores, whole.scores), (part.systems["pca"].scores, whole.systems["pca"].scores)):
        np.testing.assert_allclose(scores.steps[0], of_all.steps[1][30:70], rtol=1e-3)
        np.testing.assert_allclose(scores.windows[0], of_all.windows[1][30:70], rtol=1e-3)


def test_what_is_said_of_a_range_is_what_the_whole_says_of_it(pumps_model, pumps_test):
    """A label may begin before the range, an event be known by a window that ends after it."""
    labels = Labels(np.tile((np.arange(120) >= 55) & (np.arange(120) < 80), 2))
    whole, looked = detect(pumps_model, pumps_test), 0
    near = [label_of_windows(each, whole.scores.reach) for each in labels.of_series(pumps_test.lengths)]
    for first, end in ((40, 120), (61, 90), (50, 85), (81, 92)):
        part = detect(pumps_model, pumps_test, selection=Selection((1,), (first,), (end,)))
        other, found = part.events(labels=labels)
        assert not other and all(first <= event.first <= event.last < end for event in found)
        assert {event.label for event in found} <= {None, pumps_test.times[1][55]}
        for event in whole.events(labels=labels)[1]:
            if first < event.first <= event.last < end - 1:
                (same,) = (each for each in found if each.first == event.first)
                assert replace(same, peak=0, share=0) == replace(event, peak=0, share=0)
                looked += event.label is not None
        live, known = whole.live[1][first:end], near[1][first:end]
        false = [run for run in runs(live) if not known[run[0] : run[1] + 1].any()]
        assert measure_detection(part, labels)["autoencoder"]["window_false_alarms"] == len(false)
    assert looked


def test_steps_without_times_are_counted_from_the_beginning_of_the_series(pumps_model, pumps_test):
    series = replace(pumps_test, times=None)
    part = detect(pumps_model, series, selection=Selection((0, 1), (30, 50), (70, 80)))
    lines = list(score_lines(part, replace(pumps_model.config.data, time=None)))
    assert [line[1] for line in lines[1:]] == [*range(30, 70), *range(50, 80)]
    whole = {(event.series, event.last): event.start for each in detect(pumps_model, series).events() for event in each}
    ends = [(event, whole.get((event.series, event.last))) for each in part.events() for event in each]
    assert ends and all(start in (None, event.start) or event.start in (30, 50) for event, start in ends)


def until_step(series, end):
    first = series.take([0])
    return replace(first, values=[first.values[0][:end]], times=(first.times[0][:end],))


def test_what_a_run_of_an_earlier_version_cannot_know_is_left_out(pumps_run, pumps_test, tmp_path):
    run = Run.open(shutil.copytree(pumps_run, tmp_path / "run"), "autoencoder")
    arrays = run.load_fitted(run.detector)
    run.save_fitted(run.detector, {name: array for name, array in arrays.items() if "window" not in name})
    for threshold in (None, ("quantile", 0.9)):
        found = detect(Reconstructor.load(run.path), pumps_test, threshold=threshold)
        assert found.live is None and {event.known_at for event in found.events()[0]} == {None}
    refit(run.path)
    assert detect(Reconstructor.load(run.path), pumps_test).live is not None


def test_a_series_in_units_of_all_its_own_values_is_known_only_in_hindsight(pumps_model, pumps_test):
    assert all(each.any() for each in detect(pumps_model, pumps_test).live)
    units = {"north": (pumps_model.scaler.center, pumps_model.scaler.scale)}
    model = Reconstructor(pumps_model.config, replace(pumps_model.scaler, groups=units), pumps_model.model)
    model.run = pumps_model.run
    assert [bool(each.any()) for each in detect(model, pumps_test).live] == [True, False]


def test_the_scores_of_sequences_are_those_of_their_error_model(beats_run, beats_model, beats_file):
    series = beats_model.read(str(beats_file), array="test")
    scorer = Detector.load(Run.open(beats_run, "autoencoder")).errors["reconstruction"]
    assert scorer.steps == 24
    scaled = beats_model.scaled(series)
    outputs = np.concatenate([outputs for _, outputs in beats_model.outputs(scaled)])
    expected = scorer.errors.scores((np.stack(scaled) - outputs).reshape(90, -1))
    np.testing.assert_allclose(detect(beats_model, series).scores.samples, expected, rtol=1e-6)


def test_a_longer_sequence_than_those_of_the_training_is_refused(beats_model, tmp_path):
    np.save(tmp_path / "long.npy", np.zeros((3, 30)))
    with pytest.raises(InputError, match="30 steps, all those of the training had 24"):
        detect(beats_model, beats_model.read(str(tmp_path / "long.npy")))
    np.save(tmp_path / "short.npy", np.zeros((3, 20)))
    assert np.isfinite(detect(beats_model, beats_model.read(str(tmp_path / "short.npy"))).scores.samples).all()


def test_other_thresholds_come_from_the_same_held_out_scores(beats_model, beats_file):
    series = beats_model.read(str(beats_file), array="test")
    stored = detect(beats_model, series)
    assert detect(beats_model, series, threshold=("quantile", 0.99)).threshold == pytest.approx(stored.threshold)
    assert detect(beats_model, series, threshold=("quantile", 0.5)).threshold < stored.threshold


def test_training_data_are_recognised(beats_model, beats_file, tmp_path):
    assert was_trained_on(beats_model, str(beats_file)) and was_trained_on(beats_model, str(beats_file), "train")
    assert not was_trained_on(beats_model, str(beats_file), "test")
    assert not was_trained_on(beats_model, str(tmp_path / "other.npz"))
