"""What is said before a training of the detector that its validation part will give."""

from types import SimpleNamespace

import numpy as np
import pytest

from seq2seq.config import AutoencoderConfig, DetectionConfig
from seq2seq.config.series import AutoencoderWindowsConfig
from seq2seq.report import Report
from seq2seq.series.series import Series
from seq2seq.tasks.fit_detector import check_detection


@pytest.mark.parametrize(
    ("series", "steps", "columns", "look_back", "told"),
    [
        (1, 150, 20, 12, []),
        (1, 75, 60, 12, ["75 steps with all of 60 columns, fewer than 3 for each"]),
        (1, 40, 2, 20, ["the validation part has 40 steps, too few windows of 20 steps to score a part of them"]),
        (4, 75, 60, 12, []),
        (4, 40, 2, 20, ["the validation part has 40 different times, too few windows of 20 steps to set a stretch"]),
        (
            4,
            40,
            20,
            20,
            ["40 different times with all of 20 columns, fewer", "to set a stretch of time apart"],
        ),
    ],
)
def test_a_validation_part_that_tells_too_little_is_told_of(series, steps, columns, look_back, told):
    warnings, report = [], Report()
    report.warn = warnings.append
    values = list(np.random.default_rng(0).normal(size=(series, steps, columns)))
    times = (np.datetime64("2024-05-01", "ns") + np.arange(steps) * np.timedelta64(1, "h"),) * series
    names = [str(number) for number in range(series)]
    valid = Series(values, [f"c{number}" for number in range(columns)], names, times, whole=False)
    config = AutoencoderConfig(windows=AutoencoderWindowsConfig(look_back), detection=DetectionConfig(value=0.9))
    check_detection(config.detection, config, SimpleNamespace(valid=valid), report)
    assert len(warnings) == len(told) and all(each in line for each, line in zip(told, warnings, strict=True))
