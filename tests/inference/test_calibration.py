"""Intervals hold what they say."""

import numpy as np

from seq2seq.inference.calibration import Calibration


def test_margins_cover_what_they_were_calibrated_on():
    draw = np.random.default_rng(1)
    actual = draw.normal(size=(200, 2, 1)).astype(np.float32)
    outputs = np.zeros((200, 2, 1, 3), np.float32)
    calibration = Calibration.fit(outputs, actual, 0.9)
    for level in calibration.levels:
        assert (np.abs(actual) <= calibration.margin(level)).mean() >= level
    assert len(Calibration.fit(outputs[:5], actual[:5], 0.9).margins) < len(calibration.margins)
