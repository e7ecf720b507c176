"""Several autoencoders that score as one."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.evaluation.detection import Labels
from seq2seq.evaluation.thresholds import fit_threshold
from seq2seq.inference.detection import detect
from seq2seq.inference.detector import Detector
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.run import Run
from seq2seq.tasks.fit_detector import refit
from seq2seq.tasks.measure_detection import measure_detection
from tests.conftest import OLDER_RUNS
from tests.other_runs import detector_like


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A function that gives the folder of an untrained run like another, see `detector_like`."""
    return lambda run, *given, **changes: detector_like(
        Reconstructor.load(run), tmp_path_factory.mktemp("runs") / "run", *given, **changes
    )


@pytest.fixture(scope="module")
def other(made, pumps_run):
    """A run of other units and with columns in another order, fitted to the same held-out steps."""
    return made(pumps_run, model={"units": 5})


@pytest.fixture(scope="module")
def apart(made, pumps_run):
    """A run of shorter windows in other units: nothing that it was fitted to is one for one that of `pumps_run`."""
    return made(pumps_run, "minmax", windows={"look_back": 8})


def copied(run, folder):
    return shutil.copytree(run, folder / "a-copy")


def assert_same(found, alone):
    for name in ("autoencoder", "pca"):
        assert found.systems[name].threshold == alone.systems[name].threshold
        for kind in ("steps", "blame", "windows", "samples"):
            mine, own = (getattr(each.systems[name].scores, kind) for each in (found, alone))
            assert (mine is None) == (own is None)
            np.testing.assert_array_equal(mine if mine is not None else (), own if own is not None else ())
    for mine, own in zip(found.live or (), alone.live or (), strict=True):
        np.testing.assert_array_equal(mine, own)
    assert found.scores.samples is not None or found.events() == alone.events()


def test_what_each_of_several_runs_reaches_alone_is_told_beside_them(
    pumps_run, pumps_model, pumps_test, other, apart, monkeypatch
):
    labels, members = Labels(np.tile(np.isin(np.arange(120), np.arange(60, 80)), 2)), (pumps_run, other, apart)
    scored, errors = [], Reconstructor.errors
    counting = lambda self, *given, **how: scored.append(self) or errors(self, *given, **how)  # noqa: E731
    monkeypatch.setattr(Reconstructor, "errors", counting)
    together = Reconstructor.load([str(each) for each in members])
    for threshold in (None, ("quantile", 0.9)):
        found = detect(together, pumps_test, threshold=threshold)
        assert len(scored) == len(members)  # each but once
        alone = measure_detection(found, labels)["autoencoder"]["alone"]
        for member in members:
            own = measure_detection(detect(Reconstructor.load(member), pumps_test, threshold=threshold), labels)
            assert "alone" not in own["autoencoder"]
            for name, figure in alone[str(member)].items():
                assert figure == pytest.approx(own["autoencoder"][name], abs=1e-6)
        scored.clear()


def test_a_run_with_a_copy_of_itself_answers_as_it_does_alone(
    pumps_run, pumps_model, pumps_test, beats_run, beats_model, beats_file, tmp_path
):
    together = Reconstructor.load([str(pumps_run), copied(pumps_run, tmp_path)])
    for threshold in (None, ("quantile", 0.9), ("sigma", 2.0)):
        found, alone = (detect(each, pumps_test, threshold=threshold) for each in (together, pumps_model))
        assert_same(found, alone)
        assert found.rule == alone.rule.replace("scores", "scores, means of 2 runs")
    labels = Labels(np.tile((np.arange(120) >= 60) & (np.arange(120) < 80), 2))
    fitted = {"threshold": ("f_beta", 1.0), "labelled": (pumps_test, labels)}
    assert_same(detect(together, pumps_test, **fitted), detect(pumps_model, pumps_test, **fitted))
    np.testing.assert_array_equal(together.reconstruct(pumps_test), pumps_model.reconstruct(pumps_test))
    series = beats_model.read(str(beats_file), array="test")
    both = Reconstructor.load([beats_run, copied(beats_run, tmp_path / "beats")])
    assert_same(detect(both, series), detect(beats_model, series))


@pytest.mark.slow
def test_scores_are_means_on_the_scale_of_the_thresholds(pumps_run, pumps_model, pumps_test, other, apart):
    """Those of steps, windows and columns; the order of the runs is of no importance."""
    for path in (other, apart):
        single = Reconstructor.load(path)
        alone = [detect(each, pumps_test) for each in (pumps_model, single)]
        found, turned = (
            detect(Reconstructor.load(runs), pumps_test) for runs in ([pumps_run, path], [path, pumps_run])
        )
        own = [each.threshold for each in alone]
        scales = np.mean(own) / own
        for kind in ("steps", "windows"):
            first, second = (getattr(each.scores, kind)[1] for each in alone)
            mean = (scales[0] * first + scales[1] * second) / 2
            np.testing.assert_allclose(getattr(found.scores, kind)[1], mean, rtol=1e-9)
            np.testing.assert_allclose(getattr(turned.scores, kind)[1], mean, rtol=1e-9)
        first, second = (each.scores.blame[1] for each in alone)
        blame = (scales[0] * first + scales[1] * second[:, ::-1]) / 2
        np.testing.assert_allclose(found.scores.blame[1], blame, rtol=1e-9)
        np.testing.assert_allclose(turned.scores.blame[1], blame[:, ::-1], rtol=1e-9)
        assert turned.threshold == pytest.approx(found.threshold, rel=1e-9)
        assert found.scores.reach == 14 and len(found.events()[0]) >= 1


def test_the_threshold_is_fitted_to_the_mean_where_all_are_fitted_to_the_same(pumps_run, pumps_test, other):
    scorers = [Detector.load(Run.open(path, "autoencoder")).scorers["autoencoder"] for path in (pumps_run, other)]
    scales = np.mean([each.threshold for each in scorers]) / [each.threshold for each in scorers]
    held_out = np.mean([scale * each.held_out for scale, each in zip(scales, scorers, strict=True)], axis=0)
    together = Reconstructor.load([pumps_run, other])
    for asked, fitted in ((None, ("quantile", 0.99)), (("sigma", 2.5), ("sigma", 2.5))):
        found = detect(together, pumps_test, threshold=asked)
        assert found.threshold == pytest.approx(fit_threshold(fitted[0], held_out, fitted[1]), rel=1e-9)
        assert f"of {len(held_out):,} held-out scores, means of 2 runs" in found.rule


def test_else_thresholds_are_averaged_as_scores_are(pumps_run, pumps_model, pumps_test, apart):
    together, single = Reconstructor.load([pumps_run, apart]), Reconstructor.load(apart)
    own = [detect(each, pumps_test).threshold for each in (pumps_model, single)]
    assert detect(together, pumps_test).threshold == pytest.approx(np.mean(own))
    asked = [detect(each, pumps_test, threshold=("quantile", 0.8)).threshold for each in (pumps_model, single)]
    found = detect(together, pumps_test, threshold=("quantile", 0.8))
    assert found.threshold == pytest.approx(np.mean(np.mean(own) / own * asked))
    assert found.rule == "the mean of those of 2 runs, each quantile=0.8 of its own held-out scores"


def test_what_one_of_the_runs_cannot_score_has_no_score(pumps_run, pumps_test, apart):
    """Of a series shorter than the windows of one run there is no mean; to be known takes the longest of them."""
    cut = [pumps_test.values[0][:10], pumps_test.values[1]]
    times = (pumps_test.times[0][:10], pumps_test.times[1])
    series = replace(pumps_test, values=cut, times=times)
    together = Reconstructor.load([apart, pumps_run])
    found = detect(together, series)
    assert np.isfinite(detect(Reconstructor.load(apart), series).scores.steps[0]).all()
    assert np.isnan(found.scores.steps[0]).all() and np.isfinite(found.scores.steps[1]).all()
    assert together.look_back == 12 and np.isnan(found.scores.windows[1][:11]).all()


def test_codes_have_no_mean(pumps_run, other, pumps_test):
    with pytest.raises(InputError, match="there is no mean"):
        Reconstructor.load([pumps_run, other]).codes(pumps_test)


def test_what_cannot_score_together(pumps_run, beats_run, pumps_model, made, exported, tmp_path):
    def refused(*runs):
        with pytest.raises(InputError) as error:
            Reconstructor.load(runs)
        assert "\n" not in str(error.value)
        return str(error.value)

    copy = copied(pumps_run, tmp_path)
    assert refused(pumps_run).startswith("An ensemble needs two runs or more, got 1")
    assert "is given twice" in refused(pumps_run, copy, copy)
    assert "is an exported folder" in refused(pumps_run, exported("autoencoder"))
    assert "is a run of the task 'forecaster'" in refused(pumps_run, OLDER_RUNS / "forecaster")
    assert "among the columns that are read" in refused(pumps_run, beats_run)
    refit(copy, threshold=("sigma", 3.0))
    assert "detection.threshold is 'sigma' in the first and 'quantile' in the second: fit all alike" in refused(
        pumps_run, copy
    )
    whole = made(beats_run, data={"missing": "mask"})
    assert f"{whole} and {beats_run} cannot score together: data.missing is 'mask'" in refused(beats_run, whole)
    windowed = made(beats_run, windows={"look_back": 8})
    assert "makes it read is 'windows' in the first and 'whole sequences' in the second" in refused(beats_run, windowed)
