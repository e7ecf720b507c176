"""Scorers: what errors are usual, and what score is an alarm; fitted, stored, loaded."""

import shutil

import numpy as np
import pytest

from seq2seq.config import AutoencoderConfig, DetectionConfig, resolve
from seq2seq.errors import InputError
from seq2seq.evaluation.anomaly import ErrorModel
from seq2seq.inference.detection import detect
from seq2seq.inference.detector import Detector
from seq2seq.inference.held_out import crossed_scores, fit_errors
from seq2seq.inference.pieces import Pieces, cut
from seq2seq.inference.reconstructor import Reconstructor
from seq2seq.run import Run
from tests.inference.scored import fitted


def test_held_out_sequences_are_scored_by_error_models_of_the_others():
    vectors = np.random.default_rng(0).normal(size=(40, 12))
    own = ErrorModel.fit("mahalanobis", vectors).scores(vectors)
    assert np.mean(crossed_scores("mahalanobis", vectors)) > 1.1 * np.mean(own)
    for kind in ("absolute", "squared"):
        np.testing.assert_allclose(crossed_scores(kind, vectors), ErrorModel.fit(kind, vectors).scores(vectors))


@pytest.mark.parametrize("score", ["absolute", "squared", "mahalanobis"])
@pytest.mark.parametrize("look_back", [0, 5])
def test_about_the_share_asked_for_of_normal_data_is_above_the_threshold(score, look_back):
    def errors(seed):
        scaled = [np.random.default_rng((seed, n)).normal(size=(20, 2)).astype(np.float32) for n in range(300)]
        return lambda stride: ((pieces, pieces.values) for pieces in cut(scaled, look_back, stride))

    settings = resolve(AutoencoderConfig, settings=[f"detection.score={score}", "detection.value=0.9"]).detection
    lengths = np.full(300, 20)
    scored, scorer = fitted(settings, errors(0), lengths, look_back)
    judged = scored.score(errors(1)(1), lengths, look_back).judged
    assert 0.04 < np.mean(judged > scorer.threshold) < 0.18


def test_ends_of_a_series_are_no_alarms_though_a_model_errs_more_at_the_ends_of_a_window():
    look_back, lengths = 8, np.array([400, 400])
    often = np.array([1.0] * (look_back - 1) + [10.0])[:, None]  # ten times as far off at the last step of a window

    def errors(stride):
        for pieces in cut([np.zeros((length, 2), np.float32) for length in lengths], look_back, stride):
            draw = np.random.default_rng(1)
            yield pieces, draw.normal(size=pieces.values.shape) * often

    scorer, _ = fit_errors(DetectionConfig(), errors, lengths, look_back)
    steps = np.stack(scorer.score(errors(1), lengths, look_back).steps)
    assert steps[:, -1].max() < 8 * steps.mean()  # a single window's score, of a chi-square with two degrees of freedom
    assert scorer.usual[-1] == pytest.approx(10 * scorer.usual[0], rel=0.2)


def test_a_stored_detector_is_the_same(beats_run, tmp_path):
    run = Run.open(shutil.copytree(beats_run, tmp_path / "run"), "autoencoder")
    detector = Detector.load(run)
    run.detector.unlink()
    detector.save(run)
    copy = Detector.load(run)
    pieces = Pieces(np.random.default_rng(0).normal(size=(4, 24, 1)).astype(np.float32), np.arange(4), np.zeros(4, int))
    np.testing.assert_array_equal(copy.baseline_errors(pieces), detector.baseline_errors(pieces))
    for name in ("autoencoder", "pca"):
        ours, theirs = (
            each.scores(iter([{"reconstruction": (pieces, pieces.values)}]), np.full(4, 24), 0, ["a"] * 4)[name]
            for each in (detector, copy)
        )
        np.testing.assert_array_equal(ours.samples, theirs.samples)
        assert copy.scorers[name].threshold == detector.scorers[name].threshold


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "no detector.npz"),
        (lambda path: path.write_bytes(b"PK\x03\x04" + b"x" * 90), "detector.npz is damaged"),
        (lambda path: path.write_bytes(b""), "detector.npz is damaged"),
        (lambda path: np.savez(path, width=3), "detector.npz is damaged"),
    ],
)
def test_damaged_detectors_are_refused_in_one_line(beats_run, beats_file, tmp_path, damage, message):
    run = shutil.copytree(beats_run, tmp_path / "run")
    damage(run / "detector.npz")
    model = Reconstructor.load(run)
    with pytest.raises(InputError, match=message) as caught:
        detect(model, model.read(str(beats_file), array="test"))
    assert "\n" not in str(caught.value)
