"""Scores and alarms of a trained autoencoder."""

import numpy as np
import pytest

from seq2seq.errors import InputError
from seq2seq.inference.detection import detect, was_trained_on
from seq2seq.inference.detector import Detector
from seq2seq.run import Run


def test_scores_add_up(pumps_model, pumps_test, beats_model, beats_file):
    windowed = detect(pumps_model, pumps_test).scores
    np.testing.assert_allclose(windowed.blame[0].sum(axis=1), windowed.steps[0])
    assert np.isnan(windowed.windows[0][:11]).all() and np.isfinite(windowed.windows[0][11:]).all()
    # The first step is in one window only, the one that ends with step 11.
    first = windowed.windows[0][11]
    assert 0 < windowed.steps[0][0] < 12 * first
    whole = detect(beats_model, beats_model.read(str(beats_file), array="test")).scores
    np.testing.assert_allclose(whole.samples, [steps.mean() for steps in whole.steps])


def test_the_scores_of_sequences_are_those_of_their_error_model(beats_run, beats_model, beats_file):
    series = beats_model.read(str(beats_file), array="test")
    scorer = Detector.load(Run.open(beats_run, "autoencoder")).autoencoder
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
