"""Intervals hold what they say."""

import numpy as np

from seq2seq.inference.calibration import Calibration


def test_margins_cover_what_they_were_calibrated_on():
    draw = np.random.default_rng(1)
    actual = draw.normal(size=(200, 2, 1)).astype(np.float32)
    made = np.zeros((200, 2, 1), np.float32)
    calibration = Calibration.of_errors(made, actual, 0.9)
    for level in calibration.levels:
        assert (np.abs(actual) <= calibration.margin(level)).mean() >= level
    assert len(Calibration.of_errors(made[:5], actual[:5], 0.9).margins) < len(calibration.margins)


def uneven(windows, deviation=1.0, seed=1):
    """Values around 0, in one half of the windows ten times as far from it, and outputs that know which."""
    draw = np.random.default_rng(seed)
    size = np.where(np.arange(windows) % 2, 10.0, 1.0)[:, None, None] * np.ones((1, 2, 1))
    outputs = np.stack((-size, 0 * size, size), axis=-1).astype(np.float32)
    return outputs, (draw.normal(size=size.shape) * size * deviation).astype(np.float32)


def held(calibration, outputs, actual, level):
    low, high = calibration.ends(outputs, level)
    assert (low <= outputs[..., 1]).all() and (high >= outputs[..., 1]).all()
    return ((low <= actual) & (actual <= high)).mean(axis=(1, 2))


def test_an_interval_of_any_level_holds_its_share_where_the_model_is_sure_and_where_it_is_not():
    calibration = Calibration.of_quantiles(*uneven(2000), 0.9)
    new = uneven(2000, seed=2)
    for level in calibration.levels:
        of_window = held(calibration, *new, level)
        assert abs(of_window[::2].mean() - level) < 0.04 and abs(of_window[1::2].mean() - level) < 0.04


def test_an_interval_is_no_narrower_than_the_training_part_says():
    calm, rough, new = uneven(200, 0.2), uneven(200, 1.0, seed=2), uneven(200, 1.0, seed=3)
    assert held(Calibration.of_quantiles(*calm, 0.9), *new, 0.9).mean() < 0.5
    assert held(Calibration.of_quantiles(*calm, 0.9, rough), *new, 0.9).mean() > 0.85
    assert held(Calibration.of_quantiles(*rough, 0.9, calm), *new, 0.9).mean() > 0.85


def test_an_interval_is_wider_where_windows_overlap_more():
    outputs, actual = np.tile([-1.0, 0.0, 1.0], (100, 24, 1, 1)), np.repeat(np.linspace(-1, 1, 100), 24)
    calibration = Calibration.of_quantiles(outputs, actual.reshape(100, 24, 1), 0.9)
    assert (np.diff(calibration.factors[list(calibration.levels).index(0.8), :, 0]) >= 0).all()
    apart = Calibration.of_quantiles(outputs, actual.reshape(100, 24, 1), 0.9, stride=24)
    assert np.ptp(apart.factors, axis=1).max() == 0


def test_margins_of_earlier_versions_mean_what_they_did():
    old = Calibration(np.array([0.9]), np.full((1, 2, 1), 0.5, np.float32))
    low, high = old.ends(np.tile(np.float32([1.0, 2.0, 4.0]), (3, 2, 1, 1)), 0.9)
    assert (low == 0.5).all() and (high == 4.5).all()
    assert np.isnan(old.ends(np.zeros((3, 2, 1, 3)), 0.5)).all()
